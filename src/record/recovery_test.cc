#include <gtest/gtest.h>

#include <filesystem>

#include "base/hex.h"
#include "record/exchange_fixture.h"
#include "record/journal_impl.h"

namespace fristad {
namespace {

using testing::JournalMember;
using testing::note;
using testing::pull_all;
using testing::pull_leaves;
using testing::pull_scope;
using testing::shared_dump;
using testing::verified;

Draft in_scope(std::string scope, Draft draft) {
  draft.scope = std::move(scope);
  return draft;
}

class RecoveryTest : public ::testing::Test {
 protected:
  // The copy must not choose the ids that the member has chosen.
  void SetUp() override {
    std::uint8_t one = 0;
    ASSERT_TRUE(copy.random({&one, 1}));
  }
  // The member as it is now, to go back to.
  void back_up() {
    se.journal.reset();
    se.store.reset();
    std::filesystem::copy(se.folder.path(), saved / "then", std::filesystem::copy_options::recursive);
    se.open();
  }
  // The same member on another machine, from that backup.
  void restore() {
    std::filesystem::remove_all(copy.folder.path());
    std::filesystem::copy(saved / "then", copy.folder.path(), std::filesystem::copy_options::recursive);
    copy.open();
    copy.journal->hold_shared("restored");
    ASSERT_TRUE(copy.journal->start_recovery("anna"));
  }
  void take_leaves() {
    const std::uint64_t from = copy.journal->head(shared_log).size;
    const auto leaves = testing::leaves_of(*se.journal, from);
    const std::string note = se.journal->checkpoint(shared_log).value();
    Extension extension = testing::extension_of(*se.journal, from, leaves);
    extension.note = note;
    const Status extended = copy.journal->extend(extension);
    ASSERT_TRUE(extended) << extended.error().message;
  }
  std::size_t take_scope(const JournalMember& from, const std::string& scope) {
    const auto parcels = from.journal->parcels(from.journal->known_log("se")->number, scope, 1, 1 << 20).value();
    const std::int64_t last = testing::last_of(*from.journal, "se", scope);
    const auto taken = copy.journal->recover(scope, last, parcels);
    EXPECT_TRUE(taken) << taken.error().message;
    return taken.value_or(0);
  }
  Recovered end() {
    const auto recovered = copy.journal->end_recovery("anna");
    EXPECT_TRUE(recovered) << recovered.error().message;
    copy.journal->hold_shared("");
    return recovered ? *recovered : Recovered();
  }
  void expect_good() const {
    for (const std::uint32_t log : {shared_log, private_log}) {
      const auto report = verified(*copy.journal, log);
      EXPECT_TRUE(report.good()) << report.problems.front();
    }
  }
  void erase(const RecordId& id, std::vector<std::uint32_t> items = {}) {
    ASSERT_TRUE(se.journal->erase("anna", id, items, "court"));
  }

  testing::TemporaryFolder saved;
  JournalMember se{"se"};
  JournalMember copy{"se"};
  JournalMember us{"us"};
};

TEST_F(RecoveryTest, WhatOthersHaveReadComesBackAsItWas) {
  const Recorded old = se.says(note("old", {R"({"w":1})", R"({"w":2})"}));
  const Recorded other = se.says(note("older"));
  back_up();
  se.says(note("new", {R"({"w":3})"}));
  const Recorded gone = se.says(in_scope("public", note("gone")));
  se.says(in_scope("public", note("public")));
  pull_all(*se.journal, *us.journal);
  erase(old.id, {1});
  erase(other.id);
  erase(gone.id);
  pull_all(*se.journal, *us.journal);

  restore();
  std::vector<std::string> heard;
  copy.journal->subscribe([&](std::span<const Record> records) {
    for (const Record& record : records) {
      if (record.place.log == shared_log) heard.push_back(record.payload.kind);
    }
  });
  take_leaves();
  EXPECT_EQ(copy.journal->head(shared_log).root, se.journal->head(shared_log).root);
  EXPECT_GT(take_scope(us, "alliance"), 0u);
  EXPECT_GT(take_scope(us, "public"), 0u);
  EXPECT_TRUE(heard.empty()) << "until all of it is here";
  const Recovered recovered = end();
  EXPECT_EQ(recovered.lost, 0u);
  EXPECT_TRUE(recovered.erased);
  EXPECT_EQ(heard,
            (std::vector<std::string>{"note.added", "note.added", "record.erased", "record.erased", "record.erased"}));
  EXPECT_EQ(shared_dump(*copy.journal), shared_dump(*se.journal));
  EXPECT_EQ(copy.journal->spans(shared_log).value(), se.journal->spans(shared_log).value());
  EXPECT_TRUE(copy.journal->wrong_views()->empty());
  expect_good();
  EXPECT_EQ(copy.journal->read(gone.place).error().code, Code::permission_denied);
  EXPECT_TRUE(copy.journal->read(old.place)->items.at(1).empty());

  // And the others read on where they were.
  copy.says(note("after"));
  copy.says(in_scope("public", note("after")));
  pull_all(*copy.journal, *us.journal);
  EXPECT_EQ(shared_dump(*us.journal), shared_dump(*copy.journal));
}

TEST_F(RecoveryTest, WhatNobodyHasReadIsLostAndSaidSoOnce) {
  se.says(note("old"));
  back_up();
  const Recorded unread = se.says(in_scope(to_hex(RecordId{1}), note("nobody reads it")));
  se.says(note("new"));
  pull_leaves(*se.journal, *us.journal);
  pull_scope(*se.journal, *us.journal, "alliance");
  restore();
  take_leaves();
  expect_good();
  take_scope(us, "alliance");
  EXPECT_EQ(end().lost, 1u);
  EXPECT_EQ(end().lost, 0u) << "said already";
  EXPECT_EQ(known_lost(*copy.journal)->positions, std::set<std::uint64_t>{unread.place.position});
  expect_good();
  copy.says(in_scope(to_hex(RecordId{1}), note("again")));
  expect_good();
  pull_all(*copy.journal, *us.journal);
  EXPECT_EQ(shared_dump(*us.journal), shared_dump(*copy.journal));
}

// One reader is behind the erasure: what it still has doesn't come back by it.
TEST_F(RecoveryTest, WhatWasErasedStaysErased) {
  JournalMember nz("nz");
  back_up();
  const Recorded gone = se.says(note("gone", {R"({"w":1})"}));
  const Recorded part = se.says(note("part", {R"({"w":2})", R"({"w":3})"}));
  pull_all(*se.journal, *nz.journal);
  erase(gone.id);
  erase(part.id, {0});
  pull_leaves(*se.journal, *us.journal);
  pull_scope(*se.journal, *us.journal, "alliance");
  for (const bool behind_first : {true, false}) {
    restore();
    take_leaves();
    if (behind_first) take_scope(nz, "alliance");
    take_scope(us, "alliance");
    if (!behind_first) take_scope(nz, "alliance");
    EXPECT_TRUE(end().erased);
    EXPECT_EQ(copy.journal->read(gone.place).error().code, Code::permission_denied);
    EXPECT_TRUE(copy.journal->read(part.place)->items.at(0).empty());
    EXPECT_EQ(shared_dump(*copy.journal), shared_dump(*se.journal)) << behind_first;
    expect_good();
  }
}

TEST_F(RecoveryTest, ALieIsPassedOver) {
  se.says(note("old"));
  back_up();
  for (int i = 0; i < 4; ++i) se.says(note("n" + std::to_string(i)));
  pull_all(*se.journal, *us.journal);
  const auto good = us.journal->parcels(us.journal->known_log("se")->number, "alliance", 1, 1 << 20).value();
  restore();
  take_leaves();
  auto bad = good;
  bad[1].content.back() ^= 1;
  bad[2].sequence = 9;
  std::swap(bad[3].position, bad[4].position);
  bad.push_back({.sequence = 77, .position = 1'000'000, .content = good[1].content});
  bad.push_back({.sequence = 3, .position = 2, .content = {}});
  bad.push_back({.sequence = 78, .position = 3, .content = {}});
  EXPECT_EQ(copy.journal->recover("alliance", 5, bad), 0u);
  EXPECT_EQ(copy.journal->recover("public", 9, good), 0u) << "another scope";
  EXPECT_EQ(copy.journal->recover("alliance", 5, good), 4u);
  EXPECT_EQ(end().lost, 0u);
  EXPECT_EQ(shared_dump(*copy.journal), shared_dump(*se.journal));
  EXPECT_EQ(copy.journal->spans(shared_log).value(), se.journal->spans(shared_log).value());
}

// What one reader refused, and none has: the numbers of the scope go on, and readers that come later pass it over.
TEST_F(RecoveryTest, AGapInAScopeIsClosed) {
  back_up();
  for (int i = 0; i < 5; ++i) se.says(note("n" + std::to_string(i)));
  pull_all(*se.journal, *us.journal);
  auto parcels = us.journal->parcels(us.journal->known_log("se")->number, "alliance", 1, 1 << 20).value();
  parcels.erase(parcels.begin() + 2);
  parcels.erase(parcels.begin());
  restore();
  take_leaves();
  EXPECT_EQ(copy.journal->recover("alliance", 5, parcels), 3u);
  EXPECT_EQ(end().lost, 2u);
  copy.says(note("after"));
  JournalMember nz("nz");
  pull_all(*copy.journal, *nz.journal);
  EXPECT_EQ(shared_dump(*nz.journal), shared_dump(*copy.journal));
  EXPECT_EQ(nz.journal->withheld()->size(), 2u);
  pull_all(*copy.journal, *us.journal);
  EXPECT_EQ(testing::last_of(*us.journal, "se", "alliance"), 6);
}

// The last of a scope: whoever had its number stands behind it.
TEST_F(RecoveryTest, ANumberThatOthersHaveCountedIsNotUsedAgain) {
  back_up();
  for (int i = 0; i < 3; ++i) se.says(note("n" + std::to_string(i)));
  pull_all(*se.journal, *us.journal);
  auto parcels = us.journal->parcels(us.journal->known_log("se")->number, "alliance", 1, 1 << 20).value();
  parcels.pop_back();
  restore();
  take_leaves();
  // What is said of scopes that there are none of, or of more records than are missing, is passed over.
  EXPECT_EQ(copy.journal->recover("alliance", 3, parcels), 2u);
  EXPECT_EQ(copy.journal->recover("nothing", 3, {}), 0u);
  EXPECT_EQ(end().lost, 1u);
  copy.says(note("after"));
  EXPECT_EQ(copy.journal->spans(shared_log).value(), (std::vector<ScopeSpan>{{.scope = "alliance", .last = 4}}));
  pull_all(*copy.journal, *us.journal);
  EXPECT_EQ(testing::last_of(*us.journal, "se", "alliance"), 4);
  EXPECT_NE(testing::dump_of(*us.journal).find("after"), std::string::npos);
}

// Whoever shows a chunk without some of its items takes nothing from what another shows.
TEST_F(RecoveryTest, AStrippedChunkIsNoneTheLess) {
  back_up();
  const Recorded chunk = se.says(note("chunk", {R"({"w":1})", R"({"w":2})"}));
  pull_all(*se.journal, *us.journal);
  const auto good = us.journal->parcels(us.journal->known_log("se")->number, "alliance", 1, 1 << 20).value();
  auto stripped = good;
  Stored stored = decode_stored(good[0].content).value();
  const std::uint32_t first = 0;
  ASSERT_TRUE(stored.erase_items({&first, 1}));
  stripped[0].content = encode_stored(stored);
  for (const bool honest : {true, false}) {
    restore();
    take_leaves();
    EXPECT_EQ(copy.journal->recover("alliance", 1, stripped), 1u);
    if (honest) {
      EXPECT_EQ(copy.journal->recover("alliance", 1, good), 1u);
    }
    EXPECT_EQ(copy.journal->recover("alliance", 1, stripped), 1u);
    EXPECT_EQ(end().lost, honest ? 0u : 1u);
    EXPECT_EQ(copy.journal->read(chunk.place)->items.at(0).empty(), !honest);
    expect_good();
  }
}

// Made and erased after the backup, and nobody has read yet that it was erased; but the file of erasures says so.
TEST_F(RecoveryTest, WhatIsInNoCopyAndErasedStaysAway) {
  back_up();
  const Recorded gone = se.says(note("gone"));
  pull_all(*se.journal, *us.journal);
  erase(gone.id);
  restore();
  ASSERT_TRUE(copy.journal->erase_restored("anna", gone.id, {}, "court"));
  ASSERT_TRUE(copy.journal->erase_restored("anna", RecordId{9}, {}, "court")) << "never comes back";
  take_leaves();
  take_scope(us, "alliance");
  EXPECT_TRUE(end().erased);
  EXPECT_EQ(copy.journal->read(gone.place).error().code, Code::permission_denied);
  ASSERT_TRUE(copy.journal->record_due_erasures("anna"));
  expect_good();
  EXPECT_TRUE(copy.journal->wrong_views()->empty());
  pull_all(*copy.journal, *us.journal);
  EXPECT_EQ(testing::dump_of(*us.journal).find("gone"), std::string::npos);
}

TEST_F(RecoveryTest, OnlyAHeldLogTakesLeavesOfItsOwn) {
  back_up();
  se.says(note("new"));
  restore();
  const auto leaves = testing::leaves_of(*se.journal, 0);
  copy.journal->hold_shared("");
  EXPECT_EQ(copy.journal->extend(testing::extension_of(*se.journal, 0, leaves)).error().code, Code::invalid_argument);
  // One that has gone on by itself has another history, and keeps it.
  copy.says(note("another"));
  copy.journal->hold_shared("older copy");
  EXPECT_EQ(copy.journal->extend(testing::extension_of(*se.journal, 0, leaves)).error().code, Code::conflict);
  se.says(note("newer"));
  EXPECT_EQ(
      copy.journal->extend(testing::extension_of(*se.journal, 1, testing::leaves_of(*se.journal, 1))).error().code,
      Code::damaged);
  expect_good();
}

// Erased after the backup, by the file that says so: gone at once, and recorded unless the others have that record.
TEST_F(RecoveryTest, AnErasureThatIsDueIsRecordedOnce) {
  const Recorded one = se.says(note("one"));
  const Recorded two = se.says(note("two", {R"({"w":1})"}));
  se.says({.kind = "note.added", .scope = "private", .body = Json::object({{"text", "own"}})});
  back_up();
  erase(one.id);
  pull_all(*se.journal, *us.journal);
  restore();
  const std::uint64_t then = copy.journal->head(shared_log).size;
  ASSERT_TRUE(copy.journal->erase_restored("anna", one.id, {}, "court"));
  const std::uint32_t item = 0;
  ASSERT_TRUE(copy.journal->erase_restored("anna", two.id, {&item, 1}, "court"));
  EXPECT_EQ(copy.journal->erase_restored("anna", one.id, {}, "court").error().code, Code::conflict);
  EXPECT_EQ(copy.journal->head(shared_log).size, then);
  EXPECT_EQ(copy.journal->read(one.place).error().code, Code::permission_denied);
  expect_good();
  EXPECT_FALSE(copy.journal->record_due_erasures("anna")) << "the log is held";
  take_leaves();
  take_scope(us, "alliance");
  end();
  EXPECT_EQ(copy.journal->head(shared_log).size, then + 1);
  ASSERT_TRUE(copy.journal->record_due_erasures("anna"));
  EXPECT_EQ(copy.journal->head(shared_log).size, then + 2) << "that of the first came back";
  ASSERT_TRUE(copy.journal->record_due_erasures("anna"));
  EXPECT_EQ(copy.journal->head(shared_log).size, then + 2);
  expect_good();
  EXPECT_TRUE(copy.journal->wrong_views()->empty());
}

}  // namespace
}  // namespace fristad
