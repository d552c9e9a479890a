#pragma once

// An exactly searchable set of entries that changes while it is searched.
//
// Entries lie in immutable segments (fristad/segment.h) and in a small head that is compared one by one. An add goes to
// the head; a removal sets a bit. In the background heads become segments and segments are merged, so that there are
// never more than a few; what was removed goes then. Whoever queries sees one consistent set of segments and
// waits for nobody.
//
//   auto index = fristad::LiveIndex::create({});
//   fristad::Status added = index->add({{.handle = 17, .pdq = hash}});    // found by every query that begins now
//   fristad::MatchScratch scratch;
//   std::vector<fristad::LiveMatch> matches;
//   index->match(hash, 31, scratch, matches);                             // {17, 0}
//   index->remove({17});                                                  // by none any more
//
// It is saved to a folder, sealed, and loaded from there four to eight times as fast as it is built. The folder is a
// cache: the entries are kept elsewhere, and what can't be loaded is built anew from there. docs/format/live.md
// describes it.
//
//   fristad::Status saved = index->save("cache/live", key, "complete up to record 4711");
//   std::string note;
//   auto again = fristad::LiveIndex::load("cache/live", key, {}, note);   // "complete up to record 4711"
//
// Thread-safety: all functions may be called from any thread at once, each querying thread with its own MatchScratch.
// Adds wait for one another, as do saves and purges; removals and queries wait for nothing but a pointer.

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fristad/hash.h"
#include "fristad/match.h"
#include "fristad/result.h"
#include "fristad/segment.h"

namespace fristad {

// The caller's name for an entry. Two entries never have the same at one time.
using EntryHandle = std::uint64_t;

struct LiveEntry {
  EntryHandle handle = 0;
  std::optional<PdqHash> pdq = std::nullopt;
  std::optional<std::array<std::uint8_t, 16>> md5 = std::nullopt;
  std::optional<std::array<std::uint8_t, 20>> sha1 = std::nullopt;
  std::optional<std::array<std::uint8_t, 32>> sha256 = std::nullopt;
};

struct LiveMatch {
  EntryHandle handle = 0;
  std::uint32_t distance = 0;

  friend auto operator<=>(const LiveMatch&, const LiveMatch&) = default;
};

// As BatchMatches; those of one query are ordered by handle.
struct LiveBatchMatches {
  std::vector<LiveMatch> matches;
  std::vector<std::size_t> starts;

  std::span<const LiveMatch> of(std::size_t query) const {
    return std::span(matches).subspan(starts[query], starts[query + 1] - starts[query]);
  }
};

struct LiveIndexOptions {
  SegmentLayout layout = SegmentLayout::fast;
  // Merge on a thread of the index's own. Otherwise only in maintain(): then everything is deterministic.
  bool background = true;
  // How much of one processor core the thread may take, over time. More when adds outrun it.
  double merge_cpu_share = 0.5;
  // Merges that would need more memory than this, beside what is indexed, are not made; queries then look into more
  // segments. At 10 million entries a merge of everything needs 1.7 GB.
  std::uint64_t merge_bytes_max = std::uint64_t{1} << 40;
};

struct LiveIndexInfo {
  std::uint64_t entries = 0;  // that can be found
  std::uint64_t removed = 0;  // that still take room
  std::size_t segments = 0;
  std::size_t heads = 0;  // that are compared one by one
  std::uint64_t merges = 0;
  bool merging = false;  // now: queries are slower meanwhile, by up to a half where there are two processors
  std::uint64_t bytes = 0;
  // Why the last merge failed, if it did: unavailable (memory). It is tried again at the next add.
  std::optional<Error> merge_error = std::nullopt;
};

class LiveIndex {
 public:
  static constexpr std::size_t note_bytes_max = 65536;

  // Errors: unavailable (memory).
  static Result<LiveIndex> create(const LiveIndexOptions& options);

  // What save() wrote, with its note; all of it is checked first. Some 0.2 us for each entry on two threads: 2 s for 10
  // million, and some seconds more where the system has to find the memory first. Errors, of which none changes `note`:
  // not_found (nothing was saved there), permission_denied (another key), damaged (a changed, cut, missing or foreign
  // file, and which), unsupported (another version's), unavailable (memory).
  static Result<LiveIndex> load(const std::string& folder, const SealKey& key, const LiveIndexOptions& options,
                                std::string& note);
  ~LiveIndex();
  LiveIndex(LiveIndex&&) noexcept;
  LiveIndex& operator=(LiveIndex&&) noexcept;

  // Adds all of these entries or, on an error, none: queries that begin after it returned find them. Some microseconds
  // for one; many at a time become a segment of their own, at about 0.5 us each. Waits where adds outrun merging.
  // Errors: already_exists (names the handle), invalid_argument (an entry without any hash), unavailable (memory).
  Status add(std::span<const LiveEntry> entries);
  Status add(std::initializer_list<LiveEntry> entries) { return add(std::span(entries.begin(), entries.size())); }

  // Queries that begin after it returned don't find these any more. Handles that are not there are passed over; tells
  // how many were. About 2 us each.
  std::size_t remove(std::span<const EntryHandle> handles);
  std::size_t remove(std::initializer_list<EntryHandle> handles) {
    return remove(std::span(handles.begin(), handles.size()));
  }

  // As those of Segment. Results are ordered by handle.
  void match(const PdqHash& query, int limit, MatchScratch& scratch, std::vector<LiveMatch>& out) const;
  void match_batch(std::span<const PdqHash> queries, int limit, MatchScratch& scratch, LiveBatchMatches& out) const;
  void find(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<EntryHandle>& out) const;

  // Makes all merges that are due, on this thread.
  Status maintain();

  // Writes the index, sealed, to `folder`, which is made if need be (the one that it is in must be there), and which no
  // other index may use at the time. Everything goes on meanwhile, after a moment in which adds and removals wait: what
  // was added or removed before the call is in it, what is added or removed during it may be. So `note` (any bytes, at
  // most note_bytes_max), in which the caller keeps up to where the index is complete, is made before the call.
  //
  // A segment is written once, however often it is saved; the rest takes milliseconds. Needs some megabytes of memory.
  // Whenever it fails or is killed, and when the power goes, the folder holds what was saved last or all of this.
  // Deletes files of its own that are not needed any more, and no others. Errors: too_large (the note), not_found,
  // already_exists (a file of that name), permission_denied, unavailable (disk full, memory).
  Status save(const std::string& folder, const SealKey& key, std::string_view note);

  // Writes anew, in memory, every segment and head that holds removed entries, and overwrites what they lay in: nothing
  // is left in the index of what was removed before the call. (A save() afterwards removes it from the folder; what
  // callers and their scratch memory hold is theirs.) Waits for a merge that goes on, and for queries that still look
  // into the old ones. Takes some 0.5 us for each entry of such a segment and as much memory as the largest, whatever
  // merge_bytes_max says. Error: unavailable (memory): then some was done, and the index is whole.
  Status purge();

  LiveIndexInfo info() const;

 private:
  struct Impl;
  explicit LiveIndex(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fristad
