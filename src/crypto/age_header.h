#pragma once

// The header of an age file (c2sp.org/age, "Header"): lines of text that wrap the file's key for each recipient.
//
// Thread-safety: AgeInput is not thread-safe, the rest are pure functions. Complexity: one pass.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "fristad/result.h"

namespace fristad {

// Reads ahead, so that the end is known before the last piece is used.
class AgeInput {
 public:
  // `read` must outlive it.
  explicit AgeInput(const ReadBytes& read) : read_(read), buffer_(65'536) {}
  ~AgeInput() { wipe({reinterpret_cast<std::uint8_t*>(buffer_.data()), buffer_.size()}); }
  AgeInput(const AgeInput&) = delete;
  AgeInput& operator=(const AgeInput&) = delete;

  // Fills the span as far as there are bytes, and says how far.
  Result<std::size_t> read(std::span<std::uint8_t> bytes);
  Result<bool> at_end();
  // The bytes up to the next line feed, without it. Errors: damaged (the file ends first), too_large (over `size_max`).
  Result<std::string> line(std::size_t size_max);

 private:
  Status fill();

  const ReadBytes& read_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // the bytes not yet given out are buffer_[begin_, end_)
  std::size_t end_ = 0;
  bool at_end_ = false;
};

struct AgeStanza {
  std::vector<std::string> arguments;  // the first is its type
  std::vector<std::uint8_t> body;
};

struct AgeHeader {
  std::vector<AgeStanza> stanzas;
  Digest mac{};
  std::string authenticated;  // what the MAC is over
};

// Reads up to the first byte of the payload. Errors: damaged, unsupported (another version), too_large.
Result<AgeHeader> read_age_header(AgeInput& input);

// A header with these stanzas, as far as the MAC is over it: up to "---".
std::string encode_age_header(std::span<const AgeStanza> stanzas);

// All messages about files begin alike.
Error bad_age_header(const std::string& what);

}  // namespace fristad
