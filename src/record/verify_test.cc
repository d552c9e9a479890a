#include "record/verify.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "record/log_files.h"
#include "record/record_fixture.h"
#include "tests/support/seed.h"

namespace fristad {
namespace {

using testing::note;

// A log with revisions, chunks, erasures, checkpoints and published files.
class VerifyTest : public ::testing::Test {
 protected:
  VerifyTest() {
    store_ = std::make_unique<Store>(*Store::open({.sqlite_path = folder_ / "node.db"}));
    auto journal = open();
    EXPECT_TRUE(journal) << journal.error().message;
    for (int i = 0; i < 300; ++i) {
      Draft draft = note("note " + std::to_string(i));
      if (i % 7 == 0) draft.items = {R"({"word":"one"})", R"({"word":"two"})"};
      record(**journal, draft);
      if (i % 100 == 50) {
        EXPECT_TRUE((*journal)->checkpoint(shared_log));
      }
    }
    const RecordId first = (*journal)->read(Place{shared_log, 3})->id;
    Draft revision = note("revised");
    revision.revises = first;
    record(**journal, revision);
    const std::uint32_t item = 1;
    const RecordId chunk = (*journal)->read(Place{shared_log, 7})->id;
    EXPECT_TRUE((*journal)->erase("tester", chunk, {&item, 1}, "test"));
    EXPECT_TRUE(publish_log(**journal, shared_log, published()));
  }

  Result<std::unique_ptr<Journal>> open() const {
    return Journal::open(*store_, testing::note_kinds(), testing::test_keys(), testing::test_options());
  }
  static void record(Journal& journal, const Draft& draft) {
    const auto done = journal.transact("tester", [&](Decision& decision) -> Status {
      TRY(decision.emit(draft));
      return {};
    });
    EXPECT_TRUE(done) << done.error().message;
  }
  std::string published() const { return folder_ / "log"; }

  // Whether verification, or the start before it, notices.
  bool noticed() const {
    const auto journal = open();
    if (!journal) return true;
    const auto report = verify_log(**journal, shared_log, {.threads = 2, .folder = published()});
    return !report || !report->good();
  }

  // Changes one thing in the database by `change`, looks, and puts everything back.
  void expect_noticed(const std::string& what, const std::function<Status(Connection&)>& change) {
    SCOPED_TRACE(what);
    const std::string copy = folder_ / "copy.db";
    std::filesystem::remove(copy);
    ASSERT_TRUE(store_->backup_to(copy));
    {
      const auto connection = *store_->connect();
      Transaction transaction = *connection->begin();
      const Status changed = change(*connection);
      ASSERT_TRUE(changed) << changed.error().message;
      ASSERT_TRUE(transaction.commit());
    }
    EXPECT_TRUE(noticed());
    for (const char* end : {"", "-wal", "-shm"}) std::filesystem::remove((folder_ / "node.db") + end);
    std::filesystem::copy(copy, folder_ / "node.db");
    store_ = std::make_unique<Store>(*Store::open({.sqlite_path = folder_ / "node.db"}));
  }

  static std::vector<std::uint8_t> flipped(std::vector<std::uint8_t> bytes, std::mt19937_64& rng) {
    bytes.at(rng() % bytes.size()) ^= static_cast<std::uint8_t>(1u << rng() % 8);
    return bytes;
  }

  testing::TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(VerifyTest, AWholeLogIsGood) {
  EXPECT_FALSE(noticed());
}

TEST_F(VerifyTest, AnyChangedByteOfARowIsNoticed) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 rng(seed);
  const std::array reads{Sql("SELECT leaf FROM record WHERE place = $1"),
                         Sql("SELECT sealed FROM record WHERE place = $1"),
                         Sql("SELECT key FROM record WHERE place = $1"), Sql("SELECT id FROM record WHERE place = $1")};
  const std::array writes{
      Sql("UPDATE record SET leaf = $2 WHERE place = $1"), Sql("UPDATE record SET sealed = $2 WHERE place = $1"),
      Sql("UPDATE record SET key = $2 WHERE place = $1"), Sql("UPDATE record SET id = $2 WHERE place = $1")};
  for (int i = 0; i < 60; ++i) {
    const std::int64_t place = Place{shared_log, rng() % 302}.value();
    const std::size_t column = rng() % reads.size();
    expect_noticed("row " + std::to_string(place) + " column " + std::to_string(column),
                   [&](Connection& connection) -> Status {
                     const auto bytes = TRY(connection.bytes(reads.at(column), {place}));
                     const auto changed = flipped(*bytes, rng);
                     TRY(connection.execute(writes.at(column), {place, Bytes(changed)}));
                     return {};
                   });
  }
}

TEST_F(VerifyTest, RowsThatWereRemovedReorderedOrInsertedAreNoticed) {
  const auto run = [&](const std::string& what, Sql sql) {
    expect_noticed(what, [&](Connection& connection) -> Status {
      if (TRY(connection.execute(sql)) == 0) return Error{Code::internal, "nothing was changed"};
      return {};
    });
  };
  run("a row in the middle", "DELETE FROM record WHERE place = 100");
  run("the last row", "DELETE FROM record WHERE place = 301");
  run("all rows", "DELETE FROM record");
  run("a revision", "UPDATE record SET revision = 1 WHERE place = 20");
  run("a kind", "UPDATE record SET kind = 'record.erased' WHERE place = 20");
  run("a content removed without an erasure", "UPDATE record SET key = NULL, sealed = NULL WHERE place = 20");
  run("a chunk of which only an item was erased", "UPDATE record SET key = NULL, sealed = NULL WHERE place = 7");
  run("a size", "UPDATE log SET size = size - 1 WHERE number = 0");
  run("the tree", "UPDATE log SET peaks = zeroblob(length(peaks)) WHERE number = 0");
  run("a counter", "UPDATE scope_sequence SET sequence = 7 WHERE log = 0");
  run("a checkpoint's text", "UPDATE checkpoint SET note = replace(note, '51', '52') WHERE size = 51");
  run("a checkpoint's size", "UPDATE checkpoint SET size = 52 WHERE size = 51");
  run("a row at the end",
      "INSERT INTO record(place, id, revision, kind, leaf, key, sealed) SELECT 302, zeroblob(16), 0, kind, leaf, key, "
      "sealed FROM record WHERE place = 301");
  expect_noticed("two rows exchanged", [](Connection& connection) -> Status {
    TRY(connection.execute("UPDATE record SET place = 999 WHERE place = 10"));
    TRY(connection.execute("UPDATE record SET place = 10 WHERE place = 11"));
    TRY(connection.execute("UPDATE record SET place = 11 WHERE place = 999"));
    return {};
  });
  EXPECT_FALSE(noticed()) << "everything was put back";
}

TEST_F(VerifyTest, AnyChangedByteOfAPublishedFileIsNoticed) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 rng(seed);
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::recursive_directory_iterator(published())) {
    if (file.is_regular_file()) files.push_back(file.path());
  }
  ASSERT_GE(files.size(), 5u);
  for (const auto& path : files) {
    SCOPED_TRACE(path.string());
    std::ifstream in(path, std::ios::binary);
    const std::string good{std::istreambuf_iterator<char>(in), {}};
    const auto write = [&](const std::string& content) { std::ofstream(path, std::ios::binary) << content; };
    for (int i = 0; i < 5; ++i) {
      std::string bad = good;
      bad[rng() % bad.size()] ^= static_cast<char>(1u << rng() % 8);
      write(bad);
      EXPECT_TRUE(noticed());
    }
    write(good.substr(0, good.size() - 1));
    EXPECT_TRUE(noticed());
    std::filesystem::remove(path);
    EXPECT_TRUE(noticed());
    write(good);
  }
  std::ofstream(published() + "/tile/0/foreign") << "x";
  EXPECT_TRUE(noticed());
  std::filesystem::remove(published() + "/tile/0/foreign");
  EXPECT_FALSE(noticed());
}

}  // namespace
}  // namespace fristad
