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

Result<std::size_t> Journal::recover(std::string_view scope, std::span<const Parcel> parcels) {
  std::size_t taken = 0;
  TRY(transact(recovery_actor, [&](Decision& decision) -> Status {
    taken = 0;
    for (const Parcel& parcel : parcels) TRY(impl_->recover_one(decision.views(), scope, parcel, taken));
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
        connection.execute("INSERT INTO recovered(place, scope, sequence, kind, key, sealed) "
                           "SELECT $1, $2, $3, '', NULL, NULL WHERE NOT EXISTS "
                           "(SELECT 1 FROM recovered WHERE scope = $2 AND sequence = $3) ON CONFLICT DO NOTHING",
                           {place.value(), scope, parcel.sequence}));
    return {};
  }
  const auto stored = decode_stored(parcel.content);
  if (!stored || stored->commitment() != leaf->commitment) return {};
  const auto payload = decode_payload(stored->payload());
  if (!payload || payload->scope != scope || payload->sequence != parcel.sequence) return {};
  const SealedContent sealed = TRY(seal_stored(*stored, place, data_key, options.random));
  TRY(connection.execute("DELETE FROM recovered WHERE scope = $1 AND sequence = $2 AND sealed IS NULL",
                         {scope, parcel.sequence}));
  TRY(
      connection.execute("INSERT INTO recovered(place, scope, sequence, kind, key, sealed) "
                         "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT(place) DO UPDATE SET scope = excluded.scope, "
                         "sequence = excluded.sequence, kind = excluded.kind, key = excluded.key, "
                         "sealed = excluded.sealed",
                         {place.value(), scope, parcel.sequence, std::string_view(payload->kind), Bytes(sealed.key),
                          Bytes(sealed.bytes)}));
  ++taken;
  return {};
}

Result<Recovered> Journal::end_recovery(const By& by) {
  Recovered recovered;
  std::int64_t first = 0;
  TRY(impl_->alone([&]() -> Status {
    if (impl_->unsure) TRY(impl_->settle());
    Connection& writer = *impl_->writer;
    {
      Transaction filling = TRY(writer.begin());
      TRY(impl_->fill_recovered(writer, recovered, first));
      TRY(filling.commit());
    }
    // By itself: it reads what is committed.
    Transaction folding = TRY(writer.begin());
    TRY(impl_->fold_anew(writer));
    TRY(writer.execute("DELETE FROM recovered"));
    TRY(folding.commit());
    std::vector<Record> page;
    const auto tell = [&] {
      for (const Subscriber& subscriber : impl_->subscribers) subscriber(page);
      page.clear();
    };
    TRY(impl_->for_each(shared_log, Place::of(first).position, [&](const Record& record) {
      page.push_back(record);
      if (page.size() == page_records) tell();
      return Status();
    }));
    if (!page.empty()) tell();
    return {};
  }));

  const std::set<std::uint64_t> stated = TRY(stated_lost(*this));
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
  for (const std::uint64_t position : TRY(impl_->without_content())) {
    if (stated.contains(position)) continue;
    ++recovered.lost;
    if (!ranges.empty() && ranges.back().second + 1 == position) {
      ranges.back().second = position;
    } else {
      ranges.emplace_back(position, position);
    }
  }
  TRY(transact(by, [&](Decision& decision) -> Status {
    for (std::size_t at = 0; at < ranges.size(); at += ranges_per_record) {
      const auto some = std::span(ranges).subspan(at, std::min(ranges_per_record, ranges.size() - at));
      TRY(decision.emit({.kind = std::string(kind_lost), .body = ranges_of(some)}));
    }
    return {};
  }));
  return recovered;
}

Status Journal::Impl::fill_recovered(Connection& connection, Recovered& recovered, std::int64_t& first) {
  const auto [from, to] = places_of(shared_log);
  const auto lacking = TRY(
      connection.integer("SELECT min(place) FROM record WHERE kind = '' AND place >= $1 AND place < $2", {from, to}));
  const auto back = TRY(connection.integer("SELECT min(place) FROM recovered"));
  first = std::min(lacking.value_or(to), back.value_or(to));
  recovered.records = static_cast<std::uint64_t>(
      TRY(connection.integer("SELECT count(*) FROM recovered WHERE sealed IS NOT NULL")).value_or(0));
  TRY(
      connection.execute("UPDATE record SET "
                         "kind = (SELECT kind FROM recovered WHERE recovered.place = record.place), "
                         "key = (SELECT key FROM recovered WHERE recovered.place = record.place), "
                         "sealed = (SELECT sealed FROM recovered WHERE recovered.place = record.place) "
                         "WHERE kind = '' AND place IN (SELECT place FROM recovered WHERE sealed IS NOT NULL)"));
  TRY(
      connection.execute("INSERT INTO scope_record(log, scope, sequence, place) "
                         "SELECT 0, scope, sequence, place FROM recovered WHERE place >= $1 ON CONFLICT DO NOTHING",
                         {from}));
  // Who hasn't followed an erasure yet gives back what is to stay away. The views are made anew anyway.
  for (const ErasedParts& parts : TRY(recorded_erasures(connection, first))) {
    TRY(erase_contents(connection, parts, nullptr));
    recovered.erased = true;
  }
  return close_gaps(connection, first);
}

Status Journal::Impl::close_gaps(Connection& connection, std::int64_t first) {
  // Only what we have signed says up to where a scope went.
  std::vector<std::pair<std::string, std::int64_t>> scopes;
  TRY(
      connection.query("SELECT scope, max(sequence) FROM recovered WHERE sealed IS NOT NULL GROUP BY scope "
                       "ORDER BY scope",
                       {}, [&](const SqlRow& row) {
                         scopes.emplace_back(row.text(0), row.integer(1));
                         return Status();
                       }));
  std::set<std::int64_t> empty;
  TRY(connection.query("SELECT place FROM record WHERE kind = '' AND place >= $1 AND place < $2",
                       {first, places_of(shared_log).second}, [&](const SqlRow& row) {
                         empty.insert(row.integer(0));
                         return Status();
                       }));
  for (const auto& [scope, last] : scopes) {
    const auto known = TRY(connection.integer("SELECT sequence FROM scope_sequence WHERE log = 0 AND scope = $1",
                                              {std::string_view(scope)}))
                           .value_or(0);
    std::map<std::int64_t, std::int64_t> places;
    TRY(connection.query("SELECT sequence, place FROM scope_record WHERE log = 0 AND scope = $1 AND sequence > $2",
                         {std::string_view(scope), known}, [&](const SqlRow& row) {
                           places.emplace(row.integer(0), row.integer(1));
                           return Status();
                         }));
    std::int64_t before = first;
    for (std::int64_t sequence = known + 1; sequence <= last && !empty.empty(); ++sequence) {
      const auto place = places.find(sequence);
      if (place != places.end()) {
        before = place->second;
        continue;
      }
      // Readers are told that it is gone, whichever of the records without content it was.
      const auto some = empty.lower_bound(before);
      TRY(
          connection.execute("INSERT INTO scope_record(log, scope, sequence, place) VALUES (0, $1, $2, $3) "
                             "ON CONFLICT DO NOTHING",
                             {std::string_view(scope), sequence, some == empty.end() ? *empty.rbegin() : *some}));
    }
    TRY(
        connection.execute("INSERT INTO scope_sequence(log, scope, sequence) VALUES (0, $1, $2) "
                           "ON CONFLICT(log, scope) DO UPDATE SET sequence = excluded.sequence "
                           "WHERE excluded.sequence > scope_sequence.sequence",
                           {std::string_view(scope), last}));
  }
  return {};
}

Result<std::vector<std::uint64_t>> Journal::Impl::without_content() const {
  const auto [from, to] = places_of(shared_log);
  const std::scoped_lock lock(reading);
  std::set<RecordId> erased;
  for (const ErasedParts& parts : TRY(recorded_erasures(*reader, from))) {
    if (parts.items.empty()) erased.insert(parts.record);
  }
  std::vector<std::uint64_t> positions;
  TRY(reader->query("SELECT place, id FROM record WHERE kind = '' AND place >= $1 AND place < $2 ORDER BY place",
                    {from, to}, [&](const SqlRow& row) {
                      RecordId id{};
                      std::ranges::copy(row.bytes(1).first(id.size()), id.begin());
                      if (!erased.contains(id)) positions.push_back(Place::of(row.integer(0)).position);
                      return Status();
                    }));
  return positions;
}

Result<std::set<std::uint64_t>> stated_lost(const Journal& journal) {
  std::set<std::uint64_t> stated;
  const std::uint64_t size = journal.head(shared_log).size;
  TRY(journal.for_each_of_kind(private_log, kind_lost, [&](const Record& record) -> Status {
    const Json* const ranges = record.payload.body.find("ranges");
    if (ranges == nullptr || ranges->array() == nullptr) return {};
    for (const Json& range : *ranges->array()) {
      const Json::Array* const ends = range.array();
      if (ends == nullptr || ends->size() != 2 || (*ends)[0].integer() == nullptr || (*ends)[1].integer() == nullptr) {
        continue;
      }
      const auto last = static_cast<std::uint64_t>(*(*ends)[1].integer());
      for (auto at = static_cast<std::uint64_t>(*(*ends)[0].integer()); at <= last && at < size; ++at) {
        stated.insert(at);
      }
    }
    return {};
  }));
  return stated;
}

}  // namespace fristad
