#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "people/people_fixture.h"

namespace fristad {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

class ApprovalsTest : public ::testing::Test {
 protected:
  People& people() { return *node_.people; }
  static ApprovalDraft draft(std::string subject = "list 7") {
    return {.action = "list.export",
            .subject = std::move(subject),
            .arguments = Json::object({{"format", "csv"}}),
            .reason = "the court asks"};
  }
  ApprovalId asked(const std::string& by = "eva", std::string subject = "list 7") {
    const auto approval = people().ask(by, draft(std::move(subject)));
    EXPECT_TRUE(approval) << approval.error().message;
    return approval ? *approval : ApprovalId{};
  }
  Code refusal(const Result<ApprovalInfo>& result) { return result ? Code::internal : result.error().code; }
  Result<std::vector<Recorded>> used_up(const ApprovalId& approval) {
    return node_.journal->transact({"eva", people().use_up(approval)}, [](Decision& decision) -> Status {
      TRY(decision.emit(testing::note("exported")));
      return {};
    });
  }
  std::int64_t notes() {
    return node_.store().connect(true).value()->integer("SELECT count(*) FROM note").value().value_or(0);
  }
  ApprovalState state(const ApprovalId& approval) { return people().approval(approval)->state; }

  testing::TemporaryFolder folder_;
  testing::Node node_{{.sqlite_path = folder_ / "node.db"}};
};

TEST_F(ApprovalsTest, AreAskedAnsweredAndDone) {
  const std::int64_t asked_ms = node_.now_ms();
  const ApprovalId approval = asked();
  auto info = people().approval(approval);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->state, ApprovalState::asked);
  EXPECT_EQ(info->draft.action, "list.export");
  EXPECT_EQ(info->draft.subject, "list 7");
  EXPECT_EQ(info->draft.arguments, Json::object({{"format", "csv"}}));
  EXPECT_EQ(info->draft.reason, "the court asks");
  EXPECT_EQ(info->draft.answered_with, Right::answer_lists);
  EXPECT_EQ(info->asked_by, "eva");
  EXPECT_EQ(info->asked_ms, asked_ms);
  EXPECT_EQ(info->lapses_ms, asked_ms + 7 * day_ms);
  EXPECT_EQ(used_up(approval).error().code, Code::conflict) << "not approved yet";
  EXPECT_EQ(notes(), 0) << "then nothing of the action is there";

  node_.wait(day_ms);
  info = people().answer("ali", approval, true, "");
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->state, ApprovalState::approved);
  EXPECT_EQ(info->answered_by, "ali");
  EXPECT_EQ(info->answered_ms, asked_ms + day_ms);
  EXPECT_EQ(info->lapses_ms, asked_ms + 8 * day_ms);
  ASSERT_TRUE(used_up(approval));
  EXPECT_EQ(state(approval), ApprovalState::done);
  EXPECT_EQ(used_up(approval).error().code, Code::conflict) << "once";
  EXPECT_EQ(notes(), 1);
  EXPECT_EQ(people().approval(ApprovalId{9}).error().code, Code::not_found);
}

TEST_F(ApprovalsTest, AreNotAnsweredByWhoAsked) {
  const ApprovalId approval = asked();
  EXPECT_EQ(refusal(people().answer("eva", approval, true, "")), Code::permission_denied);
  EXPECT_EQ(refusal(people().answer("eva", approval, false, "no")), Code::permission_denied);
  EXPECT_EQ(state(approval), ApprovalState::asked);
}

TEST_F(ApprovalsTest, AreAnsweredOnce) {
  const ApprovalId approval = asked();
  EXPECT_EQ(refusal(people().answer("ali", approval, false, "")), Code::invalid_argument) << "a refusal says why";
  EXPECT_EQ(refusal(people().answer("ali", approval, true, std::string(1001, 'x'))), Code::invalid_argument);
  const auto info = people().answer("ali", approval, false, "not now");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->state, ApprovalState::refused);
  EXPECT_EQ(info->answer_reason, "not now");
  EXPECT_EQ(refusal(people().answer("ben", approval, true, "")), Code::conflict);
  EXPECT_EQ(used_up(approval).error().code, Code::conflict);
  EXPECT_EQ(refusal(people().answer("ali", ApprovalId{9}, true, "")), Code::not_found);
}

TEST_F(ApprovalsTest, OfTwoAnswersAtOnceOneCounts) {
  for (int round = 0; round < 20; ++round) {
    const ApprovalId approval = asked();
    std::atomic<int> won = 0;
    std::atomic<int> lost = 0;
    std::vector<std::thread> threads;
    for (const bool approve : {true, false}) {
      threads.emplace_back([&, approve] {
        const auto answered = people().answer(approve ? "ali" : "ben", approval, approve, "so");
        ++(answered ? won : lost);
        EXPECT_TRUE(answered || answered.error().code == Code::conflict);
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(won.load(), 1);
    EXPECT_EQ(lost.load(), 1);
  }
}

TEST_F(ApprovalsTest, AreUsedUpOnceAlsoByManyAtOnce) {
  const ApprovalId approval = asked();
  ASSERT_TRUE(people().answer("ali", approval, true, ""));
  std::atomic<int> ran = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      if (used_up(approval)) ++ran;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ran.load(), 1);
  EXPECT_EQ(notes(), 1);
}

TEST_F(ApprovalsTest, LapseAfterSevenDaysAndItIsRecorded) {
  const ApprovalId late = asked();
  const ApprovalId unused = asked();
  node_.wait(day_ms);
  ASSERT_TRUE(people().answer("ali", unused, true, ""));
  ASSERT_TRUE(people().tend());
  EXPECT_EQ(state(late), ApprovalState::asked);
  node_.wait(6 * day_ms);
  EXPECT_EQ(refusal(people().answer("ali", late, true, "")), Code::conflict) << "also before anybody wrote it down";
  EXPECT_EQ(state(late), ApprovalState::asked);
  const std::uint64_t before = node_.journal->head(private_log).size;
  ASSERT_TRUE(people().tend());
  EXPECT_EQ(state(late), ApprovalState::lapsed);
  EXPECT_EQ(node_.journal->head(private_log).size, before + 1);
  EXPECT_EQ(node_.journal->read(Place{private_log, before})->payload.kind, "approval.lapsed");
  ASSERT_TRUE(people().tend());
  EXPECT_EQ(node_.journal->head(private_log).size, before + 1) << "once";
  EXPECT_EQ(refusal(people().answer("ali", late, true, "")), Code::conflict);

  EXPECT_EQ(state(unused), ApprovalState::approved);
  node_.wait(day_ms);
  EXPECT_EQ(used_up(unused).error().code, Code::conflict) << "an approval is for now, not for ever";
  ASSERT_TRUE(people().tend());
  EXPECT_EQ(state(unused), ApprovalState::lapsed);
  EXPECT_EQ(notes(), 0);
}

TEST_F(ApprovalsTest, AreListedByPageStateAndPerson) {
  std::vector<ApprovalId> all;
  for (int i = 0; i < 7; ++i) all.push_back(asked(i % 2 == 0 ? "eva" : "hanna", "list " + std::to_string(i)));
  ASSERT_TRUE(people().answer("ali", all[0], true, ""));
  ASSERT_TRUE(people().answer("ali", all[1], false, "no"));
  std::vector<ApprovalId> seen;
  std::int64_t before = 0;
  do {
    const auto page = people().approvals({.before = before, .count = 3});
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_LE(page->approvals.size(), 3u);
    for (const ApprovalInfo& info : page->approvals) seen.push_back(info.id);
    before = page->next;
  } while (before != 0);
  EXPECT_EQ(seen, std::vector<ApprovalId>(all.rbegin(), all.rend())) << "the newest first";

  const auto ids = [&](const People::ApprovalFilter& filter) {
    std::vector<ApprovalId> found;
    const auto page = people().approvals(filter);
    EXPECT_TRUE(page);
    for (const ApprovalInfo& info : page->approvals) found.push_back(info.id);
    return found;
  };
  EXPECT_EQ(ids({.state = ApprovalState::approved}), std::vector{all[0]});
  EXPECT_EQ(ids({.asked_by = "hanna"}), (std::vector{all[5], all[3], all[1]}));
  EXPECT_EQ(ids({.state = ApprovalState::asked, .asked_by = "hanna"}), (std::vector{all[5], all[3]}));
  EXPECT_TRUE(ids({.asked_by = "nobody"}).empty());
  EXPECT_EQ(ids({.count = 0}).size(), 1u);
}

TEST_F(ApprovalsTest, AreErasedWithWhatTheyWereAskedFor) {
  const ApprovalId approval = asked();
  const ApprovalId other = asked();
  ASSERT_TRUE(people().answer("ali", approval, true, "yes"));
  ASSERT_TRUE(node_.journal->erase("eva", approval, {}, "asked for by mistake"));
  EXPECT_EQ(people().approval(approval).error().code, Code::not_found);
  EXPECT_EQ(used_up(approval).error().code, Code::not_found);
  EXPECT_EQ(people().approvals({})->approvals.size(), 1u);
  const std::string before = testing::dump_of(*node_.journal);
  ASSERT_TRUE(node_.journal->rebuild());
  EXPECT_EQ(testing::dump_of(*node_.journal), before);
  EXPECT_EQ(state(other), ApprovalState::asked);
}

TEST_F(ApprovalsTest, AreRefusedWhereTheyMakeNoSense) {
  ApprovalDraft bad = draft();
  bad.reason.clear();
  EXPECT_EQ(people().ask("eva", bad).error().code, Code::invalid_argument);
  bad = draft();
  bad.arguments = Json::object({{"x", std::string(70'000, 'x')}});
  EXPECT_EQ(people().ask("eva", bad).error().code, Code::too_large);
  EXPECT_EQ(node_.journal->head(private_log).size, 0u);
}

}  // namespace
}  // namespace fristad
