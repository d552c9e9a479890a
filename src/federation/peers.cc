#include "federation/peers.h"

#include <algorithm>

#include "base/try.h"

namespace fristad {

Result<CardsByCode> peers_to_read(const Membership& membership, const Ledger& ledger, std::string_view own) {
  CardsByCode peers;
  if (membership.state) {
    for (const auto& [code, member] : membership.state->members) {
      if (member.standing == Standing::active) peers.emplace(code, member.card);
    }
  } else if (membership.alliance) {
    // Letters may be newer than the founding.
    for (Card& card : TRY(ledger.introduced())) peers.emplace(card.member, std::move(card));
    if (membership.founding != nullptr) {
      for (const Card& card : membership.founding->founders) peers.emplace(card.member, card);
    }
  }
  if (const auto self = peers.find(own); self != peers.end()) peers.erase(self);
  return peers;
}

namespace {

// The newest cards that there are, each member's once.
Result<CardsByCode> cards_of(const Membership& membership, const Ledger& ledger) {
  CardsByCode cards;
  if (membership.state) {
    for (const auto& [code, member] : membership.state->members) cards.emplace(code, member.card);
  }
  if (membership.founding != nullptr) {
    for (const Card& card : membership.founding->founders) cards.emplace(card.member, card);
  }
  for (Card& card : TRY(ledger.introduced())) cards.emplace(card.member, std::move(card));
  return cards;
}

}  // namespace

Result<std::optional<std::string>> member_with(const Membership& membership, const Ledger& ledger, const SizeOf& size,
                                               const TlsKey& key) {
  using Found = std::optional<std::string>;
  if (membership.state) {
    for (const auto& [code, member] : membership.state->members) {
      const bool has = std::ranges::any_of(member.keys, [&](const KeyStatement& one) { return one.key == key; });
      if (!has) continue;
      const auto keys = keys_from(member, KeyPurpose::tls, size(code));
      if (std::ranges::find(keys, key) != keys.end()) return Found(code);
    }
  }
  for (const auto& [code, card] : TRY(cards_of(membership, ledger))) {
    const bool in_state = membership.state && membership.state->find(code) != nullptr;
    if (!in_state && card.key(KeyPurpose::tls).key == key) return Found(code);
  }
  return Found();
}

Result<std::optional<KeyStatement>> newer_key(const Membership& membership, const Ledger& ledger, const TlsKey& key,
                                              std::string_view statement) {
  if (statement.empty()) return std::optional<KeyStatement>();
  for (const auto& [code, card] : TRY(cards_of(membership, ledger))) {
    const auto says = verify_statement(statement, card.root);
    if (!says || says->member != code || says->purpose != KeyPurpose::tls || says->key != key) continue;
    if (says->valid_from > card.key(KeyPurpose::tls).valid_from) return std::optional(*says);
  }
  return std::optional<KeyStatement>();
}

}  // namespace fristad
