#pragma once

// For tests: people of a node in a temporary folder, with a clock that stands still until it is moved, and passwords
// that cost little. Its users sign in with a security key in software or a code.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "crypto/base32.h"
#include "crypto/totp.h"
#include "crypto/webauthn_fixture.h"
#include "people/people.h"
#include "record/record_fixture.h"

namespace fristad::testing {

inline constexpr std::string_view password = "correct horse battery";
inline constexpr std::string_view origin = "https://localhost";
inline constexpr std::string_view home = "192.0.2.7";

// The view of notes takes the place of another room's: migrations have no gaps.
inline const Kinds& people_kinds() {
  static const Kinds kinds({&journal_view(), &note_view(), &people_view()});
  return kinds;
}

class Node {
 public:
  explicit Node(StoreOptions store) : store_options_(std::move(store)) { reopen(); }

  void reopen() {
    people.reset();
    journal.reset();
    store_ = std::make_unique<Store>(*Store::open(store_options_));
    JournalOptions options = test_options(random_);
    options.clock = clock();
    auto opened = Journal::open(*store_, people_kinds(), test_keys(), std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    journal = *std::move(opened);
    auto with_people = People::open(*journal, {.key = Key(std::array<std::uint8_t, 32>{5}),
                                               .clock = clock(),
                                               .random = system_random(),
                                               .password_cost = cost});
    ASSERT_TRUE(with_people) << with_people.error().message;
    people = *std::move(with_people);
  }

  Clock clock() const {
    return {.utc_ms = [now = now_ms_] { return now->load(); }, .steady_ms = [now = now_ms_] { return now->load(); }};
  }
  void wait(std::int64_t ms) { *now_ms_ += ms; }
  std::int64_t now_ms() const { return now_ms_->load(); }
  Store& store() { return *store_; }

  // With the password.
  UserId user(std::string name, std::vector<Role> roles) {
    const auto id = people->add_user("local-admin", {.name = std::move(name), .roles = std::move(roles)});
    EXPECT_TRUE(id) << id.error().message;
    if (!id) return {};
    EXPECT_TRUE(people->set_password("local-admin", *id, password));
    return *id;
  }

  SignIn begun(std::string_view name, std::string_view from = home) {
    const auto sign_in = people->begin_session(name, password, from);
    EXPECT_TRUE(sign_in) << sign_in.error().message;
    return sign_in ? *sign_in : SignIn{};
  }

  void add_key(const UserId& user, SoftwareKey& key) {
    const auto challenge = people->security_key_challenge(user);
    ASSERT_TRUE(challenge) << challenge.error().message;
    const Status added = people->add_security_key("tester", user, key.registered(*challenge, origin), "key");
    ASSERT_TRUE(added) << added.error().message;
  }

  // Gives the secret. The code is used up, so the clock goes on.
  std::vector<std::uint8_t> add_totp(const UserId& user) {
    const auto text = people->propose_totp(user);
    EXPECT_TRUE(text) << text.error().message;
    const auto secret = from_base32(text.value_or("")).value_or(std::vector<std::uint8_t>());
    const Status confirmed = people->confirm_totp("tester", user, code(secret));
    EXPECT_TRUE(confirmed) << confirmed.error().message;
    wait(totp_step_ms);
    return secret;
  }
  std::string code(const std::vector<std::uint8_t>& secret) const { return totp_code(secret, totp_step(now_ms())); }

  // All steps, for somebody who has that key.
  SignIn signed_in(std::string_view name, SoftwareKey& key, std::string_view from = home) {
    const SignIn first = begun(name, from);
    EXPECT_EQ(first.step, SignInStep::security_key);
    const auto done = people->finish_with_security_key(first.secret, key.answered(first.challenge, origin), from);
    EXPECT_TRUE(done) << done.error().message;
    return done ? *done : SignIn{};
  }

  PasswordCost cost{.memory_bytes = 8192, .operations = 1};
  std::unique_ptr<Journal> journal;
  std::unique_ptr<People> people;

 private:
  StoreOptions store_options_;
  std::shared_ptr<std::atomic<std::int64_t>> now_ms_ = std::make_shared<std::atomic<std::int64_t>>(1'800'000'000'000);
  Random random_ = counting_random();
  std::unique_ptr<Store> store_;
};

}  // namespace fristad::testing
