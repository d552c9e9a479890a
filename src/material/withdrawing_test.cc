// Withdrawals that reach those who had a list and read it no more.

#include <gtest/gtest.h>

#include "base/try.h"
#include "material/member_fixture.h"

namespace fristad {
namespace {

using testing::Member;
using testing::pull_all;
using testing::pull_leaves;
using testing::pull_scope;
using testing::shared_dump;

// A list of us that se read, and reads no more: what is withdrawn of it is said in `side_` too.
class FormerReaderTest : public ::testing::Test {
 protected:
  FormerReaderTest() {
    first_ = us_.material->add_entries("tester", list_, entries_).value();
    pull_all(*us_.journal, *se_.journal);
    us_.further = {{.scope = side_, .since = {shared_log, us_.journal->head(shared_log).size}}};
    newer_ = us_.material->add_entries("tester", list_, {&later_, 1}).value();
  }
  Status withdraw(std::int64_t first, std::int64_t last) {
    const NumberRange range{first, last};
    us_.now_ms += 1000;
    TRY(us_.material->withdraw("tester", list_, {&range, 1}, "wrong"));
    return {};
  }
  std::vector<WithdrawalBody> said_beside() const {
    std::vector<WithdrawalBody> all;
    EXPECT_TRUE(us_.journal->for_each_of_kind(shared_log, kind_withdrawn, [&](const Record& record) -> Status {
      if (record.payload.scope == side_) all.push_back(TRY(WithdrawalBody::from_json(record.payload.body)));
      return {};
    }));
    return all;
  }
  void pull_side(Member& reader) {
    pull_leaves(*us_.journal, *reader.journal);
    pull_scope(*us_.journal, *reader.journal, side_);
    EXPECT_TRUE(reader.journal->quarantined()->empty());
  }
  static void expect_a_rebuild_changes_nothing(Member& reader) {
    const auto wrong = reader.journal->wrong_views();
    ASSERT_TRUE(wrong) << wrong.error().message;
    EXPECT_TRUE(wrong->empty()) << wrong->front();
  }

  EntryBody entry() {
    return {.pdq = testing::random_hash(rng_), .id = "made up", .classification = Classification::baseline};
  }

  testing::Rng rng_{6};
  Member se_{"se"};
  Member us_{"us"};
  const ListId list_ = us_.material->create_list("tester", {.title = "Theirs"}).value();
  // A scope of us, of whatever it may be.
  const std::string side_ = to_text(us_.material->create_list("tester", {.title = "Another"}).value());
  const std::vector<EntryBody> entries_{entry(), entry(), entry()};
  const EntryBody later_ = entry();
  std::int64_t first_ = 0;
  std::int64_t newer_ = 0;
};

TEST_F(FormerReaderTest, HearsOfWithdrawalsOfWhatItHasAndOfNothingElse) {
  const auto found = se_.match(*entries_[0].pdq);
  ASSERT_EQ(found.size(), 1u);
  ASSERT_TRUE(se_.material->keep_matches("tester", "case 1", found));
  ASSERT_TRUE(withdraw(newer_, newer_));
  EXPECT_TRUE(said_beside().empty()) << "it isn't to learn that there is such an entry";
  ASSERT_TRUE(withdraw(first_, newer_));
  const auto said = said_beside();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0].entries, (std::vector<NumberRange>{{first_, first_ + 2}})) << "as if there were no others";
  EXPECT_EQ(said[0].count, 3);

  pull_side(se_);
  EXPECT_TRUE(se_.match(*entries_[0].pdq).empty());
  EXPECT_EQ(se_.material->entry(list_, first_)->reason, "wrong");
  const auto recalls = se_.material->recalls(list_, said[0].entries);
  ASSERT_EQ(recalls->size(), 1u);
  EXPECT_EQ(recalls->front().reference, "case 1");
  EXPECT_FALSE(se_.material->entry(list_, newer_));
  expect_a_rebuild_changes_nothing(se_);
  se_.open_journal();
  std::filesystem::remove_all(se_.folder / "index");
  se_.open();
  EXPECT_TRUE(se_.match(*entries_[0].pdq).empty());

  // Let in again it reads the same withdrawals in the list.
  pull_all(*us_.journal, *se_.journal);
  EXPECT_TRUE(se_.match(*entries_[0].pdq).empty());
  EXPECT_TRUE(se_.match(*later_.pdq).empty());
  EXPECT_EQ(se_.material->index_info().entries, *se_.material->entries_to_find());
  expect_a_rebuild_changes_nothing(se_);
  EXPECT_EQ(se_.material->list(list_)->withdrawn, 4);
}

TEST_F(FormerReaderTest, WhatWasWithdrawnBeforeIsntSaidAgain) {
  ASSERT_TRUE(withdraw(first_, first_));
  ASSERT_TRUE(withdraw(first_ + 1, first_ + 1));
  ASSERT_TRUE(withdraw(first_, first_ + 2));
  const auto said = said_beside();
  ASSERT_EQ(said.size(), 3u);
  EXPECT_EQ(said[2].count, 1);
  ASSERT_TRUE(withdraw(first_, newer_));
  EXPECT_EQ(said_beside().size(), 3u) << "only the newer one was left";
}

// Whoever is let in again, having read the list in part, comes by an entry after its end.
TEST_F(FormerReaderTest, TheOrderInWhichScopesAreReadMakesNoDifference) {
  Member nz("nz");
  ASSERT_TRUE(withdraw(first_, first_));
  us_.further.clear();
  ASSERT_TRUE(withdraw(first_, first_ + 1));
  pull_side(nz);
  expect_a_rebuild_changes_nothing(nz);
  const auto parcels = us_.journal->parcels(shared_log, to_text(list_), 1, 1 << 20).value();
  ASSERT_EQ(parcels.size(), 5u);
  ASSERT_TRUE(nz.journal->deliver("us", to_text(list_), std::span(parcels).first(2)));
  EXPECT_TRUE(nz.match(*entries_[0].pdq).empty()) << "its end was read before";
  EXPECT_EQ(nz.match(*entries_[1].pdq).size(), 1u);
  EXPECT_EQ(nz.material->index_info().entries, *nz.material->entries_to_find());
  expect_a_rebuild_changes_nothing(nz);
  pull_all(*us_.journal, *nz.journal);
  EXPECT_EQ(shared_dump(*nz.journal), shared_dump(*us_.journal));
  expect_a_rebuild_changes_nothing(nz);
}

}  // namespace
}  // namespace fristad
