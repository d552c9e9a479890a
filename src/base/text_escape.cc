#include "base/text_escape.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace fristad {
namespace {

constexpr char digits[] = "0123456789abcdef";

struct Range {
  char32_t first;
  char32_t last;
};
constexpr std::array<Range, 12> unprintable{{{0x00, 0x1f},
                                             {0x7f, 0x9f},
                                             {0xad, 0xad},
                                             {0x61c, 0x61c},
                                             {0x180e, 0x180e},
                                             {0x200b, 0x200f},
                                             {0x2028, 0x202e},
                                             {0x2060, 0x206f},
                                             {0xfeff, 0xfeff},
                                             {0xfff9, 0xfffb},
                                             {0xfffe, 0xffff},
                                             {0xe0000, 0xe0fff}}};

std::uint8_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(text[i]);
}

void append_hex(std::string& out, std::string_view bytes) {
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    out += "\\x";
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
}

void append_utf16_escape(std::string& out, unsigned unit) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[(unit >> shift) & 15];
}

bool starts_formula(std::string_view text) {
  // The full-width forms count too: some spreadsheets take them for the plain ones.
  constexpr std::array<std::string_view, 8> starts{"=", "+", "-", "@", "＝", "＋", "－", "＠"};
  const std::size_t first = text.find_first_not_of(" \"'");
  if (first == std::string_view::npos) return false;
  return std::any_of(starts.begin(), starts.end(),
                     [rest = text.substr(first)](std::string_view start) { return rest.starts_with(start); });
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
  const std::uint8_t lead = byte_at(text, 0);
  if (lead < 0x80) return {lead, 1, true};
  std::size_t more = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    more = 1;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    more = 2;
    if (lead == 0xe0) low = 0xa0;   // no overlong forms
    if (lead == 0xed) high = 0x9f;  // no surrogates
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    more = 3;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;  // nothing above U+10FFFF
  } else {
    return {0, 1, false};
  }
  char32_t value = lead & (0x3fu >> more);
  for (std::size_t i = 1; i <= more; ++i) {
    if (i >= text.size() || byte_at(text, i) < low || byte_at(text, i) > high) return {0, i, false};
    value = value << 6 | (byte_at(text, i) & 0x3fu);
    low = 0x80;
    high = 0xbf;
  }
  return {value, more + 1, true};
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto ascii = std::find_if(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
    text.remove_prefix(static_cast<std::size_t>(ascii - text.begin()));
    if (text.empty()) return true;
    const CodePoint point = first_code_point(text);
    if (!point.valid) return false;
    text.remove_prefix(point.length);
  }
  return true;
}

bool is_unprintable(char32_t code_point) {
  return std::any_of(unprintable.begin(), unprintable.end(),
                     [=](const Range& range) { return code_point >= range.first && code_point <= range.last; });
}

std::string escape_terminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    const std::string_view bytes = text.substr(0, point.length);
    if (!point.valid || is_unprintable(point.value)) {
      append_hex(out, bytes);
    } else if (bytes == "\\") {
      out += "\\\\";
    } else {
      out += bytes;
    }
    text.remove_prefix(point.length);
  }
  return out;
}

std::string escape_csv(std::string_view text) {
  const std::string line = escape_terminal(text);
  std::string cell;
  cell.reserve(line.size() + 3);
  if (starts_formula(line) || line.starts_with('\'')) cell += '\'';
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == ';' && starts_formula(std::string_view(line).substr(i + 1))) {
      cell += "\\x3b";
    } else {
      cell += line[i];
    }
  }
  if (cell.find_first_of(",\";' ") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (!point.valid) {
      out += "\xef\xbf\xbd";
    } else if (point.value == '"' || point.value == '\\') {
      out += '\\';
      out += static_cast<char>(point.value);
    } else if (point.value == '\n') {
      out += "\\n";
    } else if (!is_unprintable(point.value)) {
      out += text.substr(0, point.length);
    } else if (point.value < 0x10000) {
      append_utf16_escape(out, static_cast<unsigned>(point.value));
    } else {
      const auto offset = static_cast<unsigned>(point.value - 0x10000);
      append_utf16_escape(out, 0xd800 + (offset >> 10));
      append_utf16_escape(out, 0xdc00 + (offset & 0x3ff));
    }
    text.remove_prefix(point.length);
  }
  out += '"';
}

}  // namespace fristad
