#pragma once

// Which buckets to look into: a threshold for each table, chosen so that nothing within the limit can be missed
// and as little as possible is read.
//
// With thresholds t[i] in -1..3 (-1: the table is not used) and sum of (t[i] + 1) = limit + 1, every hash within the
// limit has a table i whose chunk differs in at most t[i] bits, and from which every run of chunks around the ring
// differs in at most sum of (t + 1) - 1 bits (the cycle lemma). Any such choice is exact; they differ in cost only.

#include <array>
#include <cstdint>
#include <span>

#include "fristad/hash.h"
#include "match/index.h"

namespace fristad {

inline constexpr int threshold_max = 3;

struct Plan {
  std::array<std::int8_t, table_count> thresholds{};

  // The most bits in which the next chunk, and the next two together, may differ when the chunk of `table` itself
  // differs in `bits`.
  int near_max(std::size_t table, int bits) const {
    return thresholds[table] + thresholds[(table + 1) % table_count] + 1 - bits;
  }
  int both_max(std::size_t table, int bits) const {
    return near_max(table, bits) + thresholds[(table + 2) % table_count] + 1;
  }
};

// All 16-bit masks with up to `threshold` bits set, by number of bits: 1, 17, 137, 697 of them for 0..3.
std::span<const std::uint16_t> flip_masks(int threshold);

// Those with exactly `bits` bits set.
std::span<const std::uint16_t> masks_with(int bits);

// The even choice, right for all but overfull buckets. limit <= limit_indexed_max.
const Plan& even_plan(int limit);

// What a query costs, in units of reading one sketch: the measured price of a bucket look-up and of comparing a
// whole hash in a scan.
inline constexpr double look_up_cost = 12;
inline constexpr double scan_cost = 1.5;

// Entries in the buckets that `plan` looks into for `query`, added up until they exceed `enough`.
std::uint64_t entries_to_read(const IndexView& index, const PdqHash& query, const Plan& plan, std::uint64_t enough);

// Above this many entries, choosing thresholds for the one query costs less than it may save.
std::uint64_t abnormal_entries(const IndexView& index, int limit);

// Fills `plan` with the cheapest thresholds for this query by the exact bucket sizes (GPH, ICDE 2018: allocation by
// dynamic programming). False where comparing everything is predicted cheaper still. About 50 us.
[[nodiscard]] bool plan_query(const IndexView& index, const PdqHash& query, int limit, Plan& plan);

}  // namespace fristad
