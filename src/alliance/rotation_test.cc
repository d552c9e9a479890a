#include "alliance/rotation.h"

#include <gtest/gtest.h>

#include "alliance/alliance_node_fixture.h"

namespace fristad {
namespace {

using testing::card_of;
using testing::code_of;
using testing::founding_of;
using testing::key_named;
using testing::member_key;
using testing::Node;
using testing::signer;

NewKeys second_keys(const std::string& code) {
  NewKeys keys{.sign = signer(code, "2")};
  for (const KeyPurpose purpose : all_key_purposes) {
    keys.keys[static_cast<std::size_t>(purpose)] = member_key(code, purpose, "2").public_key();
  }
  return keys;
}

Result<Card> renewed(const std::string& code, std::uint64_t from) {
  return renewed_card(card_of(code), key_named(code + "/root"), second_keys(code), from, 1'800'000'000'000);
}

TEST(Rotation, TheCardSaysFromWhereOnEachKeyCounts) {
  const auto card = renewed("us", 40);
  ASSERT_TRUE(card) << card.error().message;
  EXPECT_EQ(read_card(to_text(*card)), *card);
  EXPECT_EQ(card->name, card_of("us").name);
  for (const KeyPurpose purpose : all_key_purposes) {
    EXPECT_EQ(card->key(purpose).key, member_key("us", purpose, "2").public_key()) << to_string(purpose);
    EXPECT_EQ(card->key(purpose).valid_from, purpose == KeyPurpose::record ? 40u : 41u) << to_string(purpose);
  }
  EXPECT_EQ(code_of(renewed_card(card_of("us"), key_named("another root"), second_keys("us"), 40, 0)),
            Code::permission_denied);
}

TEST(Rotation, BothKeysCountWhereTheyBelong) {
  testing::Story story(founding_of({"nz", "se", "us"}));
  story.adopt(Change{Change::NewCard{.card = *renewed("us", 40)}});
  const AllianceMember& us = *story.state().find("us");
  const PublicKey before = member_key("us", KeyPurpose::record).public_key();
  const PublicKey after = member_key("us", KeyPurpose::record, "2").public_key();
  EXPECT_EQ(key_at(us, KeyPurpose::record, 39), before);
  EXPECT_EQ(key_at(us, KeyPurpose::record, 40), after);
  EXPECT_EQ(key_at(us, KeyPurpose::log, 40), member_key("us", KeyPurpose::log).public_key());
  EXPECT_EQ(key_at(us, KeyPurpose::log, 41), member_key("us", KeyPurpose::log, "2").public_key());
  EXPECT_EQ(keys_from(us, KeyPurpose::record, 39), (std::vector{before, after}));
  EXPECT_EQ(keys_from(us, KeyPurpose::record, 40), std::vector{after});
}

TEST(Rotation, KeysThatDoNotFollowAreNeverAgreedTo) {
  testing::Story story(founding_of({"nz", "se", "us"}));
  story.adopt(Change{Change::NewCard{.card = *renewed("us", 40)}});
  const AllianceState& state = story.state();
  for (const std::uint64_t from : {0u, 39u, 40u}) {
    auto earlier = card_of("us", {.keys = "3", .valid_from = from});
    EXPECT_EQ(code_of(check_change(state, Change{Change::NewCard{.card = earlier}})), Code::invalid_argument) << from;
  }
  const auto other_root = card_of("us", {.root = "another", .keys = "3", .valid_from = 90});
  EXPECT_EQ(code_of(check_change(state, Change{Change::NewCard{.card = other_root}})), Code::invalid_argument);
  EXPECT_TRUE(check_change(state, Change{Change::NewCard{.card = card_of("us", {.keys = "3", .valid_from = 42})}}));
}

TEST(Rotation, IsProposedByItsOwnVoteAndAgreedByTwoThirds) {
  Node se;
  se.found(founding_of({"nz", "se", "us"}));
  const Card card = *renewed("se", 40);
  const Change change{Change::NewCard{.card = card}};
  EXPECT_FALSE(is_proposed(*se.alliance->membership(), card));
  const AllianceState before = se.state();
  ASSERT_TRUE(se.hear(testing::voted("us", before, change)));
  EXPECT_FALSE(is_proposed(*se.alliance->membership(), card)) << "another has";
  ASSERT_TRUE(se.alliance->vote("steward", change));
  EXPECT_TRUE(is_proposed(*se.alliance->membership(), card));
  EXPECT_TRUE(is_agreed(*se.alliance->membership(), card)) << "two of three";
  EXPECT_FALSE(is_agreed(*se.alliance->membership(), *renewed("se", 41)));
}

TEST(Rotation, TheLastOfTheOldAndTheFirstOfTheNew) {
  Node se;
  se.found(founding_of({"nz", "se", "us"}));
  ASSERT_TRUE(close_old_keys(*se.journal, "fristad", 20));
  EXPECT_EQ(se.journal->head(shared_log).size, 20u);
  EXPECT_TRUE(se.journal->signed_head(shared_log, 19, 20).value()) << "signed while the old key is there";
  const Card card = *renewed("se", 20);
  ASSERT_TRUE(open_new_keys(*se.journal, "fristad", card));
  const Record first = se.journal->read(Place{shared_log, 20}).value();
  EXPECT_EQ(first.payload.kind, "node.keys");
  EXPECT_EQ(first.payload.scope, "public");
  EXPECT_EQ(first.payload.body.find("statements")->array()->size(), all_key_purposes.size());
}

}  // namespace
}  // namespace fristad
