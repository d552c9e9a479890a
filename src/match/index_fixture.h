#pragma once

// For tests of this room: an index that owns its arrays.

#include <vector>

#include "match/index.h"
#include "match/kernels/kernels.h"

namespace fristad::testing {

struct BuiltIndex {
  std::vector<PdqHash> hashes;
  std::vector<std::uint32_t> offsets;
  std::vector<std::uint32_t> sketches32;
  std::vector<std::uint16_t> sketches16;
  std::vector<std::uint32_t> ids;
  IndexView view;

  BuiltIndex(std::vector<PdqHash> from, SegmentLayout layout) : hashes(std::move(from)) {
    const std::size_t positions = table_count * hashes.size();
    offsets.resize(table_count * offsets_per_table);
    ids.resize(positions);
    if (layout == SegmentLayout::fast) sketches32.resize(positions + kernels::sketch_padding / 4);
    if (layout == SegmentLayout::compact) sketches16.resize(positions + kernels::sketch_padding / 2);
    build_index({.hashes = hashes,
                 .layout = layout,
                 .offsets = offsets,
                 .sketches32 = sketches32,
                 .sketches16 = sketches16,
                 .ids = ids},
                2);
    view = {.hashes = hashes,
            .layout = layout,
            .offsets = offsets,
            .sketches32 = sketches32,
            .sketches16 = sketches16,
            .ids = ids};
    measure_buckets(view);
  }
  BuiltIndex(const BuiltIndex&) = delete;
  BuiltIndex& operator=(const BuiltIndex&) = delete;
};

}  // namespace fristad::testing
