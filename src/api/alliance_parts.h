#pragma once

// What the API knows of the alliance and of other members' nodes. This room can't see `federation` and `node`: they
// hand in what it asks for.
//
// Thread-safety: plain values; the functions may be called from any thread at once.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alliance/alliance.h"
#include "material/records.h"

namespace fristad {

// How it goes with one other member, as our node sees it.
struct PeerState {
  std::string member;
  std::int64_t contact_ms = 0;   // when it last answered us; 0: never
  std::int64_t heard_ms = 0;     // when it last asked us
  std::uint64_t log_size = 0;    // of its log, as far as we know
  std::uint64_t read_to = 0;     // all that we may read below this is here
  std::uint64_t cosigned = 0;    // enough others have cosigned its log up to here
  std::int64_t cosigned_ms = 0;  // when that was found
  std::int64_t cosigners = 0;    // how many had cosigned then
  std::string trouble = {};      // empty: none
  std::int64_t trouble_ms = 0;   // since when
};

// What our card says beside the keys.
struct OwnCard {
  std::string name;
  MemberKind kind = MemberKind::state;
  std::string jurisdiction = {};
  std::string address;
  std::vector<std::string> remit;
};

// An erasure of ours that others have to follow.
struct FollowedErasure {
  std::int64_t at_ms = 0;
  std::uint64_t position = 0;  // in our log
  std::string scope;
  std::vector<std::string> confirmed = {};
  std::vector<std::string> open = {};
};

struct AllianceParts {
  Alliance& alliance;
  PublicKey root{};  // ours
  std::function<Result<std::vector<PeerState>>()> peers = {};
  // How many pairs of heads that can't both be true we hold against whom.
  std::function<Result<std::map<std::string, std::int64_t>>()> evidence = {};
  // Node::card(), Node::accept(), Node::share(), Node::stop_sharing(), Node::erasure_confirmations().
  std::function<Result<Card>(const OwnCard&)> card = {};
  std::function<Result<std::string>(const By&, std::string_view letter, const Card& own)> accept = {};
  std::function<Status(const By&, const ListId&, std::span<const std::string> readers)> share = {};
  std::function<Status(const By&, const ListId&, std::span<const std::string> readers)> stop_sharing = {};
  std::function<Result<std::vector<FollowedErasure>>()> erasures = {};
  std::function<std::int64_t()> clock_offset_ms = {};
  // How many records may be written until others agree to new keys of ours, if such wait.
  std::function<std::optional<std::uint64_t>()> new_keys_room = {};
};

}  // namespace fristad
