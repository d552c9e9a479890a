#pragma once

// What the parts of the journal share. Included by journal*.cc and exchange.cc alone.

#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/published.h"
#include "record/exchange.h"
#include "record/journal.h"
#include "record/stored.h"

namespace fristad {

// A caller that waits for its decisions.
struct Waiting {
  std::string_view actor;
  std::span<const Decide> decisions;
  std::vector<Result<std::vector<Recorded>>> outcomes;
  bool done = false;
};

// What a batch has changed so far, beside the transaction.
struct BatchState {
  std::array<MerkleFrontier, own_logs> logs;
  // Of other members: those that have grown, and whose they are if they weren't known.
  std::map<std::uint32_t, MerkleFrontier> others;
  std::map<std::uint32_t, std::string> others_new;
  std::int64_t arrivals = 0;
  std::map<std::pair<std::uint32_t, std::string>, std::int64_t> sequences;  // the last one used
  std::vector<Record> records;
  bool delivered = false;  // something of another member's, also where no record came of it

  bool changed() const { return delivered || !records.empty() || !others.empty(); }
  BatchState without_records() const {
    return {.logs = logs,
            .others = others,
            .others_new = others_new,
            .arrivals = arrivals,
            .sequences = sequences,
            .records = {},
            .delivered = delivered};
  }
};

struct RecordRow;

// Of our own log, while its contents are filled in.
struct Recovery {
  std::int64_t first = 0;        // the place from which on something came back, or is lacking
  std::set<std::uint64_t> lost;  // positions
  Recovered done;
};

// A parcel that was looked at by itself: what only the transaction can tell is left to do.
struct Arriving {
  Place place = {};
  std::int64_t sequence = 0;
  std::string scope = {};
  Record record = {};
  Stored stored = {};
  bool erased = false;
  bool torn = false;         // see Delivered
  std::string refused = {};  // why, if it is
};

inline constexpr std::string_view waits_for_keys =
    "new keys of this node are to sign what comes next in the shared log, and the other members haven't agreed to them "
    "yet: ask them to vote, and look at fristad alliance status";

// Which of our keys sign what. Replaced as a whole.
class Signers {
 public:
  Signers(std::shared_ptr<const LaterKeys> first, std::vector<LaterKeys> later);

  const std::shared_ptr<const LaterKeys>& first() const { return all_.front(); }
  const LaterKeys& of_record(std::uint32_t log, std::uint64_t position) const;
  const LaterKeys& of_head(std::uint32_t log, std::uint64_t size) const;
  // Of those that others know, what signs record `position` of the shared log, or would.
  std::shared_ptr<const LaterKeys> agreed(std::uint64_t position) const;
  // See Journal::next_keys_from().
  std::optional<std::uint64_t> next_from(std::uint64_t size) const;

 private:
  std::vector<std::shared_ptr<const LaterKeys>> all_;  // in their order; never empty
};

struct Journal::Impl {
  Impl(Store& in, const Kinds& known, JournalKeys with, JournalOptions chosen)
      : store(in),
        kinds(known),
        data_key(std::move(with.data_key)),
        signers(std::make_shared<const Signers>(
            std::make_shared<const LaterKeys>(
                LaterKeys{.record_key = std::move(with.record_key), .log_key = std::move(with.log_key)}),
            std::move(with.later))),
        options(std::move(chosen)) {}

  void step(const char* name) const {
    if (options.failpoint) options.failpoint(name);
  }
  // Where records with this id may stand: in the logs of its author alone.
  std::pair<std::int64_t, std::int64_t> places_by(const RecordId& id) const;
  std::vector<std::string> origins() const;
  // In whose log a record stands.
  std::string author_of(std::uint32_t log) const;
  std::string origin(std::uint32_t log) const {
    return log == private_log ? "fristad.alliance/" + options.member + "/private" : shared_origin_of(options.member);
  }

  Status load_logs();
  // Runs work while nobody decides.
  Status alone(const std::function<Status()>& work);
  // Empties the views and folds all records into them.
  Status fold_anew(Connection& views);
  // Without memory to go on it ends the process, which is as good as a power cut: the next start continues.
  void process(std::span<Waiting* const> waiting) noexcept;
  static Status take(const Decide& decide, Decision& decision);
  Status run_batch(std::span<Waiting* const> waiting, BatchState& state);
  // What is on disk becomes what is known: heads, and whoever follows.
  void adopt(const BatchState& state);
  // Whether the batch in `unsure` is on disk; asks the database. Errors: unavailable, damaged.
  Result<bool> settle();

  // Erasure, within a batch.
  Status apply_erasure(Connection& connection, const Record& erasure, bool rebuilding);
  // `views`: what it put there goes too.
  Status erase_contents(Connection& connection, const ErasedParts& parts, Fold* views);
  // What is to be recorded of one.
  Result<Draft> draft_erasure(Connection& connection, const RecordId& id, std::span<const std::uint32_t> items,
                              std::string_view ground) const;
  Status record_erasure(Decision& decision, Draft draft) const;
  // What was recorded of them in the shared log, from a place on.
  Result<std::vector<ErasedParts>> recorded_erasures(Connection& connection, std::int64_t from) const;
  Status reseal_without(Connection& connection, Place place, std::span<const std::uint32_t> items);
  Status for_each(std::uint32_t log, std::uint64_t from, const std::function<Status(const Record&)>& use) const;
  Result<Record> open(const RecordRow& row) const;

  // Of other members' logs: record/exchange.h.
  Result<Arriving> prepare(const KnownLog& log, std::string_view scope, const Parcel& parcel) const;
  Result<Arriving> prepare_content(const KnownLog& log, std::string_view scope, const Parcel& parcel,
                                   const RecordRow& row) const;
  Status check_revision(const RecordRow& row) const;
  Status take_leaves(Decision& decision, const Extension& extension);
  Status take_parcel(Decision& decision, Arriving& arriving, Delivered& delivered);
  Status keep_arrived(Connection& connection, const Arriving& arriving, std::int64_t arrival, Delivered& delivered);
  Status fold_arrived(Connection& connection, const Kind& kind, const Record& record);
  // Of a kind that this program doesn't know.
  Status note_unfolded(Connection& connection, const Record& record);
  std::shared_ptr<const LaterKeys> signing() const;
  // Where what stands in a scope is to be found by its sequence number.
  Status note_scope(Connection& connection, const Record& record);
  // Of our own, from others: record/recovery.cc.
  Status recover_one(Connection& connection, std::string_view scope, const Parcel& parcel, std::size_t& taken) const;
  Status fill_recovered(Connection& connection, Recovery& recovery);
  // Who hasn't followed an erasure yet gives back what is to stay away.
  Status erase_recovered(Connection& connection, Recovery& recovery);
  // The numbers of scopes that others know go on, also where nobody has the content of one between.
  Status close_gaps(Connection& connection, const Recovery& recovery) const;
  // Of the shared log, without those that were erased.
  Status note_without_content(Recovery& recovery) const;
  // Folds what came when its kind wasn't known yet.
  Status learn();

  Result<Record> read_in(Connection& connection, Place place) const;

  Store& store;
  const Kinds& kinds;
  const Key data_key;
  Published<Signers> signers;
  const JournalOptions options;

  std::mutex queue_mutex;
  std::condition_variable queue_changed;
  std::vector<Waiting*> queue;
  bool writing = false;

  // Of whoever writes.
  std::unique_ptr<Connection> writer;
  BatchState committed;
  std::optional<BatchState> unsure;  // its commit failed, or its answer was lost: it may be on disk
  std::vector<Subscriber> subscribers;

  mutable std::mutex holding;
  std::string held;  // why nothing is recorded in the shared log

  mutable std::mutex head_mutex;
  std::vector<LogHead> heads;        // by the number of the log
  std::vector<std::string> authors;  // the same: whose it is
  std::int64_t arrived = 0;          // the last arrival

  mutable std::mutex reading;
  std::unique_ptr<Connection> reader;
};

// What is known to be without content in the shared log, beside what was erased.
struct KnownLost {
  std::set<std::uint64_t> positions;          // lost for good
  std::optional<std::uint64_t> awaited_from;  // from here on it may come back
};
Result<KnownLost> known_lost(const Journal& journal);

// What emit() works on.
struct Decision::Batch {
  Journal::Impl& journal;
  BatchState& state;
};

// The places of one log: from the first up to, without, the second.
inline std::pair<std::int64_t, std::int64_t> places_of(std::uint32_t log) {
  return {Place{log, 0}.value(), Place{log + 1, 0}.value()};
}

// The columns of a record, in the order of record_columns.
struct RecordRow {
  Place place;
  RecordId id{};
  std::uint32_t revision = 0;
  std::string kind = {};
  Leaf leaf = {};
  bool erased = false;
  std::vector<std::uint8_t> key = {};
  std::vector<std::uint8_t> sealed = {};
};
Result<RecordRow> read_row(const SqlRow& row);
// Opens, and checks that it is what the leaf was signed for. Errors: damaged.
Result<Record> open_row(const RecordRow& row, const Key& data_key);

}  // namespace fristad
