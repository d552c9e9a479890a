#include "match/plan.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "fristad/match.h"

namespace fristad {
namespace {

constexpr std::array<std::size_t, threshold_max + 1> mask_counts{1, 17, 137, 697};

const std::vector<std::uint16_t>& masks() {
  static const std::vector<std::uint16_t> masks = [] {
    std::vector<std::uint16_t> all;
    for (int bits = 0; bits <= threshold_max; ++bits) {
      for (std::uint32_t mask = 0; mask < bucket_count; ++mask) {
        if (std::popcount(mask) == bits) all.push_back(static_cast<std::uint16_t>(mask));
      }
    }
    return all;
  }();
  return masks;
}

std::uint64_t bucket_size(const std::uint32_t* offsets, std::uint32_t bucket) {
  return offsets[bucket + 1] - offsets[bucket];
}

}  // namespace

std::span<const std::uint16_t> flip_masks(int threshold) {
  if (threshold < 0) return {};
  return std::span(masks()).first(mask_counts[static_cast<std::size_t>(threshold)]);
}

std::span<const std::uint16_t> masks_with(int bits) {
  return flip_masks(bits).subspan(flip_masks(bits - 1).size());
}

const Plan& even_plan(int limit) {
  static const std::vector<Plan> plans = [] {
    std::vector<Plan> all;
    for (int l = 0; l <= limit_indexed_max; ++l) {
      Plan& plan = all.emplace_back();
      for (std::size_t t = 0; t < table_count; ++t) {
        const bool one_more = t < static_cast<std::size_t>(l + 1) % table_count;
        plan.thresholds[t] = static_cast<std::int8_t>((l + 1) / static_cast<int>(table_count) - (one_more ? 0 : 1));
      }
    }
    return all;
  }();
  return plans[static_cast<std::size_t>(limit)];
}

std::uint64_t entries_to_read(const IndexView& index, const PdqHash& query, const Plan& plan, std::uint64_t enough) {
  std::uint64_t entries = 0;
  for (std::size_t table = 0; table < table_count && entries <= enough; ++table) {
    const std::uint32_t* const offsets = index.table_offsets(table);
    const std::uint32_t own = chunk(query, table);
    for (const std::uint16_t mask : flip_masks(plan.thresholds[table])) entries += bucket_size(offsets, own ^ mask);
  }
  return entries;
}

std::uint64_t abnormal_entries(const IndexView& index, int limit) {
  double look_ups = 0;
  for (const std::int8_t threshold : even_plan(limit).thresholds) {
    look_ups += static_cast<double>(flip_masks(threshold).size());
  }
  const double expected = look_ups * static_cast<double>(index.hashes.size()) / static_cast<double>(bucket_count);
  return static_cast<std::uint64_t>(2 * expected) + 50'000;
}

bool plan_query(const IndexView& index, const PdqHash& query, int limit, Plan& plan) {
  // cost[table][t + 1]: of looking into that table with threshold t.
  constexpr std::size_t choices = threshold_max + 2;
  std::array<std::array<double, choices>, table_count> cost{};
  for (std::size_t table = 0; table < table_count; ++table) {
    const std::uint32_t* const offsets = index.table_offsets(table);
    const std::uint32_t own = chunk(query, table);
    const auto all = flip_masks(threshold_max);
    std::uint64_t entries = 0;
    std::size_t looked_up = 0;
    for (std::size_t t = 0; t <= threshold_max; ++t) {
      for (; looked_up < mask_counts[t]; ++looked_up) entries += bucket_size(offsets, own ^ all[looked_up]);
      cost[table][t + 1] = look_up_cost * static_cast<double>(looked_up) + static_cast<double>(entries);
    }
  }

  // best[s]: the cheapest way for the tables so far to have sum of (t + 1) = s; chosen: t + 1 of the last of them.
  const auto shares = static_cast<std::size_t>(limit) + 1;
  constexpr double never = std::numeric_limits<double>::infinity();
  std::vector<double> best(shares + 1, never);
  best[0] = 0;
  std::array<std::array<std::uint8_t, limit_indexed_max + 2>, table_count> chosen{};
  for (std::size_t table = 0; table < table_count; ++table) {
    std::vector<double> next(shares + 1, never);
    for (std::size_t sum = 0; sum <= shares; ++sum) {
      for (std::size_t share = 0; share < choices && share <= sum; ++share) {
        const double total = best[sum - share] + cost[table][share];
        if (total < next[sum]) {
          next[sum] = total;
          chosen[table][sum] = static_cast<std::uint8_t>(share);
        }
      }
    }
    best = std::move(next);
  }
  if (best[shares] > scan_cost * static_cast<double>(index.hashes.size())) return false;
  std::size_t sum = shares;
  for (std::size_t table = table_count; table-- > 0;) {
    plan.thresholds[table] = static_cast<std::int8_t>(chosen[table][sum] - 1);
    sum -= chosen[table][sum];
  }
  return true;
}

}  // namespace fristad
