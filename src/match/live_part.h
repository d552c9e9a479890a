#pragma once

// One segment of a live index: immutable but for the bits that say which rows were removed. Rows are ordered by handle,
// so a handle is found without a map; the handles lie in the segment, in a section of their own.
//
// Thread-safety: all functions may be called from any thread at once, but where it says otherwise.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "fristad/live_index.h"
#include "match/live_head.h"
#include "match/memory.h"
#include "match/query.h"
#include "match/seal.h"
#include "match/segment_image.h"

namespace fristad {

// The sealed file that a part was written to: the number in its name, and what tells it from any other of that name.
struct LiveFile {
  std::uint64_t number = 0;
  SealId id{};

  friend bool operator==(const LiveFile&, const LiveFile&) = default;
};

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

  // Takes over an image that was written, with a bit for each row that was removed since. Checks all of it but whether
  // the index says what the hashes say. Errors: damaged, unsupported.
  static Result<std::shared_ptr<LivePart>> load(Memory memory, std::span<const std::uint64_t> removed, int threads);

  // Whether both hold an entry of the same handle. O(rows of the smaller x log of how much larger the other is).
  static bool share_a_handle(const LivePart& one, const LivePart& other);

  LivePart(const LivePart&) = delete;
  LivePart& operator=(const LivePart&) = delete;
  ~LivePart();

  std::uint64_t rows() const { return image_.handles.size(); }
  std::uint64_t removed() const { return removed_.count(); }
  std::uint64_t bytes() const { return memory_.bytes().size(); }
  // Of all rows, removed or not; a part has at least one.
  EntryHandle highest_handle() const { return image_.handles.back(); }
  std::vector<std::uint64_t> removed_bits() const { return removed_.copy(); }

  // These append to `out`.
  void match(const PdqHash& query, int limit, MatchScratch::Buffers& scratch, std::vector<LiveMatch>& out) const;
  void find(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<EntryHandle>& out) const;
  // Finds for all queries; use(query, match) for each.
  void match_batch(std::span<const PdqHash> queries, int limit, MatchScratch::Buffers& scratch,
                   const std::function<void(std::size_t, const LiveMatch&)>& use) const;

  bool contains(EntryHandle handle) const;
  // False if it isn't there, or was removed before.
  bool remove(EntryHandle handle);

  // The segment as it is written to a file, with its checksums. One thread at a time; nothing else waits.
  std::span<const std::uint8_t> written_form();
  // Where it was written to. For the one thread that saves.
  std::optional<LiveFile> file;

  // Overwrites its memory before giving it back. Some 0.2 s a gigabyte, which whoever uses it last has to wait for.
  void wipe_at_the_end() { wipe_.store(true, std::memory_order_relaxed); }

 private:
  LivePart(Memory memory, SegmentImage image);
  LivePart(Memory memory, SegmentImage image, std::span<const std::uint64_t> removed);
  class Builder;
  // rows() if it isn't there.
  std::size_t row_of(EntryHandle handle) const;

  Memory memory_;
  SegmentImage image_;
  RemovedBits removed_;
  bool has_checksums_ = false;
  std::atomic<bool> wipe_ = false;
};

}  // namespace fristad
