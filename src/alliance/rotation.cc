#include "alliance/rotation.h"

#include <algorithm>

#include "base/try.h"

namespace fristad {

Result<Card> renewed_card(const Card& own, const SigningKey& root, const NewKeys& keys, std::uint64_t from,
                          std::int64_t now_ms) {
  if (root.public_key() != own.root) {
    return Error{Code::permission_denied, "the shares give another root key than the one that the alliance knows"};
  }
  Card card = own;
  for (const KeyPurpose purpose : all_key_purposes) {
    const auto at = static_cast<std::size_t>(purpose);
    // The head of which the last record has the old key is itself signed with the old one, and shown over the old line.
    card.statements[at] =
        TRY(sign_statement({.member = own.member,
                            .purpose = purpose,
                            .key = keys.keys[at],
                            .valid_from = purpose == KeyPurpose::record ? from : from + 1,
                            .issued_at_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(now_ms, 0))},
                           root));
  }
  return sign_card(std::move(card), keys.keys[static_cast<std::size_t>(KeyPurpose::record)], keys.sign);
}

bool is_proposed(const Membership& now, const Card& card) {
  if (!now.state) return false;
  const Digest hash = change_hash(Change{Change::NewCard{.card = card}});
  const auto by_itself = [&](const OpenChange& open) {
    return open.hash == hash && std::ranges::find(open.voters, card.member) != open.voters.end();
  };
  return is_agreed(now, card) || std::ranges::any_of(now.state->waiting, by_itself);
}

bool is_agreed(const Membership& now, const Card& card) {
  const AllianceMember* const own = now.state ? now.state->find(card.member) : nullptr;
  if (own == nullptr) return false;
  return std::ranges::all_of(card.keys, [&](const KeyStatement& statement) {
    return std::ranges::find(own->keys, statement) != own->keys.end();
  });
}

Status close_old_keys(Journal& journal, const By& by, std::uint64_t from) {
  TRY(journal.fill_shared(by, from));
  // Who knows the old key alone reads up to here, and finds in it how others have voted.
  if (journal.head(shared_log).size == from) TRY(journal.checkpoint(shared_log));
  return {};
}

Status open_new_keys(Journal& journal, const By& by, const Card& card) {
  TRY(journal.transact(by, [&](Decision& decision) -> Status {
    Json::Array statements(card.statements.begin(), card.statements.end());
    TRY(decision.emit(
        {.kind = "node.keys", .scope = "public", .body = Json::object({{"statements", std::move(statements)}})}));
    return {};
  }));
  return {};
}

}  // namespace fristad
