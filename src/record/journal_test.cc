#include "record/journal.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include "base/hex.h"
#include "record/log_files.h"
#include "record/record_fixture.h"

namespace fristad {
namespace {

using testing::note;

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() { reopen(); }

  void reopen() {
    journal_.reset();
    store_ = std::make_unique<Store>(*Store::open({.sqlite_path = folder_ / "node.db"}));
    auto journal = Journal::open(*store_, testing::note_kinds(), testing::test_keys(), testing::test_options(random_));
    ASSERT_TRUE(journal) << journal.error().message;
    journal_ = *std::move(journal);
  }
  Result<std::vector<Recorded>> record(Draft draft) {
    return journal_->transact("tester", [&](Decision& decision) -> Status {
      TRY(decision.emit(draft));
      return {};
    });
  }
  std::string all_bytes() const {
    std::string all;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (!file.is_regular_file()) continue;
      std::ifstream stream(file.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(stream), {});
    }
    return all;
  }

  testing::TemporaryFolder folder_;
  Random random_ = testing::counting_random();
  std::unique_ptr<Store> store_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(JournalTest, RecordsFoldsAndReadsBack) {
  const auto recorded = record(note("hello", {R"({"word":"a"})", R"({"word":"b"})"}));
  ASSERT_TRUE(recorded) << recorded.error().message;
  ASSERT_EQ(recorded->size(), 1u);
  const auto back = journal_->read(recorded->front().place);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->payload.kind, "note.added");
  EXPECT_EQ(back->payload.sequence, 1);
  EXPECT_EQ(back->payload.at_ms, 1'800'000'000'000);
  EXPECT_TRUE(back->payload.actor.empty()) << "shared records name no person";
  EXPECT_EQ(back->items, (std::vector<std::string>{R"({"word":"a"})", R"({"word":"b"})"}));
  EXPECT_EQ(journal_->head(shared_log).size, 1u);
  ASSERT_EQ(journal_->head(private_log).size, 1u) << "who did it is recorded apart";
  const auto act = journal_->read(Place{private_log, 0});
  ASSERT_TRUE(act);
  EXPECT_EQ(act->payload.actor, "tester");
  EXPECT_NE(testing::dump_of(*journal_).find("hello"), std::string::npos);
  EXPECT_TRUE(testing::verified(*journal_, shared_log).good());
  EXPECT_TRUE(testing::verified(*journal_, private_log).good());
}

TEST_F(JournalTest, GoesOnAfterAStart) {
  ASSERT_TRUE(record(note("one")));
  const LogHead before = journal_->head(shared_log);
  reopen();
  EXPECT_EQ(journal_->head(shared_log).root, before.root);
  const auto second = record(note("two"));
  ASSERT_TRUE(second);
  EXPECT_EQ(journal_->read(second->front().place)->payload.sequence, 2);
  EXPECT_TRUE(testing::verified(*journal_, shared_log).good());
}

TEST_F(JournalTest, ADecisionThatFailsLeavesNothingAndHarmsNoOther) {
  const std::vector<Decide> decisions{
      [](Decision& decision) -> Status {
        TRY(decision.emit(note("good 1")));
        return {};
      },
      [](Decision& decision) -> Status {
        TRY(decision.emit(note("bad")));
        return Error{Code::conflict, "changed my mind"};
      },
      [](Decision& decision) -> Status {
        static_cast<void>(decision.emit({.kind = "unknown", .scope = "alliance"}));
        TRY(decision.emit({.kind = "note.added", .scope = "alliance"}));  // without its text
        return {};
      },
      [](Decision& decision) -> Status {
        TRY(decision.emit(note("good 2")));
        return {};
      }};
  const auto outcomes = journal_->transact_all("tester", decisions);
  ASSERT_EQ(outcomes.size(), 4u);
  EXPECT_TRUE(outcomes[0]);
  EXPECT_EQ(outcomes[1].error().code, Code::conflict);
  EXPECT_EQ(outcomes[2].error().code, Code::invalid_argument);
  EXPECT_TRUE(outcomes[3]);
  EXPECT_EQ(journal_->head(shared_log).size, 2u);
  EXPECT_EQ(testing::dump_of(*journal_).find("bad"), std::string::npos);
  EXPECT_EQ(journal_->read(Place{shared_log, 1})->payload.sequence, 2);
  EXPECT_TRUE(testing::verified(*journal_, shared_log).good());
  EXPECT_TRUE(testing::verified(*journal_, private_log).good());
}

TEST_F(JournalTest, ADecisionThatThrowsHarmsNobodyElse) {
  const std::vector<Decide> decisions{[](Decision& decision) -> Status {
                                        TRY(decision.emit(note("half of it")));
                                        throw std::out_of_range("index");
                                      },
                                      [](Decision& decision) -> Status {
                                        TRY(decision.emit(note("good")));
                                        return {};
                                      }};
  const auto outcomes = journal_->transact_all("tester", decisions);
  ASSERT_EQ(outcomes.size(), 2u);
  EXPECT_EQ(outcomes[0].error().code, Code::internal);
  EXPECT_TRUE(outcomes[1]);
  EXPECT_EQ(testing::dump_of(*journal_).find("half of it"), std::string::npos);
  // Nor does the next one wait for ever.
  EXPECT_TRUE(journal_->transact("tester", decisions[1]));
  EXPECT_EQ(journal_->head(shared_log).size, 2u);
  EXPECT_TRUE(testing::verified(*journal_, shared_log).good());
}

TEST_F(JournalTest, OneActStandsForAllThatADecisionShares) {
  const auto recorded = journal_->transact("tester", [](Decision& decision) -> Status {
    for (int i = 0; i < 100; ++i) TRY(decision.emit(note("note " + std::to_string(i))));
    return {};
  });
  ASSERT_TRUE(recorded) << recorded.error().message;
  EXPECT_EQ(recorded->size(), 100u);
  ASSERT_EQ(journal_->head(private_log).size, 1u);
  EXPECT_EQ(canonical(journal_->read(Place{private_log, 0})->payload.body), R"({"first":0,"last":99})");
}

TEST_F(JournalTest, OfTwoThatRaceOneWinsAndTheOtherIsTold) {
  std::atomic<int> won = 0;
  std::atomic<int> told = 0;
  {
    std::vector<std::jthread> racers;
    for (int i = 0; i < 8; ++i) {
      racers.emplace_back([&] {
        const auto outcome = journal_->transact("racer", [](Decision& decision) -> Status {
          if (TRY(decision.views().integer("SELECT count(*) FROM note")) != 0) {
            return Error{Code::conflict, "somebody was faster"};
          }
          TRY(decision.emit(note("mine")));
          return {};
        });
        if (outcome) {
          ++won;
        } else if (outcome.error().code == Code::conflict) {
          ++told;
        }
      });
    }
  }
  EXPECT_EQ(won, 1);
  EXPECT_EQ(told, 7);
}

// A newer program recorded kinds that this one doesn't know; then it learns them.
TEST_F(JournalTest, UnknownKindsAreKeptAndFoldedWhenTheyAreLearned) {
  ASSERT_TRUE(record(note("from the future")));
  const std::string dump = testing::dump_of(*journal_);
  static const View learned{.name = "notes",
                            .migrations = testing::note_view().migrations,
                            .tables = testing::note_view().tables,
                            .kinds = {}};
  static const Kinds old_kinds({&journal_view(), &learned});
  journal_.reset();
  {
    auto old = Journal::open(*store_, old_kinds, testing::test_keys(), testing::test_options(random_));
    ASSERT_TRUE(old) << old.error().message;
    ASSERT_TRUE((*old)->rebuild());
    EXPECT_EQ(testing::dump_of(**old).find("future"), std::string::npos);
    EXPECT_TRUE(testing::verified(**old, shared_log).good());
    const auto refused = (*old)->transact("tester", [](Decision& decision) -> Status {
      TRY(decision.emit(note("unknown")));
      return {};
    });
    EXPECT_EQ(refused.error().code, Code::invalid_argument);
  }
  reopen();
  ASSERT_TRUE(journal_->rebuild());
  EXPECT_EQ(testing::dump_of(*journal_), dump);
}

TEST_F(JournalTest, RevisionsFollowOneAnother) {
  const auto first = record(note("draft"));
  ASSERT_TRUE(first);
  Draft draft = note("final");
  draft.revises = first->front().id;
  const auto second = record(draft);
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->front().revision, 1u);
  EXPECT_EQ(second->front().id, first->front().id);
  draft.revises = RecordId{9};
  EXPECT_EQ(record(draft).error().code, Code::invalid_argument);
  EXPECT_TRUE(testing::verified(*journal_, shared_log).good());
}

TEST_F(JournalTest, ARebuildGivesTheSameDump) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(record(note("note " + std::to_string(i), {R"({"word":"x"})"})));
  const auto third = journal_->read(Place{shared_log, 3});
  ASSERT_TRUE(third);
  ASSERT_TRUE(journal_->erase("tester", third->id, {}, "retention"));
  const std::uint32_t first_item = 0;
  const auto fourth = journal_->read(Place{shared_log, 4});
  ASSERT_TRUE(journal_->erase("tester", fourth->id, {&first_item, 1}, "court"));
  const std::string before = testing::dump_of(*journal_);
  EXPECT_EQ(before.find("note 3\""), std::string::npos);
  ASSERT_TRUE(journal_->rebuild());
  EXPECT_EQ(testing::dump_of(*journal_), before);
  EXPECT_TRUE(testing::verified(*journal_, shared_log).good());
}

TEST_F(JournalTest, ViewsThatSomebodyChangedAreNamed) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(record(note("note " + std::to_string(i), {R"({"word":"x"})"})));
  ASSERT_TRUE(journal_->erase("tester", journal_->read(Place{shared_log, 3})->id, {}, "retention"));
  const std::string good = testing::dump_of(*journal_);
  EXPECT_EQ(*journal_->wrong_views(), std::vector<std::string>());
  const auto change = [&](Sql sql) {
    const auto connection = *store_->connect();
    ASSERT_GT(*connection->execute(sql), 0u);
  };
  change("UPDATE note SET text = 'other' WHERE text = 'note 1'");
  EXPECT_EQ(*journal_->wrong_views(), std::vector<std::string>{"note"});
  change("DELETE FROM fact WHERE place = 0");
  change("DELETE FROM word");
  const std::string bad = testing::dump_of(*journal_);
  EXPECT_EQ(*journal_->wrong_views(), (std::vector<std::string>{"fact", "note", "word"}));
  EXPECT_EQ(testing::dump_of(*journal_), bad) << "it only looks";
  ASSERT_TRUE(journal_->rebuild());
  EXPECT_EQ(*journal_->wrong_views(), std::vector<std::string>());
  EXPECT_EQ(testing::dump_of(*journal_), good);
  ASSERT_TRUE(record(note("decisions go on")));
}

TEST_F(JournalTest, WhatIsErasedIsNowhereAndTheProofStays) {
  // In clear in the view: so the test looks for something that is really there before.
  const std::string secret = "whisper-0123456789-whisper";
  const auto recorded = record(note(secret));
  ASSERT_TRUE(recorded);
  EXPECT_NE(all_bytes().find(secret), std::string::npos);
  const LogHead before = journal_->head(shared_log);
  const auto erased = journal_->erase("tester", recorded->front().id, {}, "data subject");
  ASSERT_TRUE(erased) << erased.error().message;
  ASSERT_TRUE(journal_->scrub());
  EXPECT_EQ(all_bytes().find(secret), std::string::npos);
  EXPECT_EQ(journal_->read(recorded->front().place).error().code, Code::permission_denied);
  EXPECT_EQ(journal_->head(shared_log).size, before.size + 1);
  EXPECT_NE(testing::dump_of(*journal_).find("\"note\""), std::string::npos) << "the fact remains";
  EXPECT_EQ(journal_->erase("tester", recorded->front().id, {}, "again").error().code, Code::conflict);
  EXPECT_EQ(journal_->erase("tester", erased->id, {}, "the erasure").error().code, Code::permission_denied);
  EXPECT_TRUE(testing::verified(*journal_, shared_log).good());
}

TEST_F(JournalTest, OneItemOfAChunkGoesAndTheOthersAreStillProved) {
  const auto recorded = record(note("chunk", {R"({"word":"one"})", R"({"word":"two"})", R"({"word":"three"})"}));
  ASSERT_TRUE(recorded);
  const std::uint32_t item = 1;
  ASSERT_TRUE(journal_->erase("tester", recorded->front().id, {&item, 1}, "mistake"));
  const auto back = journal_->read(recorded->front().place);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->items, (std::vector<std::string>{R"({"word":"one"})", "", R"({"word":"three"})"}));
  EXPECT_TRUE(testing::verified(*journal_, shared_log).good());
  const std::uint32_t absent = 3;
  EXPECT_FALSE(journal_->erase("tester", recorded->front().id, {&absent, 1}, "mistake"));
}

TEST_F(JournalTest, ImageryIsRefused) {
  const std::string jpeg = "/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAIBAQIBAQICAgICAgICAwUDAwMDAwYEBAMF";
  std::string bytes;
  for (int i = 0; i < 100; ++i) bytes += (i > 0 ? "," : "") + std::to_string(i * 7 % 256);
  for (const std::string& text :
       std::vector<std::string>{jpeg, "data:image/png;base64,AAAA", "x DATA:,hello", std::string(400, 'A')}) {
    const auto refused = record(note("picture", {canonical(Json::object({{"word", text}}))}));
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, Code::permission_denied);
    EXPECT_FALSE(record(note(text)));
  }
  EXPECT_FALSE(record(note("bytes", {"{\"word\":[" + bytes + "]}"})));
  EXPECT_TRUE(record(note("the word data: with a colon, and " + std::string(288, 'f'))));
  EXPECT_EQ(journal_->head(shared_log).size, 1u);
}

TEST_F(JournalTest, PublishesTilesThatProveEachRecord) {
  const std::string folder = folder_ / "log";
  std::vector<Decide> decisions;
  for (int i = 0; i < 600; ++i) {
    decisions.emplace_back([i](Decision& decision) -> Status {
      TRY(decision.emit(note("note " + std::to_string(i))));
      return {};
    });
  }
  for (std::size_t done = 0; done < decisions.size(); done += 100) {
    journal_->transact_all("tester", std::span(decisions).subspan(done, 100));
    ASSERT_TRUE(publish_log(*journal_, shared_log, folder));
    const VerifyReport report = testing::verified(*journal_, shared_log, folder);
    EXPECT_TRUE(report.good()) << report.problems.front();
    EXPECT_GT(report.files, 2u);
  }
  const LogHead head = journal_->head(shared_log);
  const NoteKey key{.name = head.origin, .key = journal_->log_key(shared_log, head.size)};
  ASSERT_TRUE(journal_->for_each_leaf(shared_log, 0, [&](std::uint64_t position, const LeafBytes& leaf) -> Status {
    const std::string proof = TRY(prove_record(folder, position));
    return verify_log_proof(TRY(parse_log_proof(proof)), leaf_hash(leaf), key, {}) ? Status()
                                                                                   : Error{Code::damaged, "no proof"};
  }));
}

}  // namespace
}  // namespace fristad
