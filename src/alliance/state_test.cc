#include "alliance/state.h"

#include <gtest/gtest.h>

#include <map>

#include "alliance/alliance_fixture.h"

namespace fristad {
namespace {

using testing::admission;
using testing::card_of;
using testing::codes;
using testing::founding_of;
using testing::Story;
using testing::vote_of;

const Change suspend_us{Change::Suspend{"us", "asked for"}};

TEST(Quorum, OfTwoToFiftyJurisdictions) {
  EXPECT_EQ(quorum_of(2), 2U);
  EXPECT_EQ(quorum_of(3), 2U);
  EXPECT_EQ(quorum_of(4), 3U);
  EXPECT_EQ(quorum_of(6), 4U);
  EXPECT_EQ(quorum_of(7), 5U);
  EXPECT_EQ(quorum_of(50), 34U);
  for (std::size_t n = 2; n <= 50; ++n) {
    const std::size_t quorum = quorum_of(n);
    EXPECT_GE(3 * quorum, 2 * n) << n;
    EXPECT_LT(3 * (quorum - 1), 2 * n) << n;
    EXPECT_LE(quorum, n) << n;
    // All ways in which two quorums can lie: the second takes as few as it can of the first.
    for (std::size_t first = quorum; first <= n; ++first) {
      for (std::size_t second = quorum; second <= n; ++second) {
        const std::size_t shared = first + second > n ? first + second - n : 0;
        for (std::size_t liars = 0; 3 * liars < n; ++liars) {
          EXPECT_GT(shared, liars) << n << ": two quorums share somebody honest";
          EXPECT_LT(liars, quorum) << n << ": liars alone are no quorum";
        }
      }
    }
  }
}

TEST(State, BeginsAsItWasFounded) {
  for (const std::size_t count : {2U, 3U, 50U}) {
    const Founding founding = founding_of(codes(count));
    const AllianceState state = state_of(founding, {});
    EXPECT_EQ(state.id, alliance_id(founding));
    EXPECT_EQ(state.hash, state.id);
    EXPECT_EQ(state.epoch, 0U);
    EXPECT_EQ(state.members.size(), count);
    EXPECT_EQ(state.jurisdictions, count);
    EXPECT_EQ(state.quorum, quorum_of(count));
    EXPECT_TRUE(state.is_active("ab"));
    EXPECT_FALSE(state.is_active("zz"));
  }
}

TEST(State, OneVoteLessDoesNotAdmit) {
  for (const std::size_t count : {2U, 3U, 4U, 7U, 50U}) {
    Story story(founding_of(codes(count)));
    const AllianceState before = story.state();
    const Change change = admission(before, card_of("zz"), "aa");
    for (std::size_t i = 0; i + 1 < before.quorum; ++i) story.add(vote_of(codes(count)[i], before, change));
    EXPECT_EQ(story.state().epoch, 0U) << count;
    EXPECT_EQ(story.state().find("zz"), nullptr);
    ASSERT_EQ(story.state().waiting.size(), 1U);
    EXPECT_EQ(story.state().waiting.front().voters.size(), before.quorum - 1);
    story.add(vote_of(codes(count)[before.quorum - 1], before, change));
    EXPECT_EQ(story.state().epoch, 1U) << count;
    EXPECT_TRUE(story.state().is_active("zz"));
    EXPECT_EQ(story.state().find("zz")->since_epoch, 1U);
    EXPECT_TRUE(story.state().waiting.empty());
    EXPECT_EQ(story.state().jurisdictions, count + 1);
  }
}

TEST(State, AVoterCountsOnce) {
  Story story(founding_of({"nz", "se", "us"}));
  const AllianceState before = story.state();
  const Change change{Change::Charter{"New."}};
  for (int i = 0; i < 5; ++i) story.add(vote_of("se", before, change));
  EXPECT_EQ(story.state().epoch, 0U);
  // And for what it said first.
  story.add(vote_of("us", before, suspend_us));
  story.add(vote_of("us", before, change));
  EXPECT_EQ(story.state().epoch, 0U);
}

TEST(State, VotesOnOtherStatesDoNotCount) {
  Story story(founding_of({"nz", "se", "us"}));
  const AllianceState before = story.state();
  const Change change{Change::Charter{"New."}};
  story.add(vote_of("se", before, change));
  Vote elsewhere = vote_of("us", before, change);
  elsewhere.previous[0] ^= 1;
  story.add(elsewhere);
  Vote of_another = vote_of("us", before, change);
  of_another.alliance[0] ^= 1;
  story.add(of_another);
  EXPECT_EQ(story.state().epoch, 0U);
  story.add(vote_of("us", before, change));
  EXPECT_EQ(story.state().epoch, 1U);
  // The same votes don't count again, nor for what comes next.
  story.add(vote_of("nz", before, suspend_us));
  EXPECT_EQ(story.state().epoch, 1U);
  EXPECT_TRUE(story.state().waiting.empty());
}

TEST(State, NobodyPacksItWithBodies) {
  Story story(founding_of({"nz", "se", "us"}));
  for (const char* code : {"se-a", "se-b", "se-c", "se-d", "se-e"}) {
    story.adopt(admission(story.state(), card_of(code, {.kind = MemberKind::body}), "se"));
    ASSERT_TRUE(story.state().is_active(code));
  }
  EXPECT_EQ(story.state().jurisdictions, 3U);
  const AllianceState before = story.state();
  for (const char* code : {"se-a", "se-b", "se-c", "se-d", "se-e", "se"}) story.add(vote_of(code, before, suspend_us));
  EXPECT_EQ(story.state().epoch, before.epoch);
  ASSERT_EQ(story.state().waiting.size(), 1U);
  EXPECT_EQ(story.state().waiting.front().voters, std::vector<std::string>{"se"});
}

TEST(State, AJurisdictionHasOneVote) {
  Story story(founding_of({"nz", "se", "us"}));
  story.adopt(admission(story.state(), card_of("se-2"), "se"));
  EXPECT_EQ(story.state().epoch, 0U);
  ASSERT_EQ(story.state().waiting.size(), 1U);
  EXPECT_NE(story.state().waiting.front().never_wins.find("SE"), std::string::npos);
  // Nor while the one that has the vote is suspended; but once it has gone.
  Story other(founding_of({"nz", "se", "us"}));
  other.adopt(suspend_us);
  EXPECT_FALSE(check_change(other.state(), admission(other.state(), card_of("us-2"), "se")));
  other.adopt(Change{Change::Expel{"us", "why"}});
  EXPECT_TRUE(check_change(other.state(), admission(other.state(), card_of("us-2"), "se")));
}

TEST(State, ASplitRoundDiesAndTheNextOneDecides) {
  Story story(founding_of({"nz", "se", "us"}));
  const AllianceState before = story.state();
  const Change a{Change::Charter{"A."}};
  const Change b{Change::Charter{"B."}};
  const Change c{Change::Charter{"C."}};
  story.add(vote_of("nz", before, a));
  EXPECT_EQ(story.state().open_round, 0U);
  story.add(vote_of("se", before, b));
  EXPECT_EQ(story.state().open_round, 0U) << "one vote could still decide for either";
  EXPECT_FALSE(story.state().waiting.front().dead);
  story.add(vote_of("us", before, c));
  EXPECT_EQ(story.state().epoch, 0U);
  EXPECT_EQ(story.state().open_round, 1U);
  EXPECT_TRUE(story.state().waiting.front().dead);
  story.add(vote_of("nz", before, a, 1));
  story.add(vote_of("se", before, a, 1));
  EXPECT_EQ(story.state().epoch, 1U);
  EXPECT_EQ(story.state().charter, "A.");
  EXPECT_FALSE(story.state().split);
}

TEST(State, ARoundIsDeadEvenBeforeAllHaveVoted) {
  Story story(founding_of(codes(6)));  // a quorum of four
  const AllianceState before = story.state();
  story.add(vote_of("aa", before, Change{Change::Charter{"A."}}));
  story.add(vote_of("ab", before, Change{Change::Charter{"B."}}));
  EXPECT_EQ(story.state().open_round, 0U) << "the four others and one of them could";
  story.add(vote_of("ac", before, Change{Change::Charter{"C."}}));
  EXPECT_EQ(story.state().open_round, 0U);
  story.add(vote_of("ad", before, Change{Change::Charter{"D."}}));
  EXPECT_EQ(story.state().open_round, 1U) << "the best has one, and two are left";
}

TEST(State, VotesForWhatNeverWinsAreSpent) {
  Story story(founding_of({"se", "us"}));
  const AllianceState before = story.state();
  const Change nonsense{Change::Lift{"us"}};
  story.add(vote_of("se", before, nonsense));
  story.add(vote_of("us", before, nonsense));
  EXPECT_EQ(story.state().epoch, 0U);
  EXPECT_EQ(story.state().open_round, 1U);
}

TEST(State, WhoIsSuspendedVotesNoMoreUntilLifted) {
  Story story(founding_of({"aa", "ab", "ac", "us"}));
  story.adopt(suspend_us);
  EXPECT_EQ(story.state().find("us")->standing, Standing::suspended);
  EXPECT_EQ(story.state().jurisdictions, 3U);
  const AllianceState suspended = story.state();
  story.add(vote_of("us", suspended, Change{Change::Charter{"A."}}));
  story.add(vote_of("aa", suspended, Change{Change::Charter{"A."}}));
  EXPECT_EQ(story.state().epoch, 1U);
  story.adopt(Change{Change::Lift{"us"}});
  EXPECT_EQ(story.state().find("us")->standing, Standing::active);
  EXPECT_EQ(story.state().find("us")->since_epoch, 2U);
  EXPECT_EQ(story.state().jurisdictions, 4U);
}

TEST(State, WhoLeftComesBackWithTheSameRootAlone) {
  Story story(founding_of({"nz", "se", "us"}));
  story.adopt(Change{Change::Remove{"us"}});
  EXPECT_EQ(story.state().find("us")->standing, Standing::left);
  EXPECT_FALSE(check_change(story.state(), Change{Change::Remove{"us"}}));
  EXPECT_FALSE(check_change(story.state(), Change{Change::Expel{"us", "why"}}));
  EXPECT_FALSE(check_change(story.state(), admission(story.state(), card_of("us", {.root = "other"}), "se")));
  story.adopt(admission(story.state(), card_of("us"), "se"));
  EXPECT_TRUE(story.state().is_active("us"));
}

TEST(State, InvalidAcceptancesNeverWin) {
  const Founding founding = founding_of({"nz", "se", "us"});
  const AllianceState before = state_of(founding, {});
  const Change good = admission(before, card_of("dk"), "se");
  EXPECT_TRUE(check_change(before, good));
  std::vector<Change> bad;
  const auto spoil = [&](const auto& change) {
    Change other = good;
    change(std::get<Change::Admit>(other.what));
    bad.push_back(other);
  };
  spoil([](Change::Admit& admit) { admit.acceptance[0] ^= 1; });
  spoil([](Change::Admit& admit) { admit.nonce[0] ^= 1; });
  spoil([](Change::Admit& admit) { admit.conformance.sections.begin()->second[0] ^= 1; });
  spoil([](Change::Admit& admit) { admit.invitation.back() ^= 1; });
  spoil([](Change::Admit& admit) { admit.inviter = "us"; });
  spoil([](Change::Admit& admit) { admit.inviter = "dk"; });
  spoil([](Change::Admit& admit) { admit.card = card_of("dk", {.address = "https://evil.example:1"}); });
  AllianceState elsewhere = before;
  elsewhere.charter = "Another.";
  bad.push_back(admission(elsewhere, card_of("dk"), "se"));
  elsewhere = before;
  elsewhere.id[0] ^= 1;
  bad.push_back(admission(elsewhere, card_of("dk"), "se"));
  bad.push_back(admission(before, card_of("us", {.root = "other"}), "se"));
  bad.push_back(admission(before, card_of("us"), "se"));
  for (const Change& change : bad) {
    Story story(founding);
    story.adopt(change);
    EXPECT_EQ(story.state().epoch, 0U);
    ASSERT_EQ(story.state().waiting.size(), 1U);
    EXPECT_EQ(story.state().waiting.front().voters.size(), 3U);
    EXPECT_NE(story.state().waiting.front().never_wins, "");
  }
}

TEST(State, AnInviterWhoIsSuspendedInvitesNobody) {
  Story story(founding_of({"nz", "se", "us"}));
  story.adopt(suspend_us);
  EXPECT_FALSE(check_change(story.state(), admission(story.state(), card_of("dk"), "us")));
  EXPECT_TRUE(check_change(story.state(), admission(story.state(), card_of("dk"), "se")));
}

TEST(State, CodesThatLookAlikeInIdsDoNotMeet) {
  // Found by trying: their tags of 4 bytes are the same.
  std::map<AuthorTag, std::string> seen;
  std::string first;
  std::string second;
  for (int i = 0; first.empty(); ++i) {
    const std::string code = "aa-" + std::to_string(i);
    const auto [at, fresh] = seen.try_emplace(author_tag(code), code);
    if (!fresh) {
      first = at->second;
      second = code;
    }
  }
  Story story(founding_of({"nz", "se", "us"}));
  story.adopt(admission(story.state(), card_of(first, {.kind = MemberKind::body}), "se"));
  ASSERT_TRUE(story.state().is_active(first));
  story.adopt(admission(story.state(), card_of(second, {.kind = MemberKind::body}), "se"));
  EXPECT_EQ(story.state().find(second), nullptr);
  EXPECT_NE(story.state().waiting.front().never_wins.find(first), std::string::npos);
}

TEST(State, NewCardsKeepRootAndFollowTheOldKeys) {
  Story story(founding_of({"nz", "se", "us"}));
  const auto refused = [&](const testing::CardOptions& options) {
    return !check_change(story.state(), Change{Change::NewCard{card_of("us", options)}});
  };
  EXPECT_TRUE(refused({})) << "the same";
  EXPECT_TRUE(refused({.root = "other"}));
  EXPECT_TRUE(refused({.kind = MemberKind::body}));
  EXPECT_TRUE(refused({.jurisdiction = "CA"}));
  EXPECT_TRUE(refused({.keys = "2", .valid_from = 0})) << "instead of what was signed with";
  EXPECT_FALSE(check_change(story.state(), Change{Change::NewCard{card_of("dk")}}));
  story.adopt(Change{Change::NewCard{card_of("us", {.keys = "2", .valid_from = 100})}});
  story.adopt(Change{Change::NewCard{card_of("us", {.keys = "3", .valid_from = 200})}});
  ASSERT_EQ(story.state().epoch, 2U);
  const AllianceMember& us = *story.state().find("us");
  const auto key = [&](std::string_view series) {
    return testing::member_key("us", KeyPurpose::record, series).public_key();
  };
  EXPECT_EQ(key_at(us, KeyPurpose::record, 0), key(""));
  EXPECT_EQ(key_at(us, KeyPurpose::record, 99), key(""));
  EXPECT_EQ(key_at(us, KeyPurpose::record, 100), key("2"));
  EXPECT_EQ(key_at(us, KeyPurpose::record, 199), key("2"));
  EXPECT_EQ(key_at(us, KeyPurpose::record, 1'000'000), key("3"));
  EXPECT_TRUE(refused({.keys = "4", .valid_from = 150})) << "before the newest";
}

TEST(State, OnlyWhatFitsTheStandingWins) {
  Story story(founding_of({"nz", "se", "us"}));
  EXPECT_FALSE(check_change(story.state(), Change{Change::Lift{"us"}}));
  EXPECT_FALSE(check_change(story.state(), Change{Change::Lift{"dk"}}));
  EXPECT_FALSE(check_change(story.state(), Change{Change::Suspend{"dk", "why"}}));
  EXPECT_FALSE(check_change(story.state(), Change{Change::Expel{"dk", "why"}}));
  EXPECT_FALSE(check_change(story.state(), Change{Change::Charter{story.state().charter}}));
  story.adopt(suspend_us);
  EXPECT_FALSE(check_change(story.state(), suspend_us));
  story.adopt(Change{Change::Expel{"us", "why"}});
  EXPECT_EQ(story.state().find("us")->standing, Standing::expelled);
  EXPECT_FALSE(check_change(story.state(), Change{Change::Lift{"us"}}));
}

TEST(State, LiarsOfAThirdAreSeen) {
  // Two of three lie: they vote in a round that isn't open.
  Story story(founding_of({"nz", "se", "us"}));
  const AllianceState before = story.state();
  story.add(vote_of("nz", before, Change{Change::Charter{"A."}}));
  story.add(vote_of("se", before, Change{Change::Charter{"A."}}));
  EXPECT_FALSE(story.state().split);
  story.add(vote_of("nz", before, Change{Change::Charter{"B."}}, 1));
  story.add(vote_of("se", before, Change{Change::Charter{"B."}}, 1));
  EXPECT_TRUE(story.state().split);
  EXPECT_EQ(story.state().charter, "A.");
}

TEST(State, WitnessesAreOtherJurisdictions) {
  const auto needed = [](std::size_t count) { return witnesses_needed(state_of(founding_of(codes(count)), {}), "aa"); };
  EXPECT_EQ(needed(2), 1U);
  EXPECT_EQ(needed(3), 2U);
  EXPECT_EQ(needed(4), 3U);
  EXPECT_EQ(needed(5), 3U);
  EXPECT_EQ(needed(6), 3U);
  EXPECT_EQ(needed(7), 4U);
  EXPECT_EQ(needed(50), 25U);
  // A jurisdiction counts once, its own not at all, and who is suspended neither.
  Story story(founding_of({"nz", "se", "us"}));
  story.adopt(admission(story.state(), card_of("us-2", {.kind = MemberKind::body}), "us"));
  EXPECT_EQ(witnesses_needed(story.state(), "se"), 2U);
  EXPECT_EQ(witnesses_needed(story.state(), "us-2"), 2U);
  story.adopt(Change{Change::Suspend{"nz", "asked for"}});
  EXPECT_EQ(witnesses_needed(story.state(), "se"), 1U);
}

}  // namespace
}  // namespace fristad
