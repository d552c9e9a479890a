#include "http/syntax.h"

#include <algorithm>

namespace fristad {
namespace {

constexpr std::size_t parameters_max = 16;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

Error malformed() {
  return {Code::damaged, "a field's value isn't of the form word; name=value"};
}

// Takes a token or a quoted string from the front.
Result<std::string> take_value(std::string_view& text) {
  std::string value;
  if (!text.starts_with('"')) {
    const auto* const end = std::find_if_not(text.begin(), text.end(), is_token_char);
    value.assign(text.begin(), end);
    text.remove_prefix(value.size());
    if (value.empty()) return malformed();
    return value;
  }
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '"') {
      text.remove_prefix(at + 1);
      return value;
    }
    const bool escape = text[at] == '\\' && at + 1 < text.size() && (text[at + 1] == '"' || text[at + 1] == '\\');
    if (escape) ++at;
    value += text[at];
  }
  return malformed();
}

}  // namespace

bool equal_fold(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_field_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

bool list_has(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (equal_fold(trimmed(list.substr(0, comma)), word)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

const std::string* Parameterized::find(std::string_view name) const {
  for (const auto& [known, text] : parameters) {
    if (equal_fold(known, name)) return &text;
  }
  return nullptr;
}

Result<Parameterized> parse_parameterized(std::string_view text) {
  Parameterized parsed;
  const std::size_t semicolon = std::min(text.find(';'), text.size());
  parsed.value = trimmed(text.substr(0, semicolon));
  if (parsed.value.empty() || !is_field_value(text)) return malformed();
  text.remove_prefix(semicolon);
  while (!(text = trimmed(text)).empty()) {
    if (text.front() != ';') return malformed();
    text = trimmed(text.substr(1));
    if (text.empty()) break;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) return malformed();
    const std::string_view name = text.substr(0, equals);
    if (!is_token(name) || parsed.find(name) != nullptr || parsed.parameters.size() == parameters_max) {
      return malformed();
    }
    text.remove_prefix(equals + 1);
    auto value = take_value(text);
    if (!value) return std::move(value).error();
    parsed.parameters.emplace_back(name, std::move(*value));
  }
  return parsed;
}

}  // namespace fristad
