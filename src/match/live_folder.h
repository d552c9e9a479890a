#pragma once

// A live index in a folder: a sealed file for each segment, and the sealed state that names them. docs/format/live.md
// describes it.
//
// Thread-safety: one call at a time for each folder.

#include <memory>
#include <string>
#include <vector>

#include "fristad/live_index.h"
#include "fristad/result.h"
#include "match/live_part.h"
#include "match/memory.h"

namespace fristad {

// All of a live index at one moment.
struct LiveSnapshot {
  struct Part {
    std::shared_ptr<LivePart> part;
    std::vector<std::uint64_t> removed;  // then
  };

  std::string note;
  std::vector<Part> parts;
  WipedVector<LiveEntry> entries;  // of the heads, in any order
};

// Writes what isn't in the folder yet, then the state, then deletes what the state doesn't name. After an error, or
// when it is killed, the folder holds what it held before or all of this; leftovers go with the next. Needs no memory
// beside that of the snapshot but for some megabytes. Errors: unavailable (disk full), permission_denied, not_found
// (the folder that it is in).
Status save_live(const std::string& folder, const SealKey& key, LiveSnapshot snapshot);

struct LoadedLive {
  std::string note;
  std::vector<std::shared_ptr<LivePart>> parts;
  WipedVector<LiveEntry> entries;  // ordered by handle
};

// Reads a folder and checks all of it. Errors: those of LiveIndex::load().
Result<LoadedLive> load_live(const std::string& folder, const SealKey& key, int threads);

}  // namespace fristad
