#pragma once

// An HTTP/1.1 server (RFC 9112) on one address, plain or TLS 1.3.
//
// Connections live on `io_threads`; handlers run on a pool of `handler_threads`, except quick ones. What doesn't fit is
// refused at once (503 with Retry-After), never queued without end.
//
//   const HttpSeams seams{.clock = system_clock()};
//   auto server = TRY(HttpServer::start({.address = "127.0.0.1", .port = 0}, std::move(router), seams));
//   ... server->port() ...
//   server->stop(5000);   // takes no more, lets requests in flight end, closes
//
// A client that is refused for the number of connections finds its connection closed. TLS is 1.3 alone.
//
// Errors of HTTP itself (malformed, too large, too slow, unknown path) are answered by `on_error`, or cut off where an
// answer would be unsafe. Ambiguous framing (both Content-Length and Transfer-Encoding, several lengths, obsolete
// folding, bare CR or LF) is refused and the connection closed: RFC 9112, section 11.2.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "http/pinned.h"
#include "http/router.h"

namespace fristad {

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: one that is free
  // PEM files; both or none. Read at start, and again by reload_certificate().
  std::string certificate_file = {};
  std::string key_file = {};
  // Instead of both: clients must show a certificate whose key is trusted, and Peer::key says which.
  std::optional<PinnedTls> pinned = {};

  int io_threads = 1;
  int handler_threads = 8;
  std::size_t handlers_waiting_max = 1024;
  std::size_t connections_max = 20'000;
  std::size_t connections_per_address_max = 1000;  // loopback has no such limit
  std::size_t header_bytes_max = 16 * 1024;
  std::int64_t header_ms = 10'000;     // from the first byte of a request to the end of its head
  std::int64_t idle_ms = 60'000;       // between requests
  std::int64_t write_ms = 30'000;      // without any progress
  std::int64_t heartbeat_ms = 15'000;  // how often an event stream without events says that it lives
  // A proxy on this machine is in front: what comes from loopback comes from whom X-Forwarded-For says last.
  bool behind_proxy = false;
  bool merge_slashes = false;  // "//status" means "/status"
};

// What happened, for the log and for metrics. No path, no query, no address: the route's pattern says enough.
struct HttpEvent {
  Method method = Method::get;
  std::string_view route = {};   // "" if none was found
  int status = 0;                // 499: the client was gone before the answer was
  std::int64_t duration_us = 0;  // from the end of the request's head to the end of the answer
  bool slow = false;             // the handler took longer than its route's handler_ms
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
};

struct HttpSeams {
  Clock clock;
  // Called after each answer, from any thread; must be quick.
  std::function<void(const HttpEvent&)> on_done = {};
  // The answer to a request that no handler gets: 400, 404, 405, 408, 413, 414, 417, 431, 500 (the handler threw),
  // 501, 503, 505. Called from any thread; must be quick. Empty: the status in words.
  std::function<Response(int status, std::string_view what)> on_error = {};
};

struct HttpServerInfo {
  std::size_t connections = 0;
  std::size_t event_streams = 0;
  std::size_t handlers_running = 0;
  std::size_t handlers_waiting = 0;
};

class HttpServer {
 public:
  // Errors: unavailable (the address is taken; may not be used), invalid_argument (an address or certificate that is
  // none, a certificate beside pinned keys).
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options, Router router, HttpSeams seams);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;
  HttpServerInfo info() const;
  // With pinned keys there is nothing to read.
  Status reload_certificate();
  // Another pinned key, for connections that come from now on. Errors: unavailable (OpenSSL can't), invalid_argument
  // (this server has none).
  Status replace_pinned(PinnedTls next);
  // Takes no more connections and requests, closes event streams and idle connections, waits for requests in flight,
  // then cuts off what is left. May be called from any thread but a handler's, once.
  void stop(std::int64_t wait_ms);

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fristad
