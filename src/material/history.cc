#include <algorithm>

#include "base/try.h"
#include "material/material_impl.h"

namespace fristad {

Result<std::vector<ListRevision>> Material::history(const ListId& list) const {
  TRY(this->list(list));
  std::vector<ListRevision> revisions;
  for (const Place place : TRY(impl_->journal.places(list))) {
    const Record record = TRY(impl_->journal.read(place));
    revisions.push_back({.revision = record.revision,
                         .at_ms = record.payload.at_ms,
                         .body = TRY(ListBody::from_json(record.payload.body))});
  }
  return revisions;
}

Result<std::vector<EntryEvent>> Material::history(const ListId& list, std::int64_t number) const {
  const Impl& impl = *impl_;
  const EntryView entry = TRY(this->entry(list, number));
  const EntryPlace place = EntryPlace::of_number(TRY(impl.known(list)).log, number);
  std::vector<EntryEvent> events{{.at_ms = TRY(impl.journal.read(place.chunk)).payload.at_ms, .what = "added"}};
  std::optional<Place> state;
  {
    const std::scoped_lock lock(impl.reading);
    const std::initializer_list<SqlValue> named{Bytes(list), number};
    TRY(impl.views->query("SELECT place FROM entry_state WHERE list = $1 AND number = $2", named,
                          [&](const SqlRow& row) {
                            state = Place::of(row.integer(0));
                            return Status();
                          }));
    TRY(impl.views->query(
        "SELECT at, reason FROM withdrawn WHERE list = $1 AND number = $2", named, [&](const SqlRow& row) {
          events.push_back({.at_ms = row.integer(0), .what = "withdrawn", .reason = std::string(row.text(1))});
          return Status();
        }));
    TRY(impl.views->query(
        "SELECT log, verdict, basis, reason, at FROM opinion WHERE list = $1 AND number = $2 ORDER BY place", named,
        [&](const SqlRow& row) {
          const bool confirms = from_text<Verdict>(row.text(1)) == Verdict::confirm;
          events.push_back({.at_ms = row.integer(4),
                            .what = confirms ? "confirmed" : "disputed",
                            .member = impl.journal.author(static_cast<std::uint32_t>(row.integer(0))),
                            .basis = from_text<Basis>(row.text(2)),
                            .reason = std::string(row.text(3))});
          return Status();
        }));
  }
  if (state) {
    const std::int64_t at_ms = TRY(impl.journal.read(*state)).payload.at_ms;
    events.push_back({.at_ms = at_ms, .what = entry.paused_until_ms != 0 ? "paused" : "noted"});
  }
  std::ranges::stable_sort(events, {}, &EntryEvent::at_ms);
  return events;
}

}  // namespace fristad
