#include "people/people.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/hex.h"
#include "people/people_fixture.h"

namespace fristad {
namespace {

using testing::home;
using testing::password;
using testing::SoftwareKey;

class PeopleTest : public ::testing::Test {
 protected:
  People& people() { return *node_.people; }
  Code refusal(const Status& status) { return status ? Code::internal : status.error().code; }
  template <class T>
  Code refusal(const Result<T>& result) {
    return result ? Code::internal : result.error().code;
  }
  std::string dump() const { return testing::dump_of(*node_.journal); }

  testing::TemporaryFolder folder_;
  testing::Node node_{{.sqlite_path = folder_ / "node.db"}};
};

// ---- Users ----

TEST_F(PeopleTest, AUserIsMadeChangedAndDisabled) {
  const UserId eva = node_.user("eva", {Role::admin});
  const UserId ali = node_.user("ali", {});
  auto info = people().user(ali);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->revision, 0u);
  EXPECT_EQ(info->body.name, "ali");
  EXPECT_TRUE(info->body.roles.empty());
  EXPECT_TRUE(info->has_password);
  EXPECT_FALSE(info->has_totp);
  EXPECT_EQ(info->security_keys, 0);
  EXPECT_EQ(info->last_sign_in_ms, 0);

  ASSERT_TRUE(people().set_roles("eva", ali, std::vector{Role::viewer, Role::analyst, Role::viewer}, 0));
  EXPECT_EQ(refusal(people().set_roles("eva", ali, std::vector{Role::viewer}, 0)), Code::conflict);
  ASSERT_TRUE(people().set_display("eva", ali, "Ali Baba"));
  ASSERT_TRUE(people().set_state("eva", ali, UserState::disabled, 2));
  info = people().user_named("ali");
  EXPECT_EQ(info->id, ali);
  EXPECT_EQ(info->revision, 3u);
  EXPECT_EQ(info->body.roles, (std::vector{Role::viewer, Role::analyst})) << "in order, each once";
  EXPECT_EQ(info->body.display, "Ali Baba");
  EXPECT_EQ(info->body.state, UserState::disabled);

  const auto all = people().users();
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->at(0).body.name, "ali");
  EXPECT_EQ(all->at(1).id, eva);
  EXPECT_TRUE(all->at(1).has_password);
  EXPECT_EQ(refusal(people().user(UserId{9})), Code::not_found);
  EXPECT_EQ(refusal(people().user_named("nobody")), Code::not_found);
  EXPECT_EQ(refusal(people().set_display("eva", UserId{9}, "")), Code::not_found);
}

TEST_F(PeopleTest, WhoDecidedStandsInThePrivateLog) {
  const UserId eva = node_.user("eva", {Role::admin});
  ASSERT_TRUE(people().set_display("hanna", eva, "Eva"));
  EXPECT_EQ(node_.journal->head(shared_log).size, 0u);
  const auto last = node_.journal->read(Place{private_log, node_.journal->head(private_log).size - 1});
  ASSERT_TRUE(last);
  EXPECT_EQ(last->payload.actor, "hanna");
  EXPECT_EQ(last->payload.kind, "user");
  EXPECT_EQ(last->revision, 1u);
}

TEST_F(PeopleTest, NamesAreRefusedOrTaken) {
  node_.user("eva", {Role::admin});
  for (const char* name : {"", "Eva", "-eva", ".eva", "eva x", "e\xc3\xa9", "node", "local-admin", "local-x", "token:x",
                           "a/b", "0123456789012345678901234567890123456789012345678901234567890123x"}) {
    EXPECT_EQ(refusal(people().add_user("local-admin", {.name = name})), Code::invalid_argument) << name;
  }
  for (const char* name :
       {"0", "a.b_c-d", "nodes", "localadmin", "0123456789012345678901234567890123456789012345678901234567890123"}) {
    EXPECT_TRUE(people().add_user("local-admin", {.name = name})) << name;
  }
  const UserId ali = node_.user("ali", {});
  ASSERT_TRUE(people().set_state("local-admin", ali, UserState::disabled));
  EXPECT_EQ(refusal(people().add_user("local-admin", {.name = "ali"})), Code::already_exists) << "disabled, but his";
  EXPECT_EQ(refusal(people().add_user("local-admin", {.name = "x", .display = std::string(201, 'x')})),
            Code::invalid_argument);
  EXPECT_EQ(refusal(people().add_user("local-admin", {.name = "x", .display = "\xff"})), Code::invalid_argument);
  EXPECT_EQ(refusal(people().set_display("local-admin", ali, std::string("a\0b", 3))), Code::invalid_argument);
}

TEST_F(PeopleTest, OnlyTheFirstUserAndThoseOfTheCommandLineGetRolesAtOnce) {
  ASSERT_TRUE(people().add_user("installer", {.name = "eva", .roles = {Role::admin}}));
  EXPECT_EQ(refusal(people().add_user("eva", {.name = "ali", .roles = {Role::viewer}})), Code::permission_denied);
  EXPECT_TRUE(people().add_user("eva", {.name = "ali"}));
  EXPECT_TRUE(people().add_user("local-admin", {.name = "ben", .roles = {Role::viewer}}));
}

TEST_F(PeopleTest, RolesThatNeverMeetAreRefusedEverywhere) {
  const UserId eva = node_.user("eva", {Role::admin});
  EXPECT_EQ(refusal(people().add_user("local-admin", {.name = "x", .roles = {Role::analyst, Role::guardian}})),
            Code::permission_denied);
  EXPECT_EQ(refusal(people().set_roles("local-admin", eva, std::vector{Role::admin, Role::investigator})),
            Code::permission_denied);
}

TEST_F(PeopleTest, TheLastAdminStays) {
  const UserId eva = node_.user("eva", {Role::admin});
  const UserId ali = node_.user("ali", {Role::viewer});
  EXPECT_EQ(refusal(people().set_roles("local-admin", eva, std::vector{Role::viewer})), Code::permission_denied);
  EXPECT_EQ(refusal(people().set_state("local-admin", eva, UserState::disabled)), Code::permission_denied);
  EXPECT_TRUE(people().set_roles("local-admin", eva, std::vector{Role::admin, Role::viewer}));
  ASSERT_TRUE(people().set_roles("local-admin", ali, std::vector{Role::admin}));
  ASSERT_TRUE(people().set_state("local-admin", ali, UserState::disabled));
  EXPECT_EQ(refusal(people().set_state("local-admin", eva, UserState::disabled)), Code::permission_denied)
      << "a disabled one doesn't count";
  ASSERT_TRUE(people().set_state("local-admin", ali, UserState::active));

  // Of two who go at once, one stays.
  std::atomic<int> gone = 0;
  std::vector<std::thread> threads;
  for (const UserId& user : {eva, ali}) {
    threads.emplace_back([&, user] {
      if (people().set_state("local-admin", user, UserState::disabled)) ++gone;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(gone.load(), 1);
}

TEST_F(PeopleTest, WhatIsWrittenWithADecisionIsWrittenWithItOrNotAtAll) {
  const UserId eva = node_.user("eva", {Role::admin});
  const std::string before = dump();
  const Decide fails = [](Decision&) -> Status { return Error{Code::conflict, "no"}; };
  EXPECT_EQ(refusal(people().add_user({"local-admin", fails}, {.name = "ali"})), Code::conflict);
  EXPECT_EQ(refusal(people().set_roles({"local-admin", fails}, eva, std::vector{Role::admin, Role::viewer})),
            Code::conflict);
  EXPECT_EQ(refusal(people().reset_factors({"local-admin", fails}, eva)), Code::conflict);
  EXPECT_EQ(dump(), before);
  EXPECT_EQ(refusal(people().user_named("ali")), Code::not_found);
  EXPECT_TRUE(people().user(eva)->has_password);
  EXPECT_EQ(people().user(eva)->revision, 0u);
}

TEST_F(PeopleTest, ARestartAndARebuildGiveTheSame) {
  const UserId eva = node_.user("eva", {Role::admin});
  const UserId ali = node_.user("ali", {Role::analyst});
  ASSERT_TRUE(people().set_roles("eva", ali, std::vector{Role::analyst, Role::viewer}));
  ASSERT_TRUE(people().reset_factors("eva", ali));
  ASSERT_TRUE(
      people().add_token("eva", {.name = "t", .scopes = {TokenScope::match}, .ends_ms = node_.now_ms() + 1000}));
  for (const bool approve : {true, false}) {
    const auto asked = people().ask("ali", {.action = "list.export", .subject = "7", .reason = "needed"});
    ASSERT_TRUE(asked);
    ASSERT_TRUE(people().answer("eva", *asked, approve, "so"));
    const auto used = node_.journal->transact("ali", people().use_up(*asked));
    ASSERT_EQ(used.has_value(), approve);
  }
  ASSERT_TRUE(people().ask("ali", {.action = "list.export", .subject = "8", .reason = "needed"}));
  const std::string before = dump();
  ASSERT_TRUE(node_.journal->rebuild());
  EXPECT_EQ(dump(), before);
  EXPECT_NE(before.find("\"ali\""), std::string::npos);
  EXPECT_NE(before.find("\"done\""), std::string::npos);
  EXPECT_EQ(before.find("credential"), std::string::npos) << "tables of operation aren't views";
  node_.reopen();
  EXPECT_EQ(dump(), before);
  EXPECT_EQ(people().user(ali)->revision, 1u);
  EXPECT_TRUE(people().user(eva)->has_password) << "a rebuild leaves what people sign in with";
  EXPECT_EQ(people().tokens()->size(), 1u);
}

// ---- Passwords and factors ----

TEST_F(PeopleTest, PasswordsAreLongAndNotTheName) {
  const UserId eva = node_.user("eva-maria-anna", {Role::admin});
  for (const std::string& bad :
       {std::string(), std::string("eleven byte"), std::string("eva-maria-anna"), std::string("EVA-Maria-Anna"),
        std::string("zzzzzzzzzzzzzz"), std::string(1025, 'x')}) {
    const Status refused = people().set_password("eva", eva, bad);
    EXPECT_EQ(refusal(refused), Code::invalid_argument) << bad;
    EXPECT_TRUE(bad.empty() || refused.error().message.find(bad) == std::string::npos) << "it isn't repeated";
  }
  EXPECT_TRUE(people().is_password(eva, password).value()) << "still the old one";
  ASSERT_TRUE(people().set_password("eva", eva, "twelve bytes"));
  EXPECT_TRUE(people().is_password(eva, "twelve bytes").value());
  EXPECT_FALSE(people().is_password(eva, password).value());
  EXPECT_EQ(refusal(people().set_password("eva", UserId{9}, "twelve bytes")), Code::not_found);
  EXPECT_EQ(refusal(people().is_password(UserId{9}, password)), Code::not_found);
}

TEST_F(PeopleTest, APasswordIsGuessedOnlyTenTimesBySomebodySignedIn) {
  const UserId eva = node_.user("eva", {Role::admin});
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(people().is_password(eva, "wrong password").value());
  EXPECT_EQ(refusal(people().is_password(eva, password)), Code::deadline_exceeded);
  node_.wait(60'000);
  EXPECT_TRUE(people().is_password(eva, password).value());
}

TEST_F(PeopleTest, ACodeIsConfirmedBeforeItCounts) {
  const UserId eva = node_.user("eva", {Role::viewer});
  EXPECT_EQ(refusal(people().confirm_totp("eva", eva, "123456")), Code::not_found);
  const std::string text = people().propose_totp(eva).value();
  const auto secret = from_base32(text);
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->size(), totp_secret_size);
  EXPECT_EQ(refusal(people().confirm_totp("eva", eva, "nocode")), Code::permission_denied);
  EXPECT_FALSE(people().user(eva)->has_totp);
  ASSERT_TRUE(people().confirm_totp("eva", eva, node_.code(*secret)));
  EXPECT_TRUE(people().user(eva)->has_totp);
  EXPECT_EQ(refusal(people().confirm_totp("eva", eva, node_.code(*secret))), Code::not_found) << "once";

  const auto late = from_base32(people().propose_totp(eva).value());
  node_.wait(10 * 60'000 + 1);
  EXPECT_EQ(refusal(people().confirm_totp("eva", eva, node_.code(*late))), Code::not_found);
}

TEST_F(PeopleTest, ASecurityKeyIsAddedOnceAndForItsChallenge) {
  const UserId eva = node_.user("eva", {Role::admin});
  const UserId ali = node_.user("ali", {Role::viewer});
  SoftwareKey key;
  EXPECT_EQ(refusal(people().add_security_key("eva", eva, key.registered({}, testing::origin), "")), Code::not_found);
  const auto challenge = people().security_key_challenge(eva).value();
  EXPECT_EQ(refusal(people().add_security_key("eva", eva, key.registered(challenge, "https://x"), "")),
            Code::permission_denied);
  EXPECT_EQ(
      refusal(people().add_security_key("eva", eva, key.registered(challenge, testing::origin), std::string(101, 'x'))),
      Code::invalid_argument);
  const WebauthnRegistration good = key.registered(challenge, testing::origin);
  ASSERT_TRUE(people().add_security_key("eva", eva, good, "blue"));
  EXPECT_EQ(people().user(eva)->security_keys, 1);
  EXPECT_EQ(refusal(people().add_security_key("eva", eva, good, "blue")), Code::not_found)
      << "a challenge is used once";
  for (const UserId& user : {eva, ali}) {
    const auto other = people().security_key_challenge(user).value();
    EXPECT_EQ(refusal(people().add_security_key("eva", user, key.registered(other, testing::origin), "")),
              Code::already_exists)
        << "a key is one person's";
  }
  const auto late = people().security_key_challenge(eva).value();
  node_.wait(10 * 60'000 + 1);
  SoftwareKey second;
  EXPECT_EQ(refusal(people().add_security_key("eva", eva, second.registered(late, testing::origin), "")),
            Code::not_found);
}

TEST_F(PeopleTest, SecurityKeysAreListedAndRemoved) {
  const UserId eva = node_.user("eva", {Role::admin});
  const UserId ali = node_.user("ali", {Role::viewer});
  SoftwareKey first;
  SoftwareKey second;
  node_.add_key(eva, first);
  node_.wait(1000);
  node_.add_key(eva, second);
  const SignIn kept = node_.signed_in("eva", first);
  const SignIn other = node_.signed_in("eva", first);
  const std::vector<SecurityKeyInfo> keys = people().security_keys(eva).value();
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_NE(keys[0].id, keys[1].id);
  EXPECT_EQ(keys[0].id.size(), 16u);
  EXPECT_EQ(keys[0].label, "key");
  EXPECT_EQ(keys[0].added_ms, node_.now_ms() - 1000);
  EXPECT_EQ(keys[0].used_ms, node_.now_ms());
  EXPECT_EQ(keys[1].used_ms, 0) << "never used to sign in";
  EXPECT_EQ(people().security_key_credentials(eva).value(),
            (std::vector<std::vector<std::uint8_t>>{first.id, second.id}));
  EXPECT_TRUE(people().security_keys(ali)->empty());

  EXPECT_EQ(refusal(people().remove_security_key("ali", ali, keys[0].id)), Code::not_found) << "another's";
  EXPECT_EQ(refusal(people().remove_security_key("eva", eva, "")), Code::not_found);
  const std::string session = people().who_has_session(kept.secret)->session;
  ASSERT_TRUE(people().remove_security_key("eva", eva, keys[0].id, session));
  EXPECT_TRUE(people().who_has_session(kept.secret));
  EXPECT_FALSE(people().who_has_session(other.secret)) << "whoever has the key may sit there";
  EXPECT_EQ(refusal(people().remove_security_key("eva", eva, keys[0].id)), Code::not_found) << "it is gone";
  const SignIn begun = node_.begun("eva");
  EXPECT_EQ(begun.credentials, std::vector<std::vector<std::uint8_t>>{second.id});
  EXPECT_FALSE(people().finish_with_security_key(begun.secret, first.answered(begun.challenge, testing::origin), home));
  node_.signed_in("eva", second);
  std::vector<std::string> kinds;
  ASSERT_TRUE(node_.journal->for_each(private_log, 0, [&](const Record& record) {
    kinds.push_back(record.payload.kind);
    return Status();
  }));
  EXPECT_EQ(kinds.back(), "user.factor.removed");
  node_.add_key(eva, first);
  EXPECT_EQ(people().user(eva)->security_keys, 2) << "what was removed may be added again";
}

TEST_F(PeopleTest, TheLastFactorStays) {
  const UserId eva = node_.user("eva", {Role::admin});
  const UserId ali = node_.user("ali", {Role::viewer});
  std::array<SoftwareKey, 2> keys;
  node_.add_key(eva, keys[0]);
  node_.add_key(ali, keys[1]);
  const auto only = [&](const UserId& user) { return people().security_keys(user)->front().id; };
  EXPECT_EQ(refusal(people().remove_security_key("eva", eva, only(eva))), Code::conflict);
  EXPECT_EQ(refusal(people().remove_security_key("ali", ali, only(ali))), Code::conflict);
  node_.add_totp(eva);
  node_.add_totp(ali);
  EXPECT_EQ(refusal(people().remove_security_key("eva", eva, only(eva))), Code::conflict)
      << "a code isn't enough for an admin";
  EXPECT_TRUE(people().remove_security_key("ali", ali, only(ali)));
  EXPECT_EQ(node_.begun("ali").step, SignInStep::totp);
  EXPECT_EQ(people().user(eva)->security_keys, 1);
}

TEST_F(PeopleTest, AResetTakesAwayEverythingAndIsRecorded) {
  const UserId eva = node_.user("eva", {Role::admin});
  SoftwareKey key;
  node_.add_key(eva, key);
  node_.add_totp(eva);
  const SignIn session = node_.signed_in("eva", key);
  ASSERT_TRUE(people().who_has_session(session.secret));
  ASSERT_TRUE(people().reset_factors("hanna", eva));
  EXPECT_FALSE(people().who_has_session(session.secret));
  const UserInfo info = people().user(eva).value();
  EXPECT_FALSE(info.has_password);
  EXPECT_FALSE(info.has_totp);
  EXPECT_EQ(info.security_keys, 0);
  EXPECT_EQ(refusal(people().begin_session("eva", password, home)), Code::permission_denied);
  EXPECT_EQ(refusal(people().reset_factors("hanna", UserId{9})), Code::not_found);
  std::vector<std::string> kinds;
  ASSERT_TRUE(node_.journal->for_each(private_log, 0, [&](const Record& record) {
    kinds.push_back(record.payload.kind);
    return Status();
  }));
  EXPECT_EQ(kinds, (std::vector<std::string>{"user", "user.password", "user.factor", "user.factor", "user.reset"}));
}

// ---- What lies on the disk ----

TEST_F(PeopleTest, NothingSecretLiesInTheFolderInClear) {
  const UserId eva = node_.user("eva", {Role::admin});
  SoftwareKey key;
  node_.add_key(eva, key);
  const auto totp = node_.add_totp(eva);
  const SignIn session = node_.signed_in("eva", key);
  const auto token =
      people().add_token("eva", {.name = "intake", .scopes = {TokenScope::match}, .ends_ms = node_.now_ms() + 1000});
  ASSERT_TRUE(token);
  const auto asked = people().ask("eva", {.action = "list.export",
                                          .subject = "7",
                                          .arguments = Json::object({{"where", "the secret place"}}),
                                          .reason = "the secret reason"});
  ASSERT_TRUE(asked);
  EXPECT_FALSE(people().begin_session("unknown-name", "wrong password", "198.51.100.77"));
  node_.reopen();

  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
    std::ifstream file(entry.path(), std::ios::binary);
    all.append(std::istreambuf_iterator<char>(file), {});
  }
  EXPECT_NE(all.find("intake"), std::string::npos) << "the search sees the database";
  for (const std::string& secret :
       {std::string(password), std::string("argon2"), std::string(totp.begin(), totp.end()), to_base32(totp),
        session.secret, session.csrf, token->second, token->second.substr(8), std::string("the secret place"),
        std::string("the secret reason"), std::string(key.id.begin(), key.id.end()), std::string("unknown-name"),
        std::string("198.51.100.77"), std::string("wrong password")}) {
    EXPECT_EQ(all.find(secret), std::string::npos) << secret;
  }
  EXPECT_TRUE(people().who_has_session(session.secret)) << "and yet it works";
  EXPECT_TRUE(people().who_has_token(token->second));
}

}  // namespace
}  // namespace fristad
