#include "match/index.h"

#include <gtest/gtest.h>

#include "match/index_fixture.h"
#include "tests/support/hash_sets.h"

namespace fristad {
namespace {

using testing::BuiltIndex;
using testing::Rng;

constexpr std::uint64_t seed = 13;

class IndexChecks : public ::testing::TestWithParam<SegmentLayout> {
 protected:
  IndexChecks() : rng(seed), built(testing::clustered_set(3000, rng), GetParam()) {}

  // Whether the content check notices; the bounds check must too, where memory is at stake.
  void expect_fault(bool of_bounds) {
    EXPECT_EQ(check_index_bounds(built.view, 2).has_value(), !of_bounds);
    if (of_bounds) return;
    const Status status = check_index_content(built.view, 2);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Code::damaged);
  }

  Rng rng;
  BuiltIndex built;
};

TEST_P(IndexChecks, WhatWasBuiltIsSound) {
  EXPECT_TRUE(check_index_bounds(built.view, 2));
  EXPECT_TRUE(check_index_content(built.view, 2));
}

TEST_P(IndexChecks, FindsAnIdThatDoesNotExist) {
  built.ids[4321] = 3000;
  expect_fault(true);
}

TEST_P(IndexChecks, FindsABucketThatEndsBeforeItStarts) {
  built.offsets[5 * offsets_per_table + 70] = 2999;
  expect_fault(true);
}

TEST_P(IndexChecks, FindsHashesLeftOutOfTheBuckets) {
  built.offsets[7 * offsets_per_table + bucket_count] = 2999;
  expect_fault(true);
}

TEST_P(IndexChecks, FindsAHashListedTwice) {
  built.ids[100] = built.ids[101];
  expect_fault(false);
}

TEST_P(IndexChecks, FindsTwoHashesInEachOthersBucket) {
  std::swap(built.ids[0], built.ids[2999]);
  expect_fault(false);
}

TEST_P(IndexChecks, FindsAWrongSketch) {
  (GetParam() == SegmentLayout::fast ? built.far_chunks : built.near_chunks)[17] ^= 1;
  expect_fault(false);
}

INSTANTIATE_TEST_SUITE_P(Layouts, IndexChecks, ::testing::Values(SegmentLayout::fast, SegmentLayout::compact));

}  // namespace
}  // namespace fristad
