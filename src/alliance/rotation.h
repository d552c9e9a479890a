#pragma once

// New keys for a member. The root key speaks for them, the others vote for the card that says so, and they begin at a
// position of the member's shared log: so readers know of each record and of each head with which key it has to be
// signed, in whatever order they read what.
//
//   1. Choose that position: some records ahead, so that there is room to write while the others vote.
//   2. renewed_card(), and keep card and keys where they outlive the process.
//   3. Give the keys to the journal as not agreed on, and vote for the card: Change::NewCard. Whoever has no vote hands
//      the card to somebody who has.
//   4. Once is_agreed(): close_old_keys() brings the log to that position and signs it, a last time with the old key.
//   5. Give the keys to the journal as agreed on, and open_new_keys().
//
// A process that ends between two of these goes on at the next: each can be done again. Until the others agree the old
// keys are in use; where the room is used up, the shared log waits. What the old keys sign from that position on is
// refused by whoever knows the card, so this is what to do when one was stolen too, with less room.
//
// Thread-safety: any thread, one rotation at a time. Complexity: four signatures; a record for each place of the room
// that is left.

#include <array>
#include <cstdint>

#include "alliance/alliance.h"

namespace fristad {

inline constexpr std::uint64_t rotation_room_default = 1000;
inline constexpr std::uint64_t rotation_room_min = 8;
inline constexpr std::uint64_t rotation_room_max = 100'000;

struct NewKeys {
  std::array<PublicKey, all_key_purposes.size()> keys{};  // in the order of KeyPurpose
  Signer sign;                                            // with the record key among them
};

// `own` with those keys, which begin with record `from` of the shared log. Errors: permission_denied (another root key
// than that of the card), those of sign_card().
Result<Card> renewed_card(const Card& own, const SigningKey& root, const NewKeys& keys, std::uint64_t from,
                          std::int64_t now_ms);

// Whether its own member has voted for that card in the epoch that there is, as far as we have read; or is_agreed().
bool is_proposed(const Membership& now, const Card& card);
// Whether two thirds have voted for the keys of that card, as far as we have read.
bool is_agreed(const Membership& now, const Card& card);

// Errors: those of Journal::fill_shared() and Journal::checkpoint().
Status close_old_keys(Journal& journal, const By& by, std::uint64_t from);
// Records the statements of the root key, as the first of what the new keys sign.
Status open_new_keys(Journal& journal, const By& by, const Card& card);

}  // namespace fristad
