#pragma once

// The state of an alliance: who belongs to it, and what it is at. A pure function of its founding and of the votes that
// stand in its members' logs, so that every node which has read the same logs knows the same, and nobody keeps the
// list.
//
//   const AllianceState state = fristad::state_of(founding, votes);
//   state.epoch;                    // 0: as it was founded
//   state.hash;                     // names this state, and all that led to it
//   state.members.at("us").standing;
//
// From one epoch to the next it goes by one change. A change wins with the votes of two thirds of the jurisdictions
// that may vote in the epoch that it starts from. A vote names this epoch (`previous`) and a round; of each member the
// first vote in its own log counts for a round of an epoch, and no other. A round is dead once no change can win in it
// any more, whatever those say who haven't voted in it; only then does an honest member vote in the next one.
//
// Why no two changes win from one epoch while fewer than a third of its jurisdictions lie (vote twice, vote before a
// round is dead, keep their logs to themselves for a while):
//   - In the same round: two sets of ceil(2n/3) voters share at least n/3, so somebody honest. He has one vote in it.
//   - In rounds r < s: if r isn't dead, then nobody honest has voted in s, and the others are fewer than a quorum. If r
//     is dead, then nothing wins in it, now or later: first votes stay first votes, and a round that is dead by a part
//     of the logs is dead by all of them.
// This rests on logs not having two faces. That is what the cosignatures of witnesses are for: a checkpoint counts only
// with those of more than half of the other jurisdictions, and two heads of one log can't both have them while the
// witnesses are honest. If a third does lie, `split` says so, and everybody still computes the same state.
//
// Time orders nothing: an invitation's end is looked at by who votes.
//
// Thread-safety: plain values and pure functions. Complexity: votes · log(votes), and one signature check for each
// admission.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alliance/change.h"

namespace fristad {

struct Vote {
  std::string author;  // in whose log it stands
  AllianceId alliance{};
  Digest previous{};  // the hash of the epoch that it starts from
  std::uint32_t round = 0;
  std::shared_ptr<const Change> change;
};

enum class Standing { active, suspended, expelled, left };
std::string_view to_text(Standing standing);

struct AllianceMember {
  Card card;  // the newest
  Standing standing = Standing::active;
  std::uint64_t since_epoch = 0;        // of this standing
  std::vector<KeyStatement> keys = {};  // of all cards that it had, in the order in which they were taken over
};

// A change with votes in the present epoch.
struct OpenChange {
  std::shared_ptr<const Change> change;
  Digest hash{};
  std::uint32_t round = 0;
  std::vector<std::string> voters = {};  // in order
  bool dead = false;                     // its round
  std::string never_wins = {};           // why it can't win at all; empty: it may
};

struct AllianceState {
  AllianceId id{};
  std::string name;
  std::vector<MemberKind> voting;
  std::uint64_t epoch = 0;
  Digest hash{};
  std::string charter;
  std::map<std::string, AllianceMember, std::less<>> members;  // by their codes
  std::size_t jurisdictions = 0;                               // that may vote
  std::size_t quorum = 0;
  // By rounds, then by the hashes of changes.
  std::vector<OpenChange> waiting;
  std::uint32_t open_round = 0;  // the first that isn't dead: where the next vote goes
  bool split = false;            // more than one change has won from one epoch: a third or more have lied

  // nullptr if it never was a member.
  const AllianceMember* find(std::string_view member) const;
  bool is_active(std::string_view member) const;
  bool may_vote(std::string_view member) const;
};

// How many of `jurisdictions` are two thirds, rounded up.
constexpr std::size_t quorum_of(std::size_t jurisdictions) {
  return (2 * jurisdictions + 2) / 3;
}

// The votes of one author stand in the order of its log; between authors any order gives the same state. Votes about
// other alliances, of others than members, and on epochs that never were, are passed over.
AllianceState state_of(const Founding& founding, std::span<const Vote> votes);

// Whether that change may win from this state: what the fold asks, and who votes. Errors: invalid_argument, which says
// why not.
Status check_change(const AllianceState& state, const Change& change);

// How many jurisdictions other than that of `origin` have to cosign a checkpoint of its log: all while they are at most
// three, from then on more than half. Those of active members count, each once.
std::size_t witnesses_needed(const AllianceState& state, std::string_view origin);

// The key of a member for a purpose at a position of its shared log: the newest that is valid from there on or before.
std::optional<PublicKey> key_at(const AllianceMember& member, KeyPurpose purpose, std::uint64_t position);
// That one, and those that follow it: who knows so much of the log may meet each of them, and no older one.
std::vector<PublicKey> keys_from(const AllianceMember& member, KeyPurpose purpose, std::uint64_t position);

}  // namespace fristad
