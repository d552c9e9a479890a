#include "alliance/card.h"

#include <algorithm>

#include "alliance/body.h"
#include "base/hex.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "crypto/lines.h"
#include "record/payload.h"

namespace fristad {
namespace {

constexpr std::array<std::string_view, 3> kinds{"state", "union", "body"};
constexpr std::size_t code_size_max = 63;
constexpr std::size_t address_bytes_max = 300;
constexpr std::size_t host_size_max = 253;
constexpr std::size_t remit_words_max = 16;
constexpr std::size_t remit_word_size_max = 32;

Error wrong(std::string_view what) {
  return {Code::invalid_argument, std::string(what)};
}

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

Status check_name(std::string_view name) {
  if (name.empty() || name.size() > member_name_bytes_max) return wrong("a member's name has 1 to 200 bytes");
  while (!name.empty()) {
    const CodePoint point = first_code_point(name);
    // It is read out by people who decide by it: nothing in it may hide.
    if (!point.valid || is_unprintable(point.value)) return wrong("a member's name is printable text");
    name.remove_prefix(point.length);
  }
  return {};
}

// "https://", a host name or an IPv4 address, and a port that is always said: one text for the same address.
Status check_address(std::string_view address) {
  const Error refusal = wrong("a node's address is \"https://host:port\"");
  if (address.size() > address_bytes_max || !take(address, "https://")) return refusal;
  const std::size_t colon = address.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon > host_size_max) return refusal;
  const std::string_view host = address.substr(0, colon);
  const bool proper =
      std::ranges::all_of(host, [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '.'; }) &&
      host.front() != '.' && host.back() != '.' && host.find("..") == std::string_view::npos;
  const auto port = parse_decimal(address.substr(colon + 1));
  if (!proper || !port || *port == 0 || *port > 65535) return refusal;
  return {};
}

Status check_jurisdiction(MemberKind kind, std::string_view jurisdiction) {
  const bool two_letters =
      jurisdiction.size() == 2 && std::ranges::all_of(jurisdiction, [](char c) { return c >= 'A' && c <= 'Z'; });
  if (kind == MemberKind::union_of_states ? jurisdiction.empty() : two_letters) return {};
  return wrong("a jurisdiction is two capital letters, \"SE\"; a union has none");
}

Status check_remit(const std::vector<std::string>& remit) {
  for (const std::string& word : remit) {
    if (word.empty() || word.size() > remit_word_size_max || !std::ranges::all_of(word, is_lower)) {
      return wrong("a remit's words are 1 to 32 of a-z");
    }
  }
  if (remit.size() > remit_words_max ||
      std::ranges::adjacent_find(remit, std::ranges::greater_equal()) != remit.end()) {
    return wrong("a remit is at most 16 words in their order, each once");
  }
  return {};
}

// All but the signature.
Status check_content(Card& card) {
  if (!is_member_code(card.member)) return wrong("a member's code is 1 to 63 of a-z, 0-9, '-' and '.', a letter first");
  TRY(check_name(card.name));
  TRY(check_jurisdiction(card.kind, card.jurisdiction));
  TRY(check_address(card.address));
  TRY(check_remit(card.remit));
  for (std::size_t i = 0; i < all_key_purposes.size(); ++i) {
    card.keys[i] = TRY(verify_statement(card.statements[i], card.root));
    if (card.keys[i].member != card.member || card.keys[i].purpose != all_key_purposes[i]) {
      return wrong("a card holds a statement of another member, or for another purpose");
    }
  }
  return {};
}

Json content_of(const Card& card) {
  Json keys = Json::object();
  for (const KeyPurpose purpose : all_key_purposes) {
    keys.members()->emplace(to_string(purpose), card.statements[static_cast<std::size_t>(purpose)]);
  }
  Json::Array remit(card.remit.begin(), card.remit.end());
  return Json::object({{"address", card.address},
                       {"jurisdiction", card.jurisdiction},
                       {"keys", std::move(keys)},
                       {"kind", to_text(card.kind)},
                       {"member", card.member},
                       {"name", card.name},
                       {"remit", std::move(remit)},
                       {"root", to_hex(card.root)}});
}

Result<Card> content_from(const Json& json) {
  StrictBody body(json);
  Card card;
  card.member = TRY(body.member("member"));
  card.name = TRY(body.text("name", 1, member_name_bytes_max));
  const auto kind = member_kind_from_text(TRY(body.text("kind", 1, 16)));
  if (!kind) return wrong("a member is a state, a union or a body");
  card.kind = *kind;
  card.jurisdiction = TRY(body.text("jurisdiction", 0, 2));
  card.address = TRY(body.text("address", 1, address_bytes_max));
  card.remit = TRY(body.words("remit", remit_words_max));
  card.root = TRY(body.hex<32>("root"));
  StrictBody keys(*TRY(body.any("keys")));
  for (const KeyPurpose purpose : all_key_purposes) {
    card.statements[static_cast<std::size_t>(purpose)] = TRY(keys.text(to_string(purpose), 1, key_statement_size_max));
  }
  TRY(keys.end());
  TRY(body.end());
  TRY(check_content(card));
  return card;
}

// What can't be recorded is no card, so that nobody finds out only when it is voted on.
Status check_whole(const Card& card) {
  if (to_text(card).size() > card_bytes_max) return Error{Code::too_large, "a card has at most 16 KiB"};
  return refuse_imagery(to_json(card));
}

}  // namespace

std::string_view to_text(MemberKind kind) {
  return kinds.at(static_cast<std::size_t>(kind));
}
std::optional<MemberKind> member_kind_from_text(std::string_view text) {
  const auto* const at = std::ranges::find(kinds, text);
  if (at == kinds.end()) return std::nullopt;
  return static_cast<MemberKind>(at - kinds.begin());
}

bool is_member_code(std::string_view code) {
  return !code.empty() && code.size() <= code_size_max && is_lower(code.front()) &&
         std::ranges::all_of(code, [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '.'; });
}

const std::string& jurisdiction_of(const Card& card) {
  return card.jurisdiction.empty() ? card.member : card.jurisdiction;
}

Result<Card> sign_card(Card draft, const PublicKey& record_key, const Signer& sign) {
  TRY(check_content(draft));
  if (draft.key(KeyPurpose::record).key != record_key) {
    return wrong("the record key isn't the one that the card's statement is about");
  }
  draft.signature = signed_letter(card_type, content_of(draft), record_key, sign).signature;
  TRY(check_whole(draft));
  return draft;
}

std::string to_text(const Card& card) {
  return letter_text(card_type, {canonical(content_of(card)), card.key(KeyPurpose::record).key, card.signature});
}

Result<Card> read_card(std::string_view text) {
  const UnprovedLetter letter = TRY(open_letter(card_type, text, card_bytes_max));
  Card card = TRY(content_from(letter.payload));
  card.signature = letter.signature;
  TRY(prove_letter(card_type, text, letter, card.key(KeyPurpose::record).key));
  TRY(check_whole(card));
  return card;
}

Json to_json(const Card& card) {
  return Json::object({{"card", content_of(card)}, {"signature", to_hex(card.signature)}});
}

Result<Card> card_from_json(const Json& json) {
  StrictBody body(json);
  Card card = TRY(content_from(*TRY(body.any("card"))));
  card.signature = TRY(body.hex<64>("signature"));
  TRY(body.end());
  if (!is_signed(card_type, canonical(content_of(card)), card.key(KeyPurpose::record).key, card.signature)) {
    return Error{Code::permission_denied, "the card isn't signed by the record key that it names"};
  }
  TRY(check_whole(card));
  return card;
}

}  // namespace fristad
