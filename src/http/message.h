#pragma once

// What a handler gets and gives. Nothing of the network library shows here.
//
//   Response hello(Request& request) { return Response::text(200, "hello " + request.parameter("name")); }
//
// Thread-safety: a Request belongs to the thread that its handler runs on. An EventStream may be used from any thread.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fristad/result.h"

namespace fristad {

enum class Method { get, head, post, put, patch, del };

std::string_view to_text(Method method);  // "GET", ..., "DELETE"

// Fields in the order in which they came or shall go; names compare without case.
class Headers {
 public:
  // The first of that name, or "".
  std::string_view find(std::string_view name) const;
  bool has(std::string_view name) const;
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

using TlsKey = std::array<std::uint8_t, 32>;  // a raw Ed25519 public key

// Who is at the other end.
struct Peer {
  std::string address = {};  // without the port
  bool loopback = false;
  bool tls = false;
  std::optional<TlsKey> key = {};  // of its certificate, where the server asks for one; verified
};

// The body as it arrives. read() waits for the network, at most as long as the route allows.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // How many bytes were put into `buffer`; 0 at the end. Errors: too_large (more than the route takes),
  // deadline_exceeded (too slow), unavailable (the client is gone), damaged (no HTTP).
  virtual Result<std::size_t> read(std::span<char> buffer) = 0;
};

struct Request {
  Method method = Method::get;
  std::string path = {};   // percent-decoded, "/" at its start, no "." or ".." and no empty parts in it
  std::string query = {};  // as it came, without the "?"
  Headers headers = {};
  Peer peer = {};
  std::string_view route = {};                                       // the pattern that it matched
  std::vector<std::pair<std::string, std::string>> parameters = {};  // what stood for each {name} of the pattern
  BodyReader* body = nullptr;                                        // never null in a handler

  std::string_view parameter(std::string_view name) const;
  // The value of a member of the query, percent-decoded; "" if there is none. Error: invalid_argument (bad encoding).
  Result<std::string> query_value(std::string_view name) const;
  // All of the body. Errors: those of BodyReader::read().
  Result<std::string> read_all();
};

// Sends parts of a body as they are made. write() waits until the network takes them: memory stays bounded.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  // Errors: unavailable (the client is gone, or the server stops).
  virtual Status write(std::string_view part) = 0;
};

// A connection on which events are sent until one side has enough (WHATWG HTML, section 9.2). When nobody holds it any
// more, it closes.
class EventStream {
 public:
  virtual ~EventStream() = default;
  // Queues an event and returns at once. A client that reads so slowly that 256 events or 4 MiB wait is cut off. An
  // empty name is the standard's "message". Errors: unavailable (closed), invalid_argument (a name of several lines).
  virtual Status send(std::string_view name, std::string_view data) = 0;
  virtual void close() = 0;
  virtual bool closed() const = 0;
};

struct Response {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  // Instead of `body`: a body of unknown length, chunked. Runs on a handler's thread. When it fails before
  // anything was sent, the client gets a 500; later, a connection that breaks off.
  std::function<Status(BodyWriter&)> stream = {};
  // Instead of both: called when the head is on its way, on a handler's thread.
  std::function<void(std::shared_ptr<EventStream>)> events = {};

  static Response text(int status, std::string body);
  static Response json(int status, std::string body);
};

using Handler = std::function<Response(Request&)>;

}  // namespace fristad
