#pragma once

// The kinds of records of this room, and their words. docs/format/people.md has the members as tables. Included by this
// room's sources alone.
//
// Thread-safety: plain values and pure functions.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "people/people.h"

namespace fristad {

inline constexpr std::string_view kind_user = "user";                    // each change of a user is its next revision
inline constexpr std::string_view kind_user_reset = "user.reset";        // password and factors were taken away
inline constexpr std::string_view kind_user_password = "user.password";  // a password was set
inline constexpr std::string_view kind_user_factor = "user.factor";      // a second factor was added
inline constexpr std::string_view kind_user_factor_removed = "user.factor.removed";
inline constexpr std::string_view kind_token = "token";
inline constexpr std::string_view kind_token_revoked = "token.revoked";
inline constexpr std::string_view kind_approval_asked = "approval.asked";
inline constexpr std::string_view kind_approval_answered = "approval.answered";
inline constexpr std::string_view kind_approval_lapsed = "approval.lapsed";
inline constexpr std::string_view kind_approval_done = "approval.done";

// Of reasons, of people and of the node.
inline constexpr std::size_t why_bytes_max = 1000;

std::string_view to_text(UserState state);
std::optional<UserState> user_state_from_text(std::string_view text);
std::optional<ApprovalState> approval_state_from_text(std::string_view text);

// "admin,viewer": in the order of the enum, each once.
std::string to_text(std::span<const Role> roles);
std::vector<Role> roles_from_text(std::string_view text);
std::string to_text(std::span<const TokenScope> scopes);
std::vector<TokenScope> scopes_from_text(std::string_view text);

// In the order of the enum, each once.
std::vector<Role> in_order(std::span<const Role> roles);

// Errors: invalid_argument, which says what a name looks like.
Status check_name(std::string_view name);
// Text of `bytes_min` to `bytes_max` bytes of UTF-8. Error: invalid_argument, which names it.
Status check_text(std::string_view what, std::string_view text, std::size_t bytes_min, std::size_t bytes_max);

Json body_of(const TokenId& id, const TokenDraft& draft);
// Checks what is the same at any time. Errors: invalid_argument.
Status check_draft(const TokenDraft& draft);

Json body_of(const ApprovalDraft& draft, std::int64_t lapses_ms);
// Errors: invalid_argument, too_large.
Result<ApprovalDraft> approval_draft(const Json& body);

// Members of a body. Errors: invalid_argument.
Result<std::int64_t> integer_in(const Json& body, std::string_view name);
Result<std::string_view> text_in(const Json& body, std::string_view name);
Result<RecordId> id_in(const Json& body, std::string_view name);

}  // namespace fristad
