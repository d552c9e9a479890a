#include "material/material.h"

#include <algorithm>

#include "base/hex.h"
#include "base/try.h"
#include "material/material_impl.h"
#include "record/exchange.h"

namespace fristad {
namespace {

constexpr std::size_t entries_per_call_max = 100'000;

// What is a crime here may be none elsewhere: what all get is what all agree on.
Error baseline_only(const ListId& list) {
  return {Code::permission_denied, "the whole alliance reads list " + to_text(list) +
                                       ", so it takes INTERPOL baseline entries alone: keep the others in a list of "
                                       "their own, and share that with single members"};
}

bool is_remark(const Record& record) {
  return record.payload.kind == kind_opinion || record.payload.kind == kind_entry_state;
}

}  // namespace

Material::Material(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Material::~Material() {
  if (impl_) static_cast<void>(save());
}

Result<std::unique_ptr<Material>> Material::open(Journal& journal, const MaterialOptions& options) {
  const LiveIndexOptions index_options{.layout = options.layout, .background = options.background};
  std::string note;
  std::optional<LiveIndex> index;
  if (!options.folder.empty()) {
    auto loaded = LiveIndex::load(options.folder, options.index_key, index_options, note);
    // Whatever is wrong with it: it is a cache.
    if (loaded) index = *std::move(loaded);
  }
  std::array<std::uint64_t, own_logs> complete{};
  std::int64_t arrived = 0;
  if (index) {
    const auto progress = parse_json(note, {});
    for (std::uint32_t log = 0; log < own_logs; ++log) {
      const Json* const size = progress ? progress->find(std::to_string(log)) : nullptr;
      const std::int64_t* const number = size != nullptr ? size->integer() : nullptr;
      // An index that knows more than the log does is of another time.
      if (number == nullptr || *number < 0 || static_cast<std::uint64_t>(*number) > journal.head(log).size) {
        index.reset();
        complete = {};
        break;
      }
      complete.at(log) = static_cast<std::uint64_t>(*number);
    }
    const Json* const arrivals = progress && index ? progress->find("arrivals") : nullptr;
    if (arrivals != nullptr && arrivals->integer() != nullptr) arrived = *arrivals->integer();
    if (arrived < 0 || arrived > journal.arrivals()) {
      index.reset();
      complete = {};
      arrived = 0;
    }
  }
  if (!index) index = TRY(LiveIndex::create(index_options));
  auto impl = std::make_unique<Impl>(journal, options, *std::move(index));
  impl->views = TRY(journal.store().connect(true));
  impl->followed = complete;
  impl->followed_arrivals = arrived;
  TRY(impl->catch_up());
  journal.subscribe([&to = *impl](std::span<const Record> records) { to.follow(records); });
  return std::unique_ptr<Material>(new Material(std::move(impl)));
}

Error not_ours(const ListId& list) {
  return {Code::permission_denied, "list " + to_text(list) + " is another member's: only its owner changes it"};
}

KnownList known_of(const SqlRow& row) {
  return {.body = {.title = std::string(row.text(4)),
                   .purpose = from_text<Purpose>(row.text(5)).value_or(Purpose::match),
                   .handling = std::string(row.text(6)),
                   .limit = static_cast<int>(row.integer(7)),
                   .state = from_text<ListState>(row.text(8)).value_or(ListState::disabled)},
          .log = Place::of(row.integer(1)).log,
          .revision = static_cast<std::uint32_t>(row.integer(2)),
          .scope = std::string(row.text(3))};
}

Result<KnownList> known_in(Connection& views, const ListId& list) {
  std::optional<KnownList> known;
  TRY(
      views.query("SELECT id, place, revision, scope, title, purpose, handling, distance_limit, state FROM list "
                  "WHERE id = $1",
                  {Bytes(list)}, [&](const SqlRow& row) {
                    known = known_of(row);
                    return Status();
                  }));
  if (!known) return Error{Code::not_found, "there is no list " + to_text(list)};
  return *known;
}

// ---- The index follows ----

std::string Material::Impl::progress() const {
  Json::Object sizes;
  for (std::uint32_t log = 0; log < own_logs; ++log) {
    sizes.emplace(std::to_string(log), static_cast<std::int64_t>(followed.at(log)));
  }
  sizes.emplace("arrivals", followed_arrivals);
  return canonical(Json(std::move(sizes)));
}

Status Material::Impl::load_lists() {
  auto all = std::make_shared<KnownLists>();
  const std::vector<KnownLog> logs = journal.known_logs();
  // A row that names no log, as only somebody else could have written it, is nobody's: that has no voice.
  const auto author = [&](const KnownList& list) {
    const auto log = std::ranges::find(logs, list.log, &KnownLog::number);
    return list.own() ? journal.member() : log != logs.end() ? log->member : std::string();
  };
  {
    const std::scoped_lock lock(reading);
    TRY(views->query("SELECT id, place, revision, scope, title, purpose, handling, distance_limit, state FROM list", {},
                     [&](const SqlRow& row) {
                       ListId id{};
                       std::ranges::copy(row.bytes(0), id.begin());
                       KnownList known = known_of(row);
                       known.member = author(known);
                       all->insert_or_assign(id, std::move(known));
                       return Status();
                     }));
    TRY(views->query("SELECT list, subscribed, enforce, national, heed_disputes, enforced_per_day FROM subscription",
                     {}, [&](const SqlRow& row) {
                       ListId id{};
                       std::ranges::copy(row.bytes(0), id.begin());
                       if (const auto list = all->find(id); list != all->end()) {
                         list->second.subscription = Subscription{.subscribed = row.integer(1) != 0,
                                                                  .enforce = row.integer(2) != 0,
                                                                  .national = row.integer(3) != 0,
                                                                  .heed_disputes = row.integer(4) != 0,
                                                                  .enforced_per_day = row.integer(5)};
                       }
                       return Status();
                     }));
  }
  lists.set(std::move(all));
  return {};
}

Status Material::Impl::load_remarked() {
  std::unordered_set<EntryHandle> found;
  const auto all = lists.get();
  {
    const std::scoped_lock lock(reading);
    TRY(views->query("SELECT list, number FROM opinion UNION SELECT list, number FROM entry_state", {},
                     [&](const SqlRow& row) {
                       ListId id{};
                       std::ranges::copy(row.bytes(0), id.begin());
                       const auto list = all->find(id);
                       if (list != all->end())
                         found.insert(EntryPlace::of_number(list->second.log, row.integer(1)).handle());
                       return Status();
                     }));
  }
  const std::unique_lock lock(remarking);
  remarked = std::move(found);
  return {};
}

Status Material::Impl::catch_up() {
  TRY(load_lists());
  TRY(load_remarked());
  for (std::uint32_t log = 0; log < own_logs; ++log) {
    const std::uint64_t size = journal.head(log).size;
    TRY(catch_up(log, followed.at(log)));
    followed.at(log) = size;
  }
  return catch_up_arrivals();
}

class Material::Impl::Catching {
 public:
  explicit Catching(Impl& impl) : impl_(impl) {}

  Status take(const Record& record) {
    constexpr std::size_t chunks_at_once = 1000;
    if (record.payload.kind == kind_entries) {
      chunks_.push_back(record);
      return chunks_.size() == chunks_at_once ? flush() : Status();
    }
    if (record.payload.kind != kind_withdrawn && record.payload.kind != kind_erased) return {};
    TRY(flush());
    return impl_.unindex(record);
  }
  Status flush() {
    std::vector<const Record*> some;
    for (const Record& chunk : chunks_) some.push_back(&chunk);
    TRY(impl_.index_chunks(some));
    chunks_.clear();
    return {};
  }

 private:
  Impl& impl_;
  std::vector<Record> chunks_;
};

Status Material::Impl::catch_up(std::uint32_t log, std::uint64_t from) {
  Catching catching(*this);
  TRY(journal.for_each(log, from, [&](const Record& record) { return catching.take(record); }));
  return catching.flush();
}

// Other members' records come scope by scope, so a position in their log doesn't tell what was taken.
Status Material::Impl::catch_up_arrivals() {
  const std::int64_t last = journal.arrivals();
  Catching catching(*this);
  TRY(journal.for_each_arrival(followed_arrivals,
                               [&](std::int64_t, const Record& record) { return catching.take(record); }));
  TRY(catching.flush());
  followed_arrivals = last;
  return {};
}

void Material::Impl::follow(std::span<const Record> records) {
  const std::scoped_lock lock(following);
  // What couldn't be followed then may work now.
  const Status status = behind ? catch_up() : take(records);
  behind = status ? std::nullopt : std::optional(status.error());
  is_behind = behind.has_value();
}

Status Material::Impl::take(std::span<const Record> records) {
  std::vector<const Record*> chunks;
  bool lists_changed = false;
  bool subscriptions = false;
  bool remarks = false;
  for (const Record& record : records) {
    if (record.payload.kind == kind_entries) chunks.push_back(&record);
    lists_changed = lists_changed || record.payload.kind == kind_list || record.payload.kind == kind_erased;
    subscriptions = subscriptions || record.payload.kind == kind_subscribed;
    remarks = remarks || is_remark(record);
  }
  if (lists_changed || subscriptions) TRY(load_lists());
  if (lists_changed) TRY(load_remarked());
  if (remarks && !lists_changed) TRY(note_remarks(records));
  TRY(index_chunks(chunks));
  for (const Record& record : records) TRY(unindex(record));
  for (const Record& record : records) {
    if (record.place.log < own_logs) followed.at(record.place.log) = record.place.position + 1;
  }
  followed_arrivals = journal.arrivals();
  return {};
}

Status Material::Impl::note_remarks(std::span<const Record> records) {
  const auto all = lists.get();
  const std::unique_lock lock(remarking);
  for (const Record& record : records) {
    if (!is_remark(record)) continue;
    const auto list = all->find(TRY(list_in(record.payload.body)));
    const std::int64_t* const number = record.payload.body.find("entry")->integer();
    if (list != all->end()) remarked.insert(EntryPlace::of_number(list->second.log, *number).handle());
  }
  return {};
}

// Of others' lists alone: what we withdraw is ours before.
Result<std::set<std::uint32_t>> Material::Impl::withdrawn_before(const Record& chunk) const {
  std::set<std::uint32_t> items;
  if (chunk.place.log < own_logs) return items;
  const std::int64_t first = EntryPlace{chunk.place, 0}.number();
  const ListId list = TRY(list_in(chunk.payload.body));
  const std::scoped_lock lock(reading);
  TRY(views->query("SELECT number FROM withdrawn WHERE list = $1 AND number >= $2 AND number < $3",
                   {Bytes(list), first, first + entries_per_chunk}, [&](const SqlRow& row) {
                     items.insert(static_cast<std::uint32_t>(row.integer(0) - first));
                     return Status();
                   }));
  return items;
}

Status Material::Impl::index_chunks(std::span<const Record* const> chunks) {
  std::vector<LiveEntry> entries;
  for (const Record* chunk : chunks) {
    const auto gone = TRY(withdrawn_before(*chunk));
    for (std::uint32_t item = 0; item < chunk->items.size(); ++item) {
      if (chunk->items[item].empty() || gone.contains(item)) continue;
      entries.push_back(indexed(chunk->items[item], EntryPlace{chunk->place, item}.handle()));
    }
  }
  const Status added = index.add(entries);
  if (added || added.error().code != Code::already_exists) return added;
  // The index was saved a little later than it says: what it has already comes again.
  for (const LiveEntry& entry : entries) {
    const Status one = index.add({entry});
    if (!one && one.error().code != Code::already_exists) return one;
  }
  return {};
}

Status Material::Impl::unindex(const Record& record) {
  std::vector<EntryHandle> handles;
  if (record.payload.kind == kind_withdrawn) handles = TRY(withdrawn_handles(record));
  if (record.payload.kind == kind_erased) handles = TRY(erased_handles(record));
  index.remove(handles);
  return {};
}

Result<std::vector<EntryHandle>> Material::Impl::withdrawn_handles(const Record& withdrawal) const {
  const WithdrawalBody body = TRY(WithdrawalBody::from_json(withdrawal.payload.body));
  std::vector<EntryHandle> handles;
  for (const NumberRange& range : body.entries) {
    const std::int64_t last =
        std::min(EntryPlace::of_number(withdrawal.place.log, range.last).chunk.value(), withdrawal.place.value());
    const std::scoped_lock lock(reading);
    TRY(views->query("SELECT place, size FROM chunk WHERE list = $1 AND place >= $2 AND place <= $3",
                     {Bytes(body.list), EntryPlace::of_number(withdrawal.place.log, range.first).chunk.value(), last},
                     [&](const SqlRow& row) {
                       for (std::uint32_t item = 0; item < row.integer(1); ++item) {
                         const EntryPlace place{Place::of(row.integer(0)), item};
                         if (place.number() < range.first || place.number() > range.last) continue;
                         handles.push_back(place.handle());
                       }
                       return Status();
                     }));
  }
  return handles;
}

Result<std::vector<EntryHandle>> Material::Impl::erased_handles(const Record& erasure) const {
  const ErasedParts parts = TRY(erased_parts(erasure));
  std::vector<EntryHandle> handles;
  // Handles that never were an entry's are passed over.
  for (const Place chunk : TRY(journal.places(parts.record))) {
    chunk_cache.drop(chunk);
    for (const std::uint32_t item : parts.items) handles.push_back(EntryPlace{chunk, item}.handle());
    if (!parts.items.empty()) continue;
    for (std::uint32_t item = 0; item < items_max; ++item) handles.push_back(EntryPlace{chunk, item}.handle());
  }
  return handles;
}

Result<KnownList> Material::Impl::known(const ListId& list) const {
  const auto all = lists.get();
  const auto at = all->find(list);
  if (at == all->end()) return Error{Code::not_found, "there is no list " + to_text(list)};
  return at->second;
}

// ---- Decisions ----

Result<ListId> Material::create_list(const By& by, const ListBody& body) {
  const auto recorded = TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    // A list is its own scope, which nobody else reads until its owner says so. Allow lists are nobody else's business.
    const RecordId id = TRY(decision.new_id());
    TRY(decision.emit({.kind = std::string(kind_list),
                       .scope = body.purpose == Purpose::allow ? "private" : to_text(id),
                       .body = body.to_json(),
                       .id = id}));
    return {};
  }));
  return recorded.front().id;
}

Status Material::revise_list(const By& by, const ListId& list, const std::function<Status(ListBody&)>& change,
                             std::optional<std::uint32_t> if_revision) {
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    const KnownList known = TRY(known_in(decision.views(), list));
    if (!known.own()) return not_ours(list);
    if (if_revision && *if_revision != known.revision) {
      return Error{Code::conflict, "the list has changed since: it is at revision " + std::to_string(known.revision)};
    }
    ListBody body = known.body;
    TRY(change(body));
    if (known.body.state == ListState::withdrawn) return Error{Code::conflict, "the list was withdrawn, for good"};
    if (body.purpose != known.body.purpose) {
      return Error{Code::invalid_argument, "a list keeps its purpose: make another list"};
    }
    TRY(decision.emit({.kind = std::string(kind_list), .scope = known.scope, .body = body.to_json(), .revises = list}));
    return {};
  }));
  return {};
}

Result<std::int64_t> Material::add_entries(const By& by, const ListId& list, std::span<const EntryBody> entries,
                                           std::span<const EntryState> states) {
  if (entries.empty() || entries.size() > entries_per_call_max) {
    return Error{Code::invalid_argument, "from 1 to 100,000 entries are added at once"};
  }
  if (!states.empty() && states.size() != entries.size()) {
    return Error{Code::invalid_argument, "each entry has a state, or none has"};
  }
  const bool baseline = std::ranges::all_of(
      entries, [](const EntryBody& entry) { return entry.classification == Classification::baseline; });
  std::vector<std::vector<std::string>> chunks;
  for (std::size_t from = 0; from < entries.size(); from += items_max) {
    std::vector<std::string>& items = chunks.emplace_back();
    for (const EntryBody& entry : entries.subspan(from, std::min(items_max, entries.size() - from))) {
      items.push_back(entry.to_item());
    }
  }
  const auto recorded = TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    const KnownList known = TRY(known_in(decision.views(), list));
    if (!known.own()) return not_ours(list);
    if (known.body.state == ListState::withdrawn) return Error{Code::conflict, "the list was withdrawn, for good"};
    const auto& widely_read = impl_->options.whole_alliance_reads;
    if (!baseline && widely_read && widely_read(list)) return baseline_only(list);
    for (std::vector<std::string>& items : chunks) {
      TRY(decision.emit({.kind = std::string(kind_entries),
                         .scope = known.scope,
                         .body = Json::object({{"list", to_text(list)}}),
                         .items = std::move(items)}));
    }
    const std::vector<Recorded> added = decision.recorded();
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (!states[i].note && states[i].paused_until_ms == 0) continue;
      const EntryPlace place{added.at(i / items_max).place, static_cast<std::uint32_t>(i % items_max)};
      const EntryStateBody state{.list = list, .number = place.number(), .state = states[i]};
      TRY(decision.emit({.kind = std::string(kind_entry_state), .scope = known.scope, .body = state.to_json()}));
    }
    return {};
  }));
  return EntryPlace{recorded.front().place, 0}.number();
}

Status Material::give_opinion(const By& by, const ListId& list, std::int64_t number, Verdict verdict, Basis basis,
                              std::string_view reason) {
  if (reason.size() > reason_bytes_max) return Error{Code::invalid_argument, "a reason has at most 1,000 bytes"};
  if (verdict == Verdict::dispute && reason.empty()) {
    return Error{Code::invalid_argument, "a dispute says why: \"wrong\", \"not my law\", ..."};
  }
  const KnownList known = TRY(impl_->known(list));
  TRY(entry(list, number));
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    TRY(decision.emit({.kind = std::string(kind_opinion),
                       .scope = known.scope,
                       .body = Json::object({{"list", to_text(list)},
                                             {"entry", number},
                                             {"verdict", to_text(verdict)},
                                             {"basis", to_text(basis)},
                                             {"reason", reason}})}));
    return {};
  }));
  return {};
}

Status Material::revise_entry(const By& by, const ListId& list, std::int64_t number,
                              const std::function<Status(EntryState&)>& change) {
  TRY(entry(list, number));
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    const KnownList known = TRY(known_in(decision.views(), list));
    if (!known.own()) return not_ours(list);
    const auto last = TRY(decision.views().integer("SELECT place FROM entry_state WHERE list = $1 AND number = $2",
                                                   {Bytes(list), number}));
    EntryStateBody body{.list = list, .number = number, .state = {}};
    Draft draft{.kind = std::string(kind_entry_state), .scope = known.scope};
    if (last) {
      // Of the same decision it isn't on disk yet: each entry is revised once in it.
      const Record record = TRY(impl_->journal.read(Place::of(*last)));
      body = TRY(EntryStateBody::from_json(record.payload.body));
      draft.revises = record.id;
    }
    TRY(change(body.state));
    draft.body = body.to_json();
    TRY(decision.emit(std::move(draft)));
    return {};
  }));
  return {};
}

Status Material::keep_matches(const By& by, std::string_view reference, std::span<const MaterialMatch> matches) {
  if (reference.empty() || reference.size() > reason_bytes_max) {
    return Error{Code::invalid_argument, "matches are kept under a reference of at most 1,000 bytes"};
  }
  const Json as_of = TRY(parse_json(impl_->progress(), {}));
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    for (std::size_t from = 0; from < matches.size(); from += items_max) {
      std::vector<std::string> items;
      for (const MaterialMatch& match : matches.subspan(from, std::min(items_max, matches.size() - from))) {
        Json::Array reasons;
        for (const std::string_view reason : match.ruling.reasons) reasons.emplace_back(reason);
        items.push_back(canonical(Json::object({{"list", to_text(match.list)},
                                                {"entry", match.number},
                                                {"distance", static_cast<std::int64_t>(match.distance)},
                                                {"level", to_text(match.ruling.level)},
                                                {"reasons", std::move(reasons)},
                                                {"rule", rule_version}})));
      }
      TRY(decision.emit({.kind = std::string(kind_kept),
                         .body = Json::object({{"reference", reference}, {"as_of", as_of}}),
                         .items = std::move(items)}));
    }
    return {};
  }));
  return {};
}

Result<std::vector<ErasedParts>> Material::erasable(const ListId& list, std::int64_t number) const {
  const KnownList known = TRY(impl_->known(list));
  if (!known.own()) return not_ours(list);
  const EntryPlace place = EntryPlace::of_number(known.log, number);
  TRY(impl_->entry_at(list, place));
  std::vector<ErasedParts> parts;
  std::optional<std::int64_t> state;
  {
    const std::scoped_lock lock(impl_->reading);
    state = TRY(
        impl_->views->integer("SELECT place FROM entry_state WHERE list = $1 AND number = $2", {Bytes(list), number}));
  }
  if (state) parts.push_back({.record = TRY(impl_->journal.read(Place::of(*state))).id, .items = {}});
  parts.push_back({.record = TRY(impl_->journal.read(place.chunk)).id, .items = {place.item}});
  return parts;
}

LiveIndexInfo Material::index_info() const {
  LiveIndexInfo info = impl_->index.info();
  const std::scoped_lock lock(impl_->following);
  if (impl_->behind) info.merge_error = impl_->behind;
  return info;
}

Status Material::save() {
  if (impl_->options.folder.empty()) return {};
  const std::scoped_lock lock(impl_->saving);
  std::string progress;
  {
    const std::scoped_lock following(impl_->following);
    progress = impl_->progress();
  }
  return impl_->index.save(impl_->options.folder, impl_->options.index_key, progress);
}

Status Material::purge() {
  TRY(impl_->index.purge());
  return save();
}

}  // namespace fristad
