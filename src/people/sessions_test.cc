#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "people/people_fixture.h"

namespace fristad {
namespace {

using testing::password;
using testing::SoftwareKey;

constexpr std::int64_t minute_ms = 60'000;

class SessionsTest : public ::testing::Test {
 protected:
  SessionsTest() : eva_(node_.user("eva", {Role::admin})) { node_.add_key(eva_, key_); }

  People& people() { return *node_.people; }
  SignIn session() { return node_.signed_in("eva", key_); }
  bool is_in(const SignIn& session) { return people().who_has_session(session.secret).has_value(); }
  std::int64_t rows() {
    return node_.store().connect(true).value()->integer("SELECT count(*) FROM session").value().value_or(0);
  }

  testing::TemporaryFolder folder_;
  testing::Node node_{{.sqlite_path = folder_ / "node.db"}};
  SoftwareKey key_;
  UserId eva_;
};

TEST_F(SessionsTest, EndAfterHalfAnHourWithoutUse) {
  const SignIn used = session();
  const SignIn idle = session();
  node_.wait(29 * minute_ms);
  EXPECT_TRUE(is_in(used));
  node_.wait(minute_ms);
  EXPECT_FALSE(is_in(idle));
  EXPECT_TRUE(is_in(used)) << "use counts from the last time";
  ASSERT_TRUE(people().tend());
  EXPECT_EQ(rows(), 1);
}

TEST_F(SessionsTest, EndAfterTwelveHoursWhateverIsDone) {
  const SignIn used = session();
  for (int i = 0; i < 12 * 60 / 20 - 1; ++i) {
    node_.wait(20 * minute_ms);
    ASSERT_TRUE(is_in(used)) << i;
  }
  node_.wait(20 * minute_ms);
  EXPECT_FALSE(is_in(used));
  EXPECT_FALSE(people().is_csrf(used.secret, used.csrf));
}

TEST_F(SessionsTest, AreFoundByTheirSecretAlone) {
  const SignIn one = session();
  EXPECT_EQ(one.secret.size(), 43u);
  std::string changed = one.secret;
  for (std::size_t i = 0; i < changed.size(); ++i) {
    const char before = std::exchange(changed[i], changed[i] == 'A' ? 'B' : 'A');
    EXPECT_FALSE(people().who_has_session(changed)) << i;
    changed[i] = before;
  }
  for (const std::string& text : {std::string(), one.csrf, people().sessions(eva_).front().id, one.secret + "A"}) {
    EXPECT_FALSE(people().who_has_session(text));
    EXPECT_FALSE(people().who_has_token(text));
  }
  EXPECT_FALSE(people().who_has_token(one.secret));
}

TEST_F(SessionsTest, HaveACsrfTokenEach) {
  const SignIn one = session();
  const SignIn other = session();
  EXPECT_NE(one.csrf, other.csrf);
  EXPECT_TRUE(people().is_csrf(one.secret, one.csrf));
  EXPECT_EQ(people().csrf_of(one.secret), one.csrf);
  EXPECT_FALSE(people().is_csrf(one.secret, other.csrf));
  EXPECT_FALSE(people().is_csrf(one.secret, ""));
  EXPECT_FALSE(people().is_csrf(one.secret, one.csrf + "A"));
  EXPECT_FALSE(people().is_csrf("", one.csrf));
  ASSERT_TRUE(people().end_session(one.secret));
  EXPECT_FALSE(people().is_csrf(one.secret, one.csrf));
}

TEST_F(SessionsTest, AreEndedByTheirOwnerOneByOne) {
  const SignIn one = session();
  node_.wait(1);
  const SignIn other = session();
  const auto listed = people().sessions(eva_);
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].since_ms, listed[1].since_ms + 1) << "the newest first";
  EXPECT_EQ(people().end_session_of(UserId{9}, listed[1].id).error().code, Code::not_found);
  ASSERT_TRUE(people().end_session_of(eva_, listed[1].id));
  EXPECT_FALSE(is_in(one));
  EXPECT_TRUE(is_in(other));
  EXPECT_EQ(people().end_session_of(eva_, listed[1].id).error().code, Code::not_found);
  ASSERT_TRUE(people().end_session(other.secret));
  EXPECT_FALSE(is_in(other));
  EXPECT_EQ(people().end_session(other.secret).error().code, Code::not_found);
  EXPECT_EQ(rows(), 0);
}

TEST_F(SessionsTest, EndAtOnceWithRolesStateOrFactors) {
  node_.user("ali", {Role::admin});
  const auto ends = [&](const std::function<Status()>& change) {
    const SignIn one = session();
    const auto caller = people().who_has_session(one.secret);
    ASSERT_TRUE(caller);
    ASSERT_TRUE(people().still(*caller));
    const Status changed = change();
    ASSERT_TRUE(changed) << changed.error().message;
    EXPECT_FALSE(is_in(one));
    EXPECT_FALSE(people().still(*caller));
    EXPECT_EQ(rows(), 0);
    node_.reopen();
    EXPECT_FALSE(is_in(one)) << "and doesn't come back";
  };
  ends([&] { return people().set_roles("ali", eva_, std::vector{Role::steward}); });
  ends([&] { return people().set_password("ali", eva_, password); });
  ends([&] { return people().set_state("ali", eva_, UserState::disabled); });
  ASSERT_TRUE(people().set_state("ali", eva_, UserState::active));
  ends([&] { return people().reset_factors("ali", eva_); });
}

TEST_F(SessionsTest, OneStaysWhenItsUserChangesThePassword) {
  const SignIn mine = session();
  const SignIn other = session();
  const auto caller = people().who_has_session(mine.secret);
  ASSERT_TRUE(people().set_password("eva", eva_, "another password", caller->session));
  EXPECT_TRUE(is_in(mine));
  EXPECT_FALSE(is_in(other));
  node_.reopen();
  EXPECT_TRUE(is_in(mine));
}

TEST_F(SessionsTest, AChangeOfTheNameShownEndsNothing) {
  const SignIn one = session();
  ASSERT_TRUE(people().set_display("eva", eva_, "Eva"));
  EXPECT_TRUE(is_in(one));
}

TEST_F(SessionsTest, SurviveARestartWithWhatWasSeen) {
  const SignIn one = session();
  const SignIn idle = session();
  node_.wait(20 * minute_ms);
  ASSERT_TRUE(is_in(one));
  node_.reopen();
  node_.wait(20 * minute_ms);
  EXPECT_TRUE(is_in(one)) << "seen twenty minutes ago, before the restart";
  EXPECT_FALSE(is_in(idle));
  EXPECT_TRUE(people().is_csrf(one.secret, one.csrf));
  EXPECT_EQ(people().csrf_of(one.secret), one.csrf);
}

TEST_F(SessionsTest, AskTheDatabaseForNothing) {
  const SignIn one = session();
  // Whoever asked it would find nothing.
  ASSERT_TRUE(node_.journal->transact("tester", [](Decision& decision) -> Status {
    TRY(decision.views().execute("DELETE FROM session"));
    TRY(decision.views().execute("DELETE FROM person"));
    return {};
  }));
  EXPECT_TRUE(is_in(one));
}

TEST_F(SessionsTest, AreAtMostTwentyForOneUser) {
  std::vector<SignIn> all;
  for (int i = 0; i < 21; ++i) {
    all.push_back(session());
    node_.wait(1);
  }
  EXPECT_FALSE(is_in(all.front()));
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_TRUE(is_in(all[i])) << i;
  ASSERT_TRUE(people().tend());
  EXPECT_EQ(rows(), 20);
  node_.reopen();
  EXPECT_FALSE(is_in(all.front()));
}

TEST_F(SessionsTest, TellOfChanges) {
  std::atomic<int> changes = 0;
  people().on_change([&] { ++changes; });
  const auto told = [&] { return changes.exchange(0) > 0; };
  const SignIn one = session();
  EXPECT_TRUE(told());
  ASSERT_TRUE(people().end_session(one.secret));
  EXPECT_TRUE(told());
  ASSERT_TRUE(people().set_roles("local-admin", eva_, std::vector{Role::admin, Role::viewer}));
  EXPECT_TRUE(told());
  const auto token =
      people().add_token("eva", {.name = "t", .scopes = {TokenScope::match}, .ends_ms = node_.now_ms() + 1});
  EXPECT_TRUE(told());
  ASSERT_TRUE(people().revoke_token("eva", token->first, "over"));
  EXPECT_TRUE(told());
}

TEST_F(SessionsTest, EndNoMatterWhoSignsInAtTheSameTime) {
  for (int round = 0; round < 20; ++round) {
    std::vector<SignIn> all(4);
    std::vector<std::thread> threads;
    // Keys are no thread's own: each has one.
    std::vector<SoftwareKey> keys(all.size());
    for (SoftwareKey& key : keys) node_.add_key(eva_, key);
    for (std::size_t i = 0; i < all.size(); ++i) {
      threads.emplace_back([&, i] {
        const auto begun = people().begin_session("eva", password, testing::home);
        if (!begun) return;
        const auto done = people().finish_with_security_key(
            begun->secret, keys[i].answered(begun->challenge, testing::origin), testing::home);
        if (done) all[i] = *done;
      });
    }
    ASSERT_TRUE(people().reset_factors("local-admin", eva_));
    for (std::thread& thread : threads) thread.join();
    // Whoever was in before is out; nobody gets in after it.
    ASSERT_TRUE(people().reset_factors("local-admin", eva_));
    for (const SignIn& one : all) EXPECT_FALSE(is_in(one));
    ASSERT_TRUE(people().tend());
    EXPECT_EQ(rows(), 0);
    ASSERT_TRUE(people().set_password("local-admin", eva_, password));
  }
}

}  // namespace
}  // namespace fristad
