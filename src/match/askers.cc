#include "match/askers.h"

#include <cassert>

namespace fristad {
namespace {

constexpr std::uint32_t low_bits = 8;
constexpr std::uint32_t flipped = 1;

std::uint32_t low_byte(std::uint32_t visit) {
  return visit >> 1 & 0xff;
}

}  // namespace

void BatchSorter::begin(const IndexView& index, std::span<const PdqHash> queries,
                        std::span<const std::uint32_t> numbers, const Plan& plan, std::size_t table) {
  assert(queries.size() <= batch_queries_max && plan.thresholds[table] <= 1);
  index_ = &index;
  plan_ = plan;
  table_ = table;
  part_starts_.fill(0);
  if (plan.thresholds[table] < 0) return;
  const bool flips = plan.thresholds[table] == 1;

  std::array<std::uint32_t, parts> own{};
  for (const std::uint32_t number : numbers) ++own[chunk(queries[number], table) >> low_bits];
  std::array<std::uint32_t, parts> ends{};
  std::uint32_t end = 0;
  for (std::uint32_t part = 0; part < parts; ++part) {
    ends[part] = end;
    part_starts_[part] = end;
    end += own[part];
    for (std::uint32_t bit = 1; flips && bit < parts; bit <<= 1) end += own[part ^ bit];
  }
  part_starts_[parts] = end;

  if (visits_.size() < end) visits_.resize(end);
  if (sketches_.size() < queries.size()) sketches_.resize(queries.size());
  for (const std::uint32_t number : numbers) {
    sketches_[number] = sketch(queries[number], table);
    const std::uint32_t bucket = chunk(queries[number], table);
    const std::uint32_t part = bucket >> low_bits;
    const std::uint32_t visit = number << 16 | (bucket & 0xff) << 1;
    visits_[ends[part]++] = visit;
    for (std::uint32_t bit = 1; flips && bit < parts; bit <<= 1) visits_[ends[part ^ bit]++] = visit | flipped;
  }
}

std::span<const kernels::Probe> BatchSorter::probes_of(std::size_t part) {
  const auto visits = std::span(visits_).subspan(part_starts_[part], part_starts_[part + 1] - part_starts_[part]);
  if (visits.empty()) return {};
  const bool flips = plan_.thresholds[table_] == 1;

  // counts[b]: who asks for bucket b exactly, and who for it with one bit flipped.
  std::array<std::array<std::uint32_t, 2>, buckets_per_part> counts{};
  std::array<std::uint32_t, buckets_per_part> own{};
  for (const std::uint32_t visit : visits) ++counts[low_byte(visit)][visit & flipped];
  for (std::size_t b = 0; b < buckets_per_part; ++b) own[b] = counts[b][0];
  for (std::uint32_t bit = 1; flips && bit < buckets_per_part; bit <<= 1) {
    for (std::size_t b = 0; b < buckets_per_part; ++b) counts[b][flipped] += own[b ^ bit];
  }

  // The runs of askers, those of empty buckets left out by giving them no probe.
  const std::size_t first_bucket = part * buckets_per_part;
  const std::uint32_t* const offsets = index_->table_offsets(table_) + first_bucket;
  const auto base = static_cast<std::uint32_t>(table_ * index_->hashes.size());
  std::array<std::array<std::uint32_t, 2>, buckets_per_part> ends;
  probes_.resize(2 * buckets_per_part);
  std::size_t probes = 0;
  std::uint32_t end = 0;
  for (std::size_t b = 0; b < buckets_per_part; ++b) {
    const std::uint32_t count = offsets[b + 1] - offsets[b];
    for (const std::uint32_t bits : {0u, flipped}) {
      const std::uint32_t asking = counts[b][bits];
      ends[b][bits] = end;
      if (count > 0 && asking > 0) {
        probes_[probes++] = {
            .begin = base + offsets[b],
            .count = count,
            .first_asker = end,
            .askers = asking & 0xffffff,
            .near_max = static_cast<std::uint32_t>(plan_.near_max(table_, static_cast<int>(bits))) & 0xf,
            .both_max = static_cast<std::uint32_t>(plan_.both_max(table_, static_cast<int>(bits))) & 0xf};
      }
      end += asking;
    }
  }

  if (askers_.size() < end) askers_.resize(end);
  for (const std::uint32_t visit : visits) {
    const std::uint32_t number = visit >> 16;
    const kernels::Asker asker{sketches_[number], number};
    const std::uint32_t bucket = low_byte(visit);
    askers_[ends[bucket][visit & flipped]++] = asker;
    if (!flips || (visit & flipped) != 0) continue;
    for (std::uint32_t bit = 1; bit < buckets_per_part; bit <<= 1) askers_[ends[bucket ^ bit][flipped]++] = asker;
  }
  return std::span(probes_).first(probes);
}

}  // namespace fristad
