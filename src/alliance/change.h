#pragma once

// What an alliance is made of: its founding, invitations and their acceptance, and the changes that are voted on.
// docs/format/alliance.md has the members of each as tables.
//
//   const Founding founding{.name = "Alliance", .charter = text, .founders = {se, us}};
//   const AllianceId id = fristad::alliance_id(founding);     // every founder records the same, and so gets the same
//   const Change change{Change::Lift{.member = "us"}};
//   const Digest hash = fristad::change_hash(change);         // what votes for it have in common
//
// Thread-safety: plain values and pure functions.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "alliance/card.h"
#include "alliance/conformance.h"
#include "record/leaf.h"

namespace fristad {

inline constexpr std::size_t charter_bytes_max = std::size_t{64} << 10;
inline constexpr std::size_t founders_max = 50;
inline constexpr std::size_t alliance_name_bytes_max = 200;
inline constexpr std::string_view acceptance_type = "application/vnd.fristad.acceptance.v1+json";
inline constexpr std::string_view invitation_type = "application/vnd.fristad.invitation.v1+json";
inline constexpr std::size_t acceptance_bytes_max = std::size_t{64} << 10;
inline constexpr std::size_t invitation_bytes_max = std::size_t{2} << 20;

// SHA-256 over a tag and the canonical body of its founding.
using AllianceId = Digest;

struct Founding {
  std::string name;                                      // of the alliance, 1 to 200 bytes
  std::string charter;                                   // what all agree to, 1 byte to 64 KiB
  std::vector<MemberKind> voting = {MemberKind::state};  // of which kind a member has to be to vote; in order
  // In the order of their codes; 2 to 50, of which at least two vote, one for each jurisdiction.
  std::vector<Card> founders;

  Json to_json() const;
  // Errors: invalid_argument, and those of card_from_json().
  static Result<Founding> from_json(const Json& json);
  // For what was made in memory. The same errors.
  Status check() const;
};
AllianceId alliance_id(const Founding& founding);
Digest charter_hash(std::string_view charter);

// Whose record ids would look like those of another.
bool same_author_tag(std::string_view member, std::string_view other);

struct Change {
  // A member more; or one back that had left or was expelled, which keeps its root key.
  struct Admit {
    Card card;
    RecordId invitation{};  // the record
    std::string inviter;    // whose record it is
    Nonce nonce{};
    ConformanceAnswers conformance = {};  // looked at by those who vote, never by a fold
    Signature acceptance{};               // of the Acceptance with these, by the card's record key
  };
  // Nothing goes to it or comes from it until it is lifted.
  struct Suspend {
    std::string member;
    std::string reason;
  };
  struct Lift {
    std::string member;
  };
  struct Expel {
    std::string member;
    std::string reason;
  };
  // It has said that it leaves.
  struct Remove {
    std::string member;
  };
  struct Charter {
    std::string text;
  };
  // Another name, address or remit, or newer keys of the same root.
  struct NewCard {
    Card card;
  };

  std::variant<Lift, Admit, Suspend, Expel, Remove, Charter, NewCard> what;

  // The word that says which it is: "admit", "suspend", "lift", "expel", "remove", "charter", "card".
  std::string_view word() const;
  // Whom it is about; empty for a charter.
  std::string_view about() const;
  Json to_json() const;
  // Errors: invalid_argument, and those of card_from_json(). Whether it may win is for check_change() to say.
  static Result<Change> from_json(const Json& json);
};
Digest change_hash(const Change& change);

// An invitation as it is recorded.
struct Invitation {
  AllianceId alliance{};
  std::string member;
  MemberKind kind = MemberKind::state;
  std::string jurisdiction = {};
  Nonce nonce{};
  std::int64_t expires_ms = 0;  // looked at by those who vote, never by a fold

  Json to_json() const;
  static Result<Invitation> from_json(const Json& json);
};

// The same as a letter to the candidate, signed by the inviter: what there is to read before one accepts.
struct InvitationLetter {
  RecordId record{};
  Invitation invitation;
  Founding founding = {};    // whose hash is the alliance's id
  std::string charter = {};  // as it is now
  Card inviter = {};
};
std::string sign_invitation(const InvitationLetter& letter, const Signer& sign);
// Errors: too_large, damaged, permission_denied (not signed by the inviter), invalid_argument.
Result<InvitationLetter> read_invitation(std::string_view text);

// The candidate's answer: a letter, not a record, as it isn't a member yet.
struct Acceptance {
  AllianceId alliance{};
  Digest charter{};  // charter_hash() of what it agrees to
  RecordId invitation{};
  Nonce nonce{};
  ConformanceAnswers conformance = {};  // to the questions of the nonce
  Card card;
  Signature signature{};
};
Acceptance sign_acceptance(Acceptance draft, const Signer& sign);
std::string to_text(const Acceptance& acceptance);
// Errors: too_large, damaged, permission_denied (not signed by its card's record key), invalid_argument.
Result<Acceptance> read_acceptance(std::string_view text);
// Whether `acceptance.signature` is that of its card's record key over all the rest.
bool is_signed(const Acceptance& acceptance);

}  // namespace fristad
