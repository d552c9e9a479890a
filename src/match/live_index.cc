#include "fristad/live_index.h"

#include <algorithm>
#include <condition_variable>
#include <ctime>
#include <functional>
#include <mutex>
#include <new>
#include <string>
#include <thread>

#include "base/published.h"
#include "base/try.h"
#include "match/live_head.h"
#include "match/live_part.h"

namespace fristad {
namespace {

using Clock = std::chrono::steady_clock;

// While there are more parts and heads than this, adds wait.
constexpr std::size_t pieces_max = 32;
// A part that holds this many, or a sixteenth of the largest, is merged with it. Rewriting the largest costs seconds at
// 10 million entries, and every part in between costs each query some microseconds.
constexpr std::uint64_t small_part_rows = 65536;
constexpr std::uint64_t small_part_share = 16;
// A part of which this share was removed is written anew.
constexpr std::uint64_t removed_share = 4;

// What queries look into. The last head is the one that grows.
struct Pieces {
  std::vector<std::shared_ptr<LivePart>> parts;  // the largest first
  std::vector<std::shared_ptr<LiveHead>> heads;
};

std::uint64_t left_in(const LivePart& part) {
  return part.rows() - part.removed();
}

// The parts and heads that should become one part now; none if all is well.
struct MergePlan {
  std::vector<std::shared_ptr<LivePart>> parts;
  std::vector<std::shared_ptr<LiveHead>> heads;
};

std::uint64_t bytes_of(std::span<const std::shared_ptr<LivePart>> parts) {
  std::uint64_t bytes = 0;
  for (const auto& part : parts) bytes += part->bytes();
  return bytes;
}

MergePlan plan_merge(const Pieces& pieces, std::uint64_t bytes_max) {
  MergePlan plan{.parts = {}, .heads = {pieces.heads.begin(), pieces.heads.end() - 1}};
  const auto& parts = pieces.parts;
  const std::uint64_t small_rows =
      parts.empty() ? small_part_rows : std::max(small_part_rows, left_in(*parts[0]) / small_part_share);
  if (!plan.heads.empty()) {
    if (!parts.empty() && left_in(*parts.back()) < small_rows && parts.back()->bytes() <= bytes_max) {
      plan.parts.push_back(parts.back());
    }
    return plan;
  }
  if (parts.size() > 2) {
    plan.parts = {parts.end() - 2, parts.end()};
  } else if (parts.size() == 2 && left_in(*parts[1]) >= small_rows) {
    plan.parts = parts;
  } else {
    for (const auto& part : parts) {
      if (part->removed() * removed_share > part->rows()) plan.parts.push_back(part);
    }
  }
  if (bytes_of(plan.parts) > bytes_max) plan.parts.clear();
  return plan;
}

// Large memory takes long to give back. A query that was the last to use it shouldn't have to: it is waited for.
void wait_until_unused(std::span<const std::shared_ptr<LivePart>> parts) {
  constexpr int patience = 1000;
  for (const auto& part : parts) {
    for (int i = 0; i < patience && part.use_count() > 1; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

struct LiveIndex::Impl {
  explicit Impl(const LiveIndexOptions& with)
      : options(with),
        pieces(std::make_shared<const Pieces>(Pieces{.parts = {}, .heads = {std::make_shared<LiveHead>()}})) {}
  ~Impl() {
    merger = {};  // stops and joins before anything that it uses goes
  }

  Status check(std::span<const LiveEntry> entries) const;
  Status add(std::span<const LiveEntry> entries);
  void publish_change(const std::function<void(Pieces&)>& change);
  Result<bool> merge_once(const LivePart::Pause& pause);
  void run_merger(const std::stop_token& stop);
  [[nodiscard]] std::size_t piece_count() const {
    const auto now = pieces.get();
    return now->parts.size() + now->heads.size();
  }

  const LiveIndexOptions options;
  Published<Pieces> pieces;

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

void LiveIndex::Impl::publish_change(const std::function<void(Pieces&)>& change) {
  auto next = std::make_shared<Pieces>(*pieces.get());
  change(*next);
  std::ranges::stable_sort(next->parts, std::ranges::greater(), [](const auto& part) { return left_in(*part); });
  pieces.set(std::move(next));
}

Status LiveIndex::Impl::check(std::span<const LiveEntry> entries) const {
  const auto named = [](EntryHandle handle) { return "entry " + std::to_string(handle); };
  std::vector<EntryHandle> handles;
  handles.reserve(entries.size());
  for (const LiveEntry& entry : entries) {
    if (!entry.pdq && !entry.md5 && !entry.sha1 && !entry.sha256) {
      return Error{Code::invalid_argument, named(entry.handle) + " has no hash"};
    }
    handles.push_back(entry.handle);
  }
  std::ranges::sort(handles);
  const auto twice = std::ranges::adjacent_find(handles);
  if (twice != handles.end()) return Error{Code::already_exists, named(*twice) + " is added twice"};
  const auto now = pieces.get();
  for (const EntryHandle handle : handles) {
    if (!any_added || handle > handle_max) break;  // as are all that follow
    const auto has = [&](const auto& piece) { return piece->contains(handle); };
    if (std::ranges::any_of(now->parts, has) || std::ranges::any_of(now->heads, has)) {
      return Error{Code::already_exists, named(handle) + " is in the live index already: remove it first"};
    }
  }
  return {};
}

Status LiveIndex::Impl::add(std::span<const LiveEntry> entries) {
  if (entries.empty()) return {};
  TRY(check(entries));
  if (entries.size() >= LiveHead::capacity) {
    std::vector<LiveEntry> sorted(entries.begin(), entries.end());
    std::ranges::sort(sorted, {}, &LiveEntry::handle);
    auto part = TRY(LivePart::build(sorted, options.layout, [] { return Status(); }));
    const std::scoped_lock lock(changing);
    publish_change([&](Pieces& next) { next.parts.push_back(std::move(part)); });
  } else {
    const auto now = pieces.get();
    std::shared_ptr<LiveHead> head = now->heads.back();
    const bool full = head->room() < entries.size();
    if (full) head = std::make_shared<LiveHead>();
    for (const LiveEntry& entry : entries) head->append(entry);
    if (full) {
      const std::scoped_lock lock(changing);
      publish_change([&](Pieces& next) { next.heads.push_back(std::move(head)); });
    }
  }
  for (const LiveEntry& entry : entries) handle_max = std::max(handle_max, entry.handle);
  any_added = true;
  return {};
}

// Makes the next merge that is due. False if none is.
Result<bool> LiveIndex::Impl::merge_once(const LivePart::Pause& pause) {
  const std::scoped_lock one_at_a_time(merging);
  MergePlan plan;
  std::vector<LivePart::Source> sources;
  std::vector<std::vector<LiveEntry>> from_heads;
  {
    const std::scoped_lock lock(changing);
    plan = plan_merge(*pieces.get(), options.merge_bytes_max);
    if (plan.parts.empty() && plan.heads.empty()) return false;
    for (const auto& part : plan.parts) sources.emplace_back(part);
    for (const auto& head : plan.heads) from_heads.push_back(head->entries());
    in_merge = true;
    removed_in_merge.clear();
  }
  auto merged = [&]() -> Result<std::shared_ptr<LivePart>> {
    for (const auto& entries : from_heads) {
      sources.emplace_back(TRY(LivePart::build(entries, options.layout, pause)));
    }
    return LivePart::merge(sources, options.layout, pause);
  }();

  std::unique_lock lock(changing);
  in_merge = false;
  if (!merged) return merged.error();
  // What was removed since the merge began went from the pieces that it read, but not from what it wrote.
  for (const EntryHandle handle : removed_in_merge) (*merged)->remove(handle);
  publish_change([&](Pieces& next) {
    std::erase_if(next.parts,
                  [&](const auto& part) { return std::ranges::find(plan.parts, part) != plan.parts.end(); });
    std::erase_if(next.heads,
                  [&](const auto& head) { return std::ranges::find(plan.heads, head) != plan.heads.end(); });
    if (left_in(**merged) > 0) next.parts.push_back(*merged);
  });
  ++merges;
  lock.unlock();
  sources.clear();
  wait_until_unused(plan.parts);
  return true;
}

void LiveIndex::Impl::run_merger(const std::stop_token& stop) {
  std::uint64_t seen = 0;
  while (!stop.stop_requested()) {
    auto began = Clock::now();
    double cpu_began = thread_cpu_seconds();
    // Rests until the share is kept, but not while adds are about to wait for this.
    const auto pause = [&]() -> Status {
      const auto used = std::chrono::duration<double>(thread_cpu_seconds() - cpu_began);
      const auto due = began + std::chrono::duration_cast<Clock::duration>(used / options.merge_cpu_share);
      std::unique_lock lock(changing);
      changed.wait_until(lock, stop, due, [&] { return piece_count() > pieces_max / 2; });
      if (stop.stop_requested()) return Error{Code::cancelled, "the live index is being closed"};
      return {};
    };
    const auto merged = merge_once(pause);
    std::unique_lock lock(changing);
    merge_error = merged ? std::nullopt : std::optional(merged.error());
    idle = !merged || !*merged;
    changed.notify_all();
    if (!idle) continue;
    changed.wait(lock, stop, [&] { return adds != seen; });
    seen = adds;
  }
}

LiveIndex::LiveIndex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LiveIndex::~LiveIndex() = default;
LiveIndex::LiveIndex(LiveIndex&&) noexcept = default;
LiveIndex& LiveIndex::operator=(LiveIndex&&) noexcept = default;

Result<LiveIndex> LiveIndex::create(const LiveIndexOptions& options) {
  try {
    auto impl = std::make_unique<Impl>(options);
    if (options.background) {
      impl->merger = std::jthread([&to = *impl](const std::stop_token& stop) { to.run_merger(stop); });
    }
    return LiveIndex(std::move(impl));
  } catch (const std::exception&) {  // of memory, or of threads
    return Error{Code::unavailable, "not enough memory or threads for a live index"};
  }
}

Status LiveIndex::add(std::span<const LiveEntry> entries) {
  Impl& to = *impl_;
  const std::scoped_lock one_at_a_time(to.adding);
  if (to.options.background) {
    std::unique_lock lock(to.changing);
    to.changed.wait(lock, [&] { return to.piece_count() <= pieces_max || to.idle; });
  }
  Status added;
  try {
    added = to.add(entries);
  } catch (const std::bad_alloc&) {
    added = Error{Code::unavailable, "not enough memory to add to the live index"};
  }
  const std::scoped_lock lock(to.changing);
  ++to.adds;
  to.idle = false;
  to.changed.notify_all();
  return added;
}

std::size_t LiveIndex::remove(std::span<const EntryHandle> handles) {
  Impl& from = *impl_;
  const std::scoped_lock lock(from.changing);
  const auto now = from.pieces.get();
  std::size_t removed = 0;
  for (const EntryHandle handle : handles) {
    const auto remove = [&](const auto& piece) { return piece->remove(handle); };
    if (!std::ranges::any_of(now->parts, remove) && !std::ranges::any_of(now->heads, remove)) continue;
    ++removed;
    if (from.in_merge) from.removed_in_merge.push_back(handle);
  }
  return removed;
}

void LiveIndex::match(const PdqHash& query, int limit, MatchScratch& scratch, std::vector<LiveMatch>& out) const {
  out.clear();
  const auto now = impl_->pieces.get();
  for (const auto& part : now->parts) part->match(query, limit, scratch.buffers(), out);
  for (const auto& head : now->heads) head->match(query, limit, scratch.buffers(), out);
  std::ranges::sort(out);
}

void LiveIndex::match_batch(std::span<const PdqHash> queries, int limit, MatchScratch& scratch,
                            LiveBatchMatches& out) const {
  struct Found {
    std::size_t query;
    LiveMatch match;
    auto operator<=>(const Found&) const = default;
  };
  std::vector<Found> found;
  std::vector<LiveMatch> in_head;
  const auto now = impl_->pieces.get();
  for (const auto& part : now->parts) {
    part->match_batch(queries, limit, scratch.buffers(), [&](std::size_t query, const LiveMatch& match) {
      found.push_back({query, match});
    });
  }
  for (const auto& head : now->heads) {
    for (std::size_t query = 0; query < queries.size(); ++query) {
      in_head.clear();
      head->match(queries[query], limit, scratch.buffers(), in_head);
      for (const LiveMatch& match : in_head) found.push_back({query, match});
    }
  }
  std::ranges::sort(found);
  out.matches.clear();
  out.starts.assign(1, 0);
  auto next = found.begin();
  for (std::size_t query = 0; query < queries.size(); ++query) {
    for (; next != found.end() && next->query == query; ++next) out.matches.push_back(next->match);
    out.starts.push_back(out.matches.size());
  }
}

void LiveIndex::find(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<EntryHandle>& out) const {
  out.clear();
  const auto now = impl_->pieces.get();
  for (const auto& part : now->parts) part->find(kind, digest, out);
  for (const auto& head : now->heads) head->find(kind, digest, out);
  std::ranges::sort(out);
}

Status LiveIndex::maintain() {
  for (;;) {
    if (!TRY(impl_->merge_once([] { return Status(); }))) return {};
  }
}

LiveIndexInfo LiveIndex::info() const {
  const std::scoped_lock lock(impl_->changing);
  const auto now = impl_->pieces.get();
  LiveIndexInfo info{.segments = now->parts.size(),
                     .heads = now->heads.size(),
                     .merges = impl_->merges,
                     .merge_error = impl_->merge_error};
  for (const auto& part : now->parts) {
    info.entries += part->rows() - part->removed();
    info.removed += part->removed();
    info.bytes += part->bytes();
  }
  for (const auto& head : now->heads) {
    info.entries += head->size() - head->removed();
    info.removed += head->removed();
    info.bytes += sizeof(LiveHead) + LiveHead::capacity * (sizeof(LiveEntry) + sizeof(PdqHash) + sizeof(EntryHandle));
  }
  return info;
}

}  // namespace fristad
