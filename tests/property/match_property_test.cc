// Every path that answers a query against the scalar oracle: one by one, in batches, by scan; every kernel, both
// layouts, every limit, on data of every shape. Failures print the seed.

#include <gtest/gtest.h>

#include <algorithm>

#include "fristad/kernel.h"
#include "fristad/segment.h"
#include "tests/support/hash_sets.h"
#include "tests/support/seed.h"

namespace fristad {
namespace {

using testing::Rng;

std::vector<Match> oracle(const std::vector<PdqHash>& hashes, const PdqHash& query, int limit) {
  std::vector<Match> matches;
  for (std::uint32_t row = 0; row < hashes.size(); ++row) {
    const int d = distance(hashes[row], query);
    if (d <= limit) matches.push_back({row, static_cast<std::uint32_t>(d)});
  }
  return matches;
}

struct Shape {
  const char* name;
  std::vector<PdqHash> (*make)(std::size_t, Rng&);
};

std::vector<PdqHash> any_bits(std::size_t count, Rng& rng) {
  std::vector<PdqHash> hashes(count);
  for (PdqHash& hash : hashes) hash = testing::random_bits(rng);
  return hashes;
}

// A few bits set or cleared: blank pictures.
std::vector<PdqHash> blank(std::size_t count, Rng& rng) {
  std::vector<PdqHash> hashes(count);
  for (PdqHash& hash : hashes) hash = testing::flipped({}, static_cast<int>(rng() % 30), rng);
  return hashes;
}

// A handful of hashes, each many times.
std::vector<PdqHash> repeated(std::size_t count, Rng& rng) {
  const std::vector<PdqHash> few = testing::random_set(5, rng);
  std::vector<PdqHash> hashes(count);
  for (PdqHash& hash : hashes) hash = few[rng() % few.size()];
  return hashes;
}

const Shape shapes[] = {{"random", testing::random_set},
                        {"any bits", any_bits},
                        {"smooth", testing::smooth_set},
                        {"clustered", testing::clustered_set},
                        {"blank", blank},
                        {"adversarial", testing::adversarial_set},
                        {"repeated", repeated}};

class MatchProperty : public ::testing::TestWithParam<Shape> {};

// All three ways of one segment against what the oracle found.
void compare(const Segment& segment, const std::vector<PdqHash>& queries, int limit,
             const std::vector<std::vector<Match>>& expected) {
  MatchScratch scratch;
  std::vector<Match> one;
  BatchMatches batch;
  BatchMatches scanned;
  segment.match_batch(queries, limit, scratch, batch);
  segment.scan_batch(queries, limit, scratch, scanned);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    segment.match(queries[i], limit, scratch, one);
    ASSERT_EQ(one, expected[i]);
    ASSERT_TRUE(std::ranges::equal(batch.of(i), expected[i]));
    ASSERT_TRUE(std::ranges::equal(scanned.of(i), expected[i]));
  }
}

TEST_P(MatchProperty, EveryPathAgreesWithTheOracle) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  Rng rng(seed);
  const std::string best(kernel_name());
  // Around the sizes where the way of answering changes, and one that is indexed for sure.
  for (const std::size_t size : {0u, 1u, 8191u, 8192u, 40'000u}) {
    const std::vector<PdqHash> hashes = GetParam().make(size, rng);
    std::vector<PdqHash> queries = testing::queries_for(hashes, 16, rng);
    for (int i = 0; i < 8 && !hashes.empty(); ++i) {
      queries.push_back(testing::flipped(hashes[rng() % size], static_cast<int>(rng() % 64), rng));
    }
    queries.push_back({});
    queries.push_back({{~0ull, ~0ull, ~0ull, ~0ull}});
    const auto fast = Segment::build(hashes, SegmentLayout::fast);
    const auto compact = Segment::build(hashes, SegmentLayout::compact);
    ASSERT_TRUE(fast && compact);
    for (const int limit : {31, static_cast<int>(rng() % 31), static_cast<int>(32 + rng() % 32)}) {
      std::vector<std::vector<Match>> expected;
      for (const PdqHash& query : queries) expected.push_back(oracle(hashes, query, limit));
      for (const std::string_view kernel : kernel_names()) {
        SCOPED_TRACE(std::string(kernel) + ", " + std::to_string(size) + " hashes, limit " + std::to_string(limit));
        ASSERT_TRUE(kernel_force(kernel));
        ASSERT_NO_FATAL_FAILURE(compare(*fast, queries, limit, expected)) << "fast";
        ASSERT_NO_FATAL_FAILURE(compare(*compact, queries, limit, expected)) << "compact";
      }
    }
  }
  ASSERT_TRUE(kernel_force(best));
}

INSTANTIATE_TEST_SUITE_P(Shapes, MatchProperty, ::testing::ValuesIn(shapes), [](const auto& shape) {
  std::string name = shape.param.name;
  std::erase(name, ' ');
  return name;
});

// More queries than one pass takes, and the planner's own path within a batch.
TEST(MatchProperty, LongBatchesAgreeWithOneByOne) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  Rng rng(seed);
  for (const auto make : {testing::random_set, testing::adversarial_set}) {
    const std::vector<PdqHash> hashes = make(50'000, rng);
    const auto segment = Segment::build(hashes);
    ASSERT_TRUE(segment);
    const std::vector<PdqHash> queries = testing::queries_for(hashes, 70'000, rng);
    MatchScratch scratch;
    BatchMatches batch;
    std::vector<Match> one;
    segment->match_batch(queries, limit_default, scratch, batch);
    ASSERT_EQ(batch.starts.size(), queries.size() + 1);
    for (std::size_t i = 0; i < queries.size(); ++i) {
      segment->match(queries[i], limit_default, scratch, one);
      ASSERT_TRUE(std::ranges::equal(batch.of(i), one)) << i;
    }
  }
}

}  // namespace
}  // namespace fristad
