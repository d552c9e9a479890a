#include "crypto/shares.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <random>
#include <set>

#include "tests/support/seed.h"

namespace fristad {
namespace {

Random seeded(std::uint64_t seed) {
  auto rng = std::make_shared<std::mt19937_64>(seed);
  return [rng](std::span<std::uint8_t> bytes) -> Status {
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>((*rng)() & 0xff);
    return {};
  };
}

Key counted() {
  Key key;
  for (std::size_t i = 0; i < 32; ++i) key.bytes()[i] = static_cast<std::uint8_t>(i * 8 + 1);
  return key;
}

std::vector<std::string> chosen(const std::vector<std::string>& shares, unsigned mask) {
  std::vector<std::string> some;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    if ((mask >> i & 1) != 0) some.push_back(shares[i]);
  }
  return some;
}

TEST(Shares, AnyTwoOfThreeGiveTheKey) {
  const Key key = counted();
  const auto shares = split_key(key, {.needed = 2, .total = 3}, system_random());
  ASSERT_EQ(shares.value().size(), 3u);
  for (const unsigned mask : {0b011U, 0b101U, 0b110U, 0b111U}) {
    const auto joined = join_shares(chosen(*shares, mask));
    ASSERT_TRUE(joined) << joined.error().message;
    EXPECT_TRUE(*joined == key);
  }
  for (const unsigned mask : {0b000U, 0b001U, 0b010U, 0b100U}) {
    EXPECT_EQ(join_shares(chosen(*shares, mask)).error().code, Code::invalid_argument);
  }
}

TEST(Shares, EveryPlanWorksWithEverySelection) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  const Random random = seeded(seed);
  for (int total = 2; total <= shares_max; ++total) {
    for (int needed = 2; needed <= total; ++needed) {
      const Key key = Key::generate(random).value();
      std::vector<std::string> shares = split_key(key, {needed, total}, random).value();
      std::mt19937_64 rng(seed);
      for (unsigned mask = 0; mask < 1U << total; ++mask) {
        std::vector<std::string> some = chosen(shares, mask);
        std::ranges::shuffle(some, rng);
        const auto joined = join_shares(some);
        ASSERT_EQ(joined.has_value(), std::popcount(mask) >= needed) << needed << " of " << total << ": " << mask;
        if (joined) {
          ASSERT_TRUE(*joined == key);
        }
      }
    }
  }
}

TEST(Shares, KeepTheirForm) {
  // Computed in Python: with a random coefficient of all 0x57, share n is key + n * 0x57 in GF(2^8).
  const Random constant = [](std::span<std::uint8_t> bytes) -> Status {
    std::ranges::fill(bytes, std::uint8_t{0x57});
    return {};
  };
  const std::vector<std::string> shares = split_key(counted(), {}, constant).value();
  EXPECT_EQ(
      shares[0],
      "fristad-share-1-1-2-9a57ef2c-565e464e-767e666e-161e060e-363e262e-d6dec6ce-f6fee6ee-969e868e-b6bea6ae-c1bfe6d5");
  EXPECT_EQ(
      shares[2],
      "fristad-share-1-3-2-9a57ef2c-f8f0e8e0-d8d0c8c0-b8b0a8a0-98908880-78706860-58504840-38302820-18100800-2d0acecb");
}

TEST(Shares, OneShareSaysNothing) {
  // One byte of a share takes every value, whatever the key's byte is.
  std::set<std::string> seen;
  std::uint8_t next = 0;
  const Random every = [&](std::span<std::uint8_t> bytes) -> Status {
    std::ranges::fill(bytes, next);
    return {};
  };
  for (int i = 0; i < 256; ++i, ++next) seen.insert(split_key(Key(), {}, every).value()[1].substr(29, 2));
  EXPECT_EQ(seen.size(), 256u);
}

TEST(Shares, EveryMistypedCharacterIsFound) {
  const std::vector<std::string> shares = split_key(counted(), {}, system_random()).value();
  for (std::size_t i = 0; i < shares[0].size(); ++i) {
    for (const char c : std::string_view("0123456789abcdef-gz ")) {
      std::string wrong = shares[0];
      if (wrong[i] == c) continue;
      wrong[i] = c;
      const auto joined = join_shares(std::vector{wrong, shares[1]});
      ASSERT_FALSE(joined) << wrong;
      EXPECT_TRUE(joined.error().code == Code::damaged || joined.error().code == Code::unsupported) << wrong;
    }
    EXPECT_FALSE(join_shares(std::vector{shares[0].substr(0, i), shares[1]}));
  }
  const auto second = join_shares(std::vector{shares[0], shares[1] + "0"});
  EXPECT_NE(second.error().message.find("share 2"), std::string::npos);
  EXPECT_EQ(second.error().message.find("fristad-share"), std::string::npos) << "the share itself isn't shown";
}

TEST(Shares, BlanksAroundAndUpperCaseAreAccepted) {
  std::vector<std::string> shares = split_key(counted(), {}, system_random()).value();
  std::ranges::transform(shares[0], shares[0].begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  shares[1] = " \t" + shares[1] + "\r\n";
  EXPECT_TRUE(join_shares(shares).value() == counted());
}

TEST(Shares, OfDifferentKeysDontMix) {
  const auto one = split_key(counted(), {}, system_random()).value();
  const auto other = split_key(Key(), {}, system_random()).value();
  EXPECT_EQ(join_shares(std::vector{one[0], other[1]}).error().code, Code::invalid_argument);
  const auto three = split_key(counted(), {.needed = 3, .total = 3}, system_random()).value();
  EXPECT_EQ(join_shares(std::vector{one[0], three[1]}).error().code, Code::invalid_argument);
}

TEST(Shares, OfTwoSplittingsOfOneKeyDontMix) {
  // The set is the same, the polynomials aren't: what comes out isn't the key, and that is found.
  const auto one = split_key(counted(), {}, system_random()).value();
  const auto other = split_key(counted(), {}, system_random()).value();
  EXPECT_EQ(join_shares(std::vector{one[0], other[1]}).error().code, Code::invalid_argument);
  EXPECT_EQ(join_shares(std::vector{one[0], one[1], other[2]}).error().code, Code::invalid_argument);
}

TEST(Shares, TheSameOneTwiceIsRefused) {
  const auto shares = split_key(counted(), {}, system_random()).value();
  EXPECT_EQ(join_shares(std::vector{shares[0], shares[0]}).error().code, Code::invalid_argument);
}

TEST(Shares, OtherPlansAndVersionsAreRefused) {
  for (const SharePlan plan : {SharePlan{1, 3}, SharePlan{0, 3}, SharePlan{4, 3}, SharePlan{2, 9}, SharePlan{-1, -1}}) {
    EXPECT_EQ(split_key(Key(), plan, system_random()).error().code, Code::invalid_argument);
  }
  std::string newer = split_key(counted(), {}, system_random()).value()[0];
  newer[14] = '2';
  EXPECT_EQ(join_shares(std::vector{newer, newer}).error().code, Code::unsupported);
  EXPECT_EQ(join_shares(std::vector{std::string(1000, '1')}).error().code, Code::too_large);
  EXPECT_EQ(join_shares(std::vector<std::string>(9)).error().code, Code::too_large);
  EXPECT_EQ(join_shares(std::vector<std::string>(2)).error().code, Code::damaged);
}

TEST(Shares, PassOnWhatRandomSays) {
  EXPECT_FALSE(split_key(Key(), {}, [](std::span<std::uint8_t>) -> Status { return Error{Code::unavailable, "no"}; }));
}

}  // namespace
}  // namespace fristad
