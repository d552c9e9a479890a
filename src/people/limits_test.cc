#include "people/limits.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

constexpr std::int64_t minute_ms = 60'000;

Digest digest_of(std::string_view text) {
  return sha256(as_bytes(text));
}

SignInAttempt attempt_of(std::string_view name, std::string_view address, bool known = false) {
  return {.pair = digest_of(std::string(name) + "@" + std::string(address)),
          .address = digest_of(address),
          .name = digest_of(name),
          .known = known};
}

class LimitsTest : public ::testing::Test {
 protected:
  void fail(const SignInAttempt& attempt, int times) {
    for (int i = 0; i < times; ++i) limits_.failed(attempt, now_ms_);
  }
  std::int64_t wait(const SignInAttempt& attempt) { return limits_.wait_ms(attempt, now_ms_); }

  std::int64_t now_ms_ = 1'800'000'000'000;
  SignInLimits limits_;
};

TEST_F(LimitsTest, APairWaitsAfterTenFailuresAndThenTwiceAsLong) {
  const SignInAttempt here = attempt_of("eva", "here");
  fail(here, 9);
  EXPECT_EQ(wait(here), 0);
  fail(here, 1);
  EXPECT_EQ(wait(here), minute_ms);
  EXPECT_EQ(wait(attempt_of("eva", "there")), 0);
  EXPECT_EQ(wait(attempt_of("other", "here")), 0);
  for (const int minutes : {2, 4, 8, 16, 32, 60, 60}) {
    now_ms_ += wait(here);
    EXPECT_EQ(wait(here), 0);
    fail(here, 1);
    EXPECT_EQ(wait(here), minutes * minute_ms);
  }
}

TEST_F(LimitsTest, TheWindowEndsAndSuccessEndsIt) {
  const SignInAttempt here = attempt_of("eva", "here");
  fail(here, 9);
  now_ms_ += 15 * minute_ms + 1;
  fail(here, 9);
  EXPECT_EQ(wait(here), 0);
  limits_.succeeded(here);
  fail(here, 9);
  EXPECT_EQ(wait(here), 0);
  fail(here, 1);
  EXPECT_EQ(wait(here), minute_ms);
}

TEST_F(LimitsTest, AnAddressWaitsAsAWholeAfterAHundred) {
  for (int i = 0; i < 99; ++i) fail(attempt_of("name" + std::to_string(i), "here"), 1);
  EXPECT_EQ(wait(attempt_of("eva", "here")), 0);
  fail(attempt_of("name", "here"), 1);
  EXPECT_EQ(wait(attempt_of("eva", "here")), minute_ms);
  EXPECT_EQ(wait(attempt_of("eva", "here", true)), 0) << "a neighbour's guesses keep nobody out";
  EXPECT_EQ(wait(attempt_of("eva", "there")), 0);
}

TEST_F(LimitsTest, ANameThatIsGuessedFromManyAddressesStaysOpenWhereItIsKnown) {
  for (int i = 0; i < 100; ++i) fail(attempt_of("eva", "address" + std::to_string(i)), 1);
  EXPECT_EQ(wait(attempt_of("eva", "new")), minute_ms);
  EXPECT_EQ(wait(attempt_of("eva", "office", true)), 0);
  EXPECT_EQ(wait(attempt_of("other", "new")), 0);
  fail(attempt_of("eva", "office", true), 1);
  EXPECT_EQ(wait(attempt_of("eva", "new")), minute_ms) << "her own slips don't count against her elsewhere";
}

TEST_F(LimitsTest, ForgetsWhatIsOverAndTakesBackWhatWasKept) {
  const SignInAttempt here = attempt_of("eva", "here");
  fail(here, 10);
  const auto kept = limits_.count(here.pair);
  ASSERT_TRUE(kept);
  EXPECT_TRUE(limits_.forget(now_ms_).empty());
  now_ms_ += 16 * minute_ms;
  EXPECT_EQ(limits_.forget(now_ms_).size(), 2u) << "the pair is still of interest a quarter of an hour after its wait";
  now_ms_ += minute_ms;
  EXPECT_EQ(limits_.forget(now_ms_), std::vector<Digest>{here.pair});
  EXPECT_FALSE(limits_.count(here.pair));

  SignInLimits again;
  again.load(here.pair, *kept);
  EXPECT_EQ(again.wait_ms(here, kept->until_ms - 7), 7);
}

}  // namespace
}  // namespace fristad
