#pragma once

// For tests: members with keys that follow from their codes, their cards, and votes. "se" has the keys of the journal
// of record/record_fixture.h.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alliance/alliance.h"
#include "record/record_fixture.h"

namespace fristad::testing {

inline Key seed_named(std::string_view name) {
  const Digest digest = sha256(as_bytes(name));
  Key seed;
  std::ranges::copy(digest, seed.bytes().begin());
  return seed;
}

inline SigningKey key_named(std::string_view name) {
  return SigningKey::from_seed(seed_named(name));
}

struct CardOptions {
  MemberKind kind = MemberKind::state;
  std::string jurisdiction = "";  // empty: the first two letters of the code
  std::string root = "root";      // another name is another root key
  std::string keys = "";          // another name gives other keys, beside those of the root
  std::uint64_t valid_from = 0;   // of those
  std::string address = "";
};

inline SigningKey member_key(std::string_view code, KeyPurpose purpose, std::string_view series = "") {
  if (code == "se" && series.empty() && purpose == KeyPurpose::record) return std::move(test_keys().record_key);
  if (code == "se" && series.empty() && purpose == KeyPurpose::log) return std::move(test_keys().log_key);
  return key_named(std::string(code) + "/" + to_string(purpose) + std::string(series));
}

inline Signer signer(std::string_view code, std::string_view series = "") {
  return [key = std::make_shared<SigningKey>(member_key(code, KeyPurpose::record, series))](Bytes message) {
    return key->sign(message);
  };
}

// All but the signature.
inline Card draft_of(const std::string& code, const CardOptions& options = {}) {
  const SigningKey root = key_named(code + "/" + options.root);
  Card card{.member = code,
            .name = "Member " + code,
            .kind = options.kind,
            .jurisdiction = options.jurisdiction,
            .address = options.address.empty() ? "https://" + code + ".example:8343" : options.address,
            .remit = {"material", "reports"},
            .root = root.public_key()};
  if (card.jurisdiction.empty() && card.kind != MemberKind::union_of_states) {
    card.jurisdiction = code.substr(0, 2);
    for (char& letter : card.jurisdiction) letter = static_cast<char>(letter & ~0x20);
  }
  for (const KeyPurpose purpose : all_key_purposes) {
    const KeyStatement statement{.member = code,
                                 .purpose = purpose,
                                 .key = member_key(code, purpose, options.keys).public_key(),
                                 .valid_from = options.valid_from,
                                 .issued_at_ms = 1'800'000'000'000};
    card.statements[static_cast<std::size_t>(purpose)] = *sign_statement(statement, root);
  }
  return card;
}

inline Card card_of(const std::string& code, const CardOptions& options = {}) {
  auto card = sign_card(draft_of(code, options), member_key(code, KeyPurpose::record, options.keys).public_key(),
                        signer(code, options.keys));
  EXPECT_TRUE(card) << card.error().message;
  return card ? *std::move(card) : Card{};
}

inline Founding founding_of(const std::vector<std::string>& codes) {
  Founding founding{.name = "Alliance", .charter = "We protect children.\n", .founders = {}};
  for (const std::string& code : codes) founding.founders.push_back(card_of(code));
  std::ranges::sort(founding.founders, {}, &Card::member);
  return founding;
}

// "aa", "ab", ...
inline std::vector<std::string> codes(std::size_t count) {
  std::vector<std::string> all;
  for (std::size_t i = 0; i < count; ++i) {
    all.push_back({static_cast<char>('a' + i / 26), static_cast<char>('a' + i % 26)});
  }
  return all;
}

inline RecordId record_id(std::string_view author, std::uint8_t number = 1) {
  RecordId id{};
  std::ranges::copy(author_tag(author), id.end() - 4);
  id.front() = number;
  return id;
}

// As the candidate would accept what stands in `state`.
inline Change admission(const AllianceState& state, const Card& card, std::string_view inviter,
                        std::string_view keys = "") {
  const RecordId invitation = record_id(inviter);
  const Nonce nonce{7};
  static const ConformanceAnswers answers = conformance_answers(nonce, {}).value();
  const Acceptance acceptance = sign_acceptance({.alliance = state.id,
                                                 .charter = charter_hash(state.charter),
                                                 .invitation = invitation,
                                                 .nonce = nonce,
                                                 .conformance = answers,
                                                 .card = card},
                                                signer(card.member, keys));
  return Change{Change::Admit{.card = card,
                              .invitation = invitation,
                              .inviter = std::string(inviter),
                              .nonce = nonce,
                              .conformance = answers,
                              .acceptance = acceptance.signature}};
}

inline Vote vote_of(std::string_view author, const AllianceState& state, const Change& change,
                    std::uint32_t round = 0) {
  return {.author = std::string(author),
          .alliance = state.id,
          .previous = state.hash,
          .round = round,
          .change = std::make_shared<const Change>(change)};
}

// Votes on changes, one after the other, of as many as are needed.
class Story {
 public:
  explicit Story(Founding founding) : founding_(std::move(founding)), state_(state_of(founding_, {})) {}

  const AllianceState& state() const { return state_; }
  const std::vector<Vote>& votes() const { return votes_; }
  const Founding& founding() const { return founding_; }

  void add(Vote vote) {
    votes_.push_back(std::move(vote));
    state_ = state_of(founding_, votes_);
  }
  // Of all who may vote, at once.
  void adopt(const Change& change) {
    const AllianceState before = state_;
    for (const auto& [code, member] : before.members) {
      if (before.may_vote(code)) votes_.push_back(vote_of(code, before, change, before.open_round));
    }
    state_ = state_of(founding_, votes_);
  }

 private:
  Founding founding_;
  std::vector<Vote> votes_;
  AllianceState state_;
};

}  // namespace fristad::testing
