#pragma once

// An HTTP/1.1 client: one request at a time to a connection, which is kept while the server keeps it.
//
//   HttpClient client({.host = "hma.example", .port = 443, .tls = true});
//   auto answer = TRY(client.send({.method = Method::get, .target = "/c/banks"}));
//
// Thread-safety: one thread at a time for each object; cancel() from any.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/message.h"
#include "http/pinned.h"

namespace fristad {

struct HttpTarget {
  bool tls = false;
  std::string host = {};
  std::uint16_t port = 80;
  std::string path = "/";  // with the query

  // Of http:// and https:// URLs. Errors: invalid_argument (another scheme, user names, control characters, no host).
  static Result<HttpTarget> parse(std::string_view url);
};

struct HttpClientOptions {
  std::string host;
  std::uint16_t port = 80;
  bool tls = false;
  std::string trusted_file = {};  // PEM of who is trusted; empty: the system's
  // Instead of it, and means TLS: the server must show a certificate whose key is trusted; its name doesn't matter.
  std::optional<PinnedTls> pinned = {};
  std::int64_t connect_ms = 5000;
  std::int64_t answer_ms = 30'000;  // for the whole answer
  std::uint64_t body_bytes_max = 16 << 20;
  // Asked for each address that the host's name has, before a connection is made to it. Only such addresses are
  // connected to, so that a name can't mean another at the second look. Empty: any.
  std::function<bool(const std::string& address)> may_connect = {};
};

struct HttpCall {
  Method method = Method::get;
  std::string target = "/";
  Headers headers = {};
  std::string body = {};
};

struct HttpAnswer {
  int status = 0;
  Headers headers = {};
  std::string body = {};
};

class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options);
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;

  // Redirects are answers like others. A connection that the server has closed meanwhile is made anew. Errors:
  // invalid_argument (a target or header that can't be sent), unavailable (no connection, broken off),
  // deadline_exceeded, too_large, permission_denied (may_connect refuses, the certificate isn't trusted, or with pinned
  // keys the server doesn't trust ours), damaged (no HTTP), cancelled.
  Result<HttpAnswer> send(const HttpCall& call);

  // Ends the request under way, if any, and all later ones with the error cancelled; returns at once. The client must
  // not be moved or destroyed meanwhile. A name that is being looked up still keeps the destructor waiting.
  void cancel();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Whether an address is one of the public internet: not private, loopback, link-local, multicast, reserved, or a
// v4 one of these dressed as v6 (RFC 6890).
bool is_public_address(const std::string& address);

}  // namespace fristad
