#include "api/hma/metadata.h"

#include <algorithm>
#include <array>

#include "base/text_escape.h"
#include "base/try.h"

namespace fristad {
namespace {

constexpr std::size_t context_bytes_max = 8 * 1024;
constexpr std::array<std::string_view, 4> names{"collab", "content_id", "content_uri", "json"};

Error invalid(std::string what) {
  return {Code::invalid_argument, "Invalid metadata: " + what};
}

bool is_known(std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

Json::Object& json_of(Json::Object& metadata) {
  Json& json = metadata.try_emplace("json", Json::object()).first->second;
  return *json.members();
}

}  // namespace

Status add_metadata(Json::Object& metadata, const Json& sent) {
  if (sent.members() == nullptr) return Error{Code::invalid_argument, "metadata should be a json object"};
  for (const auto& [name, value] : *sent.members()) {
    // Exchanges aren't told from outside.
    if (value.is_null() || name == "collab") continue;
    if (name == "json") {
      if (value.members() == nullptr) return invalid("json: Input should be a valid dictionary");
      for (const auto& [key, member] : *value.members()) json_of(metadata).insert_or_assign(key, member);
    } else if (is_known(name)) {
      if (value.text() == nullptr) return invalid(name + ": Input should be a valid string");
      metadata.insert_or_assign(name, value);
    } else {
      json_of(metadata).insert_or_assign(name, value);
    }
  }
  return {};
}

Result<std::string> context_of(const Json::Object& metadata) {
  if (metadata.empty()) return std::string();
  std::string text = canonical(Json(metadata));
  if (text.size() > context_bytes_max) return invalid("it is over 8 KiB");
  return text;
}

Json shown_metadata(std::string_view context, bool with_collab) {
  if (context.empty()) return {};
  const auto parsed = parse_json(context, {.bytes_max = context_bytes_max, .depth_max = 64, .reals = true});
  if (!parsed) return {};
  Json::Object shown{{"content_id", {}}, {"content_uri", {}}, {"json", {}}};
  if (with_collab) shown.emplace("collab", Json());
  const Json::Object* const members = parsed->members();
  const auto known = [](const auto& member) { return is_known(member.first); };
  if (members == nullptr || !std::ranges::all_of(*members, known)) {
    shown["json"] = *parsed;
    return Json(std::move(shown));
  }
  for (const auto& [name, value] : *members) {
    if (shown.contains(name)) shown[name] = value;
  }
  return Json(std::move(shown));
}

Result<std::string> note_of(const Json& sent) {
  if (sent.is_null()) return std::string();
  if (sent.text() == nullptr || !is_utf8(*sent.text())) {
    return Error{Code::invalid_argument, "note should be a string"};
  }
  const auto characters =
      std::ranges::count_if(*sent.text(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  if (static_cast<std::size_t>(characters) > hma_note_characters_max) {
    return Error{Code::invalid_argument, "note must be at most 255 characters"};
  }
  return *sent.text();
}

}  // namespace fristad
