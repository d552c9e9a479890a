#include "people/roles.h"

#include <algorithm>
#include <array>

namespace fristad {
namespace {

constexpr std::array<std::string_view, role_count> role_names{"viewer",      "analyst", "investigator", "guardian",
                                                              "coordinator", "steward", "admin"};
constexpr std::array<std::string_view, right_count> right_names{
    "own_account",   "node_status",     "dashboards",      "match",          "match_details",
    "read_lists",    "decide_lists",    "ask_export",      "ask_erasure",    "answer_lists",
    "read_audit",    "manage_users",    "answer_users",    "read_metrics",   "curate_banks",
    "read_alliance", "decide_alliance", "answer_alliance", "subscribe_lists"};
constexpr std::array<std::string_view, token_scope_count> scope_names{"match",   "details", "lists",
                                                                      "entries", "banks",   "metrics"};

// In the order of the roles. Only analysts see entries and their hashes: whoever else may meet a guardian in one
// person.
constexpr std::array<Rights, role_count> role_rights{
    // viewer
    Rights{Right::own_account, Right::dashboards, Right::read_alliance},
    // analyst
    Rights{Right::own_account, Right::node_status, Right::dashboards, Right::match, Right::match_details,
           Right::read_lists, Right::decide_lists, Right::ask_export, Right::ask_erasure, Right::answer_lists,
           Right::read_alliance, Right::subscribe_lists},
    // investigator
    Rights{Right::own_account, Right::dashboards, Right::match, Right::read_alliance},
    // guardian
    Rights{Right::own_account, Right::dashboards, Right::read_alliance},
    // coordinator
    Rights{Right::own_account, Right::dashboards, Right::read_alliance},
    // steward: stands for the second person where a node has few
    Rights{Right::own_account, Right::node_status, Right::dashboards, Right::answer_lists, Right::read_audit,
           Right::answer_users, Right::read_alliance, Right::decide_alliance, Right::answer_alliance,
           Right::subscribe_lists},
    // admin
    Rights{Right::own_account, Right::node_status, Right::dashboards, Right::read_audit, Right::manage_users,
           Right::answer_users, Right::read_metrics, Right::read_alliance, Right::answer_alliance},
};

// In the order of the scopes.
constexpr std::array<Rights, token_scope_count> scope_rights{
    Rights{Right::node_status, Right::match},
    Rights{Right::node_status, Right::match, Right::match_details},
    Rights{Right::node_status, Right::read_lists},
    Rights{Right::node_status, Right::read_lists, Right::decide_lists},
    Rights{Right::node_status, Right::curate_banks, Right::match, Right::match_details, Right::read_lists},
    Rights{Right::node_status, Right::read_metrics},
};

struct NeverTogether {
  Role one;
  Role other;
  std::string_view why;
};
constexpr std::array never_together{
    NeverTogether{Role::analyst, Role::coordinator, "nobody counts his own work"},
    NeverTogether{Role::analyst, Role::guardian, "nobody knows both a child and its hash"},
    NeverTogether{Role::admin, Role::investigator, "who runs the node reads no cases"},
    NeverTogether{Role::admin, Role::guardian, "who runs the node reads no cases"},
};

template <class T, std::size_t n>
std::optional<T> named(std::string_view text, const std::array<std::string_view, n>& names) {
  const auto at = std::ranges::find(names, text);
  if (at == names.end()) return std::nullopt;
  return static_cast<T>(at - names.begin());
}

bool has(std::span<const Role> roles, Role role) {
  return std::ranges::find(roles, role) != roles.end();
}

}  // namespace

std::string_view to_text(Role role) {
  return role_names.at(static_cast<std::size_t>(role));
}
std::string_view to_text(Right right) {
  return right_names.at(static_cast<std::size_t>(right));
}
std::string_view to_text(TokenScope scope) {
  return scope_names.at(static_cast<std::size_t>(scope));
}
std::optional<Role> role_from_text(std::string_view text) {
  return named<Role>(text, role_names);
}
std::optional<Right> right_from_text(std::string_view text) {
  return named<Right>(text, right_names);
}
std::optional<TokenScope> scope_from_text(std::string_view text) {
  return named<TokenScope>(text, scope_names);
}

Rights rights_of(Role role) {
  return role_rights.at(static_cast<std::size_t>(role));
}

Rights rights_of(std::span<const Role> roles) {
  Rights all;
  for (const Role role : roles) all |= rights_of(role);
  return all;
}

Rights rights_of(std::span<const TokenScope> scopes) {
  Rights all;
  for (const TokenScope scope : scopes) all |= scope_rights.at(static_cast<std::size_t>(scope));
  return all;
}

Status check_combination(std::span<const Role> roles) {
  for (const NeverTogether& pair : never_together) {
    if (!has(roles, pair.one) || !has(roles, pair.other)) continue;
    return Error{Code::permission_denied, "nobody is both " + std::string(to_text(pair.one)) + " and " +
                                              std::string(to_text(pair.other)) + ": " + std::string(pair.why)};
  }
  return {};
}

bool needs_security_key(std::span<const Role> roles) {
  return has(roles, Role::guardian) || has(roles, Role::investigator) || has(roles, Role::steward) ||
         has(roles, Role::admin);
}

}  // namespace fristad
