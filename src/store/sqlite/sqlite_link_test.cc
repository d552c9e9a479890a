// What only SQLite can show: its files, and a disk that fails. The rest: tests/conformance/store_test.cc.

#include "store/sqlite/sqlite_link.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "store/migrations.h"
#include "tests/support/faulty_disk.h"
#include "tests/support/seed.h"

namespace fristad {
namespace {

namespace fs = std::filesystem;
using testing::FaultyDisk;

template <class T>
T ok(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << to_string(result.error().code) << ": " << result.error().message;
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

template <class T>
Code code_of(const Result<T>& result) {
  EXPECT_FALSE(result);
  return result ? Code::cancelled : result.error().code;
}

std::string content_of(const fs::path& path) {
  std::stringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

constexpr Sql create_things = "CREATE TABLE things (number bigint PRIMARY KEY NOT NULL, content bytea)";
constexpr Sql insert_thing = "INSERT INTO things(number, content) VALUES ($1, $2)";

class SqliteTest : public ::testing::Test {
 protected:
  void SetUp() override { make_folder(fs::temp_directory_path()); }
  void make_folder(const fs::path& where) {
    std::string pattern = where / "fristad-sqlite-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    options_.sqlite_path = folder_ / "node.db";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::unique_ptr<Connection> connect() { return ok(ok(Store::open(options_)).connect()); }
  // Whether the files hold the text anywhere.
  bool files_hold(std::string_view text) const {
    for (const auto& file : fs::directory_iterator(folder_)) {
      if (content_of(file).find(text) != std::string::npos) return true;
    }
    return false;
  }

  fs::path folder_;
  StoreOptions options_;
};

TEST_F(SqliteTest, OnlyTheOwnerCanReadTheFiles) {
  const auto connection = connect();
  ok(connection->execute(create_things));
  int files = 0;
  for (const auto& file : fs::directory_iterator(folder_)) {
    EXPECT_EQ(fs::perms::owner_read | fs::perms::owner_write, file.status().permissions()) << file;
    files++;
  }
  EXPECT_EQ(3, files);
}

TEST_F(SqliteTest, TheSettingsHold) {
  const auto connection = connect();
  EXPECT_EQ("wal", ok(connection->text("PRAGMA journal_mode")));
  EXPECT_EQ(2, ok(connection->integer("PRAGMA synchronous")));
  EXPECT_EQ(1, ok(connection->integer("PRAGMA secure_delete")));
  EXPECT_EQ(1, ok(connection->integer("PRAGMA foreign_keys")));
  EXPECT_EQ(0, ok(connection->integer("PRAGMA trusted_schema")));
  EXPECT_EQ(1, ok(connection->integer("PRAGMA cell_size_check")));
  EXPECT_EQ(2, ok(connection->integer("PRAGMA temp_store")));
}

TEST_F(SqliteTest, NamesThatMeanSomethingToSqliteAreNamesOfFiles) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  for (const char* name : {":memory:", "file:x?mode=memory"}) {
    options_.sqlite_path = name;
    ok(connect()->execute(create_things));
    EXPECT_TRUE(fs::exists(folder_ / name));
    EXPECT_EQ(0, ok(connect()->integer("SELECT count(*) FROM things")));
  }
  fs::current_path(before);
}

TEST_F(SqliteTest, WantsOneOfTwoPlaces) {
  EXPECT_EQ(Code::invalid_argument, code_of(Store::open({})));
  EXPECT_EQ(Code::invalid_argument, code_of(Store::open({.sqlite_path = "a", .postgres = "b"})));
}

TEST_F(SqliteTest, WhatIsNotThereIsNotFound) {
  options_.read_only = true;
  EXPECT_EQ(Code::not_found, code_of(Store::open(options_)));
  EXPECT_TRUE(fs::is_empty(folder_));
  options_ = {.sqlite_path = folder_ / "no/node.db"};
  EXPECT_EQ(Code::not_found, code_of(Store::open(options_)));
}

TEST_F(SqliteTest, WhatIsNoDatabaseIsDamaged) {
  std::ofstream(options_.sqlite_path) << std::string(10'000, 'x');
  EXPECT_EQ(Code::damaged, code_of(Store::open(options_)));
  options_.read_only = true;
  EXPECT_EQ(Code::damaged, code_of(Store::open(options_)));
  EXPECT_EQ(std::string(10'000, 'x'), content_of(options_.sqlite_path));
}

TEST_F(SqliteTest, ADatabaseThatWasCutOffIsDamaged) {
  {
    const auto connection = connect();
    ok(connection->execute(create_things));
    for (int i = 0; i < 200; i++)
      ok(connection->execute(insert_thing, {std::int64_t{i}, bytes_of(std::string(1000, 'x'))}));
  }
  const auto size = fs::file_size(options_.sqlite_path);
  for (const auto left : {size - 1, size - 2000, size - 4096, size / 2, std::uintmax_t{4096}, std::uintmax_t{100}}) {
    fs::resize_file(options_.sqlite_path, left);
    EXPECT_EQ(Code::damaged, code_of(Store::open(options_))) << left << " of " << size;
  }
}

TEST_F(SqliteTest, ByteaColumnsLeaveBytesAlone) {
  const auto connection = connect();
  ok(connection->execute(create_things));
  ok(connection->execute(insert_thing, {std::int64_t{1}, bytes_of("123")}));
  EXPECT_EQ("blob", ok(connection->text("SELECT typeof(content) FROM things")));
}

// As an ordinary user, whom root's tests become in a process of their own.
TEST_F(SqliteTest, AFolderThatCannotBeWrittenIsSaidToBeSo) {
  ok(connect()->execute(create_things));
  fs::permissions(folder_, fs::perms(0555));
  fs::permissions(options_.sqlite_path, fs::perms(0444));
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(1);
    if (code_of(Store::open(options_)) != Code::permission_denied) _exit(2);
    options_.sqlite_path = folder_ / "new.db";
    if (code_of(Store::open(options_)) != Code::permission_denied) _exit(3);
    options_.sqlite_path = folder_ / "node.db";
    options_.read_only = true;
    if (code_of(Store::open(options_)) != Code::permission_denied) _exit(4);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(0, status) << "exit status " << WEXITSTATUS(status);
  fs::permissions(folder_, fs::perms(0700));
}

TEST_F(SqliteTest, ANewerSchemaIsRefusedAndTheFileStaysAsItIs) {
  constexpr Sql statements[] = {"CREATE TABLE lists (number bigint)"};
  const Migration two[] = {{1, "lists", statements}, {2, "nothing", {}}};
  ok(migrate(*connect(), two));
  const std::string before = content_of(options_.sqlite_path);
  EXPECT_EQ(Code::unsupported, code_of(migrate(*connect(), std::span(two).first(1))));
  EXPECT_TRUE(before == content_of(options_.sqlite_path));
  EXPECT_FALSE(fs::exists(options_.sqlite_path + "-wal"));
}

// ---- Erasure ----

TEST_F(SqliteTest, WhatWasDeletedOrOverwrittenIsInNoFile) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 rng(seed);
  const auto connection = connect();
  ok(connection->execute(create_things));
  // Some rows a page, in no order: pages split, and rows move before they go. Without rewriting, some are found.
  const auto secret = [&](std::int64_t number) {
    return "<secret " + std::to_string(number) + ">" + std::string(rng() % 1200, '.');
  };
  std::vector<std::int64_t> numbers(6000);
  for (std::size_t i = 0; i < numbers.size(); i++) numbers[i] = static_cast<std::int64_t>(i);
  std::shuffle(numbers.begin(), numbers.end(), rng);
  {
    Transaction transaction = ok(connection->begin());
    for (const std::int64_t number : numbers) {
      ok(connection->execute(insert_thing, {number, bytes_of(secret(number))}));
    }
    ok(transaction.commit());
  }
  EXPECT_TRUE(files_hold("<secret 17>"));
  std::shuffle(numbers.begin(), numbers.end(), rng);
  std::vector<std::int64_t> gone;
  Transaction transaction = ok(connection->begin());
  for (const std::int64_t number : numbers) {
    const auto kind = rng() % 3;
    if (kind == 0) ok(connection->execute("DELETE FROM things WHERE number = $1", {number}));
    if (kind == 1) {
      ok(connection->execute("UPDATE things SET content = $2 WHERE number = $1",
                             {number, bytes_of(std::string(rng() % 1500, '-'))}));
    }
    if (kind != 2) gone.push_back(number);
  }
  ok(transaction.commit());
  const auto live = [&] { return ok(connection->integer("SELECT sum(number * length(content)) FROM things")); };
  const auto sum = live();
  if (rng() % 2 == 0) {
    ok(connection->checkpoint_and_scrub({"things"}));
  } else {
    ok(connection->checkpoint_and_scrub());
  }
  std::string all;
  for (const auto& file : fs::directory_iterator(folder_)) all += content_of(file);
  std::size_t left = 0;
  for (const std::int64_t number : gone)
    left += all.find("<secret " + std::to_string(number) + ">") != std::string::npos;
  EXPECT_EQ(0u, left) << "of " << gone.size();
  EXPECT_EQ(sum, live());
  EXPECT_EQ("ok", ok(connection->text("PRAGMA integrity_check")));
}

TEST_F(SqliteTest, ScrubbingSetsNothingOff) {
  const auto connection = connect();
  ok(connection->execute(create_things));
  ok(connection->execute(
      "CREATE TABLE parts (thing bigint REFERENCES things(number) ON DELETE CASCADE, \"odd \"\" name\" text)"));
  ok(connection->execute("CREATE TRIGGER t AFTER DELETE ON things BEGIN INSERT INTO parts(thing) VALUES (NULL); END"));
  ok(connection->execute(insert_thing, {std::int64_t{1}, bytes_of("content")}));
  ok(connection->execute("INSERT INTO parts VALUES (1, 'part')"));
  ok(connection->execute("CREATE TABLE \"odd \"\" table\" (name text)"));
  ok(connection->checkpoint_and_scrub());
  EXPECT_EQ(1, ok(connection->integer("SELECT count(*) FROM parts")));
  EXPECT_EQ(1, ok(connection->integer("SELECT count(*) FROM things")));
  // And leaves them set.
  EXPECT_EQ(Code::invalid_argument, code_of(connection->execute("INSERT INTO parts(thing) VALUES (2)")));
  ok(connection->execute("DELETE FROM things"));
  EXPECT_EQ(1, ok(connection->integer("SELECT count(*) FROM parts WHERE thing IS NULL")));
  EXPECT_EQ(Code::internal, code_of(connection->checkpoint_and_scrub({"nowhere"})));
}

TEST_F(SqliteTest, ScrubbingSaysWhenAReaderIsInTheWay) {
  options_.busy_timeout_ms = 20;
  const Store store = ok(Store::open(options_));
  const auto connection = ok(store.connect());
  ok(connection->execute(create_things));
  ok(connection->execute(insert_thing, {std::int64_t{1}, bytes_of("a known text")}));
  {
    const auto snapshot = ok(store.snapshot());
    ok(connection->execute("DELETE FROM things"));
    EXPECT_EQ(Code::unavailable, code_of(connection->checkpoint_and_scrub()));
  }
  ok(connection->checkpoint_and_scrub());
  EXPECT_FALSE(files_hold("a known text"));
}

// ---- Backups ----

TEST_F(SqliteTest, ABackupIsConsistentWhileWritersGoOn) {
  const Store store = ok(Store::open(options_));
  const auto connection = ok(store.connect());
  ok(connection->execute(create_things));
  const auto insert_pair = [&](std::int64_t number) {
    Transaction transaction = ok(connection->begin());
    ok(connection->execute(insert_thing, {number, bytes_of(std::string(3000, 'x'))}));
    ok(connection->execute(insert_thing, {-number, bytes_of(std::string(3000, 'x'))}));
    ok(transaction.commit());
  };
  std::int64_t number = 1;
  for (; number < 500; number++) insert_pair(number);
  std::atomic<bool> done = false;
  Status copied;
  std::thread copier([&] {
    copied = store.backup_to(folder_ / "backup.db");
    done = true;
  });
  while (!done || number < 550) insert_pair(number++);
  copier.join();
  ok(std::move(copied));
  EXPECT_EQ(fs::perms::owner_read | fs::perms::owner_write, fs::status(folder_ / "backup.db").permissions());
  EXPECT_EQ(Code::already_exists, code_of(store.backup_to(folder_ / "backup.db")));
  EXPECT_FALSE(fs::exists(folder_ / "backup.db.part"));

  options_.sqlite_path = folder_ / "backup.db";
  const auto copy = connect();
  EXPECT_EQ("ok", ok(copy->text("PRAGMA integrity_check")));
  EXPECT_EQ(0, ok(copy->integer("SELECT sum(number) FROM things")));
  EXPECT_GE(ok(copy->integer("SELECT count(*) FROM things")), 2 * 499);
}

TEST_F(SqliteTest, ABackupThatFailsLeavesNoFile) {
  options_.sqlite_vfs = FaultyDisk::install().name();
  const Store store = ok(Store::open(options_));
  const auto connection = ok(store.connect());
  ok(connection->execute(create_things));
  ok(connection->execute(insert_thing, {std::int64_t{1}, bytes_of(std::string(10'000, 'x'))}));
  FaultyDisk::install().fail_at(2, FaultyDisk::writes, FaultyDisk::Lasting::yes);
  EXPECT_EQ(Code::unavailable, code_of(store.backup_to(folder_ / "backup.db")));
  FaultyDisk::install().heal();
  EXPECT_FALSE(fs::exists(folder_ / "backup.db"));
  EXPECT_FALSE(fs::exists(folder_ / "backup.db.part"));
  ok(store.backup_to(folder_ / "backup.db"));
}

// ---- A disk that fails ----

struct Fault {
  const char* name;
  unsigned operations;
  FaultyDisk::Lasting lasting;
};

class FaultySqliteTest : public SqliteTest, public ::testing::WithParamInterface<Fault> {
 protected:
  // The faults are made here, so the disk below may be a fast one.
  void SetUp() override { make_folder(fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path()); }
  void TearDown() override {
    FaultyDisk::install().heal();
    SqliteTest::TearDown();
  }
};

// Large enough that pages go to the disk before the commit, too.
Status write_much(Connection& connection, std::int64_t first) {
  Result<Transaction> transaction = connection.begin();
  if (!transaction) return transaction.error();
  for (std::int64_t i = 0; i < 40; i++) {
    // The error is overlooked on purpose: nothing of the transaction may be kept all the same.
    static_cast<void>(connection.execute(insert_thing, {first + i, bytes_of(std::string(5000, 'x'))}));
  }
  return transaction->commit();
}

TEST_P(FaultySqliteTest, NothingIsHalfAppliedWhereverItFails) {
  FaultyDisk& disk = FaultyDisk::install();
  options_.sqlite_vfs = disk.name();
  ok(connect()->execute(create_things));
  constexpr Sql count = "SELECT count(*) FROM things";
  std::int64_t rows = 0;
  std::int64_t next = 0;
  std::uint64_t position = 0;
  bool fired = true;
  while (fired) {
    SCOPED_TRACE("fault at operation " + std::to_string(++position));
    {
      const auto connection = connect();
      // As little memory as it takes, so that the transaction spills.
      ok(connection->execute("PRAGMA cache_size = 20"));
      ASSERT_EQ(rows, ok(connection->integer(count)));
      disk.fail_at(position, GetParam().operations, GetParam().lasting);
      const Status done = write_much(*connection, next);
      fired = disk.failed();
      if (done) rows += 40;
      if (!done) {
        EXPECT_EQ(Code::unavailable, done.error().code) << done.error().message;
      }
      EXPECT_TRUE(fired || done);
      // Reading goes on, and shows what was said.
      if ((GetParam().operations & FaultyDisk::reads) == 0) {
        EXPECT_EQ(rows, ok(connection->integer(count)));
      }
      disk.heal();
      EXPECT_EQ(rows, ok(connection->integer(count)));
      next += 40;
      // And so does writing.
      ok(write_much(*connection, next));
      rows += 40;
      next += 40;
    }
    const auto connection = connect();
    ASSERT_EQ(rows, ok(connection->integer(count)));
    ASSERT_EQ("ok", ok(connection->text("PRAGMA integrity_check")));
    if (position % 20 == 0) {
      ok(connection->execute("DELETE FROM things"));
      rows = 0;
    }
    ASSERT_LT(position, 2000u);
  }
  EXPECT_GE(position, 2u) << "no fault was ever reached";
}

// The machine stops right after the fault: what is in the files then is all there is.
class CrashingSqliteTest : public FaultySqliteTest {};

TEST_P(CrashingSqliteTest, ACrashAfterTheFaultLeavesAllOrNothing) {
  FaultyDisk& disk = FaultyDisk::install();
  options_.sqlite_vfs = disk.name();
  std::uint64_t position = 0;
  bool fired = true;
  while (fired) {
    SCOPED_TRACE("fault at operation " + std::to_string(++position));
    const auto connection = connect();
    if (position == 1) ok(connection->execute(create_things));
    ok(connection->execute("DELETE FROM things"));
    ok(connection->execute("PRAGMA cache_size = 20"));
    disk.fail_at(position, GetParam().operations, GetParam().lasting);
    const Status done = write_much(*connection, 0);
    fired = disk.failed();
    disk.heal();
    const fs::path crashed = folder_ / "crashed";
    fs::remove_all(crashed);
    fs::create_directory(crashed);
    for (const char* file : {"node.db", "node.db-wal"}) fs::copy_file(folder_ / file, crashed / file);
    const auto after = ok(ok(Store::open({.sqlite_path = crashed / "node.db"})).connect());
    const std::int64_t found = *ok(after->integer("SELECT count(*) FROM things"));
    EXPECT_TRUE(found == 40 || (found == 0 && !done)) << found << (done ? " though committed" : "");
    EXPECT_EQ("ok", ok(after->text("PRAGMA integrity_check")));
  }
  EXPECT_GE(position, 2u) << "no fault was ever reached";
}

constexpr unsigned all_writes = FaultyDisk::writes | FaultyDisk::syncs | FaultyDisk::changes;
constexpr Fault write_faults[] = {{"FullForAWhile", FaultyDisk::writes, FaultyDisk::Lasting::no},
                                  {"Full", FaultyDisk::writes, FaultyDisk::Lasting::yes},
                                  {"OneSync", FaultyDisk::syncs, FaultyDisk::Lasting::no},
                                  {"EverySync", FaultyDisk::syncs, FaultyDisk::Lasting::yes},
                                  {"OneOfAll", all_writes, FaultyDisk::Lasting::no},
                                  {"AllFromThenOn", all_writes, FaultyDisk::Lasting::yes}};
constexpr Fault read_faults[] = {{"OneRead", FaultyDisk::reads, FaultyDisk::Lasting::no},
                                 {"OneOfReadsToo", FaultyDisk::reads | all_writes, FaultyDisk::Lasting::no}};
std::string name_of(const ::testing::TestParamInfo<Fault>& instance) {
  return instance.param.name;
}

INSTANTIATE_TEST_SUITE_P(Writes, FaultySqliteTest, ::testing::ValuesIn(write_faults), name_of);
INSTANTIATE_TEST_SUITE_P(Reads, FaultySqliteTest, ::testing::ValuesIn(read_faults), name_of);
INSTANTIATE_TEST_SUITE_P(Writes, CrashingSqliteTest, ::testing::ValuesIn(write_faults), name_of);

}  // namespace
}  // namespace fristad
