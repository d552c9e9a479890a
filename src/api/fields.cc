#include "api/fields.h"

#include "base/text_escape.h"
#include "base/try.h"

namespace fristad {
namespace {

Error wrong(std::string_view name, std::string_view what) {
  return {Code::invalid_argument, "\"" + std::string(name) + "\" " + std::string(what)};
}

template <class T>
Result<T> needed(std::string_view name, Result<std::optional<T>> value) {
  if (!value) return value.error();
  if (!*value) return wrong(name, "is missing");
  return *std::move(*value);
}

}  // namespace

const Json* Fields::find(std::string_view name) {
  known_.emplace(name);
  const Json* const member = object_.find(name);
  return member == nullptr || member->is_null() ? nullptr : member;
}

const Json* Fields::any(std::string_view name) {
  return find(name);
}

Result<std::optional<std::string>> Fields::maybe_text(std::string_view name, std::size_t bytes_max) {
  const Json* const member = find(name);
  if (member == nullptr) return std::optional<std::string>();
  if (member->text() == nullptr) return wrong(name, "is a text");
  if (member->text()->size() > bytes_max) return wrong(name, "has at most " + std::to_string(bytes_max) + " bytes");
  return std::optional(*member->text());
}

Result<std::string> Fields::text(std::string_view name, std::size_t bytes_max) {
  return needed(name, maybe_text(name, bytes_max));
}

Result<std::optional<std::int64_t>> Fields::maybe_integer(std::string_view name, std::int64_t least,
                                                          std::int64_t most) {
  const Json* const member = find(name);
  if (member == nullptr) return std::optional<std::int64_t>();
  if (member->integer() == nullptr || *member->integer() < least || *member->integer() > most) {
    return wrong(name, "is a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return std::optional(*member->integer());
}

Result<std::int64_t> Fields::integer(std::string_view name, std::int64_t least, std::int64_t most) {
  return needed(name, maybe_integer(name, least, most));
}

Result<std::optional<bool>> Fields::maybe_flag(std::string_view name) {
  const Json* const member = find(name);
  if (member == nullptr) return std::optional<bool>();
  if (member->truth() == nullptr) return wrong(name, "is true or false");
  return std::optional(*member->truth());
}

Result<bool> Fields::flag(std::string_view name) {
  return needed(name, maybe_flag(name));
}

Result<const Json::Array*> Fields::array(std::string_view name, std::size_t count_max) {
  const Json* const member = find(name);
  if (member == nullptr) return wrong(name, "is missing");
  if (member->array() == nullptr) return wrong(name, "is a list");
  if (member->array()->size() > count_max) {
    return Error{Code::too_large, "\"" + std::string(name) + "\" has at most " + std::to_string(count_max) + " items"};
  }
  return member->array();
}

Result<std::vector<std::string>> Fields::texts(std::string_view name, std::size_t count_max, std::size_t bytes_max) {
  std::vector<std::string> texts;
  for (const Json& item : *TRY(array(name, count_max))) {
    if (item.text() == nullptr || item.text()->size() > bytes_max) {
      return wrong(name, "holds texts of at most " + std::to_string(bytes_max) + " bytes");
    }
    texts.push_back(*item.text());
  }
  return texts;
}

Status Fields::end() const {
  if (object_.members() == nullptr) return Error{Code::invalid_argument, "the body is a JSON object"};
  for (const auto& [name, value] : *object_.members()) {
    if (!known_.contains(name)) {
      return Error{Code::invalid_argument, "no member \"" + escape_terminal(name.substr(0, 64)) + "\" is known here"};
    }
  }
  return {};
}

}  // namespace fristad
