#pragma once

// Turns decisions into records, and records into views: the one way in.
//
//   auto recorded = journal.transact("local-admin", [&](fristad::Decision& decision) -> fristad::Status {
//     if (TRY(decision.views().integer("SELECT count(*) FROM list WHERE number = $1", {number})) != 0) return taken;
//     return decision.emit({.kind = "list.created", .scope = ..., .body = ...});
//   });
//
// A decision reads the views and emits records inside one write transaction, so decisions race nowhere: each sees what
// all before it did. Many that wait at the same time share one transaction, each in a savepoint of its own: one that
// fails undoes itself and no other. When transact() returns, its records are on disk, signed, in the tree and in the
// views; or, on an error, nothing of it ever was.
//
// For each record: salt -> commitment -> signed leaf -> sealed payload -> row -> fold. One commit for the batch. Then
// the subscribers learn of it, in order.
//
// Thread-safety: all functions may be called from any thread at once. There is no thread of its own: whoever comes
// while nobody writes, writes for all who wait.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "crypto/merkle.h"
#include "crypto/secret.h"
#include "crypto/sign.h"
#include "fristad/result.h"
#include "record/kinds.h"
#include "store/store.h"

namespace fristad {

// What erases another record: a body of "record", its id; "items", if only these of a chunk; "ground"; and "facts",
// those that remain.
inline constexpr std::string_view kind_erased = "record.erased";

// What says, in the private log, who made the records from "first" to "last" of the shared one.
inline constexpr std::string_view kind_act = "act.recorded";

// Which record an erasure is of, and which items of it; none: all of it. Errors: invalid_argument.
struct ErasedParts {
  RecordId record{};
  std::vector<std::uint32_t> items;

  friend bool operator==(const ErasedParts&, const ErasedParts&) = default;
};
Result<ErasedParts> erased_parts(const Record& erasure);

// What says nothing: see Journal::fill_shared().
inline constexpr std::string_view kind_filled = "log.filled";

// What a decision asks to be recorded.
struct Draft {
  std::string kind;
  std::string scope = "private";
  Json body = Json::object();
  std::vector<std::string> items = {};   // canonical JSON texts
  std::optional<RecordId> revises = {};  // a record of our own, of which this is the next revision
  std::optional<RecordId> id = {};       // chosen by the caller, where the body has to name it; random if not
  int schema = 1;
};

struct Recorded {
  RecordId id{};
  std::uint32_t revision = 0;
  Place place;
};

// A scope of ours for those who had another one and may read it no more: corrections of what they have of that are
// recorded here too, and nothing else.
struct CorrectionScope {
  std::string scope;
  Place since;  // of what was recorded from here on in the other they have nothing, and mustn't learn that it exists
};

class Decision {
 public:
  // To read the views with. Only folds write those; tables that aren't views (idempotency keys) may be written here.
  Connection& views() { return connection_; }
  std::int64_t now_ms() const { return now_ms_; }
  std::string_view actor() const { return actor_; }

  // For a record whose body or scope has to name itself.
  Result<RecordId> new_id() const;

  // Records and folds: what follows in this decision sees it in the views. Errors: those of the kind's check and fold,
  // invalid_argument (unknown kind, a record that isn't ours to revise), permission_denied (imagery), too_large.
  Result<Recorded> emit(Draft draft);

  // In which scopes a correction of what stands in this one is recorded beside it: the same again, of what its readers
  // have. Errors: those of JournalOptions::corrections.
  Result<std::vector<CorrectionScope>> correction_scopes(std::string_view scope) const;

  // The records of one kind in a shared scope of ours, from a position of the log on, in order; also what this decision
  // and those before it in the same commit have recorded. An error from `use` ends it; erased ones are passed over.
  Status for_each_in(std::string_view scope, std::string_view kind, std::uint64_t from,
                     const std::function<Status(const Record&)>& use) const;

  // What this decision has recorded so far, in order: By::also learns here what it stands behind.
  const std::vector<Recorded>& recorded() const { return recorded_; }

 private:
  friend class Journal;
  struct Batch;
  Decision(Batch& batch, Connection& connection, std::string_view actor, std::int64_t now_ms)
      : batch_(batch), connection_(connection), actor_(actor), now_ms_(now_ms) {}

  Batch& batch_;
  Connection& connection_;
  std::string_view actor_;
  std::int64_t now_ms_;
  Status end();

  std::vector<Recorded> recorded_;
};

struct VerifyOptions;
struct VerifyReport;
struct KnownLog;
struct ScopeSpan;
struct Parcel;
struct Extension;
struct Delivered;
struct Recovered;
struct Quarantined;

using Decide = std::function<Status(Decision&)>;

// Who decides, and what is written in the same decision, behind the rest of it: an approval that it uses up, the
// idempotency key that it came with. Either all of it is recorded or nothing.
//
//   journal.transact("analyst", decide);
//   journal.transact({"analyst", use_up(approval)}, decide);
struct By {
  By(std::string_view who) : actor(who) {}
  By(const std::string& who) : actor(who) {}
  By(const char* who) : actor(who) {}
  By(std::string_view who, Decide what) : actor(who), also(std::move(what)) {}

  std::string_view actor;
  Decide also = {};
};

// So many records before keys that aren't agreed on are for what helps them on: without our votes they never are.
inline constexpr std::uint64_t last_places = 4;

// What signs in place of the keys before it, from a position of each log on: alliance/rotation.h.
struct LaterKeys {
  SigningKey record_key;
  SigningKey log_key;
  // The first record of each log that they sign. A head of this size has only older records, and an older signature.
  std::array<std::uint64_t, own_logs> from{};
  // False while others don't know these keys yet: until then nothing is recorded from there on in the shared log, and
  // in the last few places before that only what may stand there (Kind::in_last_places).
  bool agreed = true;
};

// The secrets that a journal works with. The node's key store fills them; they are wiped with the journal.
struct JournalKeys {
  SigningKey record_key;              // signs leaves
  SigningKey log_key;                 // signs checkpoints
  Key data_key;                       // seals the keys of records
  std::vector<LaterKeys> later = {};  // the oldest first
};

struct JournalOptions {
  std::string member;  // its code: "se"
  Clock clock;
  Random random;
  // The membership state that records are written under; see Payload.
  std::function<std::string()> under = {};
  // Why no new head of the shared log is to be signed; empty, as mostly: it may be. What is recorded waits.
  std::function<std::string()> no_heads = {};
  // See Decision::correction_scopes(); asked within a decision, with its views. Empty: there are none.
  std::function<Result<std::vector<CorrectionScope>>(Connection& views, std::string_view scope)> corrections = {};
  // Called with the name of each step; a test stops the process there.
  std::function<void(const char* step)> failpoint = {};
};

// How a log stands: what its next checkpoint says.
struct LogHead {
  std::string origin;  // "se.fristad.example/shared"
  std::uint64_t size = 0;
  Digest root{};
};

// Sees records after they are on disk, in the order of the log. Must not decide anything, nor take long.
using Subscriber = std::function<void(std::span<const Record>)>;

class Journal {
 public:
  // Brings the schema up to date and checks that the logs end where they say. Errors: unsupported (a newer program
  // wrote here), damaged, unavailable.
  static Result<std::unique_ptr<Journal>> open(Store& store, const Kinds& kinds, JournalKeys keys,
                                               JournalOptions options);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Errors: that of the decision; unavailable (disk full, database gone): then nothing was recorded, and reading goes
  // on. Where the answer to a commit was lost, the database is asked; if it can't be at once, the message says so, and
  // the next decision finds out.
  Result<std::vector<Recorded>> transact(const By& by, const Decide& decide);
  // Many decisions of one caller in one commit: element i is the outcome of decision i.
  std::vector<Result<std::vector<Recorded>>> transact_all(std::string_view actor, std::span<const Decide> decisions);

  // From then on. Kept as long as the journal.
  void subscribe(Subscriber subscriber);

  // Reads a record back. Errors: not_found, damaged; permission_denied where it was erased.
  Result<Record> read(Place place) const;
  Result<Record> read(const RecordId& id, std::uint32_t revision) const;
  // Where the revisions of a record stand, erased or not, the oldest first; empty if there is none.
  Result<std::vector<Place>> places(const RecordId& id) const;
  // All of one log in order, from a position on; an error from `use` ends it. Erased ones are passed over.
  Status for_each(std::uint32_t log, std::uint64_t from, const std::function<Status(const Record&)>& use) const;
  // The newest first, from the one below `before` on.
  Status for_each_back(std::uint32_t log, std::uint64_t before, const std::function<Status(const Record&)>& use) const;
  // How many there are of each kind from `first` to `last`, erased ones too, without opening them.
  Result<std::map<std::string, std::uint64_t>> kinds_in(std::uint32_t log, std::uint64_t first,
                                                        std::uint64_t last) const;
  // Those of one kind, found without reading the others.
  Status for_each_of_kind(std::uint32_t log, std::string_view kind,
                          const std::function<Status(const Record&)>& use) const;
  // The leaves alone.
  Status for_each_leaf(std::uint32_t log, std::uint64_t from,
                       const std::function<Status(std::uint64_t, const LeafBytes&)>& use) const;

  // From now on nothing is recorded in the shared log, nor a new head of it signed, and whoever tries is told why;
  // empty lifts it. For a node that may be an older copy of itself: a second history is worse than none.
  void hold_shared(std::string why);
  // Also where the log has come to keys that aren't agreed on yet.
  std::string shared_held() const;

  // Replaces JournalKeys::later while nobody writes. `make` gets the sizes of our logs, and makes durable what it gives
  // before it returns. Keys that have signed something stay. Errors: that of `make`, and then all is as it was.
  using MakeKeys = std::function<Result<std::vector<LaterKeys>>(const std::array<std::uint64_t, own_logs>& sizes)>;
  Status replace_later_keys(const MakeKeys& make);
  // Records what says nothing, and to nobody, until the shared log has so many records.
  Status fill_shared(const By& by, std::uint64_t size);

  // By the clock that the journal was given.
  std::int64_t now_ms() const;
  LogHead head(std::uint32_t log) const;
  // Signs the log as it stands on disk; the same text while nothing is added. Error: unavailable.
  Result<std::string> checkpoint(std::uint32_t log);
  // The head that was signed (of another's log: taken over) at the largest size above one and up to another, if any.
  Result<std::optional<std::string>> signed_head(std::uint32_t log, std::uint64_t above, std::uint64_t up_to) const;

  // Erases a record of our own, or single items of a chunk: payload, salt and key go, the leaf and a record of the
  // erasure stay. `facts` says which facts lawfully remain. Who had it and may read its scope no more is told too, by
  // a second record without facts: see Decision::correction_scopes(). Errors: not_found, permission_denied (not ours),
  // conflict (erased before).
  Result<Recorded> erase(const By& by, const RecordId& id, std::span<const std::uint32_t> items,
                         std::string_view ground);
  // The same in a copy that was just restored, while nobody follows it: what stood in the shared log goes, but the
  // record of that is only due, as others may have it already, at its place behind the end of this copy. What isn't in
  // this copy goes if it comes back.
  Status erase_restored(const By& by, const RecordId& id, std::span<const std::uint32_t> items,
                        std::string_view ground);
  // Records the erasures that are due, as far as they aren't in the log by now. Errors: those of transact().
  Status record_due_erasures(const By& by);
  // Gets what was erased out of the files of the database: see Connection::checkpoint_and_scrub().
  Status scrub();

  // Folds all records anew into empty views, in one transaction.
  Status rebuild();
  // The tables that rebuild() would change: none, unless somebody has changed them or an older program folded
  // otherwise. Takes as long as rebuild(), and decisions wait.
  Result<std::vector<std::string>> wrong_views() const;
  // Every row of every view and fact as one line of JSON, in the order of names and keys: the same records
  // give the same text.
  Status dump(const std::function<Status(std::string_view line)>& use) const;

  // See record/verify.h.
  Result<VerifyReport> verify(std::uint32_t log, const VerifyOptions& options) const;

  // ---- Other members' logs: record/exchange.h ----

  // Whose log has this number here.
  std::string author(std::uint32_t log) const;
  std::vector<KnownLog> known_logs() const;
  // Nothing if none of its leaves is here.
  std::optional<KnownLog> known_log(std::string_view member) const;
  // What stands in which scope of a log; of another's, as far as it was taken over.
  Result<std::vector<ScopeSpan>> spans(std::uint32_t log) const;
  // The contents in one scope from a sequence number on: as many as fit in so many bytes, one at least.
  Result<std::vector<Parcel>> parcels(std::uint32_t log, std::string_view scope, std::int64_t from,
                                      std::size_t bytes_max) const;
  // Takes over leaves; of our own log, while it is held, those that we lack. Errors: conflict (the log doesn't end at
  // `from` here), damaged (they don't lead to this head: who signed it has two histories, or the leaves were changed on
  // their way; or a signature is wrong).
  Status extend(const Extension& extension);
  // Takes over contents and folds them. One that its author has signed but that no fold takes is quarantined, and the
  // others go on. Errors: conflict (the
  // first isn't the next of its scope), not_found (a leaf that isn't here yet); then nothing was taken.
  Result<Delivered> deliver(std::string_view member, std::string_view scope, std::span<const Parcel> parcels);
  // Says in the private log that what was lost is taken back.
  Status start_recovery(const By& by);
  // Keeps what another member, who has read up to number `last` of a scope, gives back of our own records in it; see
  // record/exchange.h. What isn't as we signed it is passed over. Gives how many it was. Errors: unavailable.
  Result<std::size_t> recover(std::string_view scope, std::int64_t last, std::span<const Parcel> parcels);
  // Fills in what was kept, erases again what was erased, makes the views anew, tells the subscribers, and says in the
  // private log what is lost. May be repeated after an error.
  Result<Recovered> end_recovery(const By& by);
  Result<std::vector<Quarantined>> quarantined() const;
  // Records that their author says are erased, while no erasure in the log says so.
  Result<std::vector<Quarantined>> withheld() const;
  // All that was delivered, in the order in which it came, after the arrival number `after`.
  Status for_each_arrival(std::int64_t after,
                          const std::function<Status(std::int64_t arrival, const Record&)>& use) const;
  std::int64_t arrivals() const;  // the number of the last one

  const Kinds& kinds() const;
  // Of what is recorded next in the shared log.
  PublicKey record_key() const;
  Signature sign(Bytes message) const;  // with that key
  // Of the head of one of our logs at that size.
  PublicKey log_key(std::uint32_t log, std::uint64_t size) const;
  // Where other keys begin to sign the shared log, of all that do so behind so many records; nothing: they never do.
  std::optional<std::uint64_t> next_keys_from(std::uint64_t size) const;
  const std::string& member() const;
  Store& store() const;

 private:
  friend class Decision;
  struct Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The kinds of the journal itself: name it first among the views of a node.
const View& journal_view();

// The migrations of the journal itself and of all views, in the order of their numbers.
std::vector<Migration> all_migrations(const Kinds& kinds);

}  // namespace fristad
