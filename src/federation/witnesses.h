#pragma once

// Who vouches for the head of a log: the names and keys of witnesses, and how many of them are enough.
//
// A witness cosigns a head once it has all leaves that lead to it, from all that it knew before. A member that shows
// two histories finds no witnesses for the second. See alliance/state.h for what rests on that.
//
// Thread-safety: pure functions.

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "alliance/alliance.h"
#include "crypto/note.h"
#include "federation/message.h"

namespace fristad {

// "fristad.alliance/us/witness": under which a member cosigns.
std::string witness_name(std::string_view member);

// Keys of one log and of all who may cosign it.
struct HeadKeys {
  NoteKey log;
  std::vector<NoteKey> witnesses = {};
  std::vector<std::string> members = {};  // whose they are
};
// Those of active members, and of founders before the alliance exists.
HeadKeys head_keys(const Membership& membership, const NoteKey& log);

struct CheckedHead {
  Checkpoint checkpoint;
  std::set<std::string, std::less<>> cosigners = {};  // members
};
// Errors: those of verify_checkpoint().
Result<CheckedHead> check_head(const SeenHead& head, const HeadKeys& keys);

// Whether these come from witnesses_needed() jurisdictions other than that of the log's member.
bool are_enough(const AllianceState& state, std::string_view member,
                const std::set<std::string, std::less<>>& cosigners);

}  // namespace fristad
