#pragma once

// What the parts of Material share. Included by this room's sources alone.

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/published.h"
#include "material/chunk_cache.h"
#include "material/enforced_today.h"
#include "material/material.h"

namespace fristad {

struct KnownList {
  ListBody body;
  std::uint32_t log = 0;
  std::uint32_t revision = 0;
  std::string scope;
  std::string member = {};  // in the published lists alone, as the next
  std::optional<Subscription> subscription = {};
  bool own() const { return log < own_logs; }
  std::int64_t cap() const { return subscription.value_or(Subscription()).enforced_per_day; }
};
using KnownLists = std::map<ListId, KnownList>;

// A list as it stands in the views: the published lists are behind while a decision is made. Error: not_found.
Result<KnownList> known_in(Connection& views, const ListId& list);

Error not_ours(const ListId& list);

// A dispute that a member holds to, after it examined the entry.
struct HeldDispute {
  std::string member;
  bool wrong = false;  // it says that the entry is; else by its own law
  std::int64_t since_ms = 0;
};
// By list and number.
using HeldDisputes = std::map<std::pair<ListId, std::int64_t>, std::vector<HeldDispute>>;

struct Material::Impl {
  Impl(Journal& of, const MaterialOptions& chosen, LiveIndex with)
      : journal(of), options(chosen), index(std::move(with)), lists(std::make_shared<const KnownLists>()) {}

  struct AuditedChunk {
    Place place;
    ListId list{};
    std::uint64_t size = 0;
  };
  Result<std::vector<AuditedChunk>> audited_chunks(std::uint32_t log, std::uint64_t size) const;
  Result<std::vector<Audit>> audits_in() const;
  Result<Audit> audit(const RecordId& id) const;
  Result<AuditedEntry::State> audited_state(const AuditedEntry& entry, std::uint32_t auditor_log) const;
  Result<std::vector<OriginCounts>> count(const std::function<bool(const ListId& list)>& which) const;
  // `followed`, as save() notes it.
  std::string progress() const;
  Status load_lists();
  Status load_remarked();
  // Brings the index from `followed` to the heads of the logs.
  Status catch_up();
  // Takes records that come one after another, many chunks at once.
  class Catching;
  Status catch_up(std::uint32_t log, std::uint64_t from);
  Status catch_up_arrivals();
  void follow(std::span<const Record> records);
  Status take(std::span<const Record> records);
  Status note_remarks(std::span<const Record> records);
  Status index_chunks(std::span<const Record* const> chunks);
  // The items of a chunk that were withdrawn when it came: its author's word on them was read in another scope.
  Result<std::set<std::uint32_t>> withdrawn_before(const Record& chunk) const;
  Status unindex(const Record& record);
  Result<std::vector<EntryHandle>> withdrawn_handles(const Record& withdrawal) const;
  Result<std::vector<EntryHandle>> erased_handles(const Record& erasure) const;
  Result<KnownList> known(const ListId& list) const;
  // Nothing was said: as it stands in its chunk.
  Result<EntryState> state_of(const ListId& list, std::int64_t number) const;
  Result<EntryState> state_at(Place place) const;

  // What we know of a member, ourselves among them; and the jurisdiction for which its opinions count, empty if none.
  Origin origin_of(const std::string& member) const;
  std::string voice_of(const std::string& member) const;
  Result<HeldDisputes> held_disputes() const;
  // When the disputes of an entry came to overturn it, if they do.
  std::optional<std::int64_t> overturned_at(const KnownList& known, std::span<const HeldDispute> disputes) const;

  // Of one query's neighbours: those that their lists take for matches, ruled on.
  Result<std::vector<MaterialMatch>> judged(std::span<const LiveMatch> found, Ruled ruled = Ruled::matches) const;
  // Of an entry that nothing was said of since it was added.
  RuleInput unremarked_input(const KnownList& known, std::int64_t number, Classification classification) const;
  Result<RuleInput> rule_input(const KnownList& known, const ListId& list, std::int64_t number,
                               Classification classification, std::vector<Explanation::Opinion>* opinions) const;
  void count_voices(const KnownList& known, std::span<const Explanation::Opinion> opinions, RuleInput& input) const;
  Result<std::optional<ListId>> list_of(Place chunk) const;
  // nullptr if it isn't there any more.
  Result<std::shared_ptr<const ChunkInfo>> chunk_info(Place chunk) const;
  Result<EntryView> entry_at(const ListId& list, const EntryPlace& place) const;

  Journal& journal;
  const MaterialOptions options;
  LiveIndex index;
  Published<KnownLists> lists;
  mutable ChunkCache chunk_cache;
  mutable EnforcedToday enforced;
  std::mutex saving;

  // Entries that something was said of since they were added: opinions, states. What stands in the index and isn't here
  // needs no look into the views. Guarded by `remarking`.
  mutable std::shared_mutex remarking;
  std::unordered_set<EntryHandle> remarked;

  // Guarded by `following`: how many records of each log the index has in full; and why it has not all of them, if so.
  // Not the heads of the logs: those move before the index does.
  mutable std::mutex following;
  std::array<std::uint64_t, own_logs> followed{};
  std::int64_t followed_arrivals = 0;  // of other members' records, counted as they came
  std::optional<Error> behind;
  std::atomic<bool> is_behind = false;

  // For questions. Guarded by `reading`.
  mutable std::mutex reading;
  std::unique_ptr<Connection> views;
};

}  // namespace fristad
