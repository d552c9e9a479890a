#pragma once

// What one node asks another, and how the answers look as bytes. docs/format/federation.md has them as tables.
//
// Questions are few and dumb: the reader asks for what it lacks and checks whatever comes. All that is here comes from
// foreigners, so everything has its limit, and what isn't exactly as these functions write it is refused.
//
//   const HeadAnswer head = TRY(HeadAnswer::decode(TRY(ask(Question::head, HeadRequest{.known = 12}.encode()))));
//
// Errors of every decode(): damaged, too_large.
//
// Thread-safety: plain values and pure functions. Complexity: one pass.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alliance/envelope.h"
#include "crypto/digest.h"
#include "crypto/sign.h"
#include "record/exchange.h"

namespace fristad {

enum class Question {
  head,         // how far is your log?
  leaves,       // which leaves come next?
  scopes,       // what of it may I read?
  parcels,      // what stands in this scope from here on?
  cosignature,  // I have seen your head
  receipt,      // I have taken over this much
  poke,         // there is something new at mine
  own_leaves,   // which leaves of my log do you have?
  own_scopes,   // and up to which number of which scopes?
  own_parcels,  // and which contents?
};
inline constexpr std::size_t question_count = 10;
std::string_view to_text(Question question);
std::optional<Question> question_from_text(std::string_view text);

// How a question reaches a node: over the network, or in tests over a simulated one. Errors: unavailable,
// deadline_exceeded, and what the other says: permission_denied, too_large, invalid_argument.
using Ask = std::function<Result<std::string>(Question question, std::string_view body)>;

inline constexpr std::size_t question_bytes_max = 64 << 10;
inline constexpr std::size_t answer_bytes_max = 24 << 20;
inline constexpr std::size_t parcels_bytes_max = 8 << 20;  // of contents in one answer; one at least
inline constexpr std::size_t parcels_per_answer = 1000;
inline constexpr std::uint64_t leaves_per_answer = 8192;
inline constexpr std::uint64_t leaves_per_head = 65'536;  // a head is never farther away than this
inline constexpr std::size_t cosignatures_max = 1000;
inline constexpr std::size_t cosignature_bytes_max = 512;
inline constexpr std::size_t scopes_max = 100'000;

struct HeadRequest {
  std::uint64_t known = 0;  // leaves that the caller has

  std::string encode() const;
  static Result<HeadRequest> decode(std::string_view body);
};

// A signed head, and who has cosigned it.
struct SeenHead {
  std::string note;
  std::vector<std::string> cosignatures = {};  // lines, each with its line feed

  friend bool operator==(const SeenHead&, const SeenHead&) = default;
};

struct HeadAnswer {
  SeenHead head;                          // to read up to now
  std::optional<SeenHead> cosigned = {};  // the largest that enough witnesses have seen, if it is another
  Digest scopes{};                        // names the ScopesAnswer: the same if nothing in it has changed
  std::string yours = {};                 // the newest head of the caller's log that is known; empty: none
  std::int64_t at_ms = 0;                 // by the author's clock: orders nothing, and shows whose clock is wrong

  std::string encode() const;
  static Result<HeadAnswer> decode(std::string_view body);
};

struct LeavesRequest {
  std::uint64_t from = 0;
  std::uint64_t to = 0;

  std::string encode() const;
  static Result<LeavesRequest> decode(std::string_view body);
};
std::string encode_leaves(std::span<const LeafBytes> leaves);
Result<std::vector<LeafBytes>> decode_leaves(std::string_view body);

// The last sequence number in each scope that the caller may read.
struct ScopesAnswer {
  std::map<std::string, std::int64_t, std::less<>> last;

  Digest digest() const;
  std::string encode() const;
  static Result<ScopesAnswer> decode(std::string_view body);
};

struct ParcelsRequest {
  std::string scope;
  std::int64_t from = 1;

  std::string encode() const;
  static Result<ParcelsRequest> decode(std::string_view body);
};
std::string encode_parcels(std::span<const Parcel> parcels);
Result<std::vector<Parcel>> decode_parcels(std::string_view body);

// What a reader has taken over of a log, signed by its record key: cumulative, so the newest says all. Kept by both.
struct Receipt {
  std::string reader;
  std::string origin;                       // of the log
  std::uint64_t size = 0;                   // all that it may read below this position has been taken over
  Digest root{};                            // of the log at that size
  Digest scopes{};                          // ScopesAnswer::digest() of it
  std::vector<std::uint64_t> refused = {};  // positions of what was quarantined, the newest 1,000
  std::int64_t at_ms = 0;                   // the reader's clock: to inform people

  // One line of text.
  std::string sign(const PublicKey& record_key, const Signer& sign) const;
  // Errors also: permission_denied (not signed by this key).
  static Result<Receipt> read(std::string_view text, const PublicKey& record_key);
  // By whichever of these. Errors also: not_found (there are none).
  static Result<Receipt> read(std::string_view text, std::span<const PublicKey> record_keys);
};

}  // namespace fristad
