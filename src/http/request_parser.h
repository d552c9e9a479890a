#pragma once

// Bytes of a connection become requests (RFC 9112): no socket, no clock. The grammar is Boost.Beast's; what Beast lets
// pass and a proxy before us might read otherwise is refused first (section 11.2).
//
//   const std::size_t size = TRY(parser.head_size(bytes));      // 0: more is needed
//   RequestHead head = TRY(parser.parse_head(bytes.substr(0, size)));
//   while (!parser.done()) bytes.remove_prefix(TRY(parser.take_body(bytes, body)));
//
// Thread-safety: one thread at a time. Complexity: each byte of a head is looked at twice.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "http/message.h"

namespace fristad {

// Why a request can't be served. Where its end lies is then unknown: the connection must be closed after the answer.
struct Refusal {
  int status = 400;
  std::string_view what = {};  // a literal
};

template <class T>
using Parsed = tl::expected<T, Refusal>;

struct RequestHead {
  std::optional<Method> method = {};  // none: `method_refusal` says why
  int method_refusal = 0;             // 405 for a method of the standard, 501 for others
  std::string path = {};              // as it came, still encoded
  std::string query = {};
  Headers headers = {};
  bool http_1_0 = false;
  bool keep_alive = false;  // what the client wishes
  bool expects_continue = false;
  bool chunked = false;
  std::uint64_t body_bytes = 0;  // what Content-Length says
};

class RequestParser {
 public:
  RequestParser();
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;

  // `bytes` is all that came of this request so far. Gives the size of its head, or 0 when that isn't whole yet.
  // Refuses early what can't become one: line ends other than CRLF, over `bytes_max` bytes (431, or 414 if the first
  // line alone is so long).
  Parsed<std::size_t> head_size(std::string_view bytes, std::size_t bytes_max);

  // `head` is what head_size() found. Afterwards take_body() goes on with what follows.
  Parsed<RequestHead> parse_head(std::string_view head);

  // Appends to `body` what `bytes` hold of it, and gives how many were used. What isn't used must be there again,
  // followed by more, in the next call. Trailers are passed over.
  Parsed<std::size_t> take_body(std::string_view bytes, std::string& body);

  bool done() const;  // the request is over

  // For the next request.
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::size_t searched_ = 0;    // head_size() goes on from here
  std::size_t line_begin_ = 0;  // of the line that it is in
};

}  // namespace fristad
