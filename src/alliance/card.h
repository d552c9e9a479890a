#pragma once

// What a member is known by: its code, name, kind and jurisdiction, its root key, the keys that this has spoken for,
// and where its node answers. A member signs its own card; everybody can check one without asking anybody.
//
//   const Card card = TRY(fristad::sign_card(draft, record_key, sign));
//   fristad::to_text(card);                              // one line, to be handed over as a file
//   const Card known = TRY(fristad::read_card(text));    // verified, or an error
//   to_words(root_fingerprint(known.root));              // to be compared by voice: only that proves whose it is
//
// Every Card that these functions give out is verified: its key statements are signed by its root key and name this
// member, and the card is signed by the record key among them. docs/format/alliance.md has the members as a table.
//
// Thread-safety: plain values and pure functions. Complexity: a check takes five signatures, 0.3 ms.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alliance/envelope.h"
#include "base/json.h"
#include "crypto/statement.h"
#include "fristad/result.h"

namespace fristad {

inline constexpr std::string_view card_type = "application/vnd.fristad.card.v1+json";
inline constexpr std::size_t card_bytes_max = std::size_t{16} << 10;
inline constexpr std::size_t member_name_bytes_max = 200;
inline constexpr std::array all_key_purposes{KeyPurpose::log, KeyPurpose::record, KeyPurpose::tls, KeyPurpose::witness};

enum class MemberKind { state, union_of_states, body };  // "state", "union", "body"
std::string_view to_text(MemberKind kind);
std::optional<MemberKind> member_kind_from_text(std::string_view text);

// 1 to 63 of a-z, 0-9, '-' and '.', beginning with a letter: "se", "no.kripos".
bool is_member_code(std::string_view code);

struct Card {
  std::string member;  // its code
  std::string name;    // 1 to 200 bytes, for people
  MemberKind kind = MemberKind::state;
  std::string jurisdiction = {};  // two capital letters; empty for a union
  std::string address = {};       // "https://node.example:8343"
  // Which rooms it has, in order: "material", "reports". At most 16 words; ones that this program doesn't know are
  // kept.
  std::vector<std::string> remit = {};
  PublicKey root{};
  // In the order of KeyPurpose: what the root key signed, and what it says.
  std::array<std::string, all_key_purposes.size()> statements = {};
  std::array<KeyStatement, all_key_purposes.size()> keys = {};
  Signature signature{};

  const KeyStatement& key(KeyPurpose purpose) const { return keys[static_cast<std::size_t>(purpose)]; }
  friend bool operator==(const Card&, const Card&) = default;
};

// Whose vote is one: the country, or, of a union, itself.
const std::string& jurisdiction_of(const Card& card);

// Fills `keys` and `signature` from the rest of `draft`. Errors: invalid_argument (which member, and what it should be;
// a record key that isn't the one of the statements), permission_denied (a statement that the root hasn't signed; by a
// chance of one in four million, signatures that look like the beginning of a picture: have new statements signed).
Result<Card> sign_card(Card draft, const PublicKey& record_key, const Signer& sign);

std::string to_text(const Card& card);
// Errors: too_large, damaged (not what to_text() writes), and those of sign_card().
Result<Card> read_card(std::string_view text);

// As it stands in a record: the same content, without the envelope.
Json to_json(const Card& card);
// Errors: as of read_card().
Result<Card> card_from_json(const Json& json);

}  // namespace fristad
