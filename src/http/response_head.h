#pragma once

// The first lines of an answer, as they go over the wire (RFC 9112, section 4).
//
// Thread-safety: pure functions. Complexity: one pass.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace fristad {

// How the other end learns where the body ends.
enum class Framing {
  length,   // Content-Length
  chunked,  // chunks
  close,    // when the connection closes: HTTP/1.0
  none,     // 204, 304: there is no body
};

struct HeadOptions {
  Framing framing = Framing::length;
  std::uint64_t body_bytes = 0;
  bool keep_alive = true;
  std::string_view date = {};  // as http_date() writes it
};

// Appends the head. Date, Connection, Content-Length, Transfer-Encoding and Server are the server's own: what the
// response has of them is left out. Error: internal (a status that isn't one of an answer, a header that can't be
// sent).
Status append_head(std::string& out, const Response& response, const HeadOptions& options);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7).
std::string http_date(std::int64_t utc_ms);

// "Not Found"; "Unknown" for a number without a name.
std::string_view status_text(int status);

// Appends one chunk; `part` isn't empty.
void append_chunk(std::string& out, std::string_view part);
constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace fristad
