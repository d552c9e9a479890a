#pragma once

// What strict line formats are read with: line by line, and numbers in the one way in which they are written.
//
// Thread-safety: pure functions. Complexity: one pass.

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fristad {

// Takes a line, without its line feed, from the front of the text; nothing where no line feed is left.
inline std::optional<std::string_view> take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

// Takes `start` from the front of the text; false where it begins otherwise.
inline bool take(std::string_view& text, std::string_view start) {
  if (!text.starts_with(start)) return false;
  text.remove_prefix(start.size());
  return true;
}

// A decimal number of digits alone, without leading zeros; nothing where it is 2^63 or more.
inline std::optional<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value >> 63 != 0) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return value;
}

}  // namespace fristad
