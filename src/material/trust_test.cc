// What protects people here from another member's list, be it mistaken or malicious.

#include "material/enforced_today.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

#include "material/member_fixture.h"

namespace fristad {
namespace {

using testing::Member;
using testing::pull_all;
using testing::shared_dump;

using Reasons = std::vector<std::string_view>;

constexpr std::uint64_t all_of_it = std::numeric_limits<std::uint64_t>::max();
constexpr std::int64_t day_ms = std::int64_t{24} * 60 * 60 * 1000;

// se reads what us lists; us has a hotline, which is a member too.
class TrustTest : public ::testing::Test {
 protected:
  TrustTest() {
    for (const std::string name : {"se", "us", "nz", "ca"}) told_.origins[name] = {false, name, all_of_it};
    told_.origins["us-hotline"] = {false, "us", all_of_it};
  }
  EntryBody entry(Classification classification = Classification::baseline) {
    return {.pdq = testing::random_hash(rng_), .classification = classification};
  }
  // A list of us with such entries, known to all.
  void listed(const std::vector<EntryBody>& entries) {
    entries_ = entries;
    list_ = us_.material->create_list("tester", {.title = "Theirs"}).value();
    first_ = us_.material->add_entries("tester", list_, entries).value();
    for (Member* const member : {&se_, &hotline_, &nz_, &ca_}) pull_all(*us_.journal, *member->journal);
  }
  void says(Member& member, Verdict verdict, std::string_view reason = "", std::int64_t item = 0,
            Basis basis = Basis::examined) {
    const Status said = member.material->give_opinion("tester", list_, first_ + item, verdict, basis, reason);
    ASSERT_TRUE(said) << said.error().message;
    if (&member != &se_) pull_all(*member.journal, *se_.journal);
  }
  void subscribe(const Subscription& subscription) {
    const Status said = se_.material->subscribe("tester", list_, subscription);
    ASSERT_TRUE(said) << said.error().message;
  }
  Ruling ruling(std::size_t item = 0) {
    const auto found = se_.match(*entries_[item].pdq);
    return found.size() == 1 ? found[0].ruling : Ruling();
  }
  RuleInput input(std::int64_t item = 0) {
    const auto why = se_.material->explain(list_, first_ + item);
    EXPECT_TRUE(why) << why.error().message;
    return why ? why->input : RuleInput();
  }
  // One entry, which se enforces.
  void enforced(std::size_t entries = 1) {
    std::vector<EntryBody> all;
    for (std::size_t i = 0; i < entries; ++i) all.push_back(entry());
    listed(all);
    for (std::size_t i = 0; i < entries; ++i) {
      says(us_, Verdict::confirm, "", static_cast<std::int64_t>(i));
      says(nz_, Verdict::confirm, "", static_cast<std::int64_t>(i));
    }
    subscribe({.subscribed = true, .enforce = true});
  }
  void erase(const ListId& own, std::int64_t number) {
    const auto parts = se_.material->erasable(own, number);
    ASSERT_TRUE(parts) << parts.error().message;
    for (const ErasedParts& part : *parts) ASSERT_TRUE(se_.journal->erase("tester", part.record, part.items, "a test"));
  }
  void expect_rebuilt() {
    const std::string before = testing::dump_of(*se_.journal);
    ASSERT_TRUE(se_.journal->rebuild());
    EXPECT_EQ(testing::dump_of(*se_.journal), before);
  }

  testing::Rng rng_{6};
  testing::Told told_;
  Member se_{"se", &told_};
  Member us_{"us", &told_};
  Member hotline_{"us-hotline", &told_};
  Member nz_{"nz", &told_};
  Member ca_{"ca", &told_};
  ListId list_{};
  std::int64_t first_ = 0;
  std::vector<EntryBody> entries_;
};

TEST_F(TrustTest, AListIsObservedUntilWeSubscribe) {
  listed({entry()});
  EXPECT_EQ(ruling().level, Level::observe);
  EXPECT_EQ(ruling().reasons, Reasons{"not-subscribed"});
  EXPECT_EQ(se_.material->list(list_)->subscription, std::nullopt);
  const Subscription rule{.subscribed = true, .enforced_per_day = 7};
  subscribe(rule);
  EXPECT_EQ(ruling().level, Level::lead);
  EXPECT_EQ(ruling().reasons, (Reasons{"too-few-confirmations", "no-rule-to-enforce"}));
  EXPECT_EQ(se_.material->list(list_)->subscription, rule);
  expect_rebuilt();
  se_.open();
  EXPECT_EQ(ruling().level, Level::lead);
  EXPECT_EQ(se_.material->list(list_)->subscription, rule);
  subscribe({});
  EXPECT_EQ(ruling().level, Level::observe);
  EXPECT_FALSE(se_.material->list(list_)->subscription->subscribed);
  expect_rebuilt();

  const ListId own = se_.material->create_list("tester", {.title = "Ours"}).value();
  EXPECT_EQ(se_.material->subscribe("tester", own, rule).error().code, Code::conflict);
  EXPECT_EQ(se_.material->subscribe("tester", ListId{9}, rule).error().code, Code::not_found);
  EXPECT_EQ(se_.material->subscribe("tester", list_, {.enforced_per_day = -1}).error().code, Code::invalid_argument);
  EXPECT_EQ(se_.material->list(own)->member, "se");
}

// Our rule is ours: no reader of the shared log learns of it, and nobody states it for us.
TEST_F(TrustTest, ASubscriptionIsPrivate) {
  listed({entry()});
  const std::uint64_t shared = se_.journal->head(shared_log).size;
  subscribe({.subscribed = true});
  for (std::uint64_t at = shared; at < se_.journal->head(shared_log).size; ++at) {
    EXPECT_NE(se_.journal->read(Place{shared_log, at})->payload.kind, kind_subscribed);
  }
  const auto forged = us_.journal->transact("mallory", [&](Decision& decision) -> Status {
    const SubscriptionBody body{.list = list_, .subscription = {.subscribed = true, .enforce = true}};
    TRY(decision.emit({.kind = std::string(kind_subscribed), .scope = to_text(list_), .body = body.to_json()}));
    return {};
  });
  EXPECT_FALSE(forged);
}

TEST_F(TrustTest, TwoJurisdictionsConfirmAndAHotlineIsNoSecond) {
  listed({entry()});
  subscribe({.subscribed = true, .enforce = true});
  EXPECT_EQ(input().confirmed_by, 0) << "who lists it hasn't said that it was examined";
  says(us_, Verdict::confirm);
  says(hotline_, Verdict::confirm);
  EXPECT_EQ(input().confirmed_by, 1);
  EXPECT_EQ(ruling().reasons, Reasons{"too-few-confirmations"});
  says(nz_, Verdict::confirm, "", 0, Basis::relayed);
  EXPECT_EQ(input().confirmed_by, 1);
  says(nz_, Verdict::confirm);
  EXPECT_EQ(input().confirmed_by, 2);
  EXPECT_EQ(ruling().level, Level::enforce);
  // No active member; muted; and back.
  told_.origins["nz"].jurisdiction = "";
  EXPECT_EQ(ruling().level, Level::lead);
  told_.origins["nz"] = {true, "nz", all_of_it};
  EXPECT_EQ(ruling().level, Level::lead);
  says(se_, Verdict::confirm);
  EXPECT_EQ(ruling().level, Level::enforce) << "we are a jurisdiction too";
  told_.origins["se"].jurisdiction = "";
  EXPECT_EQ(ruling().level, Level::lead);
  expect_rebuilt();
}

TEST_F(TrustTest, OnOurOwnListsWeHaveASayBeforeWeAreAMember) {
  told_.origins.clear();
  const ListId own = se_.material->create_list("tester", {.title = "Ours"}).value();
  const EntryBody one = entry();
  const std::int64_t number = se_.material->add_entries("tester", own, {&one, 1}).value();
  ASSERT_TRUE(se_.material->give_opinion("tester", own, number, Verdict::confirm, Basis::examined, ""));
  EXPECT_EQ(se_.material->explain(own, number)->input.confirmed_by, 1);
  EXPECT_EQ(se_.match(*one.pdq).at(0).ruling.level, Level::enforce);
}

TEST_F(TrustTest, AMuteActsAtOnceAndEndsAtOnce) {
  enforced();
  ASSERT_EQ(ruling().level, Level::enforce);
  told_.origins["us"].muted = true;
  EXPECT_TRUE(se_.match(*entries_[0].pdq).empty());
  EXPECT_TRUE(input().origin_muted);
  told_.origins["us"].muted = false;
  EXPECT_EQ(ruling().level, Level::enforce);
}

TEST_F(TrustTest, WhatTooFewWitnessesHaveSeenIsALead) {
  enforced();
  const std::uint64_t position = EntryPlace::of_number(0, first_).chunk.position;
  told_.origins["us"].cosigned = position;
  EXPECT_EQ(ruling().level, Level::lead);
  const Reasons reasons = ruling().reasons;
  EXPECT_EQ(std::ranges::count(reasons, "not-cosigned"), 1);
  told_.origins["us"].cosigned = position + 1;
  EXPECT_EQ(ruling().reasons, Reasons{"too-few-confirmations"}) << "what it says of the entry stands behind that";
  told_.origins["us"].cosigned = se_.journal->known_log("us")->head.size;
  EXPECT_EQ(ruling().level, Level::enforce);
}

TEST_F(TrustTest, AConfirmationCountsOnceItIsCosignedAndADisputeAtOnce) {
  enforced();
  const auto known = se_.journal->known_log("nz");
  ASSERT_TRUE(known);
  told_.origins["nz"].cosigned = 0;
  EXPECT_EQ(input().confirmed_by, 1);
  EXPECT_EQ(ruling().level, Level::lead);
  const Explanation why = se_.material->explain(list_, first_).value();
  EXPECT_EQ(std::ranges::count(why.opinions, false, &Explanation::Opinion::cosigned), 1);
  EXPECT_NE(std::ranges::find(why.as_of, std::pair(known->head.origin, known->head.size)), why.as_of.end());
  told_.origins["nz"].cosigned = known->head.size;
  EXPECT_EQ(ruling().level, Level::enforce);
  told_.origins["nz"].cosigned = 0;
  says(nz_, Verdict::dispute, "wrong");
  EXPECT_EQ(input().disputed_by, 1);
  // Nor does it take back at once what it has disputed.
  told_.origins["nz"].cosigned = se_.journal->known_log("nz")->head.size;
  says(nz_, Verdict::confirm);
  EXPECT_EQ(input().disputed_by, 1);
  EXPECT_EQ(input().confirmed_by, 1);
  told_.origins["nz"].cosigned = se_.journal->known_log("nz")->head.size;
  EXPECT_EQ(input().disputed_by, 0);
  EXPECT_EQ(input().confirmed_by, 2);
}

TEST_F(TrustTest, NationalClassesAndDisputesGoByTheSubscription) {
  listed({entry(Classification::national)});
  says(us_, Verdict::confirm);
  says(nz_, Verdict::confirm);
  subscribe({.subscribed = true, .enforce = true});
  EXPECT_EQ(ruling().reasons, Reasons{"foreign-national-class"});
  subscribe({.subscribed = true, .enforce = true, .national = true});
  EXPECT_EQ(ruling().level, Level::enforce);
  says(ca_, Verdict::dispute, "not my law");
  EXPECT_EQ(ruling().reasons, Reasons{"disputed-abroad"});
  EXPECT_EQ(ruling().level, Level::lead) << "one member demotes, and doesn't disable";
  subscribe({.subscribed = true, .enforce = true, .national = true, .heed_disputes = false});
  EXPECT_EQ(ruling().level, Level::enforce);
  subscribe({.subscribed = true, .enforce = true, .national = true});
  told_.origins["ca"].muted = true;
  EXPECT_EQ(ruling().level, Level::enforce) << "what a muted member disputes counts as little as what it lists";
}

TEST_F(TrustTest, SoManyADayAreEnforcedAndTheNextDayAgain) {
  enforced(2);
  subscribe({.subscribed = true, .enforce = true, .enforced_per_day = 2});
  EXPECT_FALSE(input().over_cap);
  EXPECT_EQ(ruling(0).level, Level::enforce);
  EXPECT_FALSE(input().over_cap) << "to explain isn't to enforce";
  EXPECT_EQ(ruling(1).level, Level::enforce);
  EXPECT_EQ(ruling(0).level, Level::lead);
  EXPECT_EQ(ruling(1).reasons, Reasons{"cap-reached"});
  EXPECT_TRUE(input().over_cap);
  EXPECT_EQ(se_.material->explain(list_, first_)->ruling.reasons, Reasons{"cap-reached"});
  se_.now_ms += day_ms;
  EXPECT_FALSE(input().over_cap);
  EXPECT_EQ(ruling(0).level, Level::enforce);
  subscribe({.subscribed = true, .enforce = true, .enforced_per_day = 0});
  EXPECT_EQ(ruling(1).level, Level::lead);
}

// Leads use nothing up, and our own entries neither.
TEST_F(TrustTest, OnlyWhatIsEnforcedCounts) {
  enforced();
  subscribe({.subscribed = true, .enforced_per_day = 1});
  const ListId own = se_.material->create_list("tester", {.title = "Ours"}).value();
  const EntryBody ours = entry();
  ASSERT_TRUE(se_.material->add_entries("tester", own, {&ours, 1}));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ruling().level, Level::lead);
    EXPECT_EQ(se_.match(*ours.pdq).at(0).ruling.level, Level::enforce);
  }
  subscribe({.subscribed = true, .enforce = true, .enforced_per_day = 1});
  EXPECT_EQ(ruling().level, Level::enforce);
  EXPECT_EQ(ruling().level, Level::lead);
}

TEST(EnforcedToday, CountsEachOnceWhoeverAsks) {
  EnforcedToday today;
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int each = 0; each < 1000; ++each) taken += today.take("us", day_ms, 100) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, 100);
  EXPECT_TRUE(today.reached("us", 2 * day_ms - 1, 100));
  EXPECT_FALSE(today.reached("us", 2 * day_ms, 100));
  EXPECT_FALSE(today.reached("nz", day_ms, 100));
  EXPECT_TRUE(today.take("nz", day_ms, 1));
}

TEST_F(TrustTest, OneOtherMemberOverturnsNothing) {
  listed({entry(), entry(), entry()});
  const auto overturned = [&](std::int64_t since_ms = 0) {
    const auto counted = se_.material->overturned(since_ms);
    EXPECT_TRUE(counted) << counted.error().message;
    return counted && counted->contains("us") ? counted->at("us") : 0;
  };
  says(nz_, Verdict::dispute, "wrong");
  says(hotline_, Verdict::dispute, "wrong");
  EXPECT_EQ(overturned(), 0) << "a jurisdiction doesn't overturn its own";
  says(ca_, Verdict::dispute, "not my law");
  EXPECT_EQ(overturned(), 0);
  says(ca_, Verdict::dispute, "wrong: an adult", 0, Basis::relayed);
  EXPECT_EQ(overturned(), 0);
  ca_.now_ms += 10;
  const std::int64_t then_ms = ca_.now_ms;
  says(ca_, Verdict::dispute, "wrong: an adult");
  EXPECT_EQ(overturned(), 1);
  EXPECT_EQ(overturned(then_ms), 1);
  EXPECT_EQ(overturned(then_ms + 1), 0);
  // Whoever says it again doesn't overturn it again.
  nz_.now_ms += day_ms;
  ca_.now_ms += day_ms;
  says(nz_, Verdict::dispute, "wrong, still");
  says(ca_, Verdict::dispute, "wrong, still");
  EXPECT_EQ(overturned(then_ms), 1);
  EXPECT_EQ(overturned(then_ms + 1), 0);
  told_.origins["ca"].muted = true;
  EXPECT_EQ(overturned(), 0);
  told_.origins["ca"].muted = false;
  says(ca_, Verdict::confirm);
  EXPECT_EQ(overturned(), 0) << "it thought better of it";

  // We alone are enough, for ourselves.
  says(se_, Verdict::dispute, "not my law", 1);
  says(se_, Verdict::dispute, "wrong", 2, Basis::relayed);
  EXPECT_EQ(overturned(), 0);
  says(se_, Verdict::dispute, "wrong", 1);
  says(se_, Verdict::dispute, "wrong", 2);
  EXPECT_EQ(overturned(se_.now_ms), 2);
  EXPECT_EQ(overturned(se_.now_ms + 1), 0);
  EXPECT_EQ(se_.material->overturned(0)->size(), 1u);
}

// Else two members could trip a mute by disputing numbers that they made up.
TEST_F(TrustTest, WhatIsNoEntryIsntOverturned) {
  listed({entry()});
  for (Member* const member : {&nz_, &ca_}) {
    const auto said = member->journal->transact("mallory", [&](Decision& decision) -> Status {
      TRY(decision.emit({.kind = std::string(kind_opinion),
                         .scope = to_text(list_),
                         .body = Json::object({{"list", to_text(list_)},
                                               {"entry", first_ + 500},
                                               {"verdict", "dispute"},
                                               {"basis", "examined"},
                                               {"reason", "wrong"}})}));
      return {};
    });
    ASSERT_TRUE(said) << said.error().message;
    pull_all(*member->journal, *se_.journal);
  }
  EXPECT_TRUE(se_.material->overturned(0)->empty());
}

TEST_F(TrustTest, WhatAllReadIsBaselineAlone) {
  const ListId list = se_.material->create_list("tester", {.title = "Ours"}).value();
  const std::vector<EntryBody> mixed{entry(), entry(Classification::national), entry(Classification::unclassified),
                                     entry(Classification::not_illegal)};
  const std::int64_t first = se_.material->add_entries("tester", list, mixed).value();
  EXPECT_EQ(se_.material->not_baseline(list).value(), 3);
  const NumberRange second{first, first + 1};
  ASSERT_TRUE(se_.material->withdraw("tester", list, {&second, 1}, "wrong"));
  EXPECT_EQ(se_.material->not_baseline(list).value(), 2);
  erase(list, first + 1);
  erase(list, first + 2);
  EXPECT_EQ(se_.material->not_baseline(list).value(), 1);
  EXPECT_EQ(se_.material->not_baseline(ListId{9}).error().code, Code::not_found);

  told_.wide.insert(list);
  const auto refused = se_.material->add_entries("tester", list, mixed);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::permission_denied);
  EXPECT_NE(refused.error().message.find("INTERPOL baseline"), std::string::npos);
  EXPECT_EQ(se_.material->list(list)->entries, 2) << "none of them";
  EXPECT_TRUE(se_.material->add_entries("tester", list, {mixed.data(), 1}));
}

// Whoever may read a list no more hears of no withdrawal in it.
TEST_F(TrustTest, WhatIsFollowedNoMoreIsOnlyObserved) {
  enforced();
  EXPECT_EQ(ruling().level, Level::enforce);
  told_.lost.insert(to_text(list_));
  EXPECT_EQ(ruling().level, Level::observe);
  EXPECT_EQ(ruling().reasons, Reasons{"not-followed"});
  EXPECT_FALSE(input().followed);
  told_.lost.clear();
  EXPECT_EQ(ruling().level, Level::enforce);
}

TEST_F(TrustTest, CountsWhatBecameOfEachMembersEntries) {
  listed({entry(), entry(), entry(Classification::national)});
  ASSERT_TRUE(se_.material->keep_matches("tester", "case 7", se_.match(*entries_[0].pdq)));
  ASSERT_TRUE(se_.material->keep_matches("tester", "case 8", se_.match(*entries_[0].pdq)));
  says(se_, Verdict::dispute, "wrong", 1);
  says(nz_, Verdict::dispute, "not my law", 2);
  const NumberRange range{first_ + 1, first_ + 1};
  ASSERT_TRUE(us_.material->withdraw("tester", list_, {&range, 1}, "wrong"));
  pull_all(*us_.journal, *se_.journal);
  const ListId own = se_.material->create_list("tester", {.title = "Ours"}).value();
  const std::vector<EntryBody> ours{entry(), entry()};
  const std::int64_t number = se_.material->add_entries("tester", own, ours).value();
  erase(own, number);
  const auto counts = se_.material->counts();
  ASSERT_TRUE(counts) << counts.error().message;
  std::vector<std::string> lines;
  for (const OriginCounts& one : *counts) {
    lines.push_back(one.member + " " + one.classification + " " + std::to_string(one.added) + " " +
                    std::to_string(one.withdrawn) + " " + std::to_string(one.disputed) + " " +
                    std::to_string(one.overturned) + " " + std::to_string(one.hits));
  }
  EXPECT_EQ(lines,
            (std::vector<std::string>{"se baseline 1 0 0 0 0", "us baseline 2 1 1 1 2", "us national 1 0 1 0 0"}));
}

// In whichever order the members' logs come, and whether our rule stands before or after what others think.
TEST_F(TrustTest, TheOrderInWhichMembersComeDoesntMatter) {
  listed({entry()});
  for (Member* const member : {&us_, &hotline_, &nz_, &ca_}) {
    ASSERT_TRUE(member->material->give_opinion("tester", list_, first_, Verdict::confirm, Basis::examined, ""));
  }
  ASSERT_TRUE(ca_.material->give_opinion("tester", list_, first_, Verdict::dispute, Basis::examined, "wrong"));
  const Subscription rule{.subscribed = true, .enforce = true, .heed_disputes = false};
  std::vector<Member*> order{&ca_, &hotline_, &nz_, &us_};
  std::optional<std::multiset<std::string>> expected;
  for (int turn = 0; turn < 8; ++turn) {
    std::rotate(order.begin(), order.begin() + 1, order.end());
    if (turn == 4) std::ranges::reverse(order);
    for (const bool early : {true, false}) {
      Member reader("se", &told_);
      for (Member* const member : order) {
        pull_all(*member->journal, *reader.journal);
        if (early && member == &us_) {
          ASSERT_TRUE(reader.material->subscribe("tester", list_, rule));
        }
      }
      if (!early) {
        ASSERT_TRUE(reader.material->subscribe("tester", list_, rule));
      }
      const auto found = reader.match(*entries_[0].pdq);
      ASSERT_EQ(found.size(), 1u);
      EXPECT_EQ(found[0].ruling.level, Level::enforce);
      EXPECT_EQ(reader.material->explain(list_, first_)->input.confirmed_by, 2);
      EXPECT_TRUE(reader.material->overturned(0)->empty());
      const auto dump = shared_dump(*reader.journal);
      if (!expected) expected = dump;
      EXPECT_EQ(dump, *expected);
      const std::string before = testing::dump_of(*reader.journal);
      ASSERT_TRUE(reader.journal->rebuild());
      EXPECT_EQ(testing::dump_of(*reader.journal), before);
    }
  }
}

}  // namespace
}  // namespace fristad
