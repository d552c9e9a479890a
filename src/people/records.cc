#include "people/records.h"

#include <algorithm>
#include <array>

#include "base/hex.h"
#include "base/text_escape.h"
#include "base/try.h"

namespace fristad {
namespace {

constexpr std::size_t name_bytes_max = 64;
constexpr std::size_t display_bytes_max = 200;
constexpr std::size_t action_bytes_max = 64;
constexpr std::size_t subject_bytes_max = 200;
constexpr std::size_t arguments_bytes_max = std::size_t{64} << 10;
constexpr int arguments_depth_max = 8;

constexpr std::array<std::string_view, 2> states{"active", "disabled"};
constexpr std::array<std::string_view, 5> approval_states{"asked", "approved", "refused", "lapsed", "done"};

Error wrong(std::string_view what) {
  return {Code::invalid_argument, std::string(what)};
}

template <class T>
std::string joined(std::span<const T> words) {
  std::string text;
  for (const T word : words) {
    if (!text.empty()) text += ',';
    text += to_text(word);
  }
  return text;
}

template <class T>
std::vector<T> split(std::string_view text, std::optional<T> (*from_text)(std::string_view)) {
  std::vector<T> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (const auto known = from_text(word)) words.push_back(*known);
  }
  return words;
}

template <class T>
std::vector<T> each_once(std::span<const T> words) {
  std::vector<T> once(words.begin(), words.end());
  std::ranges::sort(once);
  once.erase(std::unique(once.begin(), once.end()), once.end());
  return once;
}

template <class T>
Json names_of(std::span<const T> words) {
  Json::Array names;
  for (const T word : words) names.emplace_back(to_text(word));
  return {std::move(names)};
}

}  // namespace

std::string_view to_text(UserState state) {
  return states.at(static_cast<std::size_t>(state));
}
std::optional<UserState> user_state_from_text(std::string_view text) {
  if (text == states[0]) return UserState::active;
  if (text == states[1]) return UserState::disabled;
  return std::nullopt;
}
std::string_view to_text(ApprovalState state) {
  return approval_states.at(static_cast<std::size_t>(state));
}
std::optional<ApprovalState> approval_state_from_text(std::string_view text) {
  const auto at = std::ranges::find(approval_states, text);
  if (at == approval_states.end()) return std::nullopt;
  return static_cast<ApprovalState>(at - approval_states.begin());
}

std::string to_text(std::span<const Role> roles) {
  return joined(std::span<const Role>(in_order(roles)));
}
std::vector<Role> roles_from_text(std::string_view text) {
  return split<Role>(text, role_from_text);
}
std::string to_text(std::span<const TokenScope> scopes) {
  return joined(std::span<const TokenScope>(each_once(scopes)));
}
std::vector<TokenScope> scopes_from_text(std::string_view text) {
  return split<TokenScope>(text, scope_from_text);
}
std::vector<Role> in_order(std::span<const Role> roles) {
  return each_once(roles);
}

Status check_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool good = !name.empty() && name.size() <= name_bytes_max && is_letter(name.front()) &&
                    std::ranges::all_of(name, [&](char c) { return is_letter(c) || c == '.' || c == '_' || c == '-'; });
  if (!good) {
    return wrong("a name has 1 to 64 of a-z, 0-9, \".\", \"_\" and \"-\", and begins with a letter or a digit");
  }
  // Records say who decided by these.
  if (name == "node" || name.starts_with("local-")) return wrong("\"node\" and \"local-...\" name the node itself");
  return {};
}

Status check_text(std::string_view what, std::string_view text, std::size_t bytes_min, std::size_t bytes_max) {
  // A zero byte is UTF-8, but no text of the store.
  if (text.size() >= bytes_min && text.size() <= bytes_max && is_utf8(text) &&
      text.find('\0') == std::string_view::npos) {
    return {};
  }
  return wrong(std::string(what) + " is a text of " + std::to_string(bytes_min) + " to " + std::to_string(bytes_max) +
               " bytes");
}

Result<std::int64_t> integer_in(const Json& body, std::string_view name) {
  const Json* const member = body.find(name);
  if (member == nullptr || member->integer() == nullptr || *member->integer() < 0) {
    return wrong("\"" + std::string(name) + "\" is a number from 0");
  }
  return *member->integer();
}

Result<std::string_view> text_in(const Json& body, std::string_view name) {
  const Json* const member = body.find(name);
  if (member == nullptr || member->text() == nullptr) return wrong("\"" + std::string(name) + "\" is a text");
  return std::string_view(*member->text());
}

Result<RecordId> id_in(const Json& body, std::string_view name) {
  RecordId id{};
  if (!from_hex(TRY(text_in(body, name)), id)) return wrong("\"" + std::string(name) + "\" is the id of a record");
  return id;
}

Json UserBody::to_json() const {
  return Json::object({{"display", display},
                       {"name", name},
                       {"roles", names_of(std::span<const Role>(in_order(roles)))},
                       {"state", to_text(state)}});
}

Result<UserBody> UserBody::from_json(const Json& body) {
  UserBody user;
  user.name = TRY(text_in(body, "name"));
  user.display = TRY(text_in(body, "display"));
  TRY(check_name(user.name));
  TRY(check_text("\"display\"", user.display, 0, display_bytes_max));
  const Json* const roles = body.find("roles");
  if (roles == nullptr || roles->array() == nullptr) return wrong("\"roles\" is a list of roles");
  for (const Json& role : *roles->array()) {
    const auto known = role.text() != nullptr ? role_from_text(*role.text()) : std::nullopt;
    if (!known) return wrong("\"roles\" holds what is no role");
    user.roles.push_back(*known);
  }
  user.roles = in_order(user.roles);
  const auto state = user_state_from_text(TRY(text_in(body, "state")));
  if (!state) return wrong("a user is active or disabled");
  user.state = *state;
  return user;
}

Json body_of(const TokenId& id, const TokenDraft& draft) {
  return Json::object({{"ends", draft.ends_ms},
                       {"hashes_per_day", static_cast<std::int64_t>(draft.hashes_per_day)},
                       {"hashes_per_minute", static_cast<std::int64_t>(draft.hashes_per_minute)},
                       {"name", draft.name},
                       {"scopes", names_of(std::span<const TokenScope>(each_once(std::span(draft.scopes))))},
                       {"token", to_hex(id)}});
}

Status check_draft(const TokenDraft& draft) {
  TRY(check_name(draft.name));
  if (draft.scopes.empty()) return wrong("a token has at least one scope");
  if (draft.hashes_per_day >= std::uint64_t{1} << 53) return wrong("\"hashes_per_day\" is below 2^53");
  return {};
}

Json body_of(const ApprovalDraft& draft, std::int64_t lapses_ms) {
  return Json::object({{"action", draft.action},
                       {"answered_with", to_text(draft.answered_with)},
                       {"arguments", draft.arguments},
                       {"lapses", lapses_ms},
                       {"reason", draft.reason},
                       {"subject", draft.subject}});
}

Result<ApprovalDraft> approval_draft(const Json& body) {
  ApprovalDraft draft;
  draft.action = TRY(text_in(body, "action"));
  draft.subject = TRY(text_in(body, "subject"));
  draft.reason = TRY(text_in(body, "reason"));
  TRY(check_text("\"action\"", draft.action, 1, action_bytes_max));
  TRY(check_text("\"subject\"", draft.subject, 0, subject_bytes_max));
  TRY(check_text("\"reason\"", draft.reason, 1, why_bytes_max));
  const auto right = right_from_text(TRY(text_in(body, "answered_with")));
  if (!right) return wrong("\"answered_with\" is a right");
  draft.answered_with = *right;
  const Json* const arguments = body.find("arguments");
  if (arguments == nullptr || arguments->members() == nullptr) return wrong("\"arguments\" is an object");
  // Made by a caller in memory, so it may be what no reader would take back.
  const std::string text = canonical(*arguments);
  if (text.size() > arguments_bytes_max) {
    return Error{Code::too_large, "what an approval is asked for has over 64 KiB of arguments"};
  }
  draft.arguments = TRY(parse_json(text, {.bytes_max = arguments_bytes_max, .depth_max = arguments_depth_max}));
  return draft;
}

}  // namespace fristad
