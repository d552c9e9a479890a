#include "match/askers.h"

#include <gtest/gtest.h>

#include <bit>
#include <tuple>

#include "match/index_fixture.h"
#include "tests/support/hash_sets.h"
#include "tests/support/seed.h"

namespace fristad {
namespace {

// Position, query, the query's sketch, and the two limits: what is to be compared with what, and how strictly.
using Comparison = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t>;

// The obvious way: every query with every bucket of the table.
std::vector<Comparison> expected(const IndexView& index, std::span<const PdqHash> queries,
                                 std::span<const std::uint32_t> numbers, const Plan& plan, std::size_t table) {
  std::vector<Comparison> all;
  const std::uint32_t* const offsets = index.table_offsets(table);
  for (const std::uint32_t number : numbers) {
    for (std::uint32_t bucket = 0; bucket < bucket_count; ++bucket) {
      const int bits = std::popcount(bucket ^ chunk(queries[number], table));
      if (bits > plan.thresholds[table]) continue;
      for (std::uint32_t i = offsets[bucket]; i < offsets[bucket + 1]; ++i) {
        all.emplace_back(static_cast<std::uint32_t>(table * index.hashes.size()) + i, number,
                         sketch(queries[number], table), static_cast<std::uint32_t>(plan.near_max(table, bits)),
                         static_cast<std::uint32_t>(plan.both_max(table, bits)));
      }
    }
  }
  std::ranges::sort(all);
  return all;
}

TEST(BatchSorter, AsksForWhatEveryQueryNeedsAndNoMore) {
  const std::uint64_t seed = testing::chosen_seed();
  testing::Rng rng(seed);
  const auto hashes = testing::adversarial_set(20'000, rng);
  const testing::BuiltIndex built(hashes, SegmentLayout::fast);
  const auto queries = testing::queries_for(hashes, 60, rng);
  std::vector<std::uint32_t> numbers;  // not all of them
  for (std::uint32_t i = 0; i < queries.size(); i += 1 + static_cast<std::uint32_t>(rng() % 2)) numbers.push_back(i);

  BatchSorter sorter;
  for (const int limit : {0, 7, 15, 16, 30, 31}) {
    const Plan& plan = even_plan(limit);
    for (const std::size_t table : {std::size_t{0}, std::size_t{1}, std::size_t{15}}) {
      std::vector<Comparison> found;
      std::uint32_t last = 0;
      sorter.begin(built.view, queries, numbers, plan, table);
      for (std::size_t part = 0; part < BatchSorter::parts; ++part) {
        for (const kernels::Probe& probe : sorter.probes_of(part)) {
          EXPECT_GE(probe.begin, last) << "not from front to back";
          last = probe.begin;
          for (const kernels::Asker& asker : std::span(sorter.askers() + probe.first_asker, probe.askers)) {
            for (std::uint32_t i = 0; i < probe.count; ++i) {
              found.emplace_back(probe.begin + i, asker.query, asker.sketch, probe.near_max, probe.both_max);
            }
          }
        }
      }
      std::ranges::sort(found);
      EXPECT_EQ(found, expected(built.view, queries, numbers, plan, table))
          << "limit " << limit << " table " << table << " seed " << seed;
    }
  }
}

}  // namespace
}  // namespace fristad
