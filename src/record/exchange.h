#pragma once

// What members exchange of their logs, and how a node takes over what another has written.
//
// Of another member's log a node first has the leaves: extend() takes those that lead from what it knows to a signed
// head, and from then on the log can't be told otherwise. Then the contents of the records that it may read, scope by
// scope: deliver() takes them in the order of their sequence numbers and folds them as our own are folded. So a scope
// that is opened late is caught up with in the same way as one that was always open, and a number that is left out
// shows.
//
//   for (const ScopeSpan& span : TRY(journal.spans(shared_log))) ...          // at the author's
//   auto parcels = TRY(journal.parcels(shared_log, span.scope, 1, 1 << 20));
//
//   TRY(journal.extend({.member = "us", .from = 0, .leaves = leaves, .head = head, .note = note, .key_at = key_at}));
//   auto delivered = TRY(journal.deliver("us", span.scope, parcels));         // at the reader's
//
// What a node wrote after the backup that it was restored from it gets back in the same way, from those who have read
// it: the leaves by extend(), while the shared log is held, and the contents by recover(). Once all have been asked,
// end_recovery() makes them what they were:
//
//   TRY(journal.start_recovery("local-admin"));
//   TRY(journal.extend({.member = journal.member(), .from = own.size, .leaves = leaves, .head = head, ...}));
//   TRY(journal.recover(span.scope, span.last, parcels));
//   const Recovered recovered = TRY(journal.end_recovery("local-admin"));
//
// Thread-safety: as Journal.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/note.h"
#include "crypto/sign.h"
#include "fristad/result.h"
#include "record/journal.h"

namespace fristad {

// The origin of a member's shared log: "fristad.alliance/se/shared".
std::string shared_origin_of(std::string_view member);

// Another member's shared log as it is known here.
struct KnownLog {
  std::uint32_t number = 0;
  std::string member;
  LogHead head;
};

// The last sequence number in one scope of a log: what a reader of the scope must come to have.
struct ScopeSpan {
  std::string scope;
  std::int64_t last = 0;

  friend bool operator==(const ScopeSpan&, const ScopeSpan&) = default;
};

// The content of a record on its way to a reader of its scope.
struct Parcel {
  std::int64_t sequence = 0;
  std::uint64_t position = 0;
  std::vector<std::uint8_t> content = {};  // encode_stored(); empty: erased
};

struct Extension {
  std::string member;
  std::uint64_t from = 0;  // the position of the first leaf
  std::span<const LeafBytes> leaves;
  Checkpoint head;        // that the leaves lead to, and whose signatures the caller has checked
  std::string_view note;  // the same as it was signed
  // Which key signs the records of the member from a position on; nothing: none that is known.
  std::function<std::optional<PublicKey>(std::uint64_t position)> key_at;
};

struct Delivered {
  std::int64_t last = 0;        // sequence number up to which the scope was taken over
  std::size_t folded = 0;       // records that changed what this node knows
  std::size_t unknown = 0;      // kept, and folded once the program learns their kind
  std::size_t quarantined = 0;  // refused, with the reason kept
  // The position of one that isn't what its leaf was signed for, or came under another number: neither it nor what is
  // behind it was taken, as the right one may still come.
  std::optional<std::uint64_t> torn = {};
};

// What came back of our own log.
struct Recovered {
  std::uint64_t records = 0;  // with their contents
  std::uint64_t lost = 0;     // nobody had all of the content; the leaf proves that there was some
  bool erased = false;        // something of it had been erased by us: old bytes may be in files
};

// In the private log: that records of the shared one are taken back, and since when it ended ("from"; "ranges": the
// first and last of those of which content is lost).
inline constexpr std::string_view kind_recovering = "log.recovering";
inline constexpr std::string_view kind_recovered = "log.recovered";

// What was refused, or what is due: never a word of the content.
struct Quarantined {
  std::string member;
  std::uint64_t position = 0;
  std::string why;
};

}  // namespace fristad
