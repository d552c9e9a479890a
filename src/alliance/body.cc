#include "alliance/body.h"

#include <algorithm>

#include "alliance/card.h"
#include "base/text_escape.h"

namespace fristad {

Error StrictBody::wrong(std::string_view name, std::string_view what) {
  return {Code::invalid_argument, "\"" + std::string(name) + "\" " + std::string(what)};
}

Result<const Json*> StrictBody::any(std::string_view name) {
  const Json* const found = body_.find(name);
  if (found == nullptr) return wrong(name, "is missing");
  known_.insert(name);
  return found;
}

Result<std::string> StrictBody::text(std::string_view name, std::size_t bytes_min, std::size_t bytes_max) {
  const std::string* const found = TRY(any(name))->text();
  const auto is_control = [](char c) { return (c >= 0 && c < 0x20 && c != '\n' && c != '\t') || c == 0x7f; };
  if (found == nullptr || found->size() < bytes_min || found->size() > bytes_max || !is_utf8(*found) ||
      std::ranges::any_of(*found, is_control)) {
    return wrong(name, "is a text of " + std::to_string(bytes_min) + " to " + std::to_string(bytes_max) + " bytes");
  }
  return *found;
}

Result<std::string> StrictBody::member(std::string_view name) {
  const std::string* const found = TRY(any(name))->text();
  if (found == nullptr || !is_member_code(*found)) return wrong(name, "is a member's code");
  return *found;
}

Result<const Json::Array*> StrictBody::list(std::string_view name, std::size_t count_max) {
  const Json::Array* const found = TRY(any(name))->array();
  if (found == nullptr || found->size() > count_max) {
    return wrong(name, "is a list of at most " + std::to_string(count_max));
  }
  return found;
}

Result<std::vector<std::string>> StrictBody::words(std::string_view name, std::size_t count_max) {
  std::vector<std::string> words;
  for (const Json& word : *TRY(list(name, count_max))) {
    if (word.text() == nullptr) return wrong(name, "is a list of words");
    words.push_back(*word.text());
  }
  if (std::ranges::adjacent_find(words, std::ranges::greater_equal()) != words.end()) {
    return wrong(name, "is a list in the order of its words, each once");
  }
  return words;
}

Result<std::int64_t> StrictBody::integer(std::string_view name) {
  const std::int64_t* const found = TRY(any(name))->integer();
  if (found == nullptr || *found < 0) return wrong(name, "is a number from 0");
  return *found;
}

Result<bool> StrictBody::truth(std::string_view name) {
  const bool* const found = TRY(any(name))->truth();
  if (found == nullptr) return wrong(name, "is true or false");
  return *found;
}

Status StrictBody::end() const {
  if (body_.members() == nullptr) return Error{Code::invalid_argument, "the body is an object"};
  for (const auto& [name, value] : *body_.members()) {
    if (!known_.contains(name)) return wrong(name, "has no meaning here");
  }
  return {};
}

}  // namespace fristad
