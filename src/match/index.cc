#include "match/index.h"

#include <algorithm>
#include <string>
#include <vector>

#include "match/parallel.h"

namespace fristad {
namespace {

Error damaged(std::size_t table, const char* what) {
  return {Code::damaged, "the index is damaged: in table " + std::to_string(table) + " " + what +
                             "; build the segment anew from its list"};
}

const char* bounds_fault(const IndexView& index, std::size_t table) {
  const std::uint32_t* const offsets = index.table_offsets(table);
  if (offsets[0] != 0 || offsets[bucket_count] != index.hashes.size()) return "the buckets don't cover the hashes";
  bool ascending = true;
  for (std::size_t b = 0; b < bucket_count; ++b) ascending &= offsets[b] <= offsets[b + 1];
  if (!ascending) return "a bucket ends before it starts";
  std::uint32_t highest = 0;
  for (const std::uint32_t id : index.ids.subspan(table * index.hashes.size(), index.hashes.size())) {
    highest = std::max(highest, id);
  }
  return highest < index.hashes.size() ? nullptr : "an entry names a hash that doesn't exist";
}

const char* content_fault(const IndexView& index, std::size_t table) {
  const std::uint32_t* const offsets = index.table_offsets(table);
  const std::size_t base = table * index.hashes.size();
  std::vector<bool> seen(index.hashes.size());
  for (std::uint32_t bucket = 0; bucket < bucket_count; ++bucket) {
    for (std::size_t position = offsets[bucket]; position < offsets[bucket + 1]; ++position) {
      const std::uint32_t id = index.ids[base + position];
      const PdqHash& hash = index.hashes[id];
      if (seen[id]) return "a hash is listed twice";
      seen[id] = true;
      if (chunk(hash, table) != bucket) return "a hash lies in the wrong bucket";
      const std::uint32_t expected = sketch(hash, table);
      if (index.near_chunks[base + position] != (expected & 0xffff) ||
          (!index.far_chunks.empty() && index.far_chunks[base + position] != expected >> 16)) {
        return "a sketch differs from its hash";
      }
    }
  }
  return nullptr;
}

template <class Find>
Status check_tables(const IndexView& index, int threads, const Find& find_fault) {
  if (!index.indexed()) return {};
  std::array<const char*, table_count> faults{};
  parallel_for(table_count, threads, [&](std::size_t table) { faults[table] = find_fault(index, table); });
  for (std::size_t table = 0; table < table_count; ++table) {
    if (faults[table] != nullptr) return damaged(table, faults[table]);
  }
  return {};
}

}  // namespace

void build_table(const IndexStorage& storage, std::size_t table) {
  const auto offsets = storage.offsets.subspan(table * offsets_per_table, offsets_per_table);
  std::ranges::fill(offsets, 0);
  for (const PdqHash& hash : storage.hashes) ++offsets[chunk(hash, table) + 1];
  for (std::size_t b = 1; b < offsets.size(); ++b) offsets[b] += offsets[b - 1];

  std::vector<std::uint32_t> next(offsets.begin(), offsets.end() - 1);
  const std::size_t base = table * storage.hashes.size();
  std::uint32_t* const ids = storage.ids.data() + base;
  std::uint16_t* const near = storage.near_chunks.data() + base;
  std::uint16_t* const far = storage.far_chunks.empty() ? nullptr : storage.far_chunks.data() + base;
  for (std::uint32_t id = 0; id < storage.hashes.size(); ++id) {
    const PdqHash& hash = storage.hashes[id];
    const std::uint32_t position = next[chunk(hash, table)]++;
    const std::uint32_t both = sketch(hash, table);
    near[position] = static_cast<std::uint16_t>(both);
    if (far != nullptr) far[position] = static_cast<std::uint16_t>(both >> 16);
    ids[position] = id;
  }
}

void build_index(const IndexStorage& storage, int threads) {
  parallel_for(table_count, threads, [&](std::size_t table) { build_table(storage, table); });
}

void measure_buckets(IndexView& index) {
  if (!index.indexed()) return;
  for (std::size_t table = 0; table < table_count; ++table) {
    const std::uint32_t* const offsets = index.table_offsets(table);
    std::uint32_t fullest = 0;
    for (std::size_t b = 0; b < bucket_count; ++b) fullest = std::max(fullest, offsets[b + 1] - offsets[b]);
    index.bucket_max[table] = fullest;
  }
}

Status check_index_bounds(const IndexView& index, int threads) {
  return check_tables(index, threads, bounds_fault);
}

Status check_index_content(const IndexView& index, int threads) {
  return check_tables(index, threads, content_fault);
}

}  // namespace fristad
