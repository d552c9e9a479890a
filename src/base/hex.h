#pragma once

// Bytes as lower-case hex digits, and back. Pure functions.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fristad {

std::string to_hex(std::span<const std::uint8_t> bytes);

// Fills `bytes` from exactly twice as many hex digits of either case; false if there are more, fewer or
// others, and then `bytes` is unspecified.
[[nodiscard]] bool from_hex(std::string_view text, std::span<std::uint8_t> bytes);

}  // namespace fristad
