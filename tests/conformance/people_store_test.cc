// The same history of people on both stores: views and tables of operation give the same answers.

#include <gtest/gtest.h>

#include "people/people_fixture.h"
#include "tests/support/postgres.h"

namespace fristad {
namespace {

using testing::home;
using testing::origin;
using testing::password;

// Gives the dump of the views.
std::string live(testing::Node& node) {
  const auto people = [&]() -> People& { return *node.people; };
  const UserId eva = node.user("eva", {Role::admin});
  const UserId ali = node.user("ali", {Role::analyst});
  EXPECT_EQ(people().add_user("local-admin", {.name = "ali"}).error().code, Code::already_exists);
  EXPECT_EQ(people().set_state("ali", eva, UserState::disabled).error().code, Code::permission_denied);
  EXPECT_TRUE(people().set_display("eva", ali, "Ali"));

  testing::SoftwareKey key;
  key.counter = 1;
  node.add_key(eva, key);
  const SignIn session = node.signed_in("eva", key);
  node.signed_in("eva", key);
  const auto secret = node.add_totp(ali);
  const auto by_code = people().finish_with_totp(node.begun("ali").secret, node.code(secret), home);
  EXPECT_TRUE(by_code) << by_code.error().message;
  EXPECT_FALSE(people().finish_with_totp(node.begun("ali").secret, node.code(secret), home));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(people().begin_session("eva", "wrong password", "198.51.100.1"));

  const std::int64_t end = node.now_ms() + 86'400'000LL;
  const auto token = people().add_token("eva", {.name = "t", .scopes = {TokenScope::banks}, .ends_ms = end});
  const auto revoked = people().add_token("eva", {.name = "u", .scopes = {TokenScope::match}, .ends_ms = end});
  EXPECT_TRUE(token && revoked);
  EXPECT_EQ(people().add_token("eva", {.name = "t", .scopes = {TokenScope::match}, .ends_ms = end}).error().code,
            Code::already_exists);
  EXPECT_TRUE(people().revoke_token("eva", revoked->first, "over"));

  const ApprovalDraft draft{
      .action = "list.export", .subject = "7", .arguments = Json::object({{"x", 1}}), .reason = "needed"};
  const auto done = people().ask("ali", draft);
  const auto late = people().ask("ali", draft);
  EXPECT_TRUE(done && late);
  EXPECT_TRUE(people().answer("eva", *done, true, "yes"));
  EXPECT_TRUE(node.journal->transact({"ali", people().use_up(*done)}, [](Decision&) { return Status(); }));
  EXPECT_EQ(people().approvals({.state = ApprovalState::asked, .asked_by = "ali"})->approvals.size(), 1u);
  EXPECT_TRUE(people().tend());

  node.reopen();
  EXPECT_TRUE(people().who_has_session(session.secret));
  EXPECT_TRUE(people().who_has_token(token->second));
  EXPECT_FALSE(people().who_has_token(revoked->second));
  EXPECT_EQ(people().begin_session("eva", password, "198.51.100.1").error().code, Code::deadline_exceeded);
  const auto users = people().users();
  EXPECT_EQ(users->size(), 2u);
  EXPECT_TRUE(users->at(0).has_totp);
  EXPECT_GT(users->at(0).last_sign_in_ms, 0);
  EXPECT_EQ(users->at(1).security_keys, 1);

  node.wait(approval_lapse_ms);
  EXPECT_TRUE(people().tend());
  EXPECT_EQ(people().approval(*late)->state, ApprovalState::lapsed);
  EXPECT_FALSE(people().who_has_session(session.secret));
  const auto left = node.store().connect(true).value()->integer("SELECT count(*) FROM session");
  EXPECT_EQ(left.value().value_or(-1), 0);
  EXPECT_TRUE(people().reset_factors("eva", ali));
  const std::string dump = testing::dump_of(*node.journal);
  EXPECT_TRUE(node.journal->rebuild());
  EXPECT_EQ(testing::dump_of(*node.journal), dump);
  return dump;
}

TEST(PeopleStores, GiveTheSameAnswers) {
  auto* const postgres = testing::TemporaryPostgres::shared();
  ASSERT_NE(postgres, nullptr);
  const testing::TemporaryFolder folder;
  testing::Node sqlite({.sqlite_path = folder / "node.db"});
  testing::Node server({.postgres = postgres->conninfo()});
  const std::string one = live(sqlite);
  EXPECT_EQ(live(server), one);
  EXPECT_NE(one.find("\"lapsed\""), std::string::npos);
}

}  // namespace
}  // namespace fristad
