#include "match/plan.h"

#include <gtest/gtest.h>

#include <bit>
#include <numeric>

#include "match/index_fixture.h"
#include "tests/support/hash_sets.h"

namespace fristad {
namespace {

using testing::Rng;

constexpr std::uint64_t seed = 11;

int shares(const Plan& plan) {
  return std::accumulate(plan.thresholds.begin(), plan.thresholds.end(), 0, [](int sum, int t) { return sum + t + 1; });
}

// Does some table, with its next two chunks, let this difference through? The promise that all exactness rests on.
bool lets_through(const Plan& plan, const PdqHash& difference) {
  for (std::size_t table = 0; table < table_count; ++table) {
    const int own = std::popcount(chunk(difference, table));
    if (own > plan.thresholds[table]) continue;
    const int near = std::popcount(chunk(difference, (table + 1) % table_count));
    const int far = std::popcount(chunk(difference, (table + 2) % table_count));
    if (near <= plan.near_max(table, own) && near + far <= plan.both_max(table, own)) return true;
  }
  return false;
}

TEST(Plan, MasksAreAllOfTheirWeightOnce) {
  for (int bits = 0; bits <= threshold_max; ++bits) {
    std::size_t expected = 0;
    for (std::uint32_t mask = 0; mask < bucket_count; ++mask) expected += std::popcount(mask) == bits ? 1u : 0u;
    EXPECT_EQ(masks_with(bits).size(), expected);
    for (const std::uint16_t mask : masks_with(bits)) EXPECT_EQ(std::popcount(mask), bits);
  }
}

TEST(Plan, EvenPlansGiveEveryLimitItsShares) {
  for (int limit = 0; limit <= limit_indexed_max; ++limit) EXPECT_EQ(shares(even_plan(limit)), limit + 1) << limit;
}

TEST(Plan, NothingWithinTheLimitIsKeptOut) {
  Rng rng(seed);
  for (int limit = 0; limit <= limit_indexed_max; ++limit) {
    for (int round = 0; round < 2000; ++round) {
      EXPECT_TRUE(lets_through(even_plan(limit), testing::flipped({}, limit, rng))) << limit << " seed " << seed;
      // Any other plan of as many shares, too.
      Plan plan;
      plan.thresholds.fill(-1);
      for (int share = 0; share <= limit;) {
        std::int8_t& threshold = plan.thresholds[rng() % table_count];
        if (threshold == threshold_max) continue;
        ++threshold;
        ++share;
      }
      EXPECT_TRUE(lets_through(plan, testing::flipped({}, limit, rng))) << limit << " seed " << seed;
    }
  }
}

TEST(Plan, OverfullBucketsAreAvoided) {
  Rng rng(seed);
  const testing::BuiltIndex built(testing::adversarial_set(200'000, rng), SegmentLayout::fast);
  PdqHash query = testing::random_hash(rng);
  query.words[0] = query.words[1] = 0;
  ASSERT_GT(entries_to_read(built.view, query, even_plan(31), UINT64_MAX), abnormal_entries(built.view, 31));
  Plan plan;
  ASSERT_TRUE(plan_query(built.view, query, 31, plan));
  EXPECT_EQ(shares(plan), 32);
  EXPECT_LT(entries_to_read(built.view, query, plan, UINT64_MAX),
            entries_to_read(built.view, query, even_plan(31), UINT64_MAX) / 10);
}

TEST(Plan, WhereEveryBucketIsFullAScanIsChosen) {
  const testing::BuiltIndex built(std::vector<PdqHash>(100'000), SegmentLayout::fast);
  Plan plan;
  EXPECT_FALSE(plan_query(built.view, {}, 31, plan));
}

}  // namespace
}  // namespace fristad
