#pragma once

// Errors are values. Every function of Fristad that can fail returns a Result<T>: either a T or an
// Error that says what was wrong, where, and what to do. Nothing in the library throws; exceptions
// of third-party code end in the wrapper that causes them.
//
//   fristad::Result<fristad::PdqHash> hash = fristad::PdqHash::from_hex(text);
//   if (!hash) {
//     std::cerr << hash.error().message << '\n';
//     return 3;
//   }
//   use(*hash);
//
// Thread-safety: plain values, like std::string.

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace fristad {

// What kind of failure it was: for programs. The message is for people.
enum class Code {
  invalid_argument,   // the caller asked for something that makes no sense
  not_found,          // the named thing doesn't exist
  already_exists,     // refused to overwrite
  permission_denied,  // the operating system or a rule said no
  unsupported,        // well-formed, but not something that this version handles
  damaged,            // the data is truncated, lies about itself or fails its checksum
  too_large,          // over a documented limit of bytes, pixels, rows or depth
  deadline_exceeded,  // over a documented limit of time
  unavailable,        // disk full, out of memory, a helper process died: may work later
  conflict,           // somebody else was faster: look again and decide anew
  cancelled,          // stopped on request
  internal,           // a bug of ours
};

// The stable, lower-case name of a code, as printed in JSON: "damaged", "too_large", ...
const char* to_string(Code code);

struct Error {
  Code code;
  std::string message;
  std::int64_t wait_ms = 0;  // how long until it is worth trying again; 0: nobody knows
};

// Either a T or an Error. A dropped Result is a compiler warning, and warnings are errors here.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(Error error) : tl::expected<T, Error>(tl::unexpect, std::move(error)) {}
};

using Status = Result<void>;

}  // namespace fristad
