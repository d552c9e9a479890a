#include "material/rule.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

using Reasons = std::vector<std::string_view>;

RuleInput own() {
  return {.classification = Classification::baseline};
}
RuleInput foreign() {
  return {.own = false,
          .classification = Classification::baseline,
          .confirmed_by = 2,
          .enforce_foreign = true,
          .subscribed = true,
          .cosigned = true};
}

TEST(Rule, EnforcesWhatOurOwnListSays) {
  EXPECT_EQ(rule_on(own()).level, Level::enforce);
  EXPECT_EQ(rule_on(own()).reasons, Reasons{"own-list"});
  RuleInput national = own();
  national.classification = Classification::national;
  EXPECT_EQ(rule_on(national).level, Level::enforce);
}

TEST(Rule, EnforcesForeignEntriesOnlyWithTwoJurisdictionsAndOurOwnRule) {
  EXPECT_EQ(rule_on(foreign()).level, Level::enforce);
  RuleInput one = foreign();
  one.confirmed_by = 1;
  EXPECT_EQ(rule_on(one).level, Level::lead);
  EXPECT_EQ(rule_on(one).reasons, Reasons{"too-few-confirmations"});
  RuleInput silent = foreign();
  silent.enforce_foreign = false;
  EXPECT_EQ(rule_on(silent).reasons, Reasons{"no-rule-to-enforce"});
  RuleInput national = foreign();
  national.classification = Classification::national;
  EXPECT_EQ(rule_on(national).level, Level::observe);
  national.national_opted_in = true;
  EXPECT_EQ(rule_on(national).level, Level::enforce);
  RuleInput disputed = foreign();
  disputed.disputed_by = 1;
  EXPECT_EQ(rule_on(disputed).level, Level::lead) << "one member can demote, never disable";
  disputed.heed_foreign_disputes = false;
  EXPECT_EQ(rule_on(disputed).level, Level::enforce);
}

// Observe, lead, enforce: each step is taken by somebody.
TEST(Rule, TakesForeignEntriesStepByStep) {
  RuleInput input{.own = false, .classification = Classification::baseline};
  EXPECT_EQ(rule_on(input).level, Level::observe);
  EXPECT_EQ(rule_on(input).reasons, Reasons{"not-subscribed"});
  input = foreign();
  input.subscribed = false;
  EXPECT_EQ(rule_on(input).level, Level::observe) << "whatever else it says";
  input = foreign();
  input.cosigned = false;
  EXPECT_EQ(rule_on(input).level, Level::lead);
  EXPECT_EQ(rule_on(input).reasons, Reasons{"not-cosigned"});
  input = foreign();
  input.followed = false;
  EXPECT_EQ(rule_on(input).level, Level::observe) << "it may have been withdrawn, and nobody told us";
  EXPECT_EQ(rule_on(input).reasons, Reasons{"not-followed"});
  input = foreign();
  input.over_cap = true;
  EXPECT_EQ(rule_on(input).level, Level::lead);
  EXPECT_EQ(rule_on(input).reasons, Reasons{"cap-reached"});
  RuleInput ours = own();
  ours.over_cap = true;
  ours.followed = false;
  EXPECT_EQ(rule_on(ours).level, Level::enforce) << "our own lists need none of that";
}

// Whatever else holds: each of these stops a match.
TEST(Rule, StopsAtOnce) {
  for (RuleInput input : {own(), foreign()}) {
    input.withdrawn = true;
    EXPECT_EQ(rule_on(input).level, Level::none);
    input.withdrawn = false;
    input.list_state = ListState::disabled;
    EXPECT_EQ(rule_on(input).level, Level::none);
    input.list_state = ListState::withdrawn;
    EXPECT_EQ(rule_on(input).level, Level::none);
    input.list_state = ListState::enabled;
    input.allow_listed = true;
    EXPECT_EQ(rule_on(input).level, Level::none);
    input.allow_listed = false;
    input.disputed_by_us = true;
    EXPECT_EQ(rule_on(input).level, Level::observe);
  }
  RuleInput muted = foreign();
  muted.origin_muted = true;
  EXPECT_EQ(rule_on(muted).level, Level::none);
  RuleInput ours = own();
  ours.origin_muted = true;
  EXPECT_EQ(rule_on(ours).level, Level::enforce);
}

// No input, however odd, raises a level by adding what lowers it.
TEST(Rule, MoreDoubtNeverRaisesTheLevel) {
  for (unsigned bits = 0; bits < 1u << 11; ++bits) {
    RuleInput input{.own = (bits & 1) != 0,
                    .classification = static_cast<Classification>(bits >> 1 & 3),
                    .withdrawn = (bits & 8) != 0,
                    .allow_listed = (bits & 16) != 0,
                    .national_opted_in = (bits & 32) != 0,
                    .confirmed_by = static_cast<int>(bits >> 6 & 3),
                    .enforce_foreign = (bits & 256) != 0,
                    .subscribed = (bits & 512) != 0,
                    .cosigned = (bits & 1024) != 0};
    const Level before = rule_on(input).level;
    EXPECT_FALSE(rule_on(input).reasons.empty());
    for (const auto& doubt :
         {+[](RuleInput& in) { in.withdrawn = true; }, +[](RuleInput& in) { in.allow_listed = true; },
          +[](RuleInput& in) { in.disputed_by = 1; }, +[](RuleInput& in) { in.disputed_by_us = true; },
          +[](RuleInput& in) { in.confirmed_by = 0; }, +[](RuleInput& in) { in.origin_muted = true; },
          +[](RuleInput& in) { in.subscribed = false; }, +[](RuleInput& in) { in.cosigned = false; },
          +[](RuleInput& in) { in.over_cap = true; }}) {
      RuleInput doubted = input;
      doubt(doubted);
      EXPECT_LE(rule_on(doubted).level, before);
    }
  }
}

}  // namespace
}  // namespace fristad
