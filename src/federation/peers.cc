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

Result<std::optional<std::string>> member_with(const Membership& membership, const Ledger& ledger, const TlsKey& key) {
  using Found = std::optional<std::string>;
  if (membership.state) {
    for (const auto& [code, member] : membership.state->members) {
      // Also an older one: who has a new key uses it once its log has got there.
      const auto known = [&](const KeyStatement& one) { return one.purpose == KeyPurpose::tls && one.key == key; };
      if (std::ranges::any_of(member.keys, known)) return Found(code);
    }
  }
  if (membership.founding != nullptr) {
    for (const Card& card : membership.founding->founders) {
      if (card.key(KeyPurpose::tls).key == key) return Found(card.member);
    }
  }
  const std::vector<Card> introduced = TRY(ledger.introduced());
  for (const Card& card : introduced) {
    if (card.key(KeyPurpose::tls).key == key) return Found(card.member);
  }
  return Found();
}

}  // namespace fristad
