#include "http/query.h"

#include <algorithm>

#include "base/text_escape.h"
#include "base/try.h"

namespace fristad {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decode_word(std::string_view text) {
  std::string word = TRY(percent_decode(text, Plus::is_space));
  if (word.find('\0') != std::string::npos || !is_utf8(word)) {
    return Error{Code::invalid_argument,
                 "the query has text that isn't UTF-8: encode it as UTF-8, then each byte as %XX"};
  }
  return word;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+' && plus == Plus::is_space) {
      decoded += ' ';
    } else if (text[at] != '%') {
      decoded += text[at];
    } else {
      const int high = text.size() - at > 2 ? hex_value(text[at + 1]) : -1;
      const int low = high >= 0 ? hex_value(text[at + 2]) : -1;
      if (low < 0) return Error{Code::invalid_argument, "a '%' in the URL isn't followed by two hex digits"};
      decoded += static_cast<char>(high * 16 + low);
      at += 2;
    }
  }
  return decoded;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> members;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view member = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (member.empty()) continue;
    if (members.size() == query_members_max) {
      return Error{Code::too_large, "the query has over " + std::to_string(query_members_max) + " members"};
    }
    const std::size_t equals = std::min(member.find('='), member.size());
    std::string name = TRY(decode_word(member.substr(0, equals)));
    std::string value = TRY(decode_word(member.substr(std::min(equals + 1, member.size()))));
    members.emplace_back(std::move(name), std::move(value));
  }
  return members;
}

}  // namespace fristad
