#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "people/people_fixture.h"

namespace fristad {
namespace {

using testing::home;
using testing::origin;
using testing::password;
using testing::SoftwareKey;
using testing::SoftwareKeyKind;

class SignInTest : public ::testing::Test {
 protected:
  People& people() { return *node_.people; }
  Code refusal(const Result<SignIn>& result) { return result ? Code::internal : result.error().code; }
  Code begin_refusal(std::string_view name, std::string_view with, std::string_view from = home) {
    return refusal(people().begin_session(name, with, from));
  }
  void fail(std::string_view name, std::string_view from, int times) {
    for (int i = 0; i < times; ++i)
      EXPECT_EQ(begin_refusal(name, "wrong password", from), Code::permission_denied) << i;
  }

  testing::TemporaryFolder folder_;
  testing::Node node_{{.sqlite_path = folder_ / "node.db"}};
};

// ---- The password ----

TEST_F(SignInTest, WrongUnknownAndDisabledLookAlike) {
  const UserId eva = node_.user("eva", {Role::viewer});
  const UserId ali = node_.user("ali", {Role::viewer});
  ASSERT_TRUE(people().set_state("local-admin", ali, UserState::disabled));
  ASSERT_TRUE(people().add_user("local-admin", {.name = "no-password"}));
  const auto wrong = people().begin_session("eva", "wrong password", home);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::permission_denied);
  for (const auto& [name, with] : std::vector<std::pair<std::string, std::string>>{{"ali", std::string(password)},
                                                                                   {"ali", "wrong password"},
                                                                                   {"nobody", std::string(password)},
                                                                                   {"no-password", ""},
                                                                                   {"", ""},
                                                                                   {std::string(5000, 'x'), "x"},
                                                                                   {"eva\n", std::string(password)},
                                                                                   {"eva", std::string(9000, 'x')}}) {
    const auto other = people().begin_session(name, with, home);
    ASSERT_FALSE(other) << name;
    EXPECT_EQ(other.error().code, wrong.error().code);
    EXPECT_EQ(other.error().message, wrong.error().message);
  }
  EXPECT_TRUE(people().begin_session("eva", password, home));
  ASSERT_TRUE(people().set_state("local-admin", ali, UserState::active));
  EXPECT_TRUE(people().begin_session("ali", password, home));
  EXPECT_FALSE(people().user(eva)->last_sign_in_ms) << "a password alone is no sign-in";
}

TEST_F(SignInTest, APasswordOfAnotherCostIsHashedAnew) {
  node_.user("eva", {Role::viewer});
  node_.cost.operations = 2;
  node_.reopen();
  const auto sealed = [&] {
    return node_.store().connect(true).value()->bytes("SELECT sealed FROM credential WHERE kind = 'password'").value();
  };
  const auto before = sealed();
  EXPECT_TRUE(people().begin_session("eva", password, home));
  const auto after = sealed();
  EXPECT_NE(after, before);
  EXPECT_TRUE(people().begin_session("eva", password, home));
  EXPECT_EQ(sealed(), after) << "and then it's of the right cost";
}

// ---- The second factor ----

TEST_F(SignInTest, WithASecurityKeyEachStepHasASecretOfItsOwn) {
  const UserId eva = node_.user("eva", {Role::admin});
  SoftwareKey key;
  node_.add_key(eva, key);
  const SignIn first = node_.begun("eva");
  EXPECT_EQ(first.step, SignInStep::security_key);
  EXPECT_FALSE(first.totp_too);
  EXPECT_EQ(first.challenge.size(), 32u);
  EXPECT_EQ(first.credentials, std::vector<std::vector<std::uint8_t>>{key.id});
  EXPECT_EQ(first.ends_ms, node_.now_ms() + 10 * 60'000);
  EXPECT_FALSE(people().who_has_session(first.secret)) << "half signed in is not signed in";
  EXPECT_TRUE(people().sessions(eva).empty());

  const auto done = people().finish_with_security_key(first.secret, key.answered(first.challenge, origin), home);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->step, SignInStep::done);
  EXPECT_NE(done->secret, first.secret);
  EXPECT_NE(done->csrf, first.csrf);
  EXPECT_EQ(done->ends_ms, node_.now_ms() + 12 * 3'600'000);
  EXPECT_FALSE(people().who_has_session(first.secret));
  const auto caller = people().who_has_session(done->secret);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->actor, "eva");
  EXPECT_EQ(caller->user, eva);
  EXPECT_EQ(caller->kind, CallerKind::user);
  EXPECT_FALSE(caller->enrolling);
  EXPECT_EQ(caller->rights, rights_of(Role::admin));
  EXPECT_EQ(people().user(eva)->last_sign_in_ms, node_.now_ms());
  EXPECT_EQ(refusal(people().finish_with_security_key(first.secret, key.answered(first.challenge, origin), home)),
            Code::permission_denied)
      << "a step is taken once";
}

TEST_F(SignInTest, KeysOfEachKindSignInAlsoAfterARestart) {
  // RS256 is what Windows Hello has.
  for (const auto& [name, kind] : {std::pair("eva", SoftwareKeyKind::es256), std::pair("ali", SoftwareKeyKind::eddsa),
                                   std::pair("mia", SoftwareKeyKind::rs256)}) {
    SoftwareKey key(kind);
    node_.add_key(node_.user(name, {Role::admin}), key);
    node_.signed_in(name, key);
    node_.reopen();
    node_.signed_in(name, key);
  }
}

TEST_F(SignInTest, ASessionKeepsWhatItRunsOn) {
  const UserId eva = node_.user("eva", {Role::admin});
  SoftwareKey key;
  node_.add_key(eva, key);
  const auto sign_in = [&](std::string_view device) {
    const SignIn first = people().begin_session("eva", password, home, device).value();
    EXPECT_TRUE(people().finish_with_security_key(first.secret, key.answered(first.challenge, origin), home));
    node_.wait(1);
  };
  sign_in("Firefox, Windows");
  sign_in(std::string(100, 'x'));
  node_.signed_in("eva", key);
  for (int i = 0; i < 2; ++i) {
    const std::vector<SessionInfo> sessions = people().sessions(eva);
    ASSERT_EQ(sessions.size(), 3u);
    EXPECT_EQ(sessions[0].device, "");
    EXPECT_EQ(sessions[1].device, std::string(60, 'x'));
    EXPECT_EQ(sessions[2].device, "Firefox, Windows");
    node_.reopen();
  }
}

TEST_F(SignInTest, ASecurityKeyAnswersItsChallengeAndNoOther) {
  const UserId eva = node_.user("eva", {Role::admin});
  SoftwareKey key(SoftwareKeyKind::eddsa);
  node_.add_key(eva, key);
  const SignIn first = node_.begun("eva");
  const SignIn other = node_.begun("eva");
  EXPECT_NE(first.challenge, other.challenge);
  EXPECT_EQ(refusal(people().finish_with_security_key(first.secret, key.answered(other.challenge, origin), home)),
            Code::permission_denied);
  SoftwareKey strangers;
  EXPECT_EQ(refusal(people().finish_with_security_key(first.secret, strangers.answered(first.challenge, origin), home)),
            Code::permission_denied);
  strangers.id = key.id;
  EXPECT_EQ(refusal(people().finish_with_security_key(first.secret, strangers.answered(first.challenge, origin), home)),
            Code::permission_denied);
  EXPECT_EQ(refusal(people().finish_with_security_key("", key.answered(first.challenge, origin), home)),
            Code::permission_denied);
  EXPECT_EQ(refusal(people().finish_with_totp(first.secret, "123456", home)), Code::permission_denied);
  EXPECT_TRUE(people().finish_with_security_key(first.secret, key.answered(first.challenge, origin), home));
}

TEST_F(SignInTest, ACopyOfAKeyIsFoundByItsCounter) {
  const UserId eva = node_.user("eva", {Role::admin});
  SoftwareKey key;
  key.counter = 10;
  node_.add_key(eva, key);
  node_.signed_in("eva", key);
  key.counter = 11;
  const SignIn first = node_.begun("eva");
  EXPECT_EQ(refusal(people().finish_with_security_key(first.secret, key.answered(first.challenge, origin), home)),
            Code::permission_denied);
  key.counter = 50;
  EXPECT_TRUE(people().finish_with_security_key(first.secret, key.answered(first.challenge, origin), home));
}

TEST_F(SignInTest, AFactorIsTriedFiveTimesAndForTenMinutes) {
  const UserId eva = node_.user("eva", {Role::viewer});
  const auto secret = node_.add_totp(eva);
  SignIn first = node_.begun("eva");
  ASSERT_EQ(first.step, SignInStep::totp);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(refusal(people().finish_with_totp(first.secret, "nocode", home)), Code::permission_denied);
  }
  EXPECT_EQ(refusal(people().finish_with_totp(first.secret, node_.code(secret), home)), Code::permission_denied);

  first = node_.begun("eva");
  node_.wait(10 * 60'000);
  EXPECT_EQ(refusal(people().finish_with_totp(first.secret, node_.code(secret), home)), Code::permission_denied);
  first = node_.begun("eva");
  EXPECT_TRUE(people().finish_with_totp(first.secret, node_.code(secret), home));
}

TEST_F(SignInTest, ACodeIsTakenOnce) {
  const UserId eva = node_.user("eva", {Role::viewer});
  const auto secret = from_base32(people().propose_totp(eva).value()).value();
  ASSERT_TRUE(people().confirm_totp("eva", eva, node_.code(secret)));
  EXPECT_EQ(refusal(people().finish_with_totp(node_.begun("eva").secret, node_.code(secret), home)),
            Code::permission_denied)
      << "the one that it was confirmed with";
  node_.wait(totp_step_ms);
  const std::string code = node_.code(secret);
  ASSERT_TRUE(people().finish_with_totp(node_.begun("eva").secret, code, home));
  EXPECT_EQ(refusal(people().finish_with_totp(node_.begun("eva").secret, code, home)), Code::permission_denied);
  node_.reopen();
  EXPECT_EQ(refusal(people().finish_with_totp(node_.begun("eva").secret, code, home)), Code::permission_denied);

  // Two at once with the same code.
  node_.wait(totp_step_ms);
  const std::string next = node_.code(secret);
  const std::array<std::string, 2> secrets{node_.begun("eva").secret, node_.begun("eva").secret};
  std::atomic<int> in = 0;
  std::vector<std::thread> threads;
  for (const std::string& each : secrets) {
    threads.emplace_back([&] {
      if (people().finish_with_totp(each, next, home)) ++in;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(in.load(), 1);
}

TEST_F(SignInTest, WhoHasBothMayUseEitherUnlessHisRolesNeedAKey) {
  const UserId eva = node_.user("eva", {Role::viewer});
  SoftwareKey key;
  node_.add_key(eva, key);
  const auto secret = node_.add_totp(eva);
  const SignIn first = node_.begun("eva");
  EXPECT_EQ(first.step, SignInStep::security_key);
  EXPECT_TRUE(first.totp_too);
  EXPECT_TRUE(people().finish_with_totp(first.secret, node_.code(secret), home));
  node_.signed_in("eva", key);

  ASSERT_TRUE(people().set_roles("local-admin", eva, std::vector{Role::steward}));
  node_.wait(totp_step_ms);
  const SignIn second = node_.begun("eva");
  EXPECT_FALSE(second.totp_too);
  EXPECT_EQ(refusal(people().finish_with_totp(second.secret, node_.code(secret), home)), Code::permission_denied);
}

// ---- Enrolment ----

TEST_F(SignInTest, AnAdminWithoutAKeyMayOnlyAddOne) {
  const UserId eva = node_.user("eva", {Role::admin});
  const SignIn first = node_.begun("eva");
  EXPECT_EQ(first.step, SignInStep::enrol);
  const auto caller = people().who_has_session(first.secret);
  ASSERT_TRUE(caller);
  EXPECT_TRUE(caller->enrolling);
  EXPECT_EQ(caller->rights, Rights{Right::own_account});

  const auto same = people().finish_enrolment(first.secret);
  ASSERT_TRUE(same) << same.error().message;
  EXPECT_EQ(same->step, SignInStep::enrol) << "nothing was added";
  node_.add_totp(eva);
  EXPECT_EQ(people().finish_enrolment(first.secret)->step, SignInStep::enrol) << "a code isn't enough for an admin";
  SoftwareKey key;
  node_.add_key(eva, key);
  const auto done = people().finish_enrolment(first.secret);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->step, SignInStep::done);
  EXPECT_NE(done->secret, first.secret);
  EXPECT_FALSE(people().who_has_session(first.secret));
  EXPECT_EQ(people().who_has_session(done->secret)->rights, rights_of(Role::admin));
  EXPECT_EQ(refusal(people().finish_enrolment(done->secret)), Code::permission_denied);
  node_.signed_in("eva", key);
}

TEST_F(SignInTest, OthersMayAddAnApp) {
  const UserId eva = node_.user("eva", {Role::analyst});
  const SignIn first = node_.begun("eva");
  EXPECT_EQ(first.step, SignInStep::enrol);
  const auto secret = node_.add_totp(eva);
  EXPECT_EQ(people().finish_enrolment(first.secret)->step, SignInStep::done);
  EXPECT_EQ(node_.begun("eva").step, SignInStep::totp);
}

TEST_F(SignInTest, APasswordAloneDoesNotAddAKeyBesideAnApp) {
  const UserId eva = node_.user("eva", {Role::analyst});
  const auto secret = node_.add_totp(eva);
  ASSERT_TRUE(people().set_roles("local-admin", eva, std::vector{Role::steward}));
  const SignIn first = node_.begun("eva");
  EXPECT_EQ(first.step, SignInStep::totp);
  EXPECT_FALSE(people().who_has_session(first.secret));
  EXPECT_EQ(refusal(people().finish_enrolment(first.secret)), Code::permission_denied);
  const auto second = people().finish_with_totp(first.secret, node_.code(secret), home);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->step, SignInStep::enrol);
  EXPECT_TRUE(people().who_has_session(second->secret)->enrolling);
  SoftwareKey key;
  node_.add_key(eva, key);
  EXPECT_EQ(people().finish_enrolment(second->secret)->step, SignInStep::done);
}

TEST_F(SignInTest, AnotherWhoKnowsThePasswordDoesNotGetInByTheKeyThatWasAdded) {
  const UserId eva = node_.user("eva", {Role::admin});
  const SignIn thief = node_.begun("eva");
  const SignIn first = node_.begun("eva");
  EXPECT_FALSE(people().who_has_session(thief.secret)) << "one enrols at a time";
  SoftwareKey key;
  node_.add_key(eva, key);
  EXPECT_EQ(refusal(people().finish_enrolment(thief.secret)), Code::permission_denied);
  EXPECT_EQ(people().finish_enrolment(first.secret)->step, SignInStep::done);
}

TEST_F(SignInTest, WhatChangesMeanwhileEndsWhatWasBegun) {
  const UserId eva = node_.user("eva", {Role::viewer});
  const auto secret = node_.add_totp(eva);
  SignIn first = node_.begun("eva");
  ASSERT_TRUE(people().set_password("eva", eva, "another password"));
  EXPECT_EQ(refusal(people().finish_with_totp(first.secret, node_.code(secret), home)), Code::permission_denied);
  ASSERT_TRUE(people().set_password("eva", eva, password));
  first = node_.begun("eva");
  ASSERT_TRUE(people().set_state("local-admin", eva, UserState::disabled));
  EXPECT_EQ(refusal(people().finish_with_totp(first.secret, node_.code(secret), home)), Code::permission_denied);
}

// ---- Lock-out ----

TEST_F(SignInTest, AfterTenFailuresThePairWaitsAndNobodyElse) {
  const UserId eva = node_.user("eva", {Role::admin});
  node_.user("ali", {Role::viewer});
  SoftwareKey key;
  node_.add_key(eva, key);
  node_.signed_in("eva", key, "198.51.100.4");
  fail("eva", home, 10);
  const auto waits = people().begin_session("eva", password, home);
  ASSERT_FALSE(waits);
  EXPECT_EQ(waits.error().code, Code::deadline_exceeded);
  EXPECT_NE(waits.error().message.find("60 seconds"), std::string::npos) << waits.error().message;
  EXPECT_EQ(waits.error().wait_ms, 60'000);
  node_.wait(20'001);
  EXPECT_EQ(people().begin_session("eva", password, home).error().wait_ms, 39'999) << "what is left of it";
  node_.wait(-20'001);
  EXPECT_EQ(begin_refusal("eva", "wrong password"), Code::deadline_exceeded) << "right and wrong look alike";
  node_.signed_in("eva", key, "198.51.100.4");
  EXPECT_TRUE(people().begin_session("ali", password, home));
  fail("nobody", home, 10);
  EXPECT_EQ(begin_refusal("nobody", "x"), Code::deadline_exceeded) << "no name tells whether it exists";

  node_.reopen();
  EXPECT_EQ(begin_refusal("eva", password), Code::deadline_exceeded) << "a restart forgets nothing";
  node_.wait(60'000);
  EXPECT_EQ(begin_refusal("eva", "wrong password"), Code::permission_denied);
  EXPECT_EQ(begin_refusal("eva", password), Code::deadline_exceeded);
  node_.wait(119'999);
  EXPECT_EQ(begin_refusal("eva", password), Code::deadline_exceeded) << "twice as long";
  node_.wait(1);
  node_.signed_in("eva", key);
  fail("eva", home, 9);
  EXPECT_TRUE(people().begin_session("eva", password, home)) << "who got in begins anew";
}

TEST_F(SignInTest, CodesCountAsPasswordsDo) {
  const UserId eva = node_.user("eva", {Role::viewer});
  node_.add_totp(eva);
  for (int i = 0; i < 10; ++i) {
    const SignIn first = node_.begun("eva");
    EXPECT_EQ(refusal(people().finish_with_totp(first.secret, "nocode", home)), Code::permission_denied);
  }
  EXPECT_EQ(begin_refusal("eva", password), Code::deadline_exceeded) << "the right password between them helps nobody";
}

TEST_F(SignInTest, AnAddressWithAHundredFailuresWaitsAsAWhole) {
  const UserId eva = node_.user("eva", {Role::admin});
  node_.user("ali", {Role::viewer});
  SoftwareKey key;
  node_.add_key(eva, key);
  node_.signed_in("eva", key);
  for (int i = 0; i < 100; ++i) fail("name" + std::to_string(i), home, 1);
  EXPECT_EQ(begin_refusal("ali", password), Code::deadline_exceeded);
  EXPECT_TRUE(people().begin_session("ali", password, "198.51.100.4"));
  node_.signed_in("eva", key);
}

TEST_F(SignInTest, AStrangerWithManyAddressesKeepsNobodyOut) {
  const UserId eva = node_.user("eva", {Role::admin});
  SoftwareKey key;
  node_.add_key(eva, key);
  node_.signed_in("eva", key);
  for (int i = 0; i < 100; ++i) fail("eva", "198.51.100." + std::to_string(i), 1);
  EXPECT_EQ(begin_refusal("eva", password, "203.0.113.1"), Code::deadline_exceeded);
  node_.signed_in("eva", key);
  node_.reopen();
  node_.signed_in("eva", key);
}

TEST_F(SignInTest, AnAddressOfVersion6CountsByItsFirstHalf) {
  node_.user("eva", {Role::viewer});
  for (int i = 0; i < 10; ++i) fail("eva", "2001:db8:1:2::" + std::to_string(i + 1), 1);
  EXPECT_EQ(begin_refusal("eva", password, "2001:db8:1:2:ffff:ffff:ffff:ffff"), Code::deadline_exceeded);
  EXPECT_TRUE(people().begin_session("eva", password, "2001:db8:1:3::1"));
  fail("eva", "192.0.2.99", 5);
  fail("eva", "::ffff:192.0.2.99", 5);
  EXPECT_EQ(begin_refusal("eva", password, "192.0.2.99"), Code::deadline_exceeded) << "the same in other words";
  fail("eva", "unix", 10);
  EXPECT_EQ(begin_refusal("eva", password, "unix"), Code::deadline_exceeded);
  EXPECT_EQ(begin_refusal("eva", password, ""), Code::internal);
}

TEST_F(SignInTest, FailuresAreForgottenWhenTheyAreOver) {
  node_.user("eva", {Role::viewer});
  fail("eva", home, 10);
  const auto rows = [&] {
    return node_.store().connect(true).value()->integer("SELECT count(*) FROM sign_in_failure").value().value_or(0);
  };
  EXPECT_EQ(rows(), 3);
  ASSERT_TRUE(people().tend());
  EXPECT_EQ(rows(), 3);
  node_.wait(17 * 60'000);
  ASSERT_TRUE(people().tend());
  EXPECT_EQ(rows(), 0);
}

TEST_F(SignInTest, TooManyAtOnceAreToldSoAndCountForNobody) {
  const UserId eva = node_.user("eva", {Role::viewer});
  node_.cost = {.memory_bytes = std::uint64_t{4} << 20, .operations = 2};
  node_.reopen();
  ASSERT_TRUE(people().set_password("eva", eva, password));
  std::atomic<int> in = 0;
  std::atomic<int> busy = 0;
  std::atomic<int> other = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] {
      const auto begun = people().begin_session("eva", password, home);
      ++(begun ? in : begun.error().code == Code::unavailable ? busy : other);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(in + busy, 12);
  EXPECT_GE(in.load(), 1);
  EXPECT_EQ(other.load(), 0);
  EXPECT_TRUE(people().begin_session("eva", password, home));
}

}  // namespace
}  // namespace fristad
