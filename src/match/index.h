#pragma once

// The multi-index hash: how it lies in memory, how it is built, how it is checked.
//
// A hash is cut into 16 chunks of 16 bits. Table t holds every hash in the bucket that its chunk t names. If two
// hashes differ in at most 31 bits, then going around the ring of chunks there is a start from which every run of
// chunks differs in no more bits than its share (Qin & Xiao, VLDB 2018): so looking into the buckets within one
// bit of the query's chunk in every table finds all of them, and the next one or two chunks, kept beside each entry
// as its sketch, sort out nearly all others before the hash itself is touched. The next one, `near`, is read for every
// entry of a bucket, the one after it, `far`, only where the near one passed: so they are arrays of their own.
//
// Views only: whoever owns the bytes is elsewhere. Thread-safety: const views may be shared.

#include <array>
#include <cstdint>
#include <span>

#include "fristad/hash.h"
#include "fristad/result.h"
#include "fristad/segment.h"

namespace fristad {

inline constexpr std::size_t table_count = 16;
inline constexpr std::size_t bucket_count = 65536;
// offsets[b] .. offsets[b + 1] are the positions of bucket b.
inline constexpr std::size_t offsets_per_table = bucket_count + 1;
// Below this a scan is faster than 272 bucket look-ups: no index is built.
inline constexpr std::size_t indexed_min = 8192;

inline std::uint32_t chunk(const PdqHash& hash, std::size_t table) {
  return static_cast<std::uint32_t>(hash.words[table / 4] >> (16 * (table % 4))) & 0xffff;
}

// The two chunks after `table`: the first in the low half.
inline std::uint32_t sketch(const PdqHash& hash, std::size_t table) {
  return chunk(hash, (table + 1) % table_count) | chunk(hash, (table + 2) % table_count) << 16;
}

// Positions count through all tables: table t has t * hashes.size() up to (t + 1) * hashes.size(), in bucket order.
struct IndexView {
  std::span<const PdqHash> hashes;
  std::span<const std::uint32_t> offsets;               // table_count x offsets_per_table; empty: not indexed
  std::span<const std::uint16_t> near_chunks;           // table_count x hashes.size(), and padding
  std::span<const std::uint16_t> far_chunks;            // the same; empty in `compact`
  std::span<const std::uint32_t> ids;                   // which hash stands at each position
  std::array<std::uint32_t, table_count> bucket_max{};  // entries of the fullest bucket

  bool indexed() const { return !offsets.empty(); }
  const std::uint32_t* table_offsets(std::size_t table) const { return offsets.data() + table * offsets_per_table; }
};

// Where the parts of an index are written; sizes as in IndexView.
struct IndexStorage {
  std::span<const PdqHash> hashes;
  std::span<std::uint32_t> offsets;
  std::span<std::uint16_t> near_chunks;
  std::span<std::uint16_t> far_chunks;
  std::span<std::uint32_t> ids;
};

// Fills one table by a counting sort. O(n).
void build_table(const IndexStorage& storage, std::size_t table);

// Fills the storage by one counting sort for each table. O(16 n); `threads` tables at a time.
void build_index(const IndexStorage& storage, int threads);

// Finds bucket_max. O(16 x 65536).
void measure_buckets(IndexView& index);

// Memory safety: offsets ascend and end at n, ids are below n. O(16 n). Error: damaged.
Status check_index_bounds(const IndexView& index, int threads);

// Whether the index says exactly what the hashes say: each hash once in each table, in its bucket, with its
// sketch. O(16 n), random access. Error: damaged.
Status check_index_content(const IndexView& index, int threads);

}  // namespace fristad
