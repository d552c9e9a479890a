#include "crypto/bech32.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace fristad {
namespace {

constexpr std::string_view alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t checksum_size = 6;
constexpr std::size_t text_size_max = 256;

class Checksum {
 public:
  void add(std::uint32_t value) {
    constexpr std::array<std::uint32_t, 5> generators{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    const std::uint32_t top = state_ >> 25;
    state_ = (state_ & 0x1ffffff) << 5 ^ value;
    for (std::size_t i = 0; i < generators.size(); ++i) {
      if ((top >> i & 1) != 0) state_ ^= generators[i];
    }
  }
  void add_prefix(std::string_view prefix) {
    for (const char c : prefix) add(static_cast<unsigned char>(c) >> 5);
    add(0);
    for (const char c : prefix) add(static_cast<unsigned char>(c) & 31);
  }
  std::uint32_t state() const { return state_; }

 private:
  std::uint32_t state_ = 1;
};

Error mistyped(const char* how) {
  return {Code::damaged, std::string("the key's text is mistyped: ") + how + "; compare it with the original"};
}

}  // namespace

std::string to_bech32(std::string_view prefix, Bytes bytes) {
  std::string text(prefix);
  // Growing would leave copies of a key behind.
  text.reserve(prefix.size() + 1 + (bytes.size() * 8 + 4) / 5 + checksum_size);
  text += '1';
  Checksum checksum;
  checksum.add_prefix(prefix);
  const auto append = [&](std::uint32_t value) {
    checksum.add(value);
    text += alphabet[value];
  };
  std::uint32_t bits = 0;
  int count = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8 | byte) & 0xfff;
    for (count += 8; count >= 5; count -= 5) append(bits >> (count - 5) & 31);
  }
  if (count > 0) append(bits << (5 - count) & 31);
  for (std::size_t i = 0; i < checksum_size; ++i) checksum.add(0);
  const std::uint32_t sum = checksum.state() ^ 1;
  for (std::size_t i = 0; i < checksum_size; ++i) text += alphabet[sum >> 5 * (checksum_size - 1 - i) & 31];
  return text;
}

Result<std::vector<std::uint8_t>> from_bech32(std::string_view prefix, std::string_view text) {
  if (text.size() > text_size_max) return Error{Code::too_large, "the key's text is longer than any key"};
  const bool upper = std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
  const bool lower = std::ranges::any_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
  if (upper && lower) return mistyped("it mixes upper and lower case");
  const auto lowered = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  const std::size_t separator = text.rfind('1');
  if (separator == std::string_view::npos || text.size() - separator - 1 < checksum_size) {
    return mistyped("it is cut short");
  }
  if (!std::ranges::equal(text.substr(0, separator), prefix, {}, lowered)) {
    return Error{Code::invalid_argument, "not a key of this kind: it has to begin with " + std::string(prefix) + "1"};
  }
  Checksum checksum;
  checksum.add_prefix(prefix);
  const std::string_view data = text.substr(separator + 1);
  std::vector<std::uint8_t> bytes;
  bytes.reserve(data.size());
  std::uint32_t bits = 0;
  int count = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const std::size_t value = alphabet.find(lowered(data[i]));
    if (value == std::string_view::npos) return mistyped("it has a character that no key has");
    checksum.add(static_cast<std::uint32_t>(value));
    if (i + checksum_size >= data.size()) continue;
    bits = (bits << 5 | static_cast<std::uint32_t>(value)) & 0xfff;
    count += 5;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<std::uint8_t>(bits >> count & 0xff));
    }
  }
  const bool left_over = count >= 5 || (bits & ((1U << count) - 1)) != 0;
  if (checksum.state() != 1) return mistyped("its checksum is wrong");
  if (left_over) return mistyped("it has bits left over");
  return bytes;
}

}  // namespace fristad
