#include "fristad/live_index.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <new>
#include <string>

#include "base/try.h"
#include "match/live_folder.h"
#include "match/live_impl.h"

namespace fristad {

void LiveIndex::Impl::publish_change(const std::function<void(Pieces&)>& change) {
  auto next = std::make_shared<Pieces>(*pieces.get());
  change(*next);
  std::ranges::stable_sort(next->parts, std::ranges::greater(),
                           [](const auto& part) { return part->rows() - part->removed(); });
  pieces.set(std::move(next));
}

void LiveIndex::Impl::wake_merger() {
  ++adds;
  idle = false;
  changed.notify_all();
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
    WipedVector<LiveEntry> sorted(entries.begin(), entries.end());
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

LiveSnapshot LiveIndex::Impl::snapshot() {
  const std::scoped_lock no_adds(adding);  // each is in it as a whole or not at all
  const std::scoped_lock lock(changing);
  LiveSnapshot taken;
  const auto now = pieces.get();
  for (const auto& part : now->parts) {
    if (part->removed() < part->rows()) taken.parts.push_back({part, part->removed_bits()});
  }
  for (const auto& head : now->heads) {
    const auto entries = head->entries();
    taken.entries.insert(taken.entries.end(), entries.begin(), entries.end());
  }
  return taken;
}

Status LiveIndex::Impl::take_over(LoadedLive loaded) {
  const std::scoped_lock one_at_a_time(adding);
  for (const auto& part : loaded.parts) handle_max = std::max(handle_max, part->highest_handle());
  any_added = !loaded.parts.empty();
  {
    const std::scoped_lock lock(changing);
    publish_change([&](Pieces& next) { next.parts = std::move(loaded.parts); });
  }
  TRY(add(loaded.entries));
  const std::scoped_lock lock(changing);
  wake_merger();
  return {};
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
    to.changed.wait(lock, [&] { return to.piece_count() <= live_pieces_max || to.idle; });
  }
  Status added;
  try {
    added = to.add(entries);
  } catch (const std::bad_alloc&) {
    added = Error{Code::unavailable, "not enough memory to add to the live index"};
  }
  const std::scoped_lock lock(to.changing);
  to.wake_merger();
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

Status LiveIndex::save(const std::string& folder, const SealKey& key, std::string_view note) {
  if (note.size() > note_bytes_max) {
    return Error{Code::too_large, "the note of a live index has at most " + std::to_string(note_bytes_max) + " bytes"};
  }
  const std::scoped_lock one_at_a_time(impl_->saving);
  try {
    LiveSnapshot snapshot = impl_->snapshot();
    snapshot.note = note;
    return save_live(folder, key, std::move(snapshot));
  } catch (const std::bad_alloc&) {
    return Error{Code::unavailable, "not enough memory to save the live index"};
  }
}

Result<LiveIndex> LiveIndex::load(const std::string& folder, const SealKey& key, const LiveIndexOptions& options,
                                  std::string& note) {
  constexpr int threads = 2;
  try {
    LoadedLive loaded = TRY(load_live(folder, key, threads));
    LiveIndex index = TRY(create(options));
    std::string loaded_note = std::move(loaded.note);
    const Status taken = index.impl_->take_over(std::move(loaded));
    if (!taken && taken.error().code == Code::unavailable) return taken.error();
    if (!taken) {
      return Error{Code::damaged, folder + ": " + taken.error().message +
                                      ". The folder is a cache: delete it and build the index anew"};
    }
    note = std::move(loaded_note);
    return index;
  } catch (const std::exception&) {  // of memory, or of threads
    return Error{Code::unavailable, "not enough memory or threads to load the live index"};
  }
}

Status LiveIndex::purge() {
  try {
    return impl_->purge();
  } catch (const std::bad_alloc&) {
    return Error{Code::unavailable, "not enough memory to purge the live index"};
  }
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
                     .merging = impl_->in_merge,
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
