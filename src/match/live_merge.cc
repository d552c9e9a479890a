// How parts and heads become fewer: in the background, on request, and so that nothing of removed entries is left.

#include <algorithm>
#include <chrono>
#include <ctime>
#include <iterator>
#include <new>
#include <thread>
#include <utility>

#include "base/try.h"
#include "match/live_impl.h"

namespace fristad {
namespace {

using Clock = std::chrono::steady_clock;

// A part that holds this many, or a sixteenth of the largest, is merged with it. Rewriting the largest costs seconds at
// 10 million entries, and every part in between costs each query some microseconds.
constexpr std::uint64_t small_part_rows = 65536;
constexpr std::uint64_t small_part_share = 16;
// A part of which this share was removed is written anew.
constexpr std::uint64_t removed_share = 4;

std::uint64_t left_in(const LivePart& part) {
  return part.rows() - part.removed();
}

std::uint64_t bytes_of(std::span<const std::shared_ptr<LivePart>> parts) {
  std::uint64_t bytes = 0;
  for (const auto& part : parts) bytes += part->bytes();
  return bytes;
}

// The parts and heads that should become one part now; none if all is well.
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

// Until nobody else uses any of them, but for each no longer than this.
template <class Piece>
void wait_until_unused(std::span<const std::shared_ptr<Piece>> pieces, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds step(1);
  for (const auto& piece : pieces) {
    for (auto waited = step * 0; waited < patience && piece.use_count() > 1; waited += step) {
      std::this_thread::sleep_for(step);
    }
  }
}

double thread_cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

Result<MergePlan> LiveIndex::Impl::replace(const std::function<MergePlan(const Pieces&)>& make_plan,
                                           const LivePart::Pause& pause) {
  MergePlan plan;
  std::vector<LivePart::Source> sources;
  std::vector<WipedVector<LiveEntry>> from_heads;
  const auto write = [&]() -> Result<std::shared_ptr<LivePart>> {
    for (const auto& entries : from_heads) {
      sources.emplace_back(TRY(LivePart::build(entries, options.layout, pause)));
    }
    return LivePart::merge(sources, options.layout, pause);
  };
  try {
    {
      const std::scoped_lock lock(changing);
      plan = make_plan(*pieces.get());
      if (plan.parts.empty() && plan.heads.empty()) return plan;
      for (const auto& part : plan.parts) sources.emplace_back(part);
      for (const auto& head : plan.heads) from_heads.push_back(head->entries());
      in_merge = true;
      removed_in_merge.clear();
    }
    auto merged = write();

    const std::scoped_lock lock(changing);
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
    return plan;
  } catch (const std::bad_alloc&) {
    const std::scoped_lock lock(changing);
    in_merge = false;
    return Error{Code::unavailable, "not enough memory to merge the live index; it goes on with more segments"};
  }
}

// Makes the next merge that is due. False if none is.
Result<bool> LiveIndex::Impl::merge_once(const LivePart::Pause& pause) {
  const std::scoped_lock one_at_a_time(merging);
  const auto due = [&](const Pieces& now) { return plan_merge(now, options.merge_bytes_max); };
  const MergePlan replaced = TRY(replace(due, pause));
  // Large memory takes long to give back. A query that was the last to use it shouldn't have to.
  wait_until_unused<LivePart>(replaced.parts, std::chrono::seconds(1));
  return !replaced.parts.empty() || !replaced.heads.empty();
}

Status LiveIndex::Impl::purge() {
  // A save would hold on to what is replaced.
  const std::scoped_lock one_at_a_time(saving);
  {
    // The head that grows can only be replaced once another one grows.
    const std::scoped_lock no_adds(adding);
    const std::scoped_lock lock(changing);
    if (pieces.get()->heads.back()->removed() > 0) {
      publish_change([](Pieces& next) { next.heads.push_back(std::make_shared<LiveHead>()); });
    }
  }
  const std::scoped_lock no_merges(merging);
  std::vector<MergePlan> plans(1);
  {
    const std::scoped_lock lock(changing);
    const auto now = pieces.get();
    std::copy_if(now->heads.begin(), now->heads.end() - 1, std::back_inserter(plans[0].heads),
                 [](const auto& head) { return head->removed() > 0; });
    for (const auto& part : now->parts) {
      if (part->removed() > 0) plans.push_back({.parts = {part}, .heads = {}});
    }
  }
  // One by one: so there is never more than one part in memory twice.
  for (MergePlan& plan : plans) {
    const auto planned = [&](const Pieces&) { return std::exchange(plan, {}); };
    const MergePlan replaced = TRY(replace(planned, [] { return Status(); }));
    for (const auto& part : replaced.parts) part->wipe_at_the_end();
    wait_until_unused<LivePart>(replaced.parts, std::chrono::hours(24));
    wait_until_unused<LiveHead>(replaced.heads, std::chrono::hours(24));
  }
  const std::scoped_lock lock(changing);
  wake_merger();
  return {};
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
      changed.wait_until(lock, stop, due, [&] { return piece_count() > live_pieces_max / 2; });
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

}  // namespace fristad
