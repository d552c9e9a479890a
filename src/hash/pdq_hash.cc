#include "base/hex.h"
#include "fristad/hash.h"

namespace fristad {

Result<PdqHash> PdqHash::from_hex(std::string_view text) {
  std::array<std::uint8_t, 32> bytes{};
  if (text.size() != 2 * bytes.size()) {
    return Error{Code::invalid_argument,
                 "a PDQ hash has 64 hex digits, this has " + std::to_string(text.size()) + " characters"};
  }
  if (!fristad::from_hex(text, bytes)) {
    return Error{Code::invalid_argument, "a PDQ hash has 64 hex digits, this has other characters too"};
  }
  PdqHash hash;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    // The text starts with the most significant byte, words[0] is the least significant word.
    std::uint64_t& word = hash.words[3 - i / 8];
    word = word << 8 | bytes[i];
  }
  return hash;
}

std::string PdqHash::to_hex() const {
  std::array<std::uint8_t, 32> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<std::uint8_t>(words[3 - i / 8] >> (56 - 8 * (i % 8)));
  }
  return fristad::to_hex(bytes);
}

const char* to_string(Orientation orientation) {
  switch (orientation) {
    case Orientation::original: return "original";
    case Orientation::rotated_90: return "rotated_90";
    case Orientation::rotated_180: return "rotated_180";
    case Orientation::rotated_270: return "rotated_270";
    case Orientation::flipped_x: return "flipped_x";
    case Orientation::flipped_y: return "flipped_y";
    case Orientation::transposed: return "transposed";
    case Orientation::antitransposed: return "antitransposed";
  }
  return "original";
}

}  // namespace fristad
