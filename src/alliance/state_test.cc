#include "alliance/state.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "alliance/alliance_fixture.h"
#include "base/hex.h"

namespace fristad {
namespace {

using testing::admission;
using testing::card_of;
using testing::codes;
using testing::founding_of;
using testing::vote_of;

const Change suspend_us{Change::Suspend{"us", "asked for"}};

// Everything that it says, to be compared.
std::string text_of(const AllianceState& state) {
  std::string text = to_hex(state.id) + to_hex(state.hash) + std::to_string(state.epoch) + state.charter +
                     std::to_string(state.jurisdictions) + std::to_string(state.quorum) +
                     std::to_string(state.open_round) + (state.split ? "split" : "") + "\n";
  for (const auto& [code, member] : state.members) {
    text += code + std::string(to_text(member.standing)) + std::to_string(member.since_epoch) + to_text(member.card) +
            std::to_string(member.keys.size()) + "\n";
  }
  for (const OpenChange& open : state.waiting) {
    text += to_hex(open.hash) + std::to_string(open.round) + (open.dead ? "dead" : "") + open.never_wins;
    for (const std::string& voter : open.voters) text += " " + voter;
    text += "\n";
  }
  return text;
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

// A long story with honest votes, votes of liars, and split rounds; its votes stand in the logs of their authors, and
// these are read in any order.
TEST(State, NoOrderOfReadingMatters) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 rng(seed);
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(rng() % below); };
  const std::vector<std::string> all = codes(7);
  for (int run = 0; run < 20; ++run) {
    Story story(founding_of(all));
    const std::vector<Change> changes{Change{Change::Charter{"A."}},
                                      Change{Change::Charter{"B."}},
                                      Change{Change::Suspend{"ab", "why"}},
                                      Change{Change::Lift{"ab"}},
                                      Change{Change::Expel{"ac", "why"}},
                                      Change{Change::NewCard{card_of("ad", {.keys = "2", .valid_from = 9})}},
                                      admission(story.state(), card_of("zz"), "aa")};
    std::vector<AllianceState> epochs{story.state()};
    for (int i = 0; i < 60; ++i) {
      const AllianceState& from = pick(8) == 0 ? epochs[pick(epochs.size())] : story.state();
      const std::uint32_t round = pick(8) == 0 ? static_cast<std::uint32_t>(pick(3)) : from.open_round;
      const Change& change = changes[pick(4) == 0 ? pick(changes.size()) : from.epoch % changes.size()];
      story.add(vote_of(all[pick(all.size())], from, change, round));
      if (story.state().epoch != epochs.back().epoch) epochs.push_back(story.state());
    }
    const std::string expected = text_of(story.state());
    for (int order = 0; order < 20; ++order) {
      std::map<std::string, std::vector<const Vote*>> logs;
      for (const Vote& vote : story.votes()) logs[vote.author].push_back(&vote);
      std::map<std::string, std::size_t> read;
      std::vector<Vote> shuffled;
      while (shuffled.size() < story.votes().size()) {
        const std::string& author = all[pick(all.size())];
        if (read[author] < logs[author].size()) shuffled.push_back(*logs[author][read[author]++]);
      }
      ASSERT_EQ(text_of(state_of(story.founding(), shuffled)), expected) << "run " << run;
    }
  }
}

// Honest nodes that each have read another part of the logs, and liars fewer than a third: no two changes ever win.
TEST(State, FewerThanAThirdOfLiarsSplitNothing) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 rng(seed);
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(rng() % below); };
  int decided = 0;
  for (int run = 0; run < 40; ++run) {
    const std::size_t count = 4 + pick(4);
    const std::size_t liars = (count - 1) / 3;
    const std::vector<std::string> all = codes(count);
    const Founding founding = founding_of(all);
    const AllianceState start = state_of(founding, {});
    std::map<std::string, std::vector<Vote>> logs;
    for (int step = 0; step < 80; ++step) {
      const std::size_t who = pick(count);
      const Change change{Change::Charter{pick(2) == 0 ? "A." : "B."}};
      if (who < liars) {
        logs[all[who]].push_back(vote_of(all[who], start, change, static_cast<std::uint32_t>(pick(4))));
        continue;
      }
      // All of its own log, and of each other's as much as it has got.
      std::vector<Vote> seen = logs[all[who]];
      for (const auto& [author, log] : logs) {
        if (author == all[who]) continue;
        const std::size_t size = pick(2) == 0 ? log.size() : pick(log.size() + 1);
        seen.insert(seen.end(), log.begin(), log.begin() + static_cast<std::ptrdiff_t>(size));
      }
      const AllianceState state = state_of(founding, seen);
      if (state.epoch != 0) continue;
      const bool voted =
          std::ranges::any_of(logs[all[who]], [&](const Vote& vote) { return vote.round >= state.open_round; });
      if (!voted) logs[all[who]].push_back(vote_of(all[who], start, change, state.open_round));
    }
    std::vector<Vote> every;
    for (const auto& [author, log] : logs) every.insert(every.end(), log.begin(), log.end());
    const AllianceState end = state_of(founding, every);
    EXPECT_FALSE(end.split) << "run " << run << " with " << liars << " of " << count;
    decided += end.epoch != 0 ? 1 : 0;
  }
  EXPECT_GT(decided, 0);
}

}  // namespace
}  // namespace fristad
