#pragma once

// The kinds of records of this room, their bodies, and the view that they fold into. docs/format/material.md has the
// members as tables.
//
// Thread-safety: plain values and pure functions.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fristad/live_index.h"
#include "fristad/result.h"
#include "record/kinds.h"

namespace fristad {

inline constexpr std::string_view kind_list = "list";              // each change of a list is its next revision
inline constexpr std::string_view kind_entries = "entries.added";  // a chunk
inline constexpr std::string_view kind_withdrawn = "entries.withdrawn";
inline constexpr std::string_view kind_entry_state = "entry.state";
inline constexpr std::string_view kind_opinion = "opinion";
inline constexpr std::string_view kind_kept = "matches.kept";  // a chunk
inline constexpr std::string_view kind_subscribed = "list.subscribed";
inline constexpr std::string_view kind_stated = "counts.stated";

inline constexpr std::size_t reason_bytes_max = 1000;

// The id of the record that made it.
using ListId = RecordId;
std::string to_text(const ListId& list);  // 32 hex digits

enum class Purpose { match, allow };  // find what is in it; or don't take for found what is in it
enum class ListState { enabled, disabled, withdrawn };
enum class Classification : std::uint8_t {
  baseline,
  national,
  not_illegal,
  unclassified
};  // as DESIGN: INTERPOL baseline first
enum class Verdict { confirm, dispute };
enum class Basis { examined, relayed };

// The text of each, as it stands in records and on the command line, and back.
std::string_view to_text(Purpose purpose);
std::string_view to_text(ListState state);
std::string_view to_text(Classification classification);
std::string_view to_text(Verdict verdict);
std::string_view to_text(Basis basis);
template <class T>
std::optional<T> from_text(std::string_view text);

struct ListBody {
  std::string title;
  Purpose purpose = Purpose::match;
  std::string handling = "TLP:AMBER";  // TLP 2.0
  int limit = 31;                      // bits in which a PDQ hash may differ
  ListState state = ListState::enabled;

  Json to_json() const;
  // Errors: invalid_argument.
  static Result<ListBody> from_json(const Json& body);
};

// What we do with another member's list: our own rule, which nobody else learns.
inline constexpr std::int64_t enforced_per_day_max = 1'000'000;
struct Subscription {
  bool subscribed = false;  // else its matches are counted and shown, no more
  bool enforce = false;     // enough confirmed, its entries may be enforced
  bool national = false;    // its entries outside the INTERPOL baseline count too
  bool heed_disputes = true;
  std::int64_t enforced_per_day = 1000;  // of all that comes from its member

  friend bool operator==(const Subscription&, const Subscription&) = default;
};
struct SubscriptionBody {
  ListId list{};
  Subscription subscription = {};

  Json to_json() const;
  // Errors: invalid_argument.
  static Result<SubscriptionBody> from_json(const Json& body);
};

// One entry as it stands in a chunk.
struct EntryBody {
  std::optional<PdqHash> pdq = std::nullopt;
  std::optional<std::array<std::uint8_t, 16>> md5 = std::nullopt;
  std::optional<std::array<std::uint8_t, 20>> sha1 = std::nullopt;
  std::optional<std::array<std::uint8_t, 32>> sha256 = std::nullopt;
  std::string id = {};  // what its source calls it
  Classification classification = Classification::unclassified;
  std::string raw = {};     // the classification as the source wrote it, if it has no place in ours
  std::string scheme = {};  // whose words `raw` is
  std::string note = {};
  std::string context = {};  // what else its source says, as canonical JSON: its own ids and addresses

  // Canonical JSON: hashes in hex.
  std::string to_item() const;
  static Result<EntryBody> from_item(std::string_view item);
  // Whether its item would be read back, at a third of the cost of reading it: has a hash, no text too long or not
  // UTF-8, nothing that could be a picture. Errors: invalid_argument, permission_denied, too_large.
  Status check() const;
};

// How an item is classified, without decoding the rest; unclassified if it is erased.
Classification classification_of(std::string_view item);

// The hashes of an item, for the index: as from_item() finds them, without decoding the rest.
LiveEntry indexed(std::string_view item, EntryHandle handle);

// Chunks have at most items_max entries, but numbers leave room for so many.
inline constexpr std::int64_t entries_per_chunk = 1024;

// Where an entry is recorded: the chunk's place and the item in it. Its number in its list and its handle in the live
// index both follow from that, so no map from one to the other is needed, and no number is ever given twice.
struct EntryPlace {
  Place chunk = {};
  std::uint32_t item = 0;

  std::int64_t number() const { return static_cast<std::int64_t>(chunk.position) * entries_per_chunk + item; }
  static EntryPlace of_number(std::uint32_t log, std::int64_t number) {
    return {{log, static_cast<std::uint64_t>(number / entries_per_chunk)},
            static_cast<std::uint32_t>(number % entries_per_chunk)};
  }
  EntryHandle handle() const {
    return static_cast<std::uint64_t>(chunk.log) << 50 | static_cast<std::uint64_t>(number());
  }
  static EntryPlace of(EntryHandle handle) {
    return of_number(static_cast<std::uint32_t>(handle >> 50),
                     static_cast<std::int64_t>(handle & ((std::uint64_t{1} << 50) - 1)));
  }
};

// Numbers of entries as text, "1-5,9": the form in which records name many.
struct NumberRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  friend bool operator==(const NumberRange&, const NumberRange&) = default;
};
std::string to_text(std::span<const NumberRange> ranges);
// Ascending, apart from one another. Errors: invalid_argument, too_large (over 10,000 ranges).
Result<std::vector<NumberRange>> parse_ranges(std::string_view text);

// The id of the list that a body is about. Errors: invalid_argument.
Result<ListId> list_in(const Json& body);

// Stands in the log of the entries' author, behind them: what isn't there yet isn't meant, nor are the entries of other
// lists that lie between the ends of a range. Of this schema on it may stand in another scope of his than the list, for
// who had the list and reads it no more; older programs wait until they know how to read that.
inline constexpr int withdrawn_beside = 2;
struct WithdrawalBody {
  ListId list{};
  std::vector<NumberRange> entries;
  std::string reason;
  std::int64_t count = 0;  // how many it takes back

  Json to_json() const;
  // Errors: invalid_argument.
  static Result<WithdrawalBody> from_json(const Json& body);
};

// Whether a dispute says that the entry itself is wrong: the first word of its reason is "wrong" ("wrong: an adult").
// Others dispute by their own law, which says nothing against who made the entry.
bool says_wrong(std::string_view reason);

// How an entry of our own stands, beside what its chunk says: the last such record counts.
inline constexpr std::int64_t paused_for_good = -1;
struct EntryState {
  std::optional<std::string> note = std::nullopt;  // instead of that of the chunk
  std::int64_t paused_until_ms = 0;                // it doesn't match until then; 0: it does

  bool paused(std::int64_t now_ms) const { return paused_until_ms == paused_for_good || now_ms < paused_until_ms; }
};
struct EntryStateBody {
  ListId list{};
  std::int64_t number = 0;
  EntryState state = {};

  Json to_json() const;
  // Errors: invalid_argument.
  static Result<EntryStateBody> from_json(const Json& body);
};

const View& material_view();

}  // namespace fristad
