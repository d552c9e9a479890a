#pragma once

// One segment of a live index: immutable but for the bits that say which rows were removed. Rows are ordered by handle,
// so a handle is found without a map.
//
// Thread-safety: all functions may be called from any thread at once.

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "fristad/live_index.h"
#include "match/live_head.h"
#include "match/memory.h"
#include "match/query.h"
#include "match/segment_image.h"

namespace fristad {

class LivePart {
 public:
  // Called now and then during long work; an error from it ends the work with that error.
  using Pause = std::function<Status()>;

  // `entries` are ordered by handle, and no handle is there twice. Errors: too_large, unavailable (memory).
  static Result<std::shared_ptr<LivePart>> build(std::span<const LiveEntry> entries, SegmentLayout layout,
                                                 const Pause& pause);

  // What a merge takes from one part: all that was not removed when this was made.
  struct Source {
    explicit Source(std::shared_ptr<const LivePart> from) : part(std::move(from)), removed(part->removed_.copy()) {}
    bool has(std::size_t row) const { return (removed[row / 64] >> (row % 64) & 1) == 0; }

    std::shared_ptr<const LivePart> part;
    std::vector<std::uint64_t> removed;
  };

  // Puts several parts together. A handle is in one of the sources at most. O(rows x (16 + sources)).
  static Result<std::shared_ptr<LivePart>> merge(std::span<const Source> sources, SegmentLayout layout,
                                                 const Pause& pause);

  std::uint64_t rows() const { return handles_.size(); }
  std::uint64_t removed() const { return removed_.count(); }
  std::uint64_t bytes() const { return memory_.bytes().size() + handles_.size() * sizeof(EntryHandle); }

  // These append to `out`.
  void match(const PdqHash& query, int limit, MatchScratch::Buffers& scratch, std::vector<LiveMatch>& out) const;
  void find(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<EntryHandle>& out) const;
  // Finds for all queries; use(query, match) for each.
  void match_batch(std::span<const PdqHash> queries, int limit, MatchScratch::Buffers& scratch,
                   const std::function<void(std::size_t, const LiveMatch&)>& use) const;

  bool contains(EntryHandle handle) const;
  // False if it isn't there, or was removed before.
  bool remove(EntryHandle handle);

 private:
  LivePart(Memory memory, SegmentImage image, std::vector<EntryHandle> handles);
  class Builder;
  // handles_.size() if it isn't there.
  std::size_t row_of(EntryHandle handle) const;

  Memory memory_;
  SegmentImage image_;
  std::vector<EntryHandle> handles_;
  RemovedBits removed_;
};

}  // namespace fristad
