// The disk fails at each write and each sync of a decision in turn: the caller is told, nothing is half-applied, what
// was recorded can be read meanwhile, and when the disk works again so does the journal.

#include <gtest/gtest.h>

#include "record/log_files.h"
#include "record/record_fixture.h"
#include "tests/support/faulty_disk.h"

namespace fristad {
namespace {

using testing::FaultyDisk;
using testing::note;

class DiskTest : public ::testing::Test {
 protected:
  DiskTest() : store_(*Store::open({.sqlite_path = folder_ / "node.db", .sqlite_vfs = disk_.name()})) {
    auto journal = Journal::open(store_, testing::note_kinds(), testing::test_keys(), testing::test_options());
    EXPECT_TRUE(journal) << journal.error().message;
    journal_ = *std::move(journal);
  }
  ~DiskTest() override { disk_.heal(); }

  Result<std::vector<Recorded>> record(const std::string& text) {
    return journal_->transact("tester", [&](Decision& decision) -> Status {
      for (int i = 0; i < 3; ++i) TRY(decision.emit(note(text)));
      return {};
    });
  }

  FaultyDisk& disk_ = FaultyDisk::install();
  testing::TemporaryFolder folder_;
  Store store_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(DiskTest, AFailingDiskLosesNothingAndStopsNoReader) {
  ASSERT_TRUE(record("before"));
  for (const FaultyDisk::Lasting lasting : {FaultyDisk::Lasting::no, FaultyDisk::Lasting::yes}) {
    for (const unsigned operations : {FaultyDisk::writes + 0u, FaultyDisk::syncs + 0u}) {
      int failures = 0;
      for (std::uint64_t nth = 1; nth < 100; ++nth) {
        SCOPED_TRACE(std::to_string(operations) + " fails at " + std::to_string(nth));
        const LogHead before = journal_->head(shared_log);
        disk_.fail_at(nth, operations, lasting);
        const auto outcome = record("during");
        const bool failed = disk_.failed();
        const auto read = journal_->read(Place{shared_log, 0});
        disk_.heal();
        ASSERT_TRUE(read) << "reading goes on: " << read.error().message;
        if (!failed) {
          ASSERT_TRUE(outcome);
          break;
        }
        ++failures;
        if (outcome) continue;  // after the commit: a checkpoint of the write-ahead log, tried again later
        EXPECT_EQ(outcome.error().code, Code::unavailable);
        EXPECT_FALSE(outcome.error().message.empty());
        ASSERT_EQ(journal_->head(shared_log).root, before.root) << "a leaf was signed and lost";
      }
      EXPECT_GT(failures, 0);
    }
  }
  ASSERT_TRUE(record("after"));
  for (const std::uint32_t log : {shared_log, private_log}) {
    const VerifyReport report = testing::verified(*journal_, log);
    EXPECT_TRUE(report.good()) << report.problems.front();
  }
  const std::string dump = testing::dump_of(*journal_);
  ASSERT_TRUE(journal_->rebuild());
  EXPECT_EQ(testing::dump_of(*journal_), dump);
}

TEST_F(DiskTest, AStartAfterAFailureFindsWholeDecisions) {
  for (std::uint64_t nth = 1; nth < 40; ++nth) {
    SCOPED_TRACE(nth);
    disk_.fail_at(nth, FaultyDisk::writes | FaultyDisk::syncs, FaultyDisk::Lasting::yes);
    static_cast<void>(record("decision " + std::to_string(nth)));
    journal_.reset();
    disk_.heal();
    auto journal = Journal::open(store_, testing::note_kinds(), testing::test_keys(), testing::test_options());
    ASSERT_TRUE(journal) << journal.error().message;
    journal_ = *std::move(journal);
    EXPECT_EQ(journal_->head(shared_log).size % 3, 0u);
    const VerifyReport report = testing::verified(*journal_, shared_log);
    ASSERT_TRUE(report.good()) << report.problems.front();
  }
}

}  // namespace
}  // namespace fristad
