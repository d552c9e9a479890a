#include "record/journal.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/hex.h"
#include "base/try.h"
#include "record/journal_impl.h"
#include "record/schema.h"

namespace fristad {
namespace {

// So many records at most go into one commit before others are heard.
constexpr std::size_t batch_decisions_max = 4096;
constexpr int lock_tries = 100;
constexpr std::chrono::milliseconds lock_pause{20};
constexpr int settle_tries = 5;

std::vector<std::uint8_t> peaks_bytes(const MerkleFrontier& tree) {
  std::vector<std::uint8_t> bytes;
  for (const Digest& peak : tree.peaks()) bytes.insert(bytes.end(), peak.begin(), peak.end());
  return bytes;
}

// "se" of "fristad.alliance/se/shared".
Result<std::string> member_of_origin(std::string_view origin) {
  constexpr std::string_view before = "fristad.alliance/";
  constexpr std::string_view behind = "/shared";
  if (!origin.starts_with(before) || !origin.ends_with(behind) || origin.size() <= before.size() + behind.size()) {
    return Error{Code::damaged, "the database knows a log by a name that no member's log has: restore a backup"};
  }
  return std::string(origin.substr(before.size(), origin.size() - before.size() - behind.size()));
}

Result<MerkleFrontier> tree_of(std::uint64_t size, Bytes peaks) {
  std::vector<Digest> digests(peaks.size() / 32);
  for (std::size_t i = 0; i < digests.size(); ++i) std::ranges::copy(peaks.subspan(32 * i, 32), digests[i].begin());
  return MerkleFrontier::from_peaks(size, digests);
}

}  // namespace

std::vector<Migration> all_migrations(const Kinds& kinds) {
  const auto own = record_migrations();
  std::vector<Migration> all(own.begin(), own.end());
  for (const View* view : kinds.views()) all.insert(all.end(), view->migrations.begin(), view->migrations.end());
  std::ranges::sort(all, {}, &Migration::version);
  return all;
}

std::string shared_origin_of(std::string_view member) {
  return "fristad.alliance/" + std::string(member) + "/shared";
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::~Journal() = default;

Result<std::unique_ptr<Journal>> Journal::open(Store& store, const Kinds& kinds, JournalKeys keys,
                                               JournalOptions options) {
  auto impl = std::make_unique<Impl>(store, kinds, std::move(keys), std::move(options));
  impl->writer = TRY(store.connect());
  // The server of a database may take a moment to see that a process that was killed is gone.
  Status locked = impl->writer->lock_exclusive();
  for (int tries = 0; tries < lock_tries && !locked && locked.error().code == Code::unavailable; ++tries) {
    std::this_thread::sleep_for(lock_pause);
    locked = impl->writer->lock_exclusive();
  }
  TRY(std::move(locked));
  TRY(migrate(*impl->writer, all_migrations(kinds)));
  TRY(impl->load_logs());
  impl->reader = TRY(store.connect(true));
  TRY(impl->learn());
  return std::unique_ptr<Journal>(new Journal(std::move(impl)));
}

Status Journal::Impl::load_logs() {
  const auto count = TRY(writer->integer("SELECT max(number) FROM log"));
  const std::uint32_t logs = std::max(own_logs, static_cast<std::uint32_t>(count.value_or(0)) + 1);
  for (std::uint32_t log = 0; log < logs; ++log) {
    const std::int64_t number = log;
    std::uint64_t size = 0;
    std::vector<std::uint8_t> peaks;
    std::string known_origin;
    TRY(writer->query("SELECT origin, size, peaks FROM log WHERE number = $1", {number}, [&](const SqlRow& row) {
      known_origin = row.text(0);
      size = static_cast<std::uint64_t>(row.integer(1));
      peaks.assign(row.bytes(2).begin(), row.bytes(2).end());
      return Status();
    }));
    if (log >= own_logs) {
      authors.push_back(TRY(member_of_origin(known_origin)));
    } else if (known_origin.empty()) {
      known_origin = origin(log);
      TRY(writer->execute("INSERT INTO log(number, origin, size, peaks) VALUES ($1, $2, 0, $3)",
                          {number, std::string_view(known_origin), Bytes(peaks)}));
      authors.push_back(options.member);
    } else if (known_origin != origin(log)) {
      return Error{Code::invalid_argument, "this database belongs to \"" + known_origin + "\", not to \"" +
                                               origin(log) + "\": check the member's code"};
    } else {
      authors.push_back(options.member);
    }
    // What the log says of itself, and the rows that there are: a cut table is noticed before anything is added to it.
    const auto last = TRY(writer->integer("SELECT max(place) FROM record WHERE place >= $1 AND place < $2",
                                          {Place{log, 0}.value(), Place{log + 1, 0}.value()}));
    const std::uint64_t rows = last ? Place::of(*last).position + 1 : 0;
    if (rows != size) {
      return Error{Code::damaged, "the log " + known_origin + " says it has " + std::to_string(size) +
                                      " records, but " + std::to_string(rows) + " are there: restore a backup"};
    }
    const MerkleFrontier tree = TRY(tree_of(size, peaks));
    heads.push_back({.origin = known_origin, .size = size, .root = tree.root()});
    if (log < own_logs) {
      committed.logs[log] = tree;
    } else {
      committed.others[log] = tree;
    }
  }
  committed.arrivals = TRY(writer->integer("SELECT max(number) FROM arrival")).value_or(0);
  arrived = committed.arrivals;
  return {};
}

Result<std::vector<Recorded>> Journal::transact(const By& by, const Decide& decide) {
  if (!by.also) return std::move(transact_all(by.actor, {&decide, 1}).front());
  const Decide both = [&](Decision& decision) -> Status {
    TRY(decide(decision));
    return by.also(decision);
  };
  return std::move(transact_all(by.actor, {&both, 1}).front());
}

std::vector<Result<std::vector<Recorded>>> Journal::transact_all(std::string_view actor,
                                                                 std::span<const Decide> decisions) {
  Impl& journal = *impl_;
  Waiting mine{.actor = actor, .decisions = decisions, .outcomes = {}};
  if (decisions.empty()) return {};
  std::unique_lock lock(journal.queue_mutex);
  journal.queue.push_back(&mine);
  while (!mine.done) {
    if (journal.writing) {
      journal.queue_changed.wait(lock);
      continue;
    }
    journal.writing = true;
    std::vector<Waiting*> batch;
    std::size_t taken = 0;
    while (batch.size() < journal.queue.size() && (batch.empty() || taken < batch_decisions_max)) {
      taken += journal.queue[batch.size()]->decisions.size();
      batch.push_back(journal.queue[batch.size()]);
    }
    journal.queue.erase(journal.queue.begin(), journal.queue.begin() + static_cast<std::ptrdiff_t>(batch.size()));
    lock.unlock();
    journal.process(batch);
    lock.lock();
    for (Waiting* waiting : batch) waiting->done = true;
    journal.writing = false;
    journal.queue_changed.notify_all();
  }
  return std::move(mine.outcomes);
}

void Journal::Impl::process(std::span<Waiting* const> waiting) noexcept {
  BatchState state;
  const Status done = [&]() -> Status {
    if (unsure) TRY(settle());
    state.logs = committed.logs;
    state.arrivals = committed.arrivals;
    const Status ran = run_batch(waiting, state);
    if (ran || !unsure) return ran;
    // A server that is gone may come back in a moment, and one that isn't has to see first that its connection is.
    auto settled = settle();
    for (int tries = 1; tries < settle_tries && !settled; ++tries) {
      std::this_thread::sleep_for(lock_pause);
      settled = settle();
    }
    if (settled) return *settled ? Status() : ran;
    return Error{ran.error().code, ran.error().message +
                                       "; whether it was recorded nevertheless will show when the "
                                       "database answers again: look before doing it once more"};
  }();
  if (!done) {
    for (Waiting* each : waiting) each->outcomes.assign(each->decisions.size(), done.error());
  } else if (state.changed()) {
    adopt(state);
  }
}

void Journal::Impl::adopt(const BatchState& state) {
  committed.logs = state.logs;
  {
    const std::scoped_lock lock(head_mutex);
    for (std::uint32_t log = 0; log < own_logs; ++log) {
      heads[log].size = state.logs[log].size();
      heads[log].root = state.logs[log].root();
    }
    for (const auto& [log, member] : state.others_new) {
      heads.push_back({.origin = shared_origin_of(member)});
      authors.push_back(member);
    }
    arrived = state.arrivals;
    for (const auto& [log, tree] : state.others) {
      heads.at(log).size = tree.size();
      heads.at(log).root = tree.root();
    }
  }
  for (const auto& [log, tree] : state.others) committed.others[log] = tree;
  committed.arrivals = state.arrivals;
  step("published");
  for (const Subscriber& subscriber : subscribers) subscriber(state.records);
}

// The connection that asks has the lock of the node again: what the lost one had begun has ended by then.
Result<bool> Journal::Impl::settle() {
  bool there = true;
  bool absent = true;
  for (std::uint32_t log = 0; log < own_logs; ++log) {
    const auto size = TRY(writer->integer("SELECT size FROM log WHERE number = $1", {std::int64_t{log}}));
    there = there && size == static_cast<std::int64_t>(unsure->logs[log].size());
    absent = absent && size == static_cast<std::int64_t>(committed.logs[log].size());
  }
  for (const auto& [log, tree] : unsure->others) {
    const auto size = TRY(writer->integer("SELECT size FROM log WHERE number = $1", {std::int64_t{log}})).value_or(0);
    const auto known = committed.others.find(log);
    there = there && size == static_cast<std::int64_t>(tree.size());
    absent = absent && size == static_cast<std::int64_t>(known == committed.others.end() ? 0 : known->second.size());
  }
  const auto last = TRY(writer->integer("SELECT max(number) FROM arrival")).value_or(0);
  there = there && last == unsure->arrivals;
  absent = absent && last == committed.arrivals;
  if (!there && !absent) {
    return Error{Code::damaged, "the logs aren't as this process left them: somebody else has written to the database"};
  }
  const BatchState settled = *std::exchange(unsure, std::nullopt);
  // Where no log was to grow both are so: it is better done again than not at all.
  const bool committed_then = there && !absent;
  if (committed_then && settled.changed()) adopt(settled);
  return committed_then;
}

// What a decision throws is a bug of whoever wrote it, and nobody else's loss: others wait in the same batch.
Status Journal::Impl::take(const Decide& decide, Decision& decision) {
  try {
    TRY(decide(decision));
    return decision.end();
  } catch (const std::exception& thrown) {
    return Error{Code::internal, std::string("nothing was recorded: the program has a bug: ") + thrown.what()};
  }
}

Status Journal::Impl::run_batch(std::span<Waiting* const> waiting, BatchState& state) {
  step("begin");
  Transaction transaction = TRY(writer->begin());
  const std::int64_t now_ms = options.clock.utc_ms();
  for (Waiting* each : waiting) {
    each->outcomes.clear();
    for (const Decide& decide : each->decisions) {
      BatchState before = state.without_records();
      const std::size_t records_before = state.records.size();
      Savepoint savepoint = TRY(writer->savepoint());
      Decision::Batch batch{*this, state};
      Decision decision(batch, *writer, each->actor, now_ms);
      if (const Status decided = take(decide, decision); decided) {
        TRY(savepoint.release());
        each->outcomes.emplace_back(std::move(decision.recorded_));
      } else {
        before.records = std::move(state.records);
        before.records.resize(records_before);
        state = std::move(before);
        each->outcomes.emplace_back(decided.error());
      }
    }
  }
  step("decided");
  if (state.changed()) {
    for (std::uint32_t log = 0; log < own_logs; ++log) {
      if (state.logs[log].size() == committed.logs[log].size()) continue;
      const auto peaks = peaks_bytes(state.logs[log]);
      TRY(writer->execute("UPDATE log SET size = $2, peaks = $3 WHERE number = $1",
                          {std::int64_t{log}, static_cast<std::int64_t>(state.logs[log].size()), Bytes(peaks)}));
    }
    for (const auto& [log, tree] : state.others) {
      const auto peaks = peaks_bytes(tree);
      TRY(writer->execute("UPDATE log SET size = $2, peaks = $3 WHERE number = $1",
                          {std::int64_t{log}, static_cast<std::int64_t>(tree.size()), Bytes(peaks)}));
    }
    for (const auto& [scope, sequence] : state.sequences) {
      TRY(
          writer->execute("INSERT INTO scope_sequence(log, scope, sequence) VALUES ($1, $2, $3) "
                          "ON CONFLICT(log, scope) DO UPDATE SET sequence = excluded.sequence",
                          {std::int64_t{scope.first}, std::string_view(scope.second), sequence}));
    }
  }
  step("before commit");
  if (const Status committed_now = transaction.commit(); !committed_now) {
    unsure = std::exchange(state, BatchState{});
    return committed_now;
  }
  step("committed");
  return {};
}

Result<RecordId> Decision::new_id() const {
  RecordId id = TRY(random_array<16>(batch_.journal.options.random));
  const AuthorTag tag = author_tag(batch_.journal.options.member);
  std::ranges::copy(tag, id.end() - tag.size());
  return id;
}

Result<std::vector<CorrectionScope>> Decision::correction_scopes(std::string_view scope) const {
  const auto& ask = batch_.journal.options.corrections;
  if (!ask) return std::vector<CorrectionScope>();
  return ask(connection_, scope);
}

Status Decision::for_each_in(std::string_view scope, std::string_view kind, std::uint64_t from,
                             const std::function<Status(const Record&)>& use) const {
  std::vector<Place> places;
  TRY(connection_.query(
      "SELECT record.place FROM scope_record JOIN record ON record.place = scope_record.place "
      "WHERE log = $1 AND scope = $2 AND record.place >= $3 AND kind = $4 AND sealed IS NOT NULL "
      "ORDER BY record.place",
      {std::int64_t{shared_log}, scope, Place{shared_log, from}.value(), kind}, [&](const SqlRow& row) {
        places.push_back(Place::of(row.integer(0)));
        return Status();
      }));
  for (const Place place : places) TRY(use(TRY(batch_.journal.read_in(connection_, place))));
  return {};
}

void Journal::hold_shared(std::string why) {
  const std::scoped_lock lock(impl_->holding);
  impl_->held = std::move(why);
}

std::string Journal::shared_held() const {
  {
    const std::scoped_lock lock(impl_->holding);
    if (!impl_->held.empty()) return impl_->held;
  }
  const bool agreed = impl_->signers.get()->of_record(shared_log, head(shared_log).size + last_places).agreed;
  return agreed ? std::string() : std::string(waits_for_keys);
}

Result<Recorded> Decision::emit(Draft draft) {
  Journal::Impl& journal = batch_.journal;
  BatchState& state = batch_.state;
  const Kind* const kind = journal.kinds.find(draft.kind, draft.schema);
  if (kind == nullptr) return Error{Code::invalid_argument, "there is no record of kind " + draft.kind};

  const std::uint32_t log = draft.scope == "private" ? private_log : shared_log;
  if (log == shared_log) {
    const std::scoped_lock lock(journal.holding);
    if (!journal.held.empty()) return Error{Code::conflict, journal.held};
  }
  Record record{.author = journal.options.member, .place = {log, state.logs[log].size()}};
  const auto signers = journal.signers.get();
  const LaterKeys& keys = signers->of_record(log, record.place.position);
  const std::uint64_t kept_free = log == shared_log && !kind->in_last_places ? last_places : 0;
  if (!signers->of_record(log, record.place.position + kept_free).agreed) {
    return Error{Code::unavailable, std::string(waits_for_keys)};
  }
  Leaf leaf;
  if (draft.revises) {
    record.id = *draft.revises;
    bool ours = false;
    const auto [from, to] = places_of(log);
    TRY(
        connection_.query("SELECT place, revision, leaf FROM record WHERE id = $1 AND place >= $2 AND place < $3 "
                          "ORDER BY revision DESC LIMIT 1",
                          {Bytes(record.id), from, to}, [&](const SqlRow& row) {
                            ours = true;
                            record.revision = static_cast<std::uint32_t>(row.integer(1) + 1);
                            leaf.previous = leaf_hash(row.bytes(2));
                            return Status();
                          }));
    if (!ours) return Error{Code::invalid_argument, "only its author revises a record, in the log where it stands"};
  } else {
    record.id = draft.id ? *draft.id : TRY(new_id());
  }

  auto [sequence, fresh] = state.sequences.try_emplace({log, draft.scope}, 0);
  if (fresh) {
    sequence->second = TRY(connection_.integer("SELECT sequence FROM scope_sequence WHERE log = $1 AND scope = $2",
                                               {std::int64_t{log}, std::string_view(draft.scope)}))
                           .value_or(0);
  }
  record.payload = {.kind = std::move(draft.kind),
                    .schema = draft.schema,
                    .scope = std::move(draft.scope),
                    .sequence = ++sequence->second,
                    .under = journal.options.under ? journal.options.under() : std::string(),
                    .at_ms = now_ms_,
                    .actor = log == private_log ? std::string(actor_) : std::string(),
                    .body = std::move(draft.body)};
  Stored stored{.salt = TRY(random_array<32>(journal.options.random)),
                .content = TRY(encode_payload(record.payload, std::move(draft.items)))};
  record.items = stored.content.items;
  if (kind->check != nullptr) TRY(kind->check(record));

  leaf.record = record.id;
  leaf.revision = record.revision;
  leaf.commitment = stored.commitment();
  leaf.signature = sign_leaf(leaf, journal.origin(log), keys.record_key);
  const LeafBytes leaf_bytes = encode_leaf(leaf);
  const SealedContent sealed = TRY(seal_stored(stored, record.place, journal.data_key, journal.options.random));
  TRY(connection_.execute(
      "INSERT INTO record(place, id, revision, kind, leaf, key, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {record.place.value(), Bytes(record.id), std::int64_t{record.revision}, std::string_view(record.payload.kind),
       Bytes(leaf_bytes), Bytes(sealed.key), Bytes(sealed.bytes)}));
  if (log == shared_log) TRY(journal.note_scope(connection_, record));
  state.logs[log].append(leaf_hash(leaf_bytes));
  journal.step("recorded");

  Fold fold(connection_, record.place);
  if (kind->apply != nullptr) TRY(kind->apply(fold, record));
  if (record.payload.kind == kind_erased) TRY(journal.apply_erasure(connection_, record, false));
  journal.step("folded");
  const Recorded done{record.id, record.revision, record.place};
  recorded_.push_back(done);
  state.records.push_back(std::move(record));
  return done;
}

// Shared records don't say which person made them: a private one does, for all of the decision, which stand in a row.
Status Decision::end() {
  std::optional<Place> first;
  std::optional<Place> last;
  for (const Recorded& recorded : recorded_) {
    if (recorded.place.log != shared_log) continue;
    if (!first) first = recorded.place;
    last = recorded.place;
  }
  if (!first) return {};
  TRY(emit({.kind = std::string(kind_act),
            .body = Json::object({{"first", static_cast<std::int64_t>(first->position)},
                                  {"last", static_cast<std::int64_t>(last->position)}})}));
  recorded_.pop_back();
  return {};
}

void Journal::subscribe(Subscriber subscriber) {
  // Taking part as a writer does: nobody else is at the list meanwhile.
  std::unique_lock lock(impl_->queue_mutex);
  impl_->queue_changed.wait(lock, [&] { return !impl_->writing; });
  impl_->subscribers.push_back(std::move(subscriber));
}

std::int64_t Journal::now_ms() const {
  return impl_->options.clock.utc_ms();
}

LogHead Journal::head(std::uint32_t log) const {
  const std::scoped_lock lock(impl_->head_mutex);
  return impl_->heads.at(log);
}

const Kinds& Journal::kinds() const {
  return impl_->kinds;
}
const std::string& Journal::member() const {
  return impl_->options.member;
}
Store& Journal::store() const {
  return impl_->store;
}

}  // namespace fristad
