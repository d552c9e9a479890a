#include "api/quotas.h"

#include <gtest/gtest.h>

#include "tests/support/hash_sets.h"

namespace fristad {
namespace {

Caller token(std::uint32_t per_minute, std::uint64_t per_day) {
  return {.kind = CallerKind::token, .token = {1}, .hashes_per_minute = per_minute, .hashes_per_day = per_day};
}

TEST(QuotasTest, AMinuteAndADayHaveTheirLimits) {
  Quotas quotas;
  const Caller caller = token(10, 25);
  EXPECT_TRUE(quotas.take(caller, 4, 0));
  EXPECT_FALSE(quotas.take(caller, 7, 59'999));
  EXPECT_TRUE(quotas.take(caller, 6, 59'999));
  EXPECT_TRUE(quotas.take(caller, 10, 60'000));
  EXPECT_FALSE(quotas.take(caller, 6, 120'000));
  EXPECT_TRUE(quotas.take(caller, 5, 180'000));
  EXPECT_FALSE(quotas.take(caller, 1, 240'000));
  EXPECT_TRUE(quotas.take(caller, 1, 86'400'000));
  EXPECT_TRUE(quotas.take({.kind = CallerKind::user}, 1'000'000, 0));
  // A batch larger than a minute's worth passes alone.
  EXPECT_TRUE(quotas.take(token(10, 0), 100, 200 * 60'000));
}

class ProbingTest : public ::testing::Test {
 protected:
  // One that lies `bits` away from the hash, different for each `seed`.
  PdqHash near(const PdqHash& hash, int bits) { return testing::flipped(hash, bits, rng_); }

  testing::Rng rng_{7};
  ProbingDetector detector_;
  const std::uint64_t token_ = 1;
};

TEST_F(ProbingTest, FeelingTheWayAlongAnEdgeIsStopped) {
  const PdqHash known = testing::random_hash(rng_);
  EXPECT_FALSE(detector_.note(token_, known, true, 0));
  std::size_t asked = 0;
  bool tripped = false;
  while (!tripped && ++asked < 1000) tripped = detector_.note(token_, near(known, 33), false, 0);
  EXPECT_EQ(asked, ProbingDetector::misses_max);
  EXPECT_TRUE(detector_.closed(token_, near(known, 20), 0));
  EXPECT_FALSE(detector_.closed(token_, testing::random_hash(rng_), 0));
  // Another token's question is its own, and the next day begins anew.
  EXPECT_FALSE(detector_.closed(2, known, 0));
  EXPECT_FALSE(detector_.closed(token_, known, 86'400'000));
}

TEST_F(ProbingTest, PlatformsAreLeftAlone) {
  const PdqHash known = testing::random_hash(rng_);
  for (int i = 0; i < 2000; ++i) {
    EXPECT_FALSE(detector_.note(token_, near(known, i % 31), true, 0));
    EXPECT_FALSE(detector_.note(token_, testing::random_hash(rng_), false, 0));
    // The same picture again and again is one question.
    EXPECT_FALSE(detector_.note(token_, near(known, 0), false, 0));
  }
  EXPECT_FALSE(detector_.closed(token_, known, 0));
}

TEST_F(ProbingTest, OtherMatchesDoNotPushAClosedOneOut) {
  const PdqHash known = testing::random_hash(rng_);
  detector_.note(token_, known, true, 0);
  while (!detector_.note(token_, near(known, 40), false, 0)) continue;
  for (std::size_t i = 0; i < 3 * ProbingDetector::anchors_max; ++i) {
    detector_.note(token_, testing::random_hash(rng_), true, 0);
  }
  EXPECT_TRUE(detector_.closed(token_, known, 0));
}

TEST_F(ProbingTest, ABatchCountsLikeItsParts) {
  const PdqHash known = testing::random_hash(rng_);
  std::vector<PdqHash> queries{known};
  std::vector<bool> matched{true};
  for (std::size_t i = 0; i < ProbingDetector::misses_max; ++i) {
    queries.push_back(near(known, 35));
    matched.push_back(false);
  }
  EXPECT_TRUE(detector_.closed(token_, queries, 0).empty());
  EXPECT_EQ(detector_.note(token_, queries, matched, 0), 1u);
  const std::vector<PdqHash> next{testing::random_hash(rng_), near(known, 5)};
  EXPECT_EQ(detector_.closed(token_, next, 0), (std::vector<bool>{false, true}));
}

}  // namespace
}  // namespace fristad
