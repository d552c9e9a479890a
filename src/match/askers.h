#pragma once

// Orders the queries of a batch by the buckets that they look into, one table at a time: then a table is read from
// front to back, and a bucket that many queries need is read once for all of them.
//
// A counting sort in two steps. First by the upper byte of the bucket, the part: a query with threshold 1 looks into
// its own part (there into its own bucket and eight others) and into one bucket of each of eight other parts, so nine
// words stand for seventeen look-ups. Then by bucket, part by part, within the nearest cache.
//
// Thread-safety: a BatchSorter is working memory of one thread.

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "match/index.h"
#include "match/kernels/kernels.h"
#include "match/plan.h"

namespace fristad {

// The most queries at a time: their numbers have 16 bits beside the other half of a word.
inline constexpr std::size_t batch_queries_max = 65536;

class BatchSorter {
 public:
  static constexpr std::size_t parts = 256;
  static constexpr std::size_t buckets_per_part = bucket_count / parts;

  // Begins with one table. `numbers` are the queries to look at; plan.thresholds[table] is at most 1.
  void begin(const IndexView& index, std::span<const PdqHash> queries, std::span<const std::uint32_t> numbers,
             const Plan& plan, std::size_t table);

  // The probes of one part, ordered by bucket, and their askers. Valid until the next call.
  std::span<const kernels::Probe> probes_of(std::size_t part);
  const kernels::Asker* askers() const { return askers_.data(); }

 private:
  const IndexView* index_ = nullptr;
  Plan plan_;
  std::size_t table_ = 0;
  std::vector<std::uint32_t> sketches_;                 // of each query in this table
  std::vector<std::uint32_t> visits_;                   // by part: number << 16 | low byte << 1 | flipped
  std::array<std::uint32_t, parts + 1> part_starts_{};  // in visits_
  std::vector<kernels::Asker> askers_;
  std::vector<kernels::Probe> probes_;
};

}  // namespace fristad
