#pragma once

// For tests of this room: an index that owns its arrays.

#include <vector>

#include "match/index.h"
#include "match/kernels/kernels.h"

namespace fristad::testing {

struct BuiltIndex {
  std::vector<PdqHash> hashes;
  std::vector<std::uint32_t> offsets;
  std::vector<std::uint16_t> near_chunks;
  std::vector<std::uint16_t> far_chunks;
  std::vector<std::uint32_t> ids;
  IndexView view;

  BuiltIndex(std::vector<PdqHash> from, SegmentLayout layout) : hashes(std::move(from)) {
    const std::size_t positions = table_count * hashes.size();
    offsets.resize(table_count * offsets_per_table);
    ids.resize(positions);
    near_chunks.resize(positions + kernels::sketch_padding);
    if (layout == SegmentLayout::fast) far_chunks.resize(near_chunks.size());
    build_index(
        {.hashes = hashes, .offsets = offsets, .near_chunks = near_chunks, .far_chunks = far_chunks, .ids = ids}, 2);
    view = {.hashes = hashes, .offsets = offsets, .near_chunks = near_chunks, .far_chunks = far_chunks, .ids = ids};
    measure_buckets(view);
  }
  BuiltIndex(const BuiltIndex&) = delete;
  BuiltIndex& operator=(const BuiltIndex&) = delete;
};

}  // namespace fristad::testing
