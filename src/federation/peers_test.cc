#include "federation/peers.h"

#include <gtest/gtest.h>

#include "federation/federation_fixture.h"

namespace fristad {
namespace {

using testing::card_of;
using testing::FederationNode;
using testing::key_named;
using testing::Meeting;
using testing::member_key;
using testing::StillClock;

TlsKey tls_key(std::string_view member, std::string_view series = "") {
  return member_key(member, KeyPurpose::tls, series).public_key();
}
std::vector<std::string> read_by(const FederationNode& node) {
  const auto peers = peers_to_read(*node.alliance->membership(), *node.ledger, node.code);
  EXPECT_TRUE(peers);
  std::vector<std::string> codes;
  for (const auto& [code, card] : *peers) codes.push_back(code);
  return codes;
}
std::string who(const FederationNode& node, const TlsKey& key) {
  const auto size = [&](std::string_view member) { return node.size_of(member); };
  return member_with(*node.alliance->membership(), *node.ledger, size, key).value().value_or("nobody");
}
using Codes = std::vector<std::string>;

TEST(Peers, WhoBelongsToNothingTalksToNobody) {
  const StillClock still;
  FederationNode node("aa", still.clock());
  ASSERT_TRUE(node.ledger->introduce(card_of("ab")));
  EXPECT_EQ(read_by(node), Codes());
  // Who was introduced may be told apart from strangers all the same.
  EXPECT_EQ(who(node, tls_key("ab")), "ab");
  EXPECT_EQ(who(node, tls_key("ac")), "nobody");
}

TEST(Peers, FoundersReadOneAnotherBeforeTheAllianceExists) {
  Meeting meeting(3, false);
  EXPECT_EQ(read_by(meeting[0]), (Codes{"ab", "ac"}));
  EXPECT_EQ(who(meeting[0], tls_key("ac")), "ac");
  EXPECT_EQ(who(meeting[0], key_named("stranger").public_key()), "nobody");
  // The key must be that for TLS.
  EXPECT_EQ(who(meeting[0], member_key("ab", KeyPurpose::log).public_key()), "nobody");
}

TEST(Peers, ActiveMembersAreReadAndSuspendedOnesStillKnown) {
  Meeting meeting(4);
  EXPECT_EQ(read_by(meeting[1]), (Codes{"aa", "ac", "ad"}));
  const Change suspend{Change::Suspend{.member = "ad", .reason = "asked for"}};
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(meeting[i].alliance->vote("steward", suspend));
    meeting.settle();
  }
  EXPECT_EQ(read_by(meeting[1]), (Codes{"aa", "ac"}));
  EXPECT_EQ(who(meeting[1], tls_key("ad")), "ad") << "so that it can be told";
}

TEST(Peers, ANewCardBringsItsAddressAndKeyAndTheOldKeyIsStillItsOwn) {
  Meeting meeting(3);
  const Change card{
      Change::NewCard{.card = card_of("ab", {.keys = "2", .valid_from = 50, .address = "https://new.example:1"})}};
  for (std::size_t i = 0; i < 2; ++i) {
    const Status voted = meeting[i].alliance->vote("steward", card);
    ASSERT_TRUE(voted) << voted.error().message;
    meeting.settle();
  }
  const auto peers = peers_to_read(*meeting[2].alliance->membership(), *meeting[2].ledger, "ac");
  EXPECT_EQ(peers->at("ab").address, "https://new.example:1");
  EXPECT_EQ(who(meeting[2], tls_key("ab", "2")), "ab");
  EXPECT_EQ(who(meeting[2], tls_key("ab")), "ab");
}

TEST(Peers, AnOldKeyCountsUntilItsLogHasGoneOnWithTheNewOne) {
  Meeting meeting(3);
  const std::uint64_t from = meeting[1].journal->head(shared_log).size + 3;
  const Change card{Change::NewCard{.card = card_of("ab", {.keys = "2", .valid_from = from})}};
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(meeting[i].alliance->vote("steward", card));
    meeting.settle();
  }
  const auto known = [&](std::string_view series) {
    const auto at = [&](std::uint64_t size) {
      const auto found = member_with(
          *meeting[2].alliance->membership(), *meeting[2].ledger, [size](std::string_view) { return size; },
          tls_key("ab", series));
      return found.value().has_value();
    };
    return std::vector{at(from - 1), at(from), at(from + 1)};
  };
  EXPECT_EQ(known(""), (std::vector{true, false, false}));
  EXPECT_EQ(known("2"), (std::vector{true, true, true}));
}

TEST(Peers, ACandidateReadsThoseWhoseLetterItHolds) {
  Meeting meeting(2);
  const auto letter = meeting[0].alliance->invite(
      "steward", {.member = "nz", .jurisdiction = "NZ", .expires_ms = meeting.still.ms->load() + 1'000'000});
  ASSERT_TRUE(letter) << letter.error().message;
  FederationNode& nz = meeting.join("nz");
  ASSERT_TRUE(nz.ledger->introduce(card_of("aa")));
  EXPECT_EQ(read_by(nz), Codes());
  ASSERT_TRUE(nz.alliance->accept("local-admin", *letter, card_of("nz")));
  EXPECT_EQ(read_by(nz), Codes{"aa"});
  EXPECT_EQ(who(nz, tls_key("ab")), "nobody");
  EXPECT_EQ(who(meeting[0], tls_key("nz")), "nobody");
}

}  // namespace
}  // namespace fristad
