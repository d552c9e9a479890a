#include <algorithm>

#include "base/hex.h"
#include "base/try.h"
#include "material/material_impl.h"
#include "record/exchange.h"

namespace fristad {
Result<std::optional<ListId>> Material::Impl::list_of(Place chunk) const {
  const std::scoped_lock lock(reading);
  const auto bytes = TRY(views->bytes("SELECT list FROM chunk WHERE place = $1", {chunk.value()}));
  if (!bytes) return std::optional<ListId>();
  ListId list{};
  std::ranges::copy(*bytes, list.begin());
  return std::optional(list);
}

Result<EntryView> Material::Impl::entry_at(const ListId& list, const EntryPlace& place) const {
  const auto owner = TRY(list_of(place.chunk));
  const Error absent{Code::not_found, "list " + to_text(list) + " has no entry " + std::to_string(place.number())};
  if (!owner || *owner != list) return absent;
  const Record chunk = TRY(journal.read(place.chunk));
  if (place.item >= chunk.items.size()) return absent;
  if (chunk.items[place.item].empty()) return Error{Code::not_found, "the entry was erased; its proof stays"};
  EntryView entry{.list = list, .number = place.number(), .body = TRY(EntryBody::from_item(chunk.items[place.item]))};
  const EntryState state = TRY(state_of(list, entry.number));
  if (state.note) entry.body.note = *state.note;
  entry.paused_until_ms = state.paused_until_ms;
  const std::scoped_lock lock(reading);
  const auto reason =
      TRY(views->text("SELECT reason FROM withdrawn WHERE list = $1 AND number = $2", {Bytes(list), entry.number}));
  entry.withdrawn = reason.has_value();
  entry.reason = reason.value_or("");
  return entry;
}

Result<EntryState> Material::Impl::state_of(const ListId& list, std::int64_t number) const {
  std::optional<std::int64_t> place;
  {
    const std::scoped_lock lock(reading);
    place = TRY(views->integer("SELECT place FROM entry_state WHERE list = $1 AND number = $2", {Bytes(list), number}));
  }
  return place ? state_at(Place::of(*place)) : EntryState();
}

Result<EntryState> Material::Impl::state_at(Place place) const {
  const Record record = TRY(journal.read(place));
  return TRY(EntryStateBody::from_json(record.payload.body)).state;
}

Result<std::vector<MaterialMatch>> Material::match(const PdqHash& query, int limit, MatchScratch& scratch,
                                                   Ruled ruled) const {
  std::vector<LiveMatch> found;
  impl_->index.match(query, limit, scratch, found);
  return impl_->judged(found, ruled);
}

Result<std::vector<std::vector<MaterialMatch>>> Material::match_batch(std::span<const PdqHash> queries, int limit,
                                                                      MatchScratch& scratch) const {
  LiveBatchMatches batch;
  impl_->index.match_batch(queries, limit, scratch, batch);
  std::vector<std::vector<MaterialMatch>> answers(queries.size());
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (!batch.of(i).empty()) answers[i] = TRY(impl_->judged(batch.of(i)));
  }
  return answers;
}

Result<std::vector<MaterialMatch>> Material::find(DigestKind kind, std::span<const std::uint8_t> digest,
                                                  Ruled ruled) const {
  std::vector<EntryHandle> handles;
  impl_->index.find(kind, digest, handles);
  std::vector<LiveMatch> found;
  for (const EntryHandle handle : handles) found.push_back({handle, 0});
  return impl_->judged(found, ruled);
}

Result<std::vector<ListInfo>> Material::lists() const {
  std::vector<ListInfo> infos;
  const auto all = impl_->lists.get();
  for (const auto& [id, known] : *all) infos.push_back(TRY(list(id)));
  return infos;
}

Result<ListInfo> Material::list(const ListId& id) const {
  const KnownList known = TRY(impl_->known(id));
  ListInfo info{.id = id,
                .body = known.body,
                .own = known.own(),
                .revision = known.revision,
                .member = known.member,
                .subscription = known.subscription};
  const std::scoped_lock lock(impl_->reading);
  Connection& views = *impl_->views;
  info.entries =
      TRY(views.integer("SELECT CAST(coalesce(sum(size), 0) AS bigint) FROM chunk WHERE list = $1", {Bytes(id)}))
          .value_or(0) -
      TRY(views.integer("SELECT count(*) FROM erased_entry WHERE list = $1", {Bytes(id)})).value_or(0);
  info.withdrawn = TRY(views.integer("SELECT count(*) FROM withdrawn WHERE list = $1", {Bytes(id)})).value_or(0);
  return info;
}

Result<std::uint64_t> Material::entries_to_find() const {
  const std::scoped_lock lock(impl_->reading);
  const auto all = TRY(impl_->views->integer("SELECT CAST(coalesce(sum(size), 0) AS bigint) FROM chunk"));
  const auto gone =
      TRY(impl_->views->integer("SELECT count(*) FROM (SELECT list, number FROM withdrawn UNION "
                                "SELECT list, number FROM erased_entry) AS gone"));
  return static_cast<std::uint64_t>(all.value_or(0) - gone.value_or(0));
}

Result<EntryView> Material::entry(const ListId& list, std::int64_t number) const {
  const KnownList known = TRY(impl_->known(list));
  return impl_->entry_at(list, EntryPlace::of_number(known.log, number));
}

Result<ListId> Material::list_at(const EntryPlace& place) const {
  const auto list = TRY(impl_->list_of(place.chunk));
  if (!list) return Error{Code::not_found, "there is no such entry"};
  TRY(impl_->entry_at(*list, place));
  return *list;
}

Status Material::for_each_entry(const ListId& list, const std::function<Status(const EntryView&)>& use,
                                std::int64_t from) const {
  const KnownList known = TRY(impl_->known(list));
  const EntryPlace first = EntryPlace::of_number(known.log, from);
  std::vector<Place> chunks;
  std::map<std::int64_t, std::string> withdrawn;
  std::map<std::int64_t, Place> states;
  {
    const std::scoped_lock lock(impl_->reading);
    TRY(impl_->views->query("SELECT place FROM chunk WHERE list = $1 AND place >= $2 ORDER BY place",
                            {Bytes(list), first.chunk.value()}, [&](const SqlRow& row) {
                              chunks.push_back(Place::of(row.integer(0)));
                              return Status();
                            }));
    TRY(impl_->views->query("SELECT number, reason FROM withdrawn WHERE list = $1 AND number >= $2",
                            {Bytes(list), from}, [&](const SqlRow& row) {
                              withdrawn.emplace(row.integer(0), row.text(1));
                              return Status();
                            }));
    TRY(impl_->views->query("SELECT number, place FROM entry_state WHERE list = $1 AND number >= $2",
                            {Bytes(list), from}, [&](const SqlRow& row) {
                              states.emplace(row.integer(0), Place::of(row.integer(1)));
                              return Status();
                            }));
  }
  for (const Place place : chunks) {
    const Record chunk = TRY(impl_->journal.read(place));
    for (std::uint32_t item = place == first.chunk ? first.item : 0; item < chunk.items.size(); ++item) {
      if (chunk.items[item].empty()) continue;
      EntryView entry{.list = list,
                      .number = EntryPlace{place, item}.number(),
                      .body = TRY(EntryBody::from_item(chunk.items[item]))};
      if (const auto at = withdrawn.find(entry.number); at != withdrawn.end()) {
        entry.withdrawn = true;
        entry.reason = at->second;
      }
      if (const auto at = states.find(entry.number); at != states.end()) {
        const EntryState state = TRY(impl_->state_at(at->second));
        if (state.note) entry.body.note = *state.note;
        entry.paused_until_ms = state.paused_until_ms;
      }
      TRY(use(entry));
    }
  }
  return {};
}

Result<Explanation> Material::explain(const ListId& list, std::int64_t number) const {
  const KnownList known = TRY(impl_->known(list));
  Explanation explanation;
  explanation.entry = TRY(entry(list, number));
  explanation.list = TRY(this->list(list));
  explanation.input =
      TRY(impl_->rule_input(known, list, number, explanation.entry.body.classification, &explanation.opinions));
  // Whether an allow list holds it: what matching the entry's own hashes would meet.
  const EntryBody& body = explanation.entry.body;
  std::vector<LiveMatch> found;
  std::vector<EntryHandle> equal;
  MatchScratch scratch;
  if (body.pdq) impl_->index.match(*body.pdq, limit_default, scratch, found);
  const auto add_equal = [&](DigestKind kind, const auto& digest) {
    if (!digest) return;
    impl_->index.find(kind, *digest, equal);
    for (const EntryHandle handle : equal) found.push_back({handle, 0});
  };
  add_equal(DigestKind::md5, body.md5);
  add_equal(DigestKind::sha1, body.sha1);
  add_equal(DigestKind::sha256, body.sha256);
  for (const LiveMatch& one : found) {
    const auto owner = TRY(impl_->list_of(EntryPlace::of(one.handle).chunk));
    const auto other = owner ? impl_->known(*owner) : Result<KnownList>(Error{Code::not_found, ""});
    if (other && other->body.purpose == Purpose::allow && other->body.state == ListState::enabled &&
        one.distance <= static_cast<std::uint32_t>(other->body.limit)) {
      explanation.input.allow_listed = true;
    }
  }
  explanation.input.over_cap =
      !known.own() && impl_->enforced.reached(known.member, impl_->journal.now_ms(), known.cap());
  explanation.ruling = rule_on(explanation.input);
  for (std::uint32_t log = 0; log < own_logs; ++log) {
    const LogHead head = impl_->journal.head(log);
    explanation.as_of.emplace_back(head.origin, head.size);
  }
  for (const KnownLog& log : impl_->journal.known_logs()) {
    explanation.as_of.emplace_back(log.head.origin, log.head.size);
  }
  return explanation;
}

Result<std::vector<Recall>> Material::recalls(const ListId& list, std::span<const NumberRange> entries) const {
  std::vector<Recall> recalls;
  const std::scoped_lock lock(impl_->reading);
  for (const NumberRange& range : entries) {
    TRY(
        impl_->views->query("SELECT reference, number, at, level FROM kept_match WHERE list = $1 AND number >= $2 AND "
                            "number <= $3 ORDER BY at, reference, number",
                            {Bytes(list), range.first, range.last}, [&](const SqlRow& row) {
                              recalls.push_back({.reference = std::string(row.text(0)),
                                                 .list = list,
                                                 .number = row.integer(1),
                                                 .at_ms = row.integer(2),
                                                 .level = std::string(row.text(3))});
                              return Status();
                            }));
  }
  return recalls;
}

}  // namespace fristad
