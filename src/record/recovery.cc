// What others have read of our own log comes back: of a node that was restored from a backup.

#include <algorithm>
#include <set>

#include "base/try.h"
#include "record/exchange.h"
#include "record/journal_impl.h"

namespace fristad {
namespace {

constexpr std::string_view recovery_actor = "exchange";
constexpr std::size_t ranges_per_record = 500;
constexpr std::size_t page_records = 512;

Json ranges_of(std::span<const std::pair<std::uint64_t, std::uint64_t>> ranges) {
  Json::Array all;
  for (const auto& [first, last] : ranges) {
    all.push_back(Json(Json::Array{static_cast<std::int64_t>(first), static_cast<std::int64_t>(last)}));
  }
  return Json::object({{"ranges", std::move(all)}});
}

}  // namespace

Status Journal::start_recovery(const By& by) {
  TRY(transact(by, [&](Decision& decision) -> Status {
    const auto from = static_cast<std::int64_t>(head(shared_log).size);
    TRY(decision.emit({.kind = std::string(kind_recovering), .body = Json::object({{"from", from}})}));
    return {};
  }));
  return {};
}

Result<std::size_t> Journal::recover(std::string_view scope, std::int64_t last, std::span<const Parcel> parcels) {
  std::size_t taken = 0;
  TRY(transact(recovery_actor, [&](Decision& decision) -> Status {
    taken = 0;
    for (const Parcel& parcel : parcels) TRY(impl_->recover_one(decision.views(), scope, parcel, taken));
    TRY(decision.views().execute(
        "INSERT INTO recovered_scope(scope, last) VALUES ($1, $2) ON CONFLICT(scope) DO UPDATE "
        "SET last = excluded.last WHERE excluded.last > recovered_scope.last",
        {scope, last}));
    return {};
  }));
  return taken;
}

Status Journal::Impl::recover_one(Connection& connection, std::string_view scope, const Parcel& parcel,
                                  std::size_t& taken) const {
  const Place place{shared_log, parcel.position};
  std::optional<Leaf> leaf;
  TRY(connection.query("SELECT leaf FROM record WHERE place = $1 AND kind = ''", {place.value()},
                       [&](const SqlRow& row) -> Status {
                         leaf = TRY(decode_leaf(row.bytes(0)));
                         return {};
                       }));
  if (!leaf) return {};
  if (parcel.content.empty()) {
    // It was erased there. Only the place counts, and only as long as nobody shows a content of that number.
    TRY(
        connection.execute("INSERT INTO recovered(place, scope, sequence, kind, missing, key, sealed) "
                           "SELECT $1, $2, $3, '', 0, NULL, NULL WHERE NOT EXISTS "
                           "(SELECT 1 FROM recovered WHERE scope = $2 AND sequence = $3) ON CONFLICT DO NOTHING",
                           {place.value(), scope, parcel.sequence}));
    return {};
  }
  const auto stored = decode_stored(parcel.content);
  if (!stored || stored->commitment() != leaf->commitment) return {};
  const auto payload = decode_payload(stored->payload());
  if (!payload || payload->scope != scope || payload->sequence != parcel.sequence) return {};
  Stored copy = *stored;
  const std::vector<std::string> items = std::move(copy).items();
  const std::int64_t missing = std::ranges::count(items, std::string());
  const SealedContent sealed = TRY(seal_stored(*stored, place, data_key, options.random));
  TRY(connection.execute("DELETE FROM recovered WHERE scope = $1 AND sequence = $2 AND sealed IS NULL",
                         {scope, parcel.sequence}));
  // Of a chunk, what has more of its items: who has erased some, or says so, takes nothing from what another gives.
  TRY(
      connection.execute("INSERT INTO recovered(place, scope, sequence, kind, missing, key, sealed) "
                         "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT(place) DO UPDATE SET scope = excluded.scope, "
                         "sequence = excluded.sequence, kind = excluded.kind, missing = excluded.missing, "
                         "key = excluded.key, sealed = excluded.sealed "
                         "WHERE recovered.sealed IS NULL OR excluded.missing < recovered.missing",
                         {place.value(), scope, parcel.sequence, std::string_view(payload->kind), missing,
                          Bytes(sealed.key), Bytes(sealed.bytes)}));
  ++taken;
  return {};
}

Result<Recovered> Journal::end_recovery(const By& by) {
  Recovery recovery;
  TRY(impl_->alone([&]() -> Status {
    if (impl_->unsure) TRY(impl_->settle());
    Connection& writer = *impl_->writer;
    {
      Transaction filling = TRY(writer.begin());
      TRY(impl_->fill_recovered(writer, recovery));
      TRY(filling.commit());
    }
    {
      // By itself: it reads what is committed.
      Transaction folding = TRY(writer.begin());
      TRY(impl_->fold_anew(writer));
      TRY(folding.commit());
    }
    std::vector<Record> page;
    const auto tell = [&] {
      for (const Subscriber& subscriber : impl_->subscribers) subscriber(page);
      page.clear();
    };
    TRY(impl_->for_each(shared_log, Place::of(recovery.first).position, [&](const Record& record) {
      page.push_back(record);
      if (page.size() == page_records) tell();
      return Status();
    }));
    if (!page.empty()) tell();
    // Last: until all have been told it may be done again.
    Transaction clearing = TRY(writer.begin());
    TRY(writer.execute("DELETE FROM recovered"));
    TRY(writer.execute("DELETE FROM recovered_scope"));
    return clearing.commit();
  }));

  TRY(impl_->note_without_content(recovery));
  const KnownLost known = TRY(known_lost(*this));
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const std::uint64_t position : recovery.lost) {
    if (known.positions.contains(position)) continue;
    ++recovery.done.lost;
    if (!ranges.empty() && ranges.back().second + 1 == position) {
      ranges.back().second = position;
    } else {
      ranges.emplace_back(position, position);
    }
  }
  TRY(transact(by, [&](Decision& decision) -> Status {
    std::size_t at = 0;
    do {
      const auto some = std::span(ranges).subspan(at, std::min(ranges_per_record, ranges.size() - at));
      TRY(decision.emit({.kind = std::string(kind_recovered), .body = ranges_of(some)}));
      at += ranges_per_record;
    } while (at < ranges.size());
    return {};
  }));
  return recovery.done;
}

Status Journal::Impl::fill_recovered(Connection& connection, Recovery& recovery) {
  const auto [from, to] = places_of(shared_log);
  const auto lacking = TRY(
      connection.integer("SELECT min(place) FROM record WHERE kind = '' AND place >= $1 AND place < $2", {from, to}));
  const auto back = TRY(connection.integer("SELECT min(place) FROM recovered"));
  const std::int64_t end = Place{shared_log, committed.logs[shared_log].size()}.value();
  recovery.first = std::min(lacking.value_or(end), back.value_or(end));
  recovery.done.records = static_cast<std::uint64_t>(
      TRY(connection.integer("SELECT count(*) FROM recovered WHERE sealed IS NOT NULL")).value_or(0));
  TRY(
      connection.execute("UPDATE record SET "
                         "kind = (SELECT kind FROM recovered WHERE recovered.place = record.place), "
                         "key = (SELECT key FROM recovered WHERE recovered.place = record.place), "
                         "sealed = (SELECT sealed FROM recovered WHERE recovered.place = record.place) "
                         "WHERE kind = '' AND place IN (SELECT place FROM recovered WHERE sealed IS NOT NULL)"));
  TRY(
      connection.execute("INSERT INTO scope_record(log, scope, sequence, place) SELECT 0, scope, sequence, place "
                         "FROM recovered WHERE sealed IS NOT NULL AND place >= $1 ON CONFLICT DO NOTHING",
                         {from}));
  TRY(erase_recovered(connection, recovery));
  return close_gaps(connection, recovery);
}

// The views are made anew anyway.
Status Journal::Impl::erase_recovered(Connection& connection, Recovery& recovery) {
  std::vector<ErasedParts> erasures = TRY(recorded_erasures(connection, places_of(shared_log).first));
  TRY(connection.query("SELECT body FROM due_erasure", {}, [&](const SqlRow& row) -> Status {
    erasures.push_back(TRY(erased_parts({.payload = {.body = TRY(parse_json(row.text(0), {}))}})));
    return {};
  }));
  std::map<RecordId, std::set<std::uint32_t>> items;
  for (const ErasedParts& parts : erasures) items[parts.record].insert(parts.items.begin(), parts.items.end());
  struct Back {
    Place place;
    RecordId id;
    std::string scope;
    bool stripped;
  };
  std::vector<Back> back;
  TRY(
      connection.query("SELECT record.place, id, scope, missing FROM recovered JOIN record ON record.place = "
                       "recovered.place WHERE recovered.sealed IS NOT NULL AND record.sealed IS NOT NULL",
                       {}, [&](const SqlRow& row) {
                         RecordId id{};
                         std::ranges::copy(row.bytes(1).first(id.size()), id.begin());
                         back.push_back({Place::of(row.integer(0)), id, std::string(row.text(2)), row.integer(3) > 0});
                         return Status();
                       }));
  for (const Back& one : back) {
    const auto of_it = items.find(one.id);
    if (one.stripped) {
      const Record record = TRY(read_in(connection, one.place));
      for (std::uint32_t item = 0; item < record.items.size(); ++item) {
        const bool erased = of_it != items.end() && (of_it->second.empty() || of_it->second.contains(item));
        if (record.items[item].empty() && !erased) recovery.lost.insert(one.place.position);
      }
    }
    if (of_it == items.end()) continue;
    // One that was in no copy: now its scope is known.
    TRY(connection.execute("UPDATE due_erasure SET scope = $2 WHERE id = $1 AND scope = ''",
                           {Bytes(one.id), std::string_view(one.scope)}));
  }
  for (const ErasedParts& parts : erasures) TRY(erase_contents(connection, parts, nullptr));
  recovery.done.erased = !erasures.empty() && !back.empty();
  return {};
}

Status Journal::Impl::close_gaps(Connection& connection, const Recovery& recovery) const {
  struct Scope {
    std::string name;
    std::int64_t last;   // that others know
    std::int64_t known;  // that we know
  };
  std::vector<Scope> scopes;
  // Only of those that there are: somebody may say anything.
  TRY(connection.query(
      "SELECT said.scope, said.last, COALESCE(known.sequence, 0) FROM recovered_scope AS said "
      "LEFT JOIN scope_sequence AS known ON known.log = 0 AND known.scope = said.scope "
      "WHERE known.sequence IS NOT NULL OR EXISTS (SELECT 1 FROM scope_record WHERE log = 0 AND scope = said.scope) "
      "ORDER BY said.scope",
      {}, [&](const SqlRow& row) {
        scopes.push_back({std::string(row.text(0)), row.integer(1), row.integer(2)});
        return Status();
      }));
  std::set<std::int64_t> empty;
  TRY(connection.query("SELECT place FROM record WHERE kind = '' AND place >= $1 AND place < $2",
                       {recovery.first, places_of(shared_log).second}, [&](const SqlRow& row) {
                         empty.insert(row.integer(0));
                         return Status();
                       }));
  // As many numbers can be without content as there are records without.
  std::size_t room = empty.size();
  for (const Scope& scope : scopes) {
    std::map<std::int64_t, std::int64_t> places;
    TRY(connection.query("SELECT sequence, place FROM scope_record WHERE log = 0 AND scope = $1 AND sequence > $2",
                         {std::string_view(scope.name), scope.known}, [&](const SqlRow& row) {
                           places.emplace(row.integer(0), row.integer(1));
                           return Status();
                         }));
    // Where others say that one stood that they have erased.
    std::map<std::int64_t, std::int64_t> hints;
    TRY(connection.query("SELECT sequence, place FROM recovered WHERE scope = $1 AND sealed IS NULL",
                         {std::string_view(scope.name)}, [&](const SqlRow& row) {
                           if (empty.contains(row.integer(1))) hints.emplace(row.integer(0), row.integer(1));
                           return Status();
                         }));
    std::int64_t last = std::max(scope.known, places.empty() ? 0 : places.rbegin()->first);
    std::int64_t before = recovery.first;
    for (std::int64_t sequence = scope.known + 1; sequence <= std::max(last, scope.last); ++sequence) {
      if (const auto place = places.find(sequence); place != places.end()) {
        before = place->second;
        continue;
      }
      if (room == 0) break;
      --room;
      // Readers are told that it is gone, whichever of the records without content it was.
      auto some = empty.lower_bound(before);
      if (const auto hint = hints.find(sequence); hint != hints.end()) some = empty.find(hint->second);
      TRY(
          connection.execute("INSERT INTO scope_record(log, scope, sequence, place) VALUES (0, $1, $2, $3) "
                             "ON CONFLICT DO NOTHING",
                             {std::string_view(scope.name), sequence, some == empty.end() ? *empty.rbegin() : *some}));
      last = std::max(last, sequence);
    }
    TRY(
        connection.execute("INSERT INTO scope_sequence(log, scope, sequence) VALUES (0, $1, $2) "
                           "ON CONFLICT(log, scope) DO UPDATE SET sequence = excluded.sequence "
                           "WHERE excluded.sequence > scope_sequence.sequence",
                           {std::string_view(scope.name), last}));
  }
  return {};
}

Status Journal::Impl::note_without_content(Recovery& recovery) const {
  const auto [from, to] = places_of(shared_log);
  const std::scoped_lock lock(reading);
  std::set<RecordId> erased;
  for (const ErasedParts& parts : TRY(recorded_erasures(*reader, from))) {
    if (parts.items.empty()) erased.insert(parts.record);
  }
  return reader->query("SELECT place, id FROM record WHERE kind = '' AND place >= $1 AND place < $2 ORDER BY place",
                       {from, to}, [&](const SqlRow& row) {
                         RecordId id{};
                         std::ranges::copy(row.bytes(1).first(id.size()), id.begin());
                         if (!erased.contains(id)) recovery.lost.insert(Place::of(row.integer(0)).position);
                         return Status();
                       });
}

Result<KnownLost> known_lost(const Journal& journal) {
  KnownLost known;
  const std::uint64_t size = journal.head(shared_log).size;
  std::map<std::uint64_t, Record> said;  // by position in the private log
  for (const std::string_view kind : {kind_recovering, kind_recovered}) {
    TRY(journal.for_each_of_kind(private_log, kind, [&](const Record& record) {
      said.emplace(record.place.position, record);
      return Status();
    }));
  }
  for (const auto& [position, record] : said) {
    const Json& body = record.payload.body;
    const Json* const from = body.find("from");
    if (from != nullptr && from->integer() != nullptr) {
      const auto at = static_cast<std::uint64_t>(*from->integer());
      known.awaited_from = std::min(known.awaited_from.value_or(at), at);
    }
    const Json* const ranges = body.find("ranges");
    if (ranges == nullptr || ranges->array() == nullptr) continue;
    known.awaited_from.reset();
    for (const Json& range : *ranges->array()) {
      const Json::Array* const ends = range.array();
      if (ends == nullptr || ends->size() != 2 || (*ends)[0].integer() == nullptr || (*ends)[1].integer() == nullptr) {
        continue;
      }
      const auto last = static_cast<std::uint64_t>(*(*ends)[1].integer());
      for (auto at = static_cast<std::uint64_t>(*(*ends)[0].integer()); at <= last && at < size; ++at) {
        known.positions.insert(at);
      }
    }
  }
  return known;
}

}  // namespace fristad
