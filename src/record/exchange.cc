#include "record/exchange.h"

#include <algorithm>
#include <utility>

#include "base/try.h"
#include "record/journal_impl.h"

namespace fristad {
namespace {

constexpr std::string_view exchange_actor = "exchange";
// More leaves than this aren't taken in one transaction: others want to write too.
constexpr std::size_t leaves_max = std::size_t{1} << 20;
constexpr std::size_t parcels_max = 1000;

// What goes on with the next record, and what ends the transaction: the database's own trouble is nobody's fault.
bool is_refusal(const Error& error) {
  return error.code != Code::unavailable && error.code != Code::internal && error.code != Code::cancelled &&
         error.code != Code::deadline_exceeded;
}

Error damaged(std::string what) {
  return {Code::damaged, std::move(what)};
}

}  // namespace

// ---- What the author serves ----

std::string Journal::author(std::uint32_t log) const {
  return impl_->author_of(log);
}

std::vector<KnownLog> Journal::known_logs() const {
  const std::scoped_lock lock(impl_->head_mutex);
  std::vector<KnownLog> logs;
  for (std::uint32_t log = own_logs; log < impl_->heads.size(); ++log) {
    logs.push_back({.number = log, .member = impl_->authors[log], .head = impl_->heads[log]});
  }
  return logs;
}

std::optional<KnownLog> Journal::known_log(std::string_view member) const {
  for (KnownLog& log : known_logs()) {
    if (log.member == member) return std::move(log);
  }
  return std::nullopt;
}

Result<std::vector<ScopeSpan>> Journal::spans(std::uint32_t log) const {
  std::vector<ScopeSpan> spans;
  const std::scoped_lock lock(impl_->reading);
  TRY(impl_->reader->query("SELECT scope, sequence FROM scope_sequence WHERE log = $1 ORDER BY scope",
                           {std::int64_t{log}}, [&](const SqlRow& row) {
                             spans.push_back({.scope = std::string(row.text(0)), .last = row.integer(1)});
                             return Status();
                           }));
  return spans;
}

Result<std::vector<Parcel>> Journal::parcels(std::uint32_t log, std::string_view scope, std::int64_t from,
                                             std::size_t bytes_max) const {
  std::vector<Parcel> parcels;
  std::vector<std::pair<std::int64_t, Place>> wanted;
  const std::scoped_lock lock(impl_->reading);
  TRY(
      impl_->reader->query("SELECT sequence, place FROM scope_record WHERE log = $1 AND scope = $2 AND sequence >= $3 "
                           "ORDER BY sequence LIMIT 1000",
                           {std::int64_t{log}, scope, from}, [&](const SqlRow& row) {
                             wanted.emplace_back(row.integer(0), Place::of(row.integer(1)));
                             return Status();
                           }));
  std::size_t bytes = 0;
  for (const auto& each : wanted) {
    const Place place = each.second;
    Parcel parcel{.sequence = each.first, .position = place.position};
    TRY(impl_->reader->query(
        "SELECT key, sealed FROM record WHERE place = $1", {place.value()}, [&](const SqlRow& row) -> Status {
          if (row.is_null(0) || row.is_null(1)) return {};
          parcel.content = encode_stored(TRY(open_stored(row.bytes(0), row.bytes(1), place, impl_->data_key)));
          return {};
        }));
    bytes += parcel.content.size();
    if (bytes > bytes_max && !parcels.empty()) break;
    parcels.push_back(std::move(parcel));
  }
  return parcels;
}

Status Journal::Impl::note_scope(Connection& connection, const Record& record) {
  TRY(
      connection.execute("INSERT INTO scope_record(log, scope, sequence, place) VALUES ($1, $2, $3, $4) "
                         "ON CONFLICT DO NOTHING",
                         {std::int64_t{record.place.log}, std::string_view(record.payload.scope),
                          record.payload.sequence, record.place.value()}));
  return {};
}

// ---- Leaves ----

Status Journal::extend(const Extension& extension) {
  if (extension.leaves.size() > leaves_max) {
    return Error{Code::too_large,
                 "more than " + std::to_string(leaves_max) + " leaves are taken over one after another"};
  }
  const std::string origin = shared_origin_of(extension.member);
  if (extension.head.origin != origin) {
    return Error{Code::invalid_argument, "a head of the log \"" + extension.head.origin + "\" is none of " + origin};
  }
  if (extension.member == impl_->options.member) {
    const std::scoped_lock lock(impl_->holding);
    if (impl_->held.empty()) return Error{Code::invalid_argument, "what goes on is nothing to take back"};
  }
  // Signatures take their time, and nobody has to wait for that.
  std::uint64_t position = extension.from;
  for (const LeafBytes& bytes : extension.leaves) {
    const Leaf leaf = TRY(decode_leaf(bytes));
    const auto key = extension.key_at(position);
    if (!key) return Error{Code::not_found, "no key of " + extension.member + " is known for its records"};
    if (!verify_leaf(leaf, origin, *key)) {
      return damaged("leaf " + std::to_string(position) + " of " + extension.member +
                     " isn't signed by its record key");
    }
    ++position;
  }
  TRY(transact(exchange_actor, [&](Decision& decision) { return impl_->take_leaves(decision, extension); }));
  return {};
}

Status Journal::Impl::take_leaves(Decision& decision, const Extension& extension) {
  BatchState& state = decision.batch_.state;
  Connection& connection = decision.connection_;
  const bool own = extension.member == options.member;
  std::optional<std::uint32_t> number;
  bool fresh = false;
  if (own) {
    number = shared_log;
  } else {
    const std::scoped_lock lock(head_mutex);
    for (std::uint32_t log = own_logs; log < authors.size(); ++log) {
      if (authors[log] == extension.member) number = log;
    }
    for (const auto& [log, member] : state.others_new) {
      if (member == extension.member) number = log;
    }
    fresh = !number;
    if (fresh) {
      number = static_cast<std::uint32_t>(authors.size() + state.others_new.size());
      state.others_new.emplace(*number, extension.member);
    }
  }
  const auto changed = state.others.find(*number);
  const auto known = committed.others.find(*number);
  MerkleFrontier tree = own                               ? state.logs[shared_log]
                        : changed != state.others.end()   ? changed->second
                        : known != committed.others.end() ? known->second
                                                          : MerkleFrontier();
  if (tree.size() != extension.from) {
    return Error{Code::conflict, "the log of " + extension.member + " ends at " + std::to_string(tree.size()) +
                                     " here, not at " + std::to_string(extension.from)};
  }
  if (fresh) {
    TRY(connection.execute("INSERT INTO log(number, origin, size, peaks) VALUES ($1, $2, 0, $3)",
                           {std::int64_t{*number}, std::string_view(extension.head.origin), Bytes()}));
  }
  for (const LeafBytes& bytes : extension.leaves) {
    const Leaf leaf = TRY(decode_leaf(bytes));
    TRY(connection.execute(
        "INSERT INTO record(place, id, revision, kind, leaf, key, sealed) VALUES ($1, $2, $3, '', $4, NULL, NULL)",
        {Place{*number, tree.size()}.value(), Bytes(leaf.record), std::int64_t{leaf.revision}, Bytes(bytes)}));
    tree.append(leaf_hash(bytes));
  }
  if (tree.size() != extension.head.size || tree.root() != extension.head.root) {
    return damaged("the leaves of " + extension.member + " don't lead to the head that it has signed");
  }
  TRY(connection.execute(
      "INSERT INTO checkpoint(log, size, note) VALUES ($1, $2, $3) ON CONFLICT(log, size) DO NOTHING",
      {std::int64_t{*number}, static_cast<std::int64_t>(tree.size()), extension.note}));
  if (own) {
    state.logs[shared_log] = std::move(tree);
    state.delivered = true;
  } else {
    state.others.insert_or_assign(*number, std::move(tree));
  }
  return {};
}

// ---- Contents ----

Result<Delivered> Journal::deliver(std::string_view member, std::string_view scope, std::span<const Parcel> parcels) {
  const auto log = known_log(member);
  if (!log) return Error{Code::not_found, "no leaf of " + std::string(member) + " is here yet"};
  if (scope == "private") return Error{Code::permission_denied, "what is private isn't taken over"};
  if (parcels.size() > parcels_max) return Error{Code::too_large, "more than 1,000 records at once"};
  std::vector<Arriving> arriving;
  std::optional<std::uint64_t> torn;
  for (const Parcel& parcel : parcels) {
    Arriving one = TRY(impl_->prepare(*log, scope, parcel));
    if (one.torn) {
      torn = parcel.position;
      break;
    }
    arriving.push_back(std::move(one));
  }
  Delivered delivered;
  TRY(transact(exchange_actor, [&](Decision& decision) -> Status {
    delivered = {.torn = torn};
    for (Arriving& one : arriving) TRY(impl_->take_parcel(decision, one, delivered));
    return {};
  }));
  return delivered;
}

Result<Arriving> Journal::Impl::prepare(const KnownLog& log, std::string_view scope, const Parcel& parcel) const {
  Arriving arriving{.place = {log.number, parcel.position}, .sequence = parcel.sequence, .scope = std::string(scope)};
  std::optional<RecordRow> row;
  {
    const std::scoped_lock lock(reading);
    TRY(reader->query("SELECT place, id, revision, kind, leaf, key, sealed FROM record WHERE place = $1",
                      {arriving.place.value()}, [&](const SqlRow& found) -> Status {
                        row = TRY(read_row(found));
                        return {};
                      }));
  }
  if (!row) {
    return Error{Code::not_found, "leaf " + std::to_string(parcel.position) + " of " + log.member + " isn't here yet"};
  }
  arriving.erased = parcel.content.empty();
  if (arriving.erased) return arriving;
  auto whole = prepare_content(log, scope, parcel, *row);
  if (whole) return whole;
  if (!is_refusal(whole.error())) return whole.error();
  arriving.refused = whole.error().message;
  return arriving;
}

Result<Arriving> Journal::Impl::prepare_content(const KnownLog& log, std::string_view scope, const Parcel& parcel,
                                                const RecordRow& row) const {
  Arriving arriving{.place = row.place, .sequence = parcel.sequence, .scope = std::string(scope)};
  auto stored = decode_stored(parcel.content);
  arriving.torn = !stored || stored->commitment() != row.leaf.commitment;
  if (arriving.torn) return arriving;
  arriving.stored = *std::move(stored);
  if (author_tag(row.id) != author_tag(log.member)) return damaged("its id is that of another member's records");
  Record& record = arriving.record;
  record = {.author = log.member, .id = row.id, .revision = row.revision, .place = row.place};
  record.payload = TRY(decode_payload(arriving.stored.payload()));
  arriving.torn = record.payload.scope != scope || record.payload.sequence != parcel.sequence;
  if (arriving.torn) return arriving;
  Stored copy = arriving.stored;
  record.items = std::move(copy).items();
  for (const std::string& item : record.items) {
    if (!item.empty()) TRY(decode_item(item));
  }
  TRY(check_revision(row));
  const Kind* const kind = kinds.find(record.payload.kind, record.payload.schema);
  if (kind != nullptr && !kind->from_others) return damaged("a record of its kind is never another member's");
  if (kind != nullptr && kind->check != nullptr) TRY(kind->check(record));
  return arriving;
}

// Of several leaves that say they are the same revision the first in the log counts, for everybody.
Status Journal::Impl::check_revision(const RecordRow& row) const {
  const auto [from, to] = places_of(row.place.log);
  const std::scoped_lock lock(reading);
  const auto first = TRY(
      reader->integer("SELECT min(place) FROM record WHERE id = $1 AND revision = $2 AND place >= $3 AND place < $4",
                      {Bytes(row.id), std::int64_t{row.revision}, from, to}));
  if (first != row.place.value()) return damaged("another leaf has the same id and revision");
  if (row.revision == 0) {
    if (row.leaf.previous != Digest{}) return damaged("it says it follows another, but is the first revision");
    return {};
  }
  const auto before =
      TRY(reader->bytes("SELECT leaf FROM record WHERE id = $1 AND revision = $2 AND place >= $3 AND place < $4 "
                        "ORDER BY place LIMIT 1",
                        {Bytes(row.id), std::int64_t{row.revision} - 1, from, row.place.value()}));
  if (!before || leaf_hash(*before) != row.leaf.previous) return damaged("it doesn't follow the revision before it");
  return {};
}

Status Journal::Impl::take_parcel(Decision& decision, Arriving& arriving, Delivered& delivered) {
  BatchState& state = decision.batch_.state;
  Connection& connection = decision.connection_;
  const std::int64_t log = arriving.place.log;
  auto [sequence, fresh] = state.sequences.try_emplace({arriving.place.log, arriving.scope}, 0);
  if (fresh) {
    sequence->second = TRY(connection.integer("SELECT sequence FROM scope_sequence WHERE log = $1 AND scope = $2",
                                              {log, std::string_view(arriving.scope)}))
                           .value_or(0);
  }
  const std::int64_t due = sequence->second + 1;
  if (arriving.sequence != due) {
    return Error{Code::conflict, "number " + std::to_string(due) + " is due in a scope of this log, not " +
                                     std::to_string(arriving.sequence)};
  }
  sequence->second = due;
  delivered.last = arriving.sequence;
  state.delivered = true;
  const auto quarantine = [&](std::string_view why) -> Status {
    ++delivered.quarantined;
    TRY(connection.execute("INSERT INTO quarantine(place, why) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                           {arriving.place.value(), why}));
    return {};
  };
  if (arriving.erased) {
    TRY(connection.execute("INSERT INTO claimed_erased(place) VALUES ($1) ON CONFLICT DO NOTHING",
                           {arriving.place.value()}));
    return {};
  }
  if (!arriving.refused.empty()) return quarantine(arriving.refused);

  const std::int64_t arrivals_before = state.arrivals;
  {
    Savepoint keeping = TRY(connection.savepoint());
    const Status kept = keep_arrived(connection, arriving, ++state.arrivals, delivered);
    if (kept) {
      TRY(keeping.release());
      state.records.push_back(std::move(arriving.record));
      return {};
    }
    if (!is_refusal(kept.error())) return kept;
    arriving.refused = kept.error().message;
  }
  state.arrivals = arrivals_before;
  return quarantine(arriving.refused);
}

Status Journal::Impl::keep_arrived(Connection& connection, const Arriving& arriving, std::int64_t arrival,
                                   Delivered& delivered) {
  const Record& record = arriving.record;
  const SealedContent sealed = TRY(seal_stored(arriving.stored, arriving.place, data_key, options.random));
  // A place that was filled before under another number isn't filled again.
  const std::uint64_t filled = TRY(connection.execute(
      "UPDATE record SET kind = $2, key = $3, sealed = $4 WHERE place = $1 AND kind = ''",
      {arriving.place.value(), std::string_view(record.payload.kind), Bytes(sealed.key), Bytes(sealed.bytes)}));
  if (filled != 1) return damaged("its leaf has a content already");
  TRY(note_scope(connection, record));
  TRY(connection.execute("INSERT INTO arrival(number, place) VALUES ($1, $2)", {arrival, arriving.place.value()}));
  const Kind* const kind = kinds.find(record.payload.kind, record.payload.schema);
  if (kind == nullptr) {
    TRY(note_unfolded(connection, record));
    ++delivered.unknown;
    return {};
  }
  TRY(fold_arrived(connection, *kind, record));
  ++delivered.folded;
  return {};
}

Status Journal::Impl::note_unfolded(Connection& connection, const Record& record) {
  TRY(connection.execute(
      "INSERT INTO unfolded(place, kind, schema) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
      {record.place.value(), std::string_view(record.payload.kind), std::int64_t{record.payload.schema}}));
  return {};
}

Status Journal::Impl::fold_arrived(Connection& connection, const Kind& kind, const Record& record) {
  Fold fold(connection, record.place);
  if (kind.apply != nullptr) TRY(kind.apply(fold, record));
  if (record.payload.kind != kind_erased) return {};
  const ErasedParts parts = TRY(erased_parts(record));
  if (author_tag(parts.record) != author_tag(record.author)) return damaged("it erases another member's record");
  TRY(apply_erasure(connection, record, false));
  if (!parts.items.empty()) return {};
  const auto [from, to] = places_of(record.place.log);
  TRY(
      connection.execute("DELETE FROM claimed_erased WHERE place IN "
                         "(SELECT place FROM record WHERE id = $1 AND place >= $2 AND place < $3)",
                         {Bytes(parts.record), from, to}));
  return {};
}

Result<std::vector<Quarantined>> Journal::quarantined() const {
  std::vector<Quarantined> all;
  const std::scoped_lock lock(impl_->reading);
  TRY(impl_->reader->query("SELECT place, why FROM quarantine ORDER BY place", {}, [&](const SqlRow& row) {
    const Place place = Place::of(row.integer(0));
    all.push_back({impl_->author_of(place.log), place.position, std::string(row.text(1))});
    return Status();
  }));
  return all;
}

Result<std::vector<Quarantined>> Journal::withheld() const {
  std::vector<Quarantined> all;
  const std::scoped_lock lock(impl_->reading);
  TRY(impl_->reader->query("SELECT place FROM claimed_erased ORDER BY place", {}, [&](const SqlRow& row) {
    const Place place = Place::of(row.integer(0));
    all.push_back({impl_->author_of(place.log), place.position, "said to be erased, but no erasure says so"});
    return Status();
  }));
  return all;
}

Status Journal::for_each_arrival(std::int64_t after,
                                 const std::function<Status(std::int64_t, const Record&)>& use) const {
  for (;;) {
    std::vector<std::pair<std::int64_t, RecordRow>> page;
    {
      const std::scoped_lock lock(impl_->reading);
      TRY(impl_->reader->query(
          "SELECT record.place, id, revision, kind, leaf, key, sealed, number FROM arrival "
          "JOIN record ON record.place = arrival.place WHERE number > $1 ORDER BY number LIMIT 512",
          {after}, [&](const SqlRow& row) -> Status {
            page.emplace_back(row.integer(7), TRY(read_row(row)));
            return {};
          }));
    }
    if (page.empty()) return {};
    for (const auto& [number, row] : page) {
      after = number;
      if (row.erased) continue;
      TRY(use(number, TRY(impl_->open(row))));
    }
  }
}

std::int64_t Journal::arrivals() const {
  const std::scoped_lock lock(impl_->head_mutex);
  return impl_->arrived;
}

Status Journal::Impl::learn() {
  bool learnt = false;
  TRY(writer->query("SELECT kind, schema FROM unfolded", {}, [&](const SqlRow& row) {
    learnt = learnt || kinds.find(row.text(0), static_cast<int>(row.integer(1))) != nullptr;
    return Status();
  }));
  if (!learnt) return {};
  Transaction transaction = TRY(writer->begin());
  TRY(fold_anew(*writer));
  return transaction.commit();
}

}  // namespace fristad
