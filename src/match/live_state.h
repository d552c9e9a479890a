#pragma once

// The state of a saved live index: which segment files belong to it, what was removed from them, and the entries that
// are in no segment yet. docs/format/live.md is the specification; this is its only reader and its only writer.
//
// Thread-safety: pure functions.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fristad/live_index.h"
#include "fristad/result.h"
#include "match/live_part.h"
#include "match/memory.h"

namespace fristad {

struct LiveState {
  struct Segment {
    LiveFile file;
    std::uint64_t rows = 0;
    std::vector<std::uint64_t> removed;  // RemovedBits::words_for(rows) words
  };

  std::string note;
  std::vector<Segment> segments;
  WipedVector<LiveEntry> entries;  // ordered by handle
};

// O(size).
WipedVector<std::uint8_t> encode(const LiveState& state);

// Checks that every number stays inside, handles ascend, and nothing is left over: what it reads, encode() would write
// in the same bytes. Errors: damaged, unsupported.
Result<LiveState> parse_live_state(std::span<const std::uint8_t> bytes);

}  // namespace fristad
