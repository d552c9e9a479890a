// Lists of other members: found, and never changed by anybody but their owner.

#include <gtest/gtest.h>

#include "material/member_fixture.h"

namespace fristad {
namespace {

using testing::Member;
using testing::pull_all;
using testing::shared_dump;

class ForeignTest : public ::testing::Test {
 protected:
  EntryBody entry() {
    return {.pdq = testing::random_hash(rng_), .id = "made up", .classification = Classification::baseline};
  }
  testing::Rng rng_{5};
  Member se_{"se"};
  Member us_{"us"};
};

TEST_F(ForeignTest, AnEntryOfAnotherMembersListIsFoundUntilItIsWithdrawn) {
  const ListId list = us_.material->create_list("tester", {.title = "Theirs"}).value();
  const std::vector<EntryBody> entries{entry(), entry()};
  const std::int64_t first = us_.material->add_entries("tester", list, entries).value();
  pull_all(*us_.journal, *se_.journal);
  const auto found = se_.match(*entries[0].pdq);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].list, list);
  EXPECT_EQ(found[0].number, first);
  EXPECT_EQ(found[0].ruling.level, Level::observe);
  EXPECT_FALSE(se_.material->list(list)->own);
  EXPECT_EQ(se_.material->list(list)->member, "us");
  EXPECT_EQ(se_.material->entry(list, first)->body.id, "made up");
  // Only its owner changes it.
  EXPECT_EQ(se_.material->add_entries("tester", list, entries).error().code, Code::permission_denied);

  const NumberRange range{first, first};
  ASSERT_TRUE(us_.material->withdraw("tester", list, {&range, 1}, "wrong"));
  pull_all(*us_.journal, *se_.journal);
  EXPECT_TRUE(se_.match(*entries[0].pdq).empty());
  EXPECT_EQ(se_.match(*entries[1].pdq).size(), 1u);
  EXPECT_EQ(shared_dump(*se_.journal), shared_dump(*us_.journal));
  ASSERT_TRUE(se_.journal->rebuild());
  EXPECT_EQ(shared_dump(*se_.journal), shared_dump(*us_.journal));
}

// The index is kept with how far it followed; what came since comes into it at the start.
TEST_F(ForeignTest, ARestartFindsTheSame) {
  const ListId list = us_.material->create_list("tester", {.title = "Theirs"}).value();
  const std::vector<EntryBody> entries{entry(), entry(), entry()};
  const std::int64_t first = us_.material->add_entries("tester", list, {&entries[0], 1}).value();
  pull_all(*us_.journal, *se_.journal);
  se_.open();
  EXPECT_EQ(se_.match(*entries[0].pdq).size(), 1u);
  ASSERT_TRUE(us_.material->add_entries("tester", list, {&entries[1], 1}));
  se_.open_journal();
  const NumberRange range{first, first};
  ASSERT_TRUE(us_.material->withdraw("tester", list, {&range, 1}, "wrong"));
  pull_all(*us_.journal, *se_.journal);
  se_.open();
  EXPECT_TRUE(se_.match(*entries[0].pdq).empty());
  EXPECT_EQ(se_.match(*entries[1].pdq).size(), 1u);
  // And where the index is gone.
  se_.open_journal();
  std::filesystem::remove_all(se_.folder / "index");
  se_.open();
  EXPECT_TRUE(se_.match(*entries[0].pdq).empty());
  EXPECT_EQ(se_.match(*entries[1].pdq).size(), 1u);
}

TEST_F(ForeignTest, OpinionsOfOthersStandBesideTheEntryAndCountOnceEach) {
  const ListId list = us_.material->create_list("tester", {.title = "Theirs"}).value();
  const EntryBody one = entry();
  const std::int64_t number = us_.material->add_entries("tester", list, {&one, 1}).value();
  pull_all(*us_.journal, *se_.journal);
  ASSERT_TRUE(se_.material->give_opinion("tester", list, number, Verdict::confirm, Basis::examined, ""));
  ASSERT_TRUE(se_.material->give_opinion("tester", list, number, Verdict::confirm, Basis::examined, ""));
  pull_all(*se_.journal, *us_.journal);
  const auto explained = us_.material->explain(list, number);
  ASSERT_TRUE(explained) << explained.error().message;
  EXPECT_EQ(explained->input.confirmed_by, 1);
  ASSERT_EQ(explained->opinions.size(), 1u);
  EXPECT_EQ(explained->opinions[0].member, "se");
  EXPECT_FALSE(explained->input.disputed_by_us);
}

TEST_F(ForeignTest, NobodyAddsToOrTakesFromAnothersList) {
  const ListId list = se_.material->create_list("tester", {.title = "Ours"}).value();
  const EntryBody own = entry();
  const std::int64_t number = se_.material->add_entries("tester", list, {&own, 1}).value();
  const EntryBody forged = entry();
  const auto says = [&](Draft draft) {
    const auto recorded = us_.journal->transact("mallory", [&](Decision& decision) -> Status {
      TRY(decision.emit(draft));
      return {};
    });
    EXPECT_TRUE(recorded) << recorded.error().message;
  };
  const std::string scope = to_text(list);
  says({.kind = std::string(kind_entries),
        .scope = scope,
        .body = Json::object({{"list", scope}}),
        .items = {forged.to_item()}});
  says({.kind = std::string(kind_withdrawn),
        .scope = scope,
        .body = WithdrawalBody{.list = list, .entries = {{number, number}}, .reason = "mine", .count = 1}.to_json()});
  // Beside the list: in a scope of its own and in that of the list; and of its own list before all.
  const WithdrawalBody taken{.list = list, .entries = {{number, number}}, .reason = "mine", .count = 1};
  const RecordId elsewhere = us_.material->create_list("mallory", {.title = "Mine"}).value();
  for (const std::string& where : {to_text(elsewhere), scope}) {
    says({.kind = std::string(kind_withdrawn), .scope = where, .body = taken.to_json(), .schema = withdrawn_beside});
  }
  says({.kind = std::string(kind_withdrawn),
        .scope = "public",
        .body = WithdrawalBody{.list = elsewhere, .entries = {{1, 1}}, .reason = "mine", .count = 1}.to_json(),
        .schema = withdrawn_beside});
  says({.kind = std::string(kind_entry_state),
        .scope = scope,
        .body =
            EntryStateBody{.list = list, .number = number, .state = {.paused_until_ms = paused_for_good}}.to_json()});
  // A list that would hide things here, and a list outside of its scope.
  says({.kind = std::string(kind_list),
        .scope = "alliance",
        .body = ListBody{.title = "Hidden", .purpose = Purpose::allow}.to_json()});
  says({.kind = std::string(kind_list), .scope = "alliance", .body = ListBody{.title = "Elsewhere"}.to_json()});
  pull_all(*us_.journal, *se_.journal);
  EXPECT_EQ(se_.journal->quarantined()->size(), 8u);
  EXPECT_EQ(se_.match(*own.pdq).size(), 1u);
  EXPECT_TRUE(se_.match(*forged.pdq).empty());
  EXPECT_EQ(se_.material->lists()->size(), 2u);
}

}  // namespace
}  // namespace fristad
