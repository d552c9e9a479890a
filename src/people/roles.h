#pragma once

// Who may do what: roles, what each may, and which never meet in one person. DESIGN's table as data.
//
// Thread-safety: pure functions.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fristad/result.h"

namespace fristad {

enum class Role : std::uint8_t { viewer, analyst, investigator, guardian, coordinator, steward, admin };
inline constexpr std::size_t role_count = 7;

// What a route asks for. A person has what any of his roles has; a token what its scopes have.
enum class Right : std::uint8_t {
  own_account,      // sign out, change the password, add a factor: everybody who is signed in
  node_status,      // how the node is
  dashboards,       // numbers without persons
  match,            // match / no match, a handle and the list
  match_details,    // and the entry, its hashes' distance, why
  read_lists,       // lists and entries
  decide_lists,     // make and change lists, add and withdraw entries, opinions
  ask_export,       // ask for an export with hashes; another approves
  ask_erasure,      // ask for an erasure; another approves
  answer_lists,     // approve or refuse what is asked about lists and entries
  read_audit,       // the audit trail: who did what, when
  manage_users,     // make and disable users; ask for roles and for the reset of factors; tokens
  answer_users,     // approve or refuse what is asked about users
  read_metrics,     // /metrics
  curate_banks,     // the drop-in's banks (tokens)
  read_alliance,    // members, how it goes with them, what is voted on
  decide_alliance,  // invitations and letters, the brake, who reads our lists; ask for a vote, another approves
  answer_alliance,  // approve or refuse votes
  subscribe_lists,  // what we do with other members' lists; who reads ours
};
inline constexpr std::size_t right_count = 19;

// A set of rights.
class Rights {
 public:
  constexpr Rights() = default;
  constexpr Rights(std::initializer_list<Right> rights) {
    for (const Right right : rights) bits_ |= bit(right);
  }
  constexpr bool has(Right right) const { return (bits_ & bit(right)) != 0; }
  constexpr Rights& operator|=(Rights other) {
    bits_ |= other.bits_;
    return *this;
  }
  friend constexpr bool operator==(Rights, Rights) = default;

 private:
  static constexpr std::uint32_t bit(Right right) { return std::uint32_t{1} << static_cast<unsigned>(right); }
  std::uint32_t bits_ = 0;
};

std::string_view to_text(Role role);    // "analyst"
std::string_view to_text(Right right);  // "read_lists"
std::optional<Role> role_from_text(std::string_view text);
std::optional<Right> right_from_text(std::string_view text);

Rights rights_of(Role role);
Rights rights_of(std::span<const Role> roles);

// Error: permission_denied, naming the two that never meet: analyst and coordinator (counting oneself), analyst and
// guardian (the child and its hash), admin and what reads cases (investigator, guardian).
Status check_combination(std::span<const Role> roles);

// Guardian, investigator, steward and admin sign in with a security key; others may use a code from an app.
bool needs_security_key(std::span<const Role> roles);

// What a service token may be allowed. A token has no other rights.
enum class TokenScope : std::uint8_t { match, details, lists, entries, banks, metrics };
inline constexpr std::size_t token_scope_count = 6;
std::string_view to_text(TokenScope scope);
std::optional<TokenScope> scope_from_text(std::string_view text);
// match: match. details: match, match_details. lists: read_lists. entries: read_lists, decide_lists. banks:
// curate_banks, match, match_details, read_lists. metrics: read_metrics. All: node_status.
Rights rights_of(std::span<const TokenScope> scopes);

}  // namespace fristad
