#pragma once

// What a live index is made of: shared by the sources that implement it. fristad/live_index.h says what each public
// function promises.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "base/published.h"
#include "fristad/live_index.h"
#include "match/live_folder.h"
#include "match/live_head.h"
#include "match/live_part.h"

namespace fristad {

// While there are more parts and heads than this, adds wait.
inline constexpr std::size_t live_pieces_max = 32;

// What queries look into. The last head is the one that grows.
struct Pieces {
  std::vector<std::shared_ptr<LivePart>> parts;  // the largest first
  std::vector<std::shared_ptr<LiveHead>> heads;
};

// What becomes one new part, or nothing if no entry is left.
struct MergePlan {
  std::vector<std::shared_ptr<LivePart>> parts;
  std::vector<std::shared_ptr<LiveHead>> heads;
};

struct LiveIndex::Impl {
  explicit Impl(const LiveIndexOptions& with)
      : options(with),
        pieces(std::make_shared<const Pieces>(Pieces{.parts = {}, .heads = {std::make_shared<LiveHead>()}})) {}
  ~Impl() {
    merger = {};  // stops and joins before anything that it uses goes
  }

  Status check(std::span<const LiveEntry> entries) const;
  Status add(std::span<const LiveEntry> entries);
  LiveSnapshot snapshot();
  Status take_over(LoadedLive loaded);
  // Needs `changing`.
  void publish_change(const std::function<void(Pieces&)>& change);
  // The merger looks again at whether there is something to do. Needs `changing`.
  void wake_merger();

  // Puts one new part in the place of what the plan names, and returns the plan. Needs `merging`.
  Result<MergePlan> replace(const std::function<MergePlan(const Pieces&)>& make_plan, const LivePart::Pause& pause);
  Result<bool> merge_once(const LivePart::Pause& pause);
  void run_merger(const std::stop_token& stop);
  Status purge();
  [[nodiscard]] std::size_t piece_count() const {
    const auto now = pieces.get();
    return now->parts.size() + now->heads.size();
  }

  const LiveIndexOptions options;
  Published<Pieces> pieces;

  // Taken in this order, but that nobody holds both `adding` and `merging`: an add waits for merges.
  std::mutex saving;    // one save or purge at a time
  std::mutex adding;    // one add at a time
  std::mutex merging;   // one merge at a time
  std::mutex changing;  // pieces are replaced, rows are removed; never held for long
  std::condition_variable_any changed;
  bool in_merge = false;
  std::vector<EntryHandle> removed_in_merge;
  std::uint64_t merges = 0;
  std::optional<Error> merge_error;
  std::uint64_t adds = 0;
  bool idle = false;           // nothing to merge since the last add
  EntryHandle handle_max = 0;  // guarded by `adding`: above it nothing needs to be looked for
  bool any_added = false;

  std::jthread merger;
};

}  // namespace fristad
