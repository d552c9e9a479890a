#pragma once

// The alliance that this node belongs to: founding and joining it, votes, our own emergency brake, and who reads what.
//
//   auto alliance = TRY(fristad::Alliance::open(journal, {.sign = sign_with_record_key, .random = random}));
//   TRY(alliance->found("local-admin", {.name = "Alliance", .charter = text, .founders = {se, us}}));
//   const auto now = alliance->membership();               // a snapshot, replaced when a record changes it
//   if (now->state && now->state->is_active("us")) {
//     TRY(alliance->vote("steward", Change{Change::Suspend{.member = "us", .reason = "asked for by us"}}));
//   }
//
// Nobody administers the alliance. Each member states in its own log what it wants, and each node computes from all
// logs what that comes to: state.h. docs/format/alliance.md has the records.
//
// Decisions are methods with a `by`; they are recorded, and what they come to is known when they return. A second
// person's approval is the caller's to ask for (By::also).
//
// Thread-safety: all functions may be called from any thread at once. Complexity: questions about members look at a
// snapshot in memory; reads() takes one select.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alliance/state.h"
#include "base/random.h"
#include "record/journal.h"

namespace fristad {

// In place of members' codes, those who may read a scope: every active member, now and later.
inline constexpr std::string_view whole_alliance = "*";

struct AllianceOptions {
  // Signs with the record key of the journal.
  Signer sign;
  Random random;
  // What the answers of candidates, and ours, are made with.
  ConformanceTools conformance = {};
};

// How we stand, as of all records that this node has read.
struct Membership {
  // The alliance that we found or join; nothing: none, or left.
  std::optional<AllianceId> alliance = {};
  // Of a founding, those whose logs don't hold it yet.
  std::vector<std::string> missing = {};
  // Nothing before it exists: when every founder's log holds the founding.
  std::optional<AllianceState> state = {};
  std::shared_ptr<const Founding> founding = {};  // once we have read one
  std::set<std::string, std::less<>> muted = {};
};

using FormerReaders = std::map<std::string, CorrectionScope, std::less<>>;

class Alliance {
 public:
  // Errors: those of the journal and the store.
  static Result<std::unique_ptr<Alliance>> open(Journal& journal, AllianceOptions options);
  ~Alliance();
  Alliance(const Alliance&) = delete;
  Alliance& operator=(const Alliance&) = delete;

  // ---- Founding and joining ----

  // Records that we found it: the others record the same, to the letter. Errors: invalid_argument (what isn't right in
  // it; we aren't among the founders, or with another key), already_exists (we belong to one, or would).
  Result<AllianceId> found(const By& by, const Founding& founding);

  struct Candidate {
    std::string member;
    MemberKind kind = MemberKind::state;
    std::string jurisdiction = {};
    std::int64_t expires_ms = 0;
  };
  // Gives the letter to hand to the candidate. Errors: permission_denied (we are no active member), invalid_argument,
  // already_exists (it is a member).
  Result<std::string> invite(const By& by, const Candidate& candidate);

  // Accepts such a letter, for our own card: whoever calls has read the charter and compared the inviter's fingerprint.
  // Records which alliance is ours from now on, and gives the answer to hand back, with what our program says to the
  // questions of the invitation. Errors: those of read_invitation() and of the conformance tools; invalid_argument
  // (the invitation or the card is another's), conflict (its time is over), already_exists (we are a member of an
  // alliance).
  Result<std::string> accept(const By& by, std::string_view invitation_letter, const Card& own);

  // The change that an answer asks for, to be voted on. Errors: those of read_acceptance(); not_found (we haven't read
  // the invitation).
  Result<Change> admission(std::string_view acceptance_letter) const;
  // In which sections the candidate's program answers otherwise than ours; empty: the same in all. "pdq" too where our
  // own tool fails.
  std::vector<std::string> conformance_of(const Change::Admit& admit) const;

  // ---- Votes ----

  // Our vote, in the round that is open. Errors: permission_denied (we may not vote), invalid_argument (it can't win
  // from here, and why), conflict (we have voted in this round, for this or something else; the invitation's time is
  // over; it isn't about what the invitation says; the candidate's program answers otherwise than ours; who is to be
  // removed hasn't left), and those of the conformance tools.
  Status vote(const By& by, const Change& change);

  // ---- Our own ----

  // Says that we want to leave; the others vote to remove us. Errors: not_found (we belong to none), invalid_argument.
  Status leave(const By& by, std::string_view reason);

  // The emergency brake, at once and here alone: nothing that rests on that member alone counts with us any more.
  // Private. Errors: invalid_argument (ourselves; no reason), conflict (it is so already).
  Status mute(const By& by, std::string_view member, bool muted, std::string_view reason);

  // Who may read one of our scopes from now on, all of it from its beginning. Errors:
  // invalid_argument, permission_denied (another member's scope), not_found (no member of that code).
  Status grant(const By& by, const RecordId& scope, std::span<const std::string> readers);
  // And who no more. Those who lose it get a scope in which they hear of corrections of what they have, and of nothing
  // else: see corrections_in().
  Status withdraw(const By& by, const RecordId& scope, std::span<const std::string> readers);

  // ---- Questions ----

  std::shared_ptr<const Membership> membership() const;
  // What records are written under (JournalOptions::under): the hash of the epoch in hex; empty before there is one.
  std::string under() const;
  bool is_muted(std::string_view member) const;

  // Whether a member may read what stands in a scope. Everybody reads "public", active members "alliance", nobody
  // "private"; another scope whom its author has let.
  Result<bool> reads(std::string_view member, std::string_view scope) const;
  // Whom its author has let read a scope: codes, or "*" for the whole alliance.
  Result<std::set<std::string, std::less<>>> readers(const RecordId& scope) const;
  // Whether it is told of erasures and withdrawals in that scope: also who may read it no more, or is suspended,
  // expelled or gone, of what it may have from before.
  Result<bool> hears_corrections(std::string_view member, std::string_view scope) const;

  // Who had one of our scopes and may read it no more, each with the last scope in which it hears of corrections. Not
  // who lost it before programs made such scopes.
  Result<FormerReaders> former_readers(std::string_view scope) const;
  // Of which scope this one carries corrections; nothing: of none.
  Result<std::optional<RecordId>> corrects(std::string_view scope) const;

  // The key of a member for a purpose at a position of its shared log.
  std::optional<PublicKey> key_of(std::string_view member, KeyPurpose purpose, std::uint64_t position) const;
  // That one, and those that follow it.
  std::vector<PublicKey> keys_from(std::string_view member, KeyPurpose purpose, std::uint64_t position) const;
  // Changes that others have voted for, that may win, and that we could vote for now.
  std::vector<OpenChange> waiting_for_us() const;

  // Called after the membership may have changed, from any thread; must be quick.
  void on_change(std::function<void()> call);

 private:
  struct Impl;
  explicit Alliance(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

// Within a decision: Alliance::former_readers(), and where its author let a member read a scope the last time, by name
// or with all.
Result<FormerReaders> former_readers_in(Connection& views, std::string_view scope);
Result<Place> let_in_at(Connection& views, const RecordId& scope, std::string_view member);
// The scopes of Alliance::former_readers(), for JournalOptions::corrections. The last one of each is enough: what it
// had when it lost the other for the last time is all that it has.
Result<std::vector<CorrectionScope>> corrections_in(Connection& views, std::string_view scope);

const View& alliance_view();

}  // namespace fristad
