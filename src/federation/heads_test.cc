#include "federation/heads.h"

#include <gtest/gtest.h>

#include "federation/federation_fixture.h"
#include "federation/witnesses.h"

namespace fristad {
namespace {

using testing::code_of;
using testing::FederationNode;
using testing::key_named;
using testing::Meeting;
using testing::member_key;

constexpr std::int64_t patience_ms = 2000;

struct HeadsTest : ::testing::Test {
  Meeting meeting{3};
  FederationNode& node = meeting[0];
  Heads heads{*node.journal, *node.alliance, meeting.still.clock(), patience_ms};

  // Other keys sign what the node records from there on.
  void has_new_keys(std::uint64_t from) {
    ASSERT_TRUE(node.journal->replace_later_keys([&](const auto& sizes) -> Result<std::vector<LaterKeys>> {
      std::vector<LaterKeys> later;
      later.push_back({.record_key = member_key("aa", KeyPurpose::record, "2"),
                       .log_key = member_key("aa", KeyPurpose::log, "2"),
                       .from = {from, sizes[private_log]}});
      return later;
    }));
  }
  // The line of a member for the head that is on offer.
  std::string line(std::string_view member) {
    const Note note = parse_note(heads.offer(0)->head.note).value();
    return cosign(note.text, witness_name(member), member_key(member, KeyPurpose::witness), 1'800'000'000).value();
  }
};

TEST_F(HeadsTest, OneHeadStaysOnOfferUntilEnoughHaveCosignedIt) {
  const auto first = heads.offer(0);
  ASSERT_TRUE(first);
  node.says("more");
  EXPECT_EQ(heads.offer(0)->head, first->head) << "witnesses have their time";
  EXPECT_FALSE(*heads.take("ab", line("ab")));
  EXPECT_EQ(heads.cosigned(), 0u);
  EXPECT_TRUE(*heads.take("ac", line("ac"))) << "both others of three: enough";
  EXPECT_EQ(heads.cosigned(), first->size);
  const auto next = heads.offer(0);
  EXPECT_EQ(next->size, first->size + 1);
  EXPECT_TRUE(next->head.cosignatures.empty());
  ASSERT_TRUE(next->cosigned);
  EXPECT_EQ(next->cosigned->note, first->head.note);
  EXPECT_EQ(next->cosigned->cosignatures.size(), 2u);
}

TEST_F(HeadsTest, WitnessesThatTakeTooLongAreNotWaitedFor) {
  const std::uint64_t size = heads.offer(0)->size;
  node.says("more");
  meeting.still.pass(patience_ms - 1);
  EXPECT_EQ(heads.offer(0)->size, size);
  meeting.still.pass(1);
  EXPECT_EQ(heads.offer(0)->size, size + 1);
  EXPECT_FALSE(heads.offer(0)->cosigned);
}

TEST_F(HeadsTest, WhoHasNotReadOfOurNewKeysIsShownTheLastHeadOfTheOld) {
  const std::uint64_t from = node.journal->head(shared_log).size + 2;
  has_new_keys(from);
  node.says("one");
  node.says("two");
  ASSERT_TRUE(node.journal->checkpoint(shared_log));
  node.says("with the new key");
  const auto is_of = [&](const Result<Heads::Offered>& offered, std::string_view series) {
    return verify_checkpoint(offered->head.note,
                             {.name = node.journal->head(shared_log).origin,
                              .key = member_key("aa", KeyPurpose::log, series).public_key()},
                             {})
        .has_value();
  };
  EXPECT_TRUE(is_of(heads.offer(0), ""));
  EXPECT_TRUE(is_of(heads.offer(from - 1), ""));
  EXPECT_EQ(parse_checkpoint(parse_note(heads.offer(0)->head.note)->text)->size, from);
  EXPECT_TRUE(is_of(heads.offer(from), "2"));
  EXPECT_TRUE(is_of(heads.offer(from + 1), "2"));
}

TEST_F(HeadsTest, TheLastHeadOfTheOldKeysIsShownHoweverFarItIs) {
  Heads close(*node.journal, *node.alliance, meeting.still.clock(), patience_ms, 2);
  const std::uint64_t before = node.journal->head(shared_log).size;
  const std::uint64_t from = before + 20;
  has_new_keys(from);
  ASSERT_TRUE(node.journal->fill_shared("tester", from));
  ASSERT_TRUE(node.journal->checkpoint(shared_log));
  node.says("with the new key");
  const auto offered = close.offer(before);
  ASSERT_TRUE(offered);
  EXPECT_EQ(parse_checkpoint(parse_note(offered->head.note)->text)->size, from);
}

TEST_F(HeadsTest, WhatAWitnessCosignedWithAKeyThatItHasNoMoreCountsNoMore) {
  ASSERT_TRUE(heads.take("ab", line("ab")));
  EXPECT_EQ(heads.offer(0)->head.cosignatures.size(), 1u);
  const Change card{Change::NewCard{.card = testing::card_of("ab", {.keys = "2", .valid_from = 50})}};
  for (std::size_t i = 1; i < 3; ++i) {
    ASSERT_TRUE(meeting[i].alliance->vote("steward", card));
    meeting.settle();
  }
  EXPECT_TRUE(heads.offer(0)->head.cosignatures.empty());
  EXPECT_EQ(code_of(heads.take("ab", line("ab"))), Code::permission_denied) << "with its old key";
  EXPECT_TRUE(heads.take("ac", line("ac")));
  EXPECT_EQ(heads.offer(0)->head.cosignatures.size(), 1u);
}

TEST_F(HeadsTest, WhereNoHeadMayBeSignedTheLastOneStaysOnOffer) {
  const auto before = heads.offer(0);
  ASSERT_TRUE(before);
  node.says("waits");
  meeting.still.pass(patience_ms);
  node.no_heads = "the clock is wrong";
  EXPECT_EQ(heads.offer(0)->head, before->head);
  // After a restart too.
  Heads again(*node.journal, *node.alliance, meeting.still.clock(), patience_ms);
  ASSERT_TRUE(again.offer(0));
  EXPECT_EQ(again.offer(0)->size, before->size);
  EXPECT_FALSE(node.journal->checkpoint(shared_log));
  node.no_heads.clear();
  EXPECT_EQ(heads.offer(0)->size, before->size + 1);
}

TEST_F(HeadsTest, NothingNewIsNoNewHead) {
  const auto first = heads.offer(0);
  ASSERT_TRUE(heads.take("ab", line("ab")));
  meeting.still.pass(10 * patience_ms);
  const auto again = heads.offer(0);
  EXPECT_EQ(again->head.note, first->head.note);
  EXPECT_EQ(again->head.cosignatures.size(), 1u);
}

TEST_F(HeadsTest, ACosignatureCountsOnce) {
  EXPECT_FALSE(*heads.take("ab", line("ab")));
  EXPECT_FALSE(*heads.take("ab", line("ab")));
  EXPECT_EQ(heads.offer(0)->head.cosignatures.size(), 1u);
  EXPECT_TRUE(*heads.take("ac", line("ac")));
  EXPECT_FALSE(*heads.take("ac", line("ac"))) << "that there are enough is said once";
}

TEST_F(HeadsTest, OnlyItsOwnCosignatureOfTheHeadOnOfferIsTaken) {
  Heads fresh(*node.journal, *node.alliance, meeting.still.clock());
  const std::string of_first = line("ab");
  EXPECT_EQ(code_of(fresh.take("ab", of_first)), Code::conflict) << "none is on offer yet";
  node.says("more");
  meeting.still.pass(patience_ms);
  EXPECT_EQ(heads.offer(0)->size, node.journal->head(shared_log).size);
  EXPECT_EQ(code_of(heads.take("ab", of_first)), Code::conflict) << "of another head";
  EXPECT_EQ(code_of(heads.take("ab", line("ac"))), Code::permission_denied) << "another member's";
  const Note note = parse_note(heads.offer(0)->head.note).value();
  const std::string forged = cosign(note.text, witness_name("ab"), key_named("stranger"), 1'800'000'000).value();
  EXPECT_EQ(code_of(heads.take("ab", forged)), Code::permission_denied);
  EXPECT_TRUE(heads.offer(0)->head.cosignatures.empty());
}

// What one member hands in, all others have to be able to read.
TEST_F(HeadsTest, ACosignatureIsOneLine) {
  const std::string good = line("ab");
  const std::string long_line = "— junk " + std::string(cosignature_bytes_max, 'A') + "\n";
  for (const std::string& bad : {std::string(), good + "\n", good + good, good + line("ac"), good + long_line,
                                 long_line, good.substr(0, good.size() - 1), "\n" + good}) {
    EXPECT_EQ(code_of(heads.take("ab", bad)), Code::damaged) << bad;
  }
  EXPECT_TRUE(heads.offer(0)->head.cosignatures.empty());
  EXPECT_TRUE(heads.take("ab", good));
}

TEST_F(HeadsTest, BeforeTheAllianceExistsNobodyIsWaitedFor) {
  Meeting founders(3, false);
  Heads early(*founders[0].journal, *founders[0].alliance, founders.still.clock());
  EXPECT_EQ(early.offer(0)->size, 1u);
  founders[0].says("more", "public");
  EXPECT_EQ(early.offer(0)->size, 2u);
  const Note note = parse_note(early.offer(0)->head.note).value();
  const std::string ab = cosign(note.text, witness_name("ab"), member_key("ab", KeyPurpose::witness), 1).value();
  EXPECT_FALSE(*early.take("ab", ab)) << "taken, and there is no such thing as enough yet";
  EXPECT_EQ(early.offer(0)->head.cosignatures.size(), 1u);
}

TEST_F(HeadsTest, WhoIsFarBehindIsOfferedANearerHead) {
  constexpr std::uint64_t reach = 4;
  Heads near(*node.journal, *node.alliance, meeting.still.clock(), 0, reach);
  const std::uint64_t start = near.offer(0)->size;
  for (int i = 0; i < 3; ++i) node.says("a");
  const std::string middle = near.offer(start)->head.note;
  for (int i = 0; i < 4; ++i) node.says("b");
  const auto far = near.offer(start);
  EXPECT_EQ(far->size, start + 7);
  EXPECT_EQ(far->head.note, middle);
  EXPECT_TRUE(far->head.cosignatures.empty());
  EXPECT_NE(near.offer(start + 3)->head.note, middle);
  // Where none was signed in between, there is none to offer.
  for (int i = 0; i < 9; ++i) node.says("c");
  const auto unsigned_since = near.offer(start + 7);
  EXPECT_EQ(parse_checkpoint(parse_note(unsigned_since->head.note)->text)->size, start + 16);
}

TEST_F(HeadsTest, WhoLeftNoLongerCountsAndWhoCameDoes) {
  ASSERT_TRUE(heads.take("ab", line("ab")));
  const Change suspend{Change::Suspend{.member = "ac", .reason = "asked for"}};
  ASSERT_TRUE(meeting[0].alliance->vote("steward", suspend));
  meeting.settle();
  ASSERT_TRUE(meeting[1].alliance->vote("steward", suspend));
  meeting.settle();
  ASSERT_FALSE(node.alliance->membership()->state->is_active("ac"));
  const std::uint64_t size = parse_checkpoint(parse_note(heads.offer(0)->head.note)->text)->size;
  // Of two, the one other is enough: also for the head that it has cosigned already.
  EXPECT_GE(heads.cosigned(), 1u);
  EXPECT_LE(heads.cosigned(), size);
  EXPECT_EQ(code_of(heads.take("ac", line("ac"))), Code::permission_denied);
}

}  // namespace
}  // namespace fristad
