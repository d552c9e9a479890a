#include <algorithm>

#include "base/hex.h"
#include "base/try.h"
#include "record/journal.h"
#include "record/journal_impl.h"

namespace fristad {
namespace {

Result<std::vector<std::uint32_t>> items_of(const Json& body) {
  std::vector<std::uint32_t> items;
  const Json* const listed = body.find("items");
  if (listed == nullptr) return items;
  if (listed->array() == nullptr) return Error{Code::invalid_argument, "the items of an erasure are a list"};
  for (const Json& item : *listed->array()) {
    const std::int64_t* const number = item.integer();
    if (number == nullptr || *number < 0 || *number >= std::ssize(std::array<char, items_max>{})) {
      return Error{Code::invalid_argument, "an erasure names an item that no chunk has"};
    }
    items.push_back(static_cast<std::uint32_t>(*number));
  }
  return items;
}

Json::Object erasure_body(const RecordId& id, std::span<const std::uint32_t> items, std::string_view ground) {
  Json::Object body{{"record", to_hex(id)}, {"ground", std::string(ground)}};
  Json::Array listed;
  for (const std::uint32_t item : items) listed.emplace_back(static_cast<std::int64_t>(item));
  if (!items.empty()) body.emplace("items", std::move(listed));
  return body;
}

// Of a whole record nothing is left to be erased twice; of a chunk these items may be.
std::vector<std::uint32_t> still_there(const Record& chunk, std::span<const std::uint32_t> items) {
  std::vector<std::uint32_t> there;
  for (const std::uint32_t item : items) {
    if (item >= chunk.items.size() || !chunk.items[item].empty()) there.push_back(item);
  }
  return there;
}

Status check_erased(const Record& record) {
  const Json* const ground = record.payload.body.find("ground");
  if (ground == nullptr || ground->text() == nullptr || ground->text()->empty()) {
    return Error{Code::invalid_argument, "an erasure says the ground"};
  }
  TRY(erased_parts(record));
  return {};
}

Status check_nothing(const Record&) {
  return {};
}

constexpr std::array kinds{
    Kind{.name = kind_erased, .schema_newest = 1, .from_others = true, .check = check_erased},
    Kind{.name = kind_act, .schema_newest = 1, .check = check_nothing},
    // The public keys of the node, as statements of its root key: docs/format/record.md.
    Kind{.name = "node.keys", .schema_newest = 1, .from_others = true, .check = check_nothing},
    Kind{.name = kind_recovering, .schema_newest = 1, .check = check_nothing},
    Kind{.name = kind_recovered, .schema_newest = 1, .check = check_nothing},
    // A hash of the private log's checkpoint, so that what is private can't be rewritten either.
    Kind{.name = "log.private_head", .schema_newest = 1, .from_others = true, .check = check_nothing},
    Kind{.name = kind_filled, .schema_newest = 1, .in_last_places = true, .check = check_nothing},
};

constexpr View view{.name = "journal", .migrations = {}, .tables = {}, .kinds = kinds};

}  // namespace

const View& journal_view() {
  return view;
}

Result<ErasedParts> erased_parts(const Record& erasure) {
  ErasedParts parts;
  const Json* const target = erasure.payload.body.find("record");
  if (target == nullptr || target->text() == nullptr || !from_hex(*target->text(), parts.record)) {
    return Error{Code::invalid_argument, "an erasure names a record"};
  }
  parts.items = TRY(items_of(erasure.payload.body));
  return parts;
}

Result<Recorded> Journal::erase(const By& by, const RecordId& id, std::span<const std::uint32_t> items,
                                std::string_view ground) {
  auto recorded = TRY(transact(by, [&](Decision& decision) -> Status {
    TRY(impl_->record_erasure(decision, TRY(impl_->draft_erasure(decision.views(), id, items, ground))));
    return {};
  }));
  return recorded.front();
}

// Who had it and may read its scope no more is told too.
Status Journal::Impl::record_erasure(Decision& decision, Draft draft) const {
  const ErasedParts parts = TRY(erased_parts({.payload = {.body = draft.body}}));
  const auto [from, to] = places_by(parts.record);
  const auto first =
      TRY(decision.views().integer("SELECT min(place) FROM record WHERE id = $1 AND place >= $2 AND "
                                   "place < $3",
                                   {Bytes(parts.record), from, to}));
  // Facts remain once: the copies have none.
  Json::Object copy = *draft.body.members();
  copy.erase("facts");
  const std::string scope = draft.scope;
  TRY(decision.emit(std::move(draft)));
  for (CorrectionScope& further : TRY(decision.correction_scopes(scope))) {
    if (!first || Place::of(*first) >= further.since) continue;
    TRY(decision.emit({.kind = std::string(kind_erased), .scope = std::move(further.scope), .body = Json(copy)}));
  }
  return {};
}

Status Journal::erase_restored(const By& by, const RecordId& id, std::span<const std::uint32_t> items,
                               std::string_view ground) {
  TRY(transact(by, [&](Decision& decision) -> Status {
    auto draft = impl_->draft_erasure(decision.views(), id, items, ground);
    if (!draft && draft.error().code == Code::not_found) {
      // Nobody knows its scope until it comes back, if it does.
      draft = Draft{.kind = std::string(kind_erased), .scope = "", .body = erasure_body(id, items, ground)};
    } else if (!draft) {
      return draft.error();
    } else if (draft->scope == "private") {
      TRY(decision.emit(*std::move(draft)));
      return {};
    } else {
      Fold fold(decision.views(), {});
      const ErasedParts parts{.record = id, .items = {items.begin(), items.end()}};
      TRY(impl_->erase_contents(decision.views(), parts, &fold));
    }
    TRY(decision.views().execute("INSERT INTO due_erasure(id, scope, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                                 {Bytes(id), std::string_view(draft->scope), canonical(draft->body)}));
    return {};
  }));
  return {};
}

Status Journal::record_due_erasures(const By& by) {
  TRY(transact(by, [&](Decision& decision) -> Status {
    std::vector<Draft> due;
    // Without a scope: of what was in no copy, and never came back.
    TRY(decision.views().query("SELECT scope, body FROM due_erasure WHERE scope <> '' ORDER BY id, body", {},
                               [&](const SqlRow& row) -> Status {
                                 due.push_back({.kind = std::string(kind_erased),
                                                .scope = std::string(row.text(0)),
                                                .body = TRY(parse_json(row.text(1), {}))});
                                 return {};
                               }));
    const std::vector<ErasedParts> recorded = TRY(impl_->recorded_erasures(decision.views(), 0));
    for (Draft& draft : due) {
      const ErasedParts parts = TRY(erased_parts({.payload = {.body = draft.body}}));
      if (std::ranges::find(recorded, parts) != recorded.end()) continue;
      TRY(impl_->record_erasure(decision, std::move(draft)));
    }
    TRY(decision.views().execute("DELETE FROM due_erasure"));
    return {};
  }));
  return {};
}

Result<std::vector<ErasedParts>> Journal::Impl::recorded_erasures(Connection& connection, std::int64_t from) const {
  std::vector<RecordRow> rows;
  TRY(connection.query(
      "SELECT place, id, revision, kind, leaf, key, sealed FROM record WHERE kind = $1 AND place >= $2 "
      "AND place < $3 ORDER BY place",
      {kind_erased, from, places_of(shared_log).second}, [&](const SqlRow& row) -> Status {
        rows.push_back(TRY(read_row(row)));
        return {};
      }));
  std::vector<ErasedParts> recorded;
  for (const RecordRow& row : rows) {
    if (!row.erased) recorded.push_back(TRY(erased_parts(TRY(open(row)))));
  }
  return recorded;
}

Result<Draft> Journal::Impl::draft_erasure(Connection& connection, const RecordId& id,
                                           std::span<const std::uint32_t> items, std::string_view ground) const {
  std::vector<Place> places;
  bool erased = false;
  const auto [from, to] = places_by(id);
  TRY(connection.query("SELECT place, sealed IS NULL FROM record WHERE id = $1 AND place >= $2 AND place < $3",
                       {Bytes(id), from, to}, [&](const SqlRow& row) {
                         places.push_back(Place::of(row.integer(0)));
                         erased = erased || row.integer(1) != 0;
                         return Status();
                       }));
  if (places.empty()) return Error{Code::not_found, "there is no such record to erase"};
  if (places.front().log >= own_logs) return Error{Code::permission_denied, "only its author erases a record"};
  if (erased) return Error{Code::conflict, "the record was erased before"};
  const Record target = TRY(read_in(connection, places.back()));
  const Kind* const kind = kinds.find(target.payload.kind, target.payload.schema);
  if (kind == nullptr || kind->erase == nullptr) {
    return Error{Code::permission_denied,
                 "a record of kind " + target.payload.kind + " isn't erased: others rest on it"};
  }
  for (const std::uint32_t item : items) {
    if (item >= target.items.size()) return Error{Code::not_found, "the chunk has no item " + std::to_string(item)};
  }
  Json::Object body = erasure_body(id, items, ground);
  // The facts that lawfully remain, so that totals survive a rebuild.
  Json::Array facts;
  if (items.empty()) {
    for (const Place place : places) {
      TRY(connection.query("SELECT kind, subject, at, dimensions FROM fact WHERE place = $1 ORDER BY number",
                           {place.value()}, [&](const SqlRow& row) {
                             facts.push_back(Json::object({{"kind", row.text(0)},
                                                           {"subject", row.text(1)},
                                                           {"at", row.integer(2)},
                                                           {"dimensions", row.text(3)}}));
                             return Status();
                           }));
    }
  }
  if (!facts.empty()) body.emplace("facts", std::move(facts));
  return Draft{.kind = std::string(kind_erased), .scope = target.payload.scope, .body = Json(std::move(body))};
}

Result<Record> Journal::Impl::read_in(Connection& connection, Place place) const {
  std::optional<RecordRow> found;
  TRY(connection.query("SELECT place, id, revision, kind, leaf, key, sealed FROM record WHERE place = $1",
                       {place.value()}, [&](const SqlRow& row) -> Status {
                         found = TRY(read_row(row));
                         return {};
                       }));
  if (!found || found->erased) return Error{Code::not_found, "there is no such record, or it was erased"};
  return open(*found);
}

Status Journal::Impl::erase_contents(Connection& connection, const ErasedParts& parts, Fold* views) {
  std::vector<Place> places;
  const auto [from, to] = places_by(parts.record);
  TRY(
      connection.query("SELECT place FROM record WHERE id = $1 AND sealed IS NOT NULL AND place >= $2 AND place < $3 "
                       "ORDER BY place",
                       {Bytes(parts.record), from, to}, [&](const SqlRow& row) {
                         places.push_back(Place::of(row.integer(0)));
                         return Status();
                       }));
  for (const Place place : places) {
    const Record target = TRY(read_in(connection, place));
    const std::vector<std::uint32_t> there = still_there(target, parts.items);
    if (!parts.items.empty() && there.empty()) continue;
    if (views != nullptr) {
      const Kind* const kind = kinds.find(target.payload.kind, target.payload.schema);
      if (kind != nullptr && kind->erase != nullptr) TRY(kind->erase(*views, target, there));
    }
    if (parts.items.empty()) {
      TRY(connection.execute("DELETE FROM fact WHERE place = $1", {place.value()}));
      TRY(connection.execute("UPDATE record SET key = NULL, sealed = NULL WHERE place = $1", {place.value()}));
    } else {
      TRY(reseal_without(connection, place, there));
    }
  }
  return {};
}

// In a rebuild the content is gone already and was never folded: only the facts that remain are stated. What is erased
// already stays as it is: who reads a scope again that it had lost hears of an erasure twice.
Status Journal::Impl::apply_erasure(Connection& connection, const Record& erasure, bool rebuilding) {
  const Json& body = erasure.payload.body;
  const ErasedParts parts = TRY(erased_parts(erasure));
  Fold fold(connection, erasure.place);
  if (!rebuilding) TRY(erase_contents(connection, parts, &fold));
  const Json* const facts = body.find("facts");
  if (facts == nullptr || facts->array() == nullptr) return {};
  for (const Json& fact : *facts->array()) {
    const auto text = [&](std::string_view name) -> std::string_view {
      const Json* const member = fact.find(name);
      return member != nullptr && member->text() != nullptr ? *member->text() : std::string_view();
    };
    const Json* const at = fact.find("at");
    TRY(fold.fact({.kind = text("kind"),
                   .subject = text("subject"),
                   .at_ms = at != nullptr && at->integer() != nullptr ? *at->integer() : 0,
                   .dimensions = text("dimensions")}));
  }
  return {};
}

Status Journal::Impl::reseal_without(Connection& connection, Place place, std::span<const std::uint32_t> items) {
  std::optional<RecordRow> row;
  TRY(connection.query("SELECT place, id, revision, kind, leaf, key, sealed FROM record WHERE place = $1",
                       {place.value()}, [&](const SqlRow& found) -> Status {
                         row = TRY(read_row(found));
                         return {};
                       }));
  if (!row) return Error{Code::not_found, "there is no such record"};
  Stored stored = TRY(open_stored(row->key, row->sealed, place, data_key));
  TRY(stored.erase_items(items));
  const SealedContent sealed = TRY(seal_stored(stored, place, data_key, options.random));
  TRY(connection.execute("UPDATE record SET key = $2, sealed = $3 WHERE place = $1",
                         {place.value(), Bytes(sealed.key), Bytes(sealed.bytes)}));
  return {};
}

Status Journal::scrub() {
  return impl_->alone([&]() -> Status {
    const std::scoped_lock reading(impl_->reading);
    return impl_->writer->checkpoint_and_scrub({"record", "fact", "recovered"});
  });
}

}  // namespace fristad
