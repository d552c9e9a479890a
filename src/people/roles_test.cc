#include "people/roles.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace fristad {
namespace {

std::vector<Role> all_roles() {
  std::vector<Role> roles;
  for (std::size_t i = 0; i < role_count; ++i) roles.push_back(static_cast<Role>(i));
  return roles;
}

std::vector<Role> that_have(Right right) {
  std::vector<Role> roles;
  for (const Role role : all_roles()) {
    if (rights_of(role).has(right)) roles.push_back(role);
  }
  return roles;
}

using Roles = std::vector<Role>;

TEST(Roles, HaveTheRightsOfTheTable) {
  EXPECT_EQ(that_have(Right::own_account), all_roles());
  EXPECT_EQ(that_have(Right::dashboards), (Roles{Role::viewer, Role::analyst, Role::investigator, Role::guardian,
                                                 Role::coordinator, Role::steward, Role::admin}));
  EXPECT_EQ(that_have(Right::node_status), (Roles{Role::analyst, Role::steward, Role::admin}));
  EXPECT_EQ(that_have(Right::match), (Roles{Role::analyst, Role::investigator}));
  EXPECT_EQ(that_have(Right::match_details), (Roles{Role::analyst}));
  EXPECT_EQ(that_have(Right::read_lists), (Roles{Role::analyst}));
  EXPECT_EQ(that_have(Right::decide_lists), (Roles{Role::analyst}));
  EXPECT_EQ(that_have(Right::ask_export), (Roles{Role::analyst}));
  EXPECT_EQ(that_have(Right::ask_erasure), (Roles{Role::analyst}));
  EXPECT_EQ(that_have(Right::answer_lists), (Roles{Role::analyst, Role::steward}));
  EXPECT_EQ(that_have(Right::read_audit), (Roles{Role::steward, Role::admin}));
  EXPECT_EQ(that_have(Right::manage_users), (Roles{Role::admin}));
  EXPECT_EQ(that_have(Right::answer_users), (Roles{Role::steward, Role::admin}));
  EXPECT_EQ(that_have(Right::read_metrics), (Roles{Role::admin}));
  EXPECT_EQ(that_have(Right::curate_banks), Roles{});
  EXPECT_EQ(that_have(Right::read_alliance), all_roles());
  EXPECT_EQ(that_have(Right::decide_alliance), (Roles{Role::steward}));
  EXPECT_EQ(that_have(Right::answer_alliance), (Roles{Role::steward, Role::admin}));
  EXPECT_EQ(that_have(Right::subscribe_lists), (Roles{Role::analyst, Role::steward}));
}

TEST(Roles, AddUp) {
  Rights both = rights_of(Role::viewer);
  both |= rights_of(Role::admin);
  EXPECT_EQ(rights_of(Roles{Role::viewer, Role::admin}), both);
  EXPECT_EQ(rights_of(Roles{}), Rights{});
}

TEST(Roles, NeverMeetInTheseFourPairsAndInNoOther) {
  const std::set<std::set<Role>> never{{Role::analyst, Role::coordinator},
                                       {Role::analyst, Role::guardian},
                                       {Role::admin, Role::investigator},
                                       {Role::admin, Role::guardian}};
  for (const Role one : all_roles()) {
    for (const Role other : all_roles()) {
      const Status checked = check_combination(Roles{one, Role::viewer, other});
      EXPECT_EQ(!checked, never.contains({one, other})) << to_text(one) << ", " << to_text(other);
      if (checked) continue;
      EXPECT_EQ(checked.error().code, Code::permission_denied);
      EXPECT_NE(checked.error().message.find(to_text(one)), std::string::npos);
      EXPECT_NE(checked.error().message.find(to_text(other)), std::string::npos);
    }
  }
  EXPECT_FALSE(check_combination(all_roles()));
  EXPECT_TRUE(check_combination({}));
}

TEST(Roles, LetNobodyKnowBothAChildAndItsHash) {
  for (const Role role : all_roles()) {
    if (!check_combination(Roles{role, Role::guardian})) continue;
    const Rights both = rights_of(Roles{role, Role::guardian});
    EXPECT_FALSE(both.has(Right::read_lists) || both.has(Right::match_details)) << to_text(role);
  }
}

TEST(Roles, FourOfThemNeedASecurityKey) {
  for (const Role role : all_roles()) {
    const bool needs =
        role == Role::guardian || role == Role::investigator || role == Role::steward || role == Role::admin;
    EXPECT_EQ(needs_security_key(Roles{role}), needs) << to_text(role);
    EXPECT_EQ(needs_security_key(Roles{Role::viewer, role}), needs) << to_text(role);
  }
  EXPECT_FALSE(needs_security_key({}));
}

TEST(Roles, AreTexts) {
  for (const Role role : all_roles()) EXPECT_EQ(role_from_text(to_text(role)), role);
  std::set<std::string_view> rights;
  for (std::size_t i = 0; i < right_count; ++i) {
    const auto right = static_cast<Right>(i);
    EXPECT_EQ(right_from_text(to_text(right)), right);
    rights.insert(to_text(right));
  }
  EXPECT_EQ(rights.size(), right_count);
  EXPECT_EQ(to_text(Right::curate_banks), "curate_banks");
  EXPECT_EQ(to_text(Role::admin), "admin");
  EXPECT_FALSE(role_from_text("Admin"));
  EXPECT_FALSE(role_from_text(""));
  EXPECT_FALSE(scope_from_text("admin"));
}

TEST(TokenScopes, HaveTheRightsOfTheTable) {
  const auto of = [](TokenScope scope) { return rights_of(std::span(&scope, 1)); };
  EXPECT_EQ(of(TokenScope::match), (Rights{Right::node_status, Right::match}));
  EXPECT_EQ(of(TokenScope::details), (Rights{Right::node_status, Right::match, Right::match_details}));
  EXPECT_EQ(of(TokenScope::lists), (Rights{Right::node_status, Right::read_lists}));
  EXPECT_EQ(of(TokenScope::entries), (Rights{Right::node_status, Right::read_lists, Right::decide_lists}));
  EXPECT_EQ(of(TokenScope::banks),
            (Rights{Right::node_status, Right::curate_banks, Right::match, Right::match_details, Right::read_lists}));
  EXPECT_EQ(of(TokenScope::metrics), (Rights{Right::node_status, Right::read_metrics}));
  for (std::size_t i = 0; i < token_scope_count; ++i) {
    const auto scope = static_cast<TokenScope>(i);
    EXPECT_EQ(scope_from_text(to_text(scope)), scope);
    for (const Right never : {Right::own_account, Right::manage_users, Right::answer_users, Right::answer_lists,
                              Right::ask_export, Right::ask_erasure, Right::read_audit, Right::decide_alliance,
                              Right::answer_alliance, Right::subscribe_lists}) {
      EXPECT_FALSE(of(scope).has(never)) << "a token is no person";
    }
  }
}

}  // namespace
}  // namespace fristad
