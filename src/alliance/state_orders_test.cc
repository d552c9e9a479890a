// Whoever reads which log first, and whoever lies: what follows is the same. Stories come from a seed, which is
// printed.

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "alliance/alliance_fixture.h"
#include "alliance/state.h"
#include "base/hex.h"

namespace fristad {
namespace {

using testing::admission;
using testing::card_of;
using testing::codes;
using testing::founding_of;
using testing::Story;
using testing::vote_of;

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

// A long story with honest votes, votes of liars, and split rounds; its votes stand in the logs of their authors, and
// these are read in any order.
TEST(StateOrders, NoOrderOfReadingMatters) {
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
TEST(StateOrders, FewerThanAThirdOfLiarsSplitNothing) {
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
