#include "federation/ledger.h"

#include <gtest/gtest.h>

#include "federation/federation_fixture.h"

namespace fristad {
namespace {

using testing::card_of;
using testing::FederationNode;
using testing::StillClock;

struct LedgerTest : ::testing::Test {
  StillClock still;
  FederationNode node{"se", still.clock()};
  Ledger& ledger() { return *node.ledger; }
};

TEST_F(LedgerTest, OfWhomNothingIsKnownAllIsZero) {
  const auto peer = ledger().peer("us");
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->member, "us");
  EXPECT_EQ(peer->contact_ms, 0);
  EXPECT_EQ(peer->read_to, 0u);
  EXPECT_EQ(peer->trouble, "");
  EXPECT_TRUE(ledger().peers()->empty());
  EXPECT_EQ(*ledger().receipt("us", Ledger::Way::given), std::nullopt);
}

TEST_F(LedgerTest, WhatIsNotedOfAPeerLeavesTheRestAlone) {
  ASSERT_TRUE(ledger().heard("us", 5));
  ASSERT_TRUE(ledger().read_to("us", 40));
  ASSERT_TRUE(ledger().cosigned("us", 30, 2, 7));
  ASSERT_TRUE(ledger().trouble("us", "unavailable: gone", 8));
  ASSERT_TRUE(ledger().heard("nz", 9));
  node.close();
  node.open();
  const auto peer = ledger().peer("us");
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->contact_ms, 0);
  EXPECT_EQ(peer->heard_ms, 5);
  EXPECT_EQ(peer->read_to, 40u);
  EXPECT_EQ(peer->cosigned, 30u);
  EXPECT_EQ(peer->cosigned_ms, 7);
  EXPECT_EQ(peer->cosigners, 2);
  EXPECT_EQ(peer->trouble, "unavailable: gone");
  EXPECT_EQ(peer->trouble_ms, 8);
  const auto peers = ledger().peers();
  ASSERT_EQ(peers->size(), 2u);
  EXPECT_EQ((*peers)[0].member, "nz");
  EXPECT_EQ((*peers)[1].heard_ms, 5);
}

TEST_F(LedgerTest, ATroubleKeepsItsBeginningAndIsOverWithAnAnswer) {
  ASSERT_TRUE(ledger().trouble("us", "a", 1));
  ASSERT_TRUE(ledger().trouble("us", "a", 5));
  EXPECT_EQ(ledger().peer("us")->trouble_ms, 1);
  ASSERT_TRUE(ledger().trouble("us", "b", 6));
  EXPECT_EQ(ledger().peer("us")->trouble_ms, 6);
  ASSERT_TRUE(ledger().answered("us", 9, -5));
  EXPECT_EQ(ledger().peer("us")->trouble, "");
  EXPECT_EQ(ledger().peer("us")->contact_ms, 9);
}

TEST_F(LedgerTest, TheNewestCardAndReceiptStay) {
  ASSERT_TRUE(ledger().introduce(card_of("us")));
  ASSERT_TRUE(ledger().introduce(card_of("us", {.address = "https://other.example:1"})));
  ASSERT_TRUE(ledger().introduce(card_of("nz")));
  const auto cards = ledger().introduced();
  ASSERT_EQ(cards->size(), 2u);
  EXPECT_EQ((*cards)[0], card_of("nz"));
  EXPECT_EQ((*cards)[1].address, "https://other.example:1");
  ASSERT_TRUE(ledger().receipt("us", Ledger::Way::given, "one"));
  ASSERT_TRUE(ledger().receipt("us", Ledger::Way::given, "two"));
  ASSERT_TRUE(ledger().receipt("us", Ledger::Way::received, "three"));
  EXPECT_EQ(*ledger().receipt("us", Ledger::Way::given), "two");
  EXPECT_EQ(*ledger().receipt("us", Ledger::Way::received), "three");
}

TEST_F(LedgerTest, TheSameEvidenceIsKeptOnceAndForGood) {
  const Evidence pair{.member = "us", .at_ms = 4, .known = "one\n", .other = "two\n"};
  ASSERT_TRUE(ledger().accuse(pair));
  ASSERT_TRUE(ledger().accuse({.member = "us", .at_ms = 9, .known = "one\n", .other = "two\n"}));
  // The second history has grown.
  ASSERT_TRUE(ledger().accuse({.member = "us", .at_ms = 9, .known = "one\n", .other = "three\n"}));
  ASSERT_TRUE(ledger().accuse({.member = "us", .at_ms = 10, .known = "four\n", .other = "three\n"}));
  ASSERT_TRUE(node.journal->rebuild());
  const auto all = ledger().evidence();
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].at_ms, 4);
  EXPECT_EQ((*all)[0].known, "one\n");
  EXPECT_EQ((*all)[0].other, "two\n");
  EXPECT_EQ((*all)[1].known, "four\n");
}

TEST_F(LedgerTest, KnowsWhatIsReadNoMore) {
  EXPECT_TRUE(ledger().lost()->empty());
  ASSERT_TRUE(ledger().lost("us", {"a", "b"}));
  ASSERT_TRUE(ledger().lost("nz", {"a"}));
  EXPECT_EQ(ledger().lost()->at("us"), (Ledger::Scopes{"a", "b"}));
  ASSERT_TRUE(ledger().lost("us", {"b"}));
  EXPECT_EQ(ledger().lost()->at("us"), Ledger::Scopes{"b"});
  ASSERT_TRUE(ledger().lost("us", {}));
  EXPECT_EQ(ledger().lost()->count("us"), 0u);
  EXPECT_EQ(ledger().lost()->at("nz"), Ledger::Scopes{"a"});
}

}  // namespace
}  // namespace fristad
