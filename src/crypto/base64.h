#pragma once

// Base64 of RFC 4648, sections 4 and 5, strict: one text for the same bytes and no other.
//
// Thread-safety: pure functions. Complexity: one pass. Not in constant time; keys are written in Bech32 or hex.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.h"

namespace fristad {

enum class Padding { required, refused };

std::string to_base64(Bytes bytes, Padding padding = Padding::required);

// The bytes, or nothing where the text isn't what to_base64() writes for them: another alphabet, wrong padding,
// line ends, bits left over that aren't zero (section 3.5).
std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text, Padding padding = Padding::required);

// Section 5: for addresses, cookies and the web's interfaces. Without padding; as strict.
std::string to_base64url(Bytes bytes);
std::optional<std::vector<std::uint8_t>> from_base64url(std::string_view text);

// The same, for a number of bytes that is known.
template <std::size_t size>
std::optional<std::array<std::uint8_t, size>> array_from_base64(std::string_view text,
                                                                Padding padding = Padding::required) {
  // Refused before memory is asked for.
  if (text.size() > (size + 2) / 3 * 4) return std::nullopt;
  const auto bytes = from_base64(text, padding);
  if (!bytes || bytes->size() != size) return std::nullopt;
  std::array<std::uint8_t, size> array{};
  for (std::size_t i = 0; i < size; ++i) array[i] = (*bytes)[i];
  return array;
}

}  // namespace fristad
