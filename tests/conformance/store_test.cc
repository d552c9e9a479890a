// What a Connection promises, on SQLite and on PostgreSQL. What only one of them can show stands beside its source.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <limits>
#include <random>
#include <thread>

#include "store/migrations.h"
#include "store/store.h"
#include "tests/support/postgres.h"
#include "tests/support/seed.h"

namespace fristad {
namespace {

using namespace std::string_view_literals;
using testing::TemporaryPostgres;

// The value, or a failed test and the end of the program: for what must not fail for the test to make sense.
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

template <class T>
std::string words_of(const Result<T>& result) {
  return result ? "" : result.error().message;
}

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

class StoreTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "fristad-store-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    if (GetParam() == "sqlite"sv) {
      options_.sqlite_path = folder_ + "/node.db";
    } else {
      TemporaryPostgres* const server = TemporaryPostgres::shared();
      ASSERT_NE(server, nullptr);
      options_.postgres = server->conninfo();
      ok(ok(ok(Store::open(options_)).connect())->execute("DROP SCHEMA fristad CASCADE"));
    }
    store_.emplace(ok(Store::open(options_)));
    connection_ = ok(store_->connect());
    ok(connection_->execute("CREATE TABLE things (number bigint PRIMARY KEY NOT NULL, content bytea, name text)"));
  }

  void TearDown() override {
    connection_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::int64_t count() { return *ok(connection_->integer("SELECT count(*) FROM things")); }
  Result<std::uint64_t> insert(std::int64_t number) { return insert(*connection_, number); }
  static Result<std::uint64_t> insert(Connection& connection, std::int64_t number) {
    return connection.execute("INSERT INTO things(number) VALUES ($1)", {number});
  }

  std::string folder_;
  StoreOptions options_;
  std::optional<Store> store_;
  std::unique_ptr<Connection> connection_;
};

// ---- Values ----

TEST_P(StoreTest, EveryValueComesBackAsItWas) {
  std::string all_bytes;
  for (int i = 0; i < 256; i++) all_bytes.push_back(static_cast<char>(i));
  const std::vector<SqlValue> contents = {std::monostate(),  Bytes(),         bytes_of("\0"sv), bytes_of(all_bytes),
                                          bytes_of("12345"), bytes_of("1e3"), bytes_of("-7.50")};
  const std::vector<SqlValue> names = {std::monostate(), ""sv,      "a"sv,        "åäö 中文 🙂"sv,
                                       "12345"sv,        " 007 "sv, "'; DROP--"sv};
  const std::vector<std::int64_t> numbers = {
      std::numeric_limits<std::int64_t>::min(), -1, 0, 1, std::int64_t{1} << 31, (std::int64_t{1} << 53) + 1,
      std::numeric_limits<std::int64_t>::max()};
  for (std::size_t i = 0; i < numbers.size(); i++) {
    EXPECT_EQ(1u, ok(connection_->execute("INSERT INTO things(number, content, name) VALUES ($1, $2, $3)",
                                          {numbers[i], contents[i], names[i]})));
  }
  std::size_t i = 0;
  ok(connection_->query("SELECT number, content, name FROM things ORDER BY number", {},
                        [&](const SqlRow& row) -> Status {
                          EXPECT_EQ(row.integer(0), numbers[i]);
                          EXPECT_EQ(row.is_null(1), contents[i].index() == 0);
                          EXPECT_EQ(row.is_null(2), names[i].index() == 0);
                          if (const auto* content = std::get_if<Bytes>(&contents[i])) {
                            EXPECT_TRUE(std::ranges::equal(row.bytes(1), *content)) << i;
                          }
                          if (const auto* name = std::get_if<std::string_view>(&names[i])) {
                            EXPECT_EQ(row.text(2), *name);
                          }
                          i++;
                          return {};
                        }));
  EXPECT_EQ(i, numbers.size());
  // Found by each value too, not only given back.
  for (i = 1; i < numbers.size(); i++) {
    EXPECT_EQ(numbers[i], ok(connection_->integer("SELECT number FROM things WHERE content = $1", {contents[i]})));
    EXPECT_EQ(numbers[i], ok(connection_->integer("SELECT number FROM things WHERE name = $1", {names[i]})));
  }
  EXPECT_EQ(numbers[0], ok(connection_->integer("SELECT number FROM things WHERE content IS NULL AND name IS NULL")));
}

TEST_P(StoreTest, NullsReadAsNothing) {
  ok(insert(1));
  EXPECT_EQ(std::nullopt, ok(connection_->bytes("SELECT content FROM things")));
  EXPECT_EQ(std::nullopt, ok(connection_->text("SELECT name FROM things")));
  EXPECT_EQ(std::nullopt, ok(connection_->integer("SELECT number FROM things WHERE number = 2")));
  ok(connection_->execute("UPDATE things SET content = $1, name = $2", {Bytes(), ""sv}));
  EXPECT_EQ(std::vector<std::uint8_t>(), ok(connection_->bytes("SELECT content FROM things")));
  EXPECT_EQ("", ok(connection_->text("SELECT name FROM things")));
}

TEST_P(StoreTest, ValuesGoWhereTheirNumbersSay) {
  ok(connection_->execute("INSERT INTO things(name, number, content) VALUES ($3, $1, $2)",
                          {std::int64_t{5}, bytes_of("content"), "name"sv}));
  EXPECT_EQ(5, ok(connection_->integer("SELECT number FROM things WHERE name = $2 AND number = $1 AND name = $2",
                                       {std::int64_t{5}, "name"sv})));
  EXPECT_EQ(14, ok(connection_->integer("SELECT $2 - $1 + $2", {std::int64_t{6}, std::int64_t{10}})));
  // More than nine, the last first.
  EXPECT_EQ(1009, ok(connection_->integer("SELECT $12 - $11 + $10 - $9 + $8 - $7 + $6 - $5 + $4 - $3 + $2 - $1",
                                          {std::int64_t{3}, std::int64_t{2}, std::int64_t{3}, std::int64_t{4},
                                           std::int64_t{5}, std::int64_t{6}, std::int64_t{7}, std::int64_t{8},
                                           std::int64_t{9}, std::int64_t{10}, std::int64_t{11}, std::int64_t{1017}})));
}

TEST_P(StoreTest, OneTextTakesValuesOfChangingTypes) {
  const auto put = [&](std::int64_t number, SqlValue content, SqlValue name) {
    ok(connection_->execute("INSERT INTO things(number, content, name) VALUES ($1, $2, $3)", {number, content, name}));
  };
  put(1, std::monostate(), std::monostate());
  put(2, bytes_of("b"), std::monostate());
  put(3, std::monostate(), "c"sv);
  put(4, bytes_of("d"), "d"sv);
  EXPECT_EQ(2, ok(connection_->integer("SELECT count(*) FROM things WHERE content IS NULL")));
  EXPECT_EQ(2, ok(connection_->integer("SELECT count(*) FROM things WHERE name IS NULL")));
}

TEST_P(StoreTest, RefusesTextThatCannotBeStored) {
  for (const std::string_view text : {"a\0b"sv, "\xFF"sv, "\xC3"sv, "\xED\xA0\x80"sv}) {
    const auto refused = connection_->execute("INSERT INTO things(number, name) VALUES (1, $1)", {text});
    EXPECT_EQ(Code::invalid_argument, code_of(refused));
  }
  EXPECT_EQ(0, count());
}

TEST_P(StoreTest, UpsertAndReturning) {
  constexpr Sql upsert =
      "INSERT INTO things(number, name) VALUES ($1, $2) ON CONFLICT (number) DO UPDATE SET name = excluded.name "
      "RETURNING name";
  EXPECT_EQ("first", ok(connection_->text(upsert, {std::int64_t{1}, "first"sv})));
  EXPECT_EQ("second", ok(connection_->text(upsert, {std::int64_t{1}, "second"sv})));
  EXPECT_EQ(1, count());
}

TEST_P(StoreTest, TellsHowManyRowsChanged) {
  for (int i = 0; i < 10; i++) EXPECT_EQ(1u, ok(insert(i)));
  EXPECT_EQ(7u, ok(connection_->execute("UPDATE things SET name = 'x' WHERE number >= $1", {std::int64_t{3}})));
  EXPECT_EQ(0u, ok(connection_->execute("UPDATE things SET name = 'x' WHERE number = -1")));
  EXPECT_EQ(0u, ok(connection_->execute("CREATE TABLE others (number bigint)")));
  EXPECT_EQ(0u, ok(connection_->execute("SELECT number FROM things")));
  EXPECT_EQ(10u, ok(connection_->execute("DELETE FROM things")));
}

// ---- Mistakes ----

TEST_P(StoreTest, AMistakeInTheTextIsNamed) {
  for (const Sql wrong : {Sql("SELEKT 1"), Sql("SELECT a FROM nowhere"), Sql("SELECT $1 + 1"),
                          Sql("SELECT 1; SELECT 2"), Sql("SELECT \"text\" FROM things")}) {
    const auto refused = connection_->integer(wrong);
    EXPECT_EQ(Code::internal, code_of(refused)) << wrong.for_sqlite();
    EXPECT_NE(std::string::npos, words_of(refused).find(wrong.for_sqlite())) << words_of(refused);
  }
  EXPECT_EQ(Code::internal,
            code_of(connection_->execute("DELETE FROM things WHERE number = $1 AND name = $2", {std::int64_t{1}})));
  EXPECT_EQ(0, count());
}

TEST_P(StoreTest, ReadingAColumnAsWhatItIsNotIsAnError) {
  ok(connection_->execute("INSERT INTO things(number, content, name) VALUES (1, $1, 'n')", {bytes_of("c")}));
  using Mistake = void (*)(const SqlRow&);
  constexpr Mistake mistakes[] = {[](const SqlRow& row) { EXPECT_EQ("", row.text(0)); },
                                  [](const SqlRow& row) { EXPECT_EQ(0, row.integer(1)); },
                                  [](const SqlRow& row) { EXPECT_TRUE(row.bytes(2).empty()); },
                                  [](const SqlRow& row) { EXPECT_EQ("", row.text(1)); },
                                  [](const SqlRow& row) { EXPECT_EQ(0, row.integer(3)); },
                                  [](const SqlRow& row) { EXPECT_TRUE(row.is_null(-1)); }};
  for (const Mistake mistake : mistakes) {
    const Status done = connection_->query("SELECT number, content, name FROM things", {}, [&](const SqlRow& row) {
      mistake(row);
      return Status();
    });
    EXPECT_EQ(Code::internal, code_of(done));
  }
}

TEST_P(StoreTest, NoMessageHoldsAValue) {
  constexpr std::string_view secret = "sesame-open";
  ok(connection_->execute("CREATE TABLE guarded (name text UNIQUE CHECK (name <> 'closed'), n bigint NOT NULL)"));
  constexpr Sql insert_guarded = "INSERT INTO guarded(name, n) VALUES ($1, $2)";
  ok(connection_->execute(insert_guarded, {secret, std::int64_t{987654321}}));
  const auto twice = connection_->execute(insert_guarded, {secret, std::int64_t{987654321}});
  EXPECT_EQ(Code::already_exists, code_of(twice));
  const auto null = connection_->execute(insert_guarded, {"sesame-open 2"sv, std::monostate()});
  EXPECT_EQ(Code::invalid_argument, code_of(null));
  const auto checked = connection_->execute(insert_guarded, {"closed"sv, std::int64_t{987654321}});
  EXPECT_EQ(Code::invalid_argument, code_of(checked));
  for (const auto* refused : {&twice, &null, &checked}) {
    EXPECT_EQ(std::string::npos, words_of(*refused).find(secret)) << words_of(*refused);
    EXPECT_EQ(std::string::npos, words_of(*refused).find("987654321")) << words_of(*refused);
  }
}

TEST_P(StoreTest, NothingElseWhileRowsCome) {
  ok(insert(1));
  const Status done = connection_->query("SELECT number FROM things", {}, [&](const SqlRow&) -> Status {
    EXPECT_EQ(Code::internal, code_of(insert(2)));
    EXPECT_EQ(Code::internal, code_of(connection_->begin()));
    return {};
  });
  EXPECT_TRUE(done);
  ok(insert(2));
}

// ---- Transactions ----

TEST_P(StoreTest, ATransactionIsKeptWhenCommittedAndOtherwiseUndone) {
  {
    Transaction transaction = ok(connection_->begin());
    ok(insert(1));
    EXPECT_EQ(Code::internal, code_of(connection_->begin()));
  }
  EXPECT_EQ(0, count());
  Transaction transaction = ok(connection_->begin());
  ok(insert(2));
  ok(transaction.commit());
  EXPECT_EQ(Code::internal, code_of(transaction.commit()));
  EXPECT_EQ(1, *ok(ok(store_->connect())->integer("SELECT count(*) FROM things")));
}

TEST_P(StoreTest, AfterAnErrorATransactionCanOnlyBeUndone) {
  ok(insert(1));
  {
    Transaction transaction = ok(connection_->begin());
    ok(insert(2));
    EXPECT_EQ(Code::already_exists, code_of(insert(1)));
    EXPECT_EQ(Code::already_exists, code_of(insert(3)));
    EXPECT_EQ(Code::already_exists, code_of(connection_->savepoint()));
    EXPECT_EQ(Code::already_exists, code_of(transaction.commit()));
    EXPECT_EQ(1, count());
  }
  ok(insert(4));
  EXPECT_EQ(2, count());
}

TEST_P(StoreTest, ACommitThatIsRefusedUndoesAll) {
  ok(connection_->execute("CREATE TABLE parts (thing bigint REFERENCES things(number) DEFERRABLE INITIALLY DEFERRED)"));
  Transaction transaction = ok(connection_->begin());
  ok(insert(1));
  ok(connection_->execute("INSERT INTO parts(thing) VALUES (2)"));
  EXPECT_EQ(Code::invalid_argument, code_of(transaction.commit()));
  EXPECT_EQ(0, count());
  ok(insert(3));
  EXPECT_EQ(1, *ok(ok(store_->connect())->integer("SELECT count(*) FROM things")));
}

TEST_P(StoreTest, ASavepointLetsATransactionGoOnAfterAnError) {
  ok(insert(1));
  Transaction transaction = ok(connection_->begin());
  ok(insert(2));
  for (int i = 0; i < 3; i++) {
    const Savepoint undo = ok(connection_->savepoint());
    ok(insert(3));
    EXPECT_EQ(Code::already_exists, code_of(insert(1)));
    EXPECT_EQ(Code::already_exists, code_of(insert(5)));
  }
  ok(insert(4));
  ok(transaction.commit());
  EXPECT_EQ(3, count());
  EXPECT_EQ(std::nullopt, ok(connection_->integer("SELECT number FROM things WHERE number = 3")));
}

TEST_P(StoreTest, SavepointsNest) {
  Transaction transaction = ok(connection_->begin());
  Savepoint outer = ok(connection_->savepoint());
  ok(insert(1));
  {
    const Savepoint inner = ok(connection_->savepoint());
    ok(insert(2));
  }
  {
    Savepoint inner = ok(connection_->savepoint());
    ok(insert(3));
    ok(inner.release());
  }
  {
    std::optional<Savepoint> second = ok(connection_->savepoint());
    Savepoint third = ok(connection_->savepoint());
    ok(insert(4));
    second.reset();
    EXPECT_EQ(Code::internal, code_of(third.release()));
  }
  EXPECT_EQ(2, count());
  ok(outer.release());
  ok(transaction.commit());
  EXPECT_EQ(2, count());
}

TEST_P(StoreTest, EndingAQueryEarlyDoesNoHarm) {
  for (int i = 0; i < 1000; i++) ok(insert(i));
  Transaction transaction = ok(connection_->begin());
  ok(insert(1000));
  int seen = 0;
  const Status stopped = connection_->query("SELECT number FROM things", {}, [&](const SqlRow&) -> Status {
    if (++seen < 10) return {};
    return Error{Code::cancelled, "enough"};
  });
  EXPECT_EQ(Code::cancelled, code_of(stopped));
  EXPECT_EQ("enough", words_of(stopped));
  EXPECT_EQ(10, seen);
  ok(insert(1001));
  ok(transaction.commit());
  EXPECT_EQ(1002, count());
}

TEST_P(StoreTest, WritersTakeTurnsAndSeeEachOther) {
  ok(insert(0));
  ok(connection_->execute("UPDATE things SET name = '0'"));
  constexpr int threads = 4;
  constexpr int rounds = 25;
  std::vector<std::thread> writers;
  for (int i = 0; i < threads; i++) {
    writers.emplace_back([&] {
      const auto connection = ok(store_->connect());
      for (int round = 0; round < rounds; round++) {
        Transaction transaction = ok(connection->begin());
        const std::string now = *ok(connection->text("SELECT name FROM things"));
        ok(connection->execute("UPDATE things SET name = $1", {std::to_string(std::stoi(now) + 1)}));
        ok(transaction.commit());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(std::to_string(threads * rounds), ok(connection_->text("SELECT name FROM things")));
}

TEST_P(StoreTest, AWriterDoesNotWaitForEver) {
  options_.busy_timeout_ms = 50;
  const auto other = ok(ok(Store::open(options_)).connect());
  {
    Transaction transaction = ok(connection_->begin());
    EXPECT_EQ(Code::unavailable, code_of(other->begin()));
    EXPECT_EQ(Code::unavailable, code_of(insert(*other, 1)));
    EXPECT_EQ(0, *ok(other->integer("SELECT count(*) FROM things")));
  }
  ok(insert(*other, 1));
}

TEST_P(StoreTest, ASnapshotSeesOneState) {
  ok(insert(1));
  const auto snapshot = ok(store_->snapshot());
  const auto reader = ok(store_->connect(true));
  const Transaction reading = ok(reader->begin());
  ok(insert(2));
  EXPECT_EQ(2, count());
  EXPECT_EQ(1, *ok(snapshot->integer("SELECT count(*) FROM things")));
  EXPECT_EQ(1, *ok(reader->integer("SELECT count(*) FROM things")));
  EXPECT_EQ(2, *ok(ok(store_->snapshot())->integer("SELECT count(*) FROM things")));
  EXPECT_EQ(Code::internal, code_of(snapshot->begin()));
}

TEST_P(StoreTest, ReadOnlyMeansReadOnly) {
  const auto reader = ok(store_->connect(true));
  EXPECT_TRUE(reader->read_only());
  EXPECT_EQ(Code::permission_denied, code_of(insert(*reader, 1)));
  EXPECT_EQ(Code::permission_denied, code_of(reader->execute("DROP TABLE things")));
  EXPECT_EQ(Code::permission_denied, code_of(reader->checkpoint_and_scrub()));
  options_.read_only = true;
  EXPECT_EQ(Code::permission_denied, code_of(insert(*ok(ok(Store::open(options_)).connect()), 1)));
  EXPECT_EQ(0, count());
}

// ---- Bulk inserts ----

TEST_P(StoreTest, ABulkInsertEqualsRowByRow) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 rng(seed);
  ok(connection_->execute("CREATE TABLE copies (number bigint, content bytea, name text)"));
  Transaction transaction = ok(connection_->begin());
  BulkInsert bulk = ok(connection_->bulk_insert("copies", "name, number, content", 3));
  std::vector<std::pair<std::string, std::optional<std::string>>> rows(100'000);
  for (std::size_t i = 0; i < rows.size(); i++) {
    rows[i].first.resize(rng() % 200);
    for (char& byte : rows[i].first) byte = static_cast<char>(rng());
    if (rng() % 4 != 0) rows[i].second = std::string(rng() % 5, 'x') + std::to_string(rng() % 100);
    const SqlValue name = rows[i].second ? SqlValue(std::string_view(*rows[i].second)) : SqlValue();
    ok(bulk.row({name, static_cast<std::int64_t>(i), bytes_of(rows[i].first)}));
  }
  ok(bulk.finish());
  for (std::size_t i = 0; i < rows.size(); i += 1 + rng() % 40) {
    const SqlValue name = rows[i].second ? SqlValue(std::string_view(*rows[i].second)) : SqlValue();
    ok(connection_->execute("INSERT INTO things(name, number, content) VALUES ($1, $2, $3)",
                            {name, static_cast<std::int64_t>(i), bytes_of(rows[i].first)}));
  }
  ok(transaction.commit());
  std::size_t i = 0;
  ok(connection_->query("SELECT number, content, name FROM copies ORDER BY number", {},
                        [&](const SqlRow& row) -> Status {
                          EXPECT_EQ(row.integer(0), static_cast<std::int64_t>(i));
                          EXPECT_TRUE(std::ranges::equal(row.bytes(1), bytes_of(rows[i].first)));
                          EXPECT_EQ(row.is_null(2), !rows[i].second);
                          EXPECT_EQ(row.text(2), rows[i].second.value_or(""));
                          i++;
                          return {};
                        }));
  EXPECT_EQ(i, rows.size());
  EXPECT_EQ(0, *ok(connection_->integer("SELECT count(*) FROM (SELECT number, content, name FROM things EXCEPT "
                                        "SELECT number, content, name FROM copies) AS missing")));
}

TEST_P(StoreTest, ABulkInsertThatIsNotFinishedLeavesNothing) {
  EXPECT_EQ(Code::internal, code_of(connection_->bulk_insert("things", "number", 1)));
  Transaction transaction = ok(connection_->begin());
  ok(insert(1));
  {
    BulkInsert bulk = ok(connection_->bulk_insert("things", "number", 1));
    for (std::int64_t i = 100; i < 20'000; i++) ok(bulk.row({i}));
    EXPECT_EQ(Code::internal, code_of(insert(2)));
    EXPECT_EQ(Code::internal, code_of(transaction.commit()));
    EXPECT_EQ(Code::internal, code_of(bulk.row({std::int64_t{1}, std::int64_t{2}})));
  }
  ok(insert(3));
  ok(transaction.commit());
  EXPECT_EQ(2, count());
}

TEST_P(StoreTest, ABulkInsertThatFailsLeavesTheTransactionAsItWas) {
  ok(insert(500));
  Transaction transaction = ok(connection_->begin());
  ok(insert(1));
  BulkInsert bulk = ok(connection_->bulk_insert("things", "number", 1));
  Status added;
  for (std::int64_t i = 100; added && i < 1000; i++) added = bulk.row({i});
  EXPECT_EQ(Code::already_exists, code_of(bulk.finish()));
  EXPECT_EQ(Code::internal, code_of(bulk.row({std::int64_t{7}})));
  ok(insert(2));
  ok(transaction.commit());
  EXPECT_EQ(3, count());
}

// ---- Migrations ----

constexpr Sql first_statements[] = {"CREATE TABLE lists (number bigint PRIMARY KEY NOT NULL)",
                                    "INSERT INTO lists(number) VALUES (7)"};
constexpr Sql second_statements[] = {"ALTER TABLE lists ADD COLUMN title text"};
constexpr Sql failing_statements[] = {"CREATE TABLE more (number bigint)", "INSERT INTO lists(number) VALUES (7)"};
constexpr Migration good[] = {{1, "lists", first_statements}, {2, "titles", second_statements}};
constexpr Migration failing[] = {
    {1, "lists", first_statements}, {2, "titles", second_statements}, {3, "bad", failing_statements}};

TEST_P(StoreTest, MigrationsRunOnceInOrder) {
  EXPECT_EQ(0, ok(schema_version(*connection_)));
  ok(migrate(*connection_, std::span(good).first(1)));
  EXPECT_EQ(1, ok(schema_version(*connection_)));
  // A statement that knows the old table.
  constexpr Sql all = "SELECT * FROM lists";
  EXPECT_EQ(7, ok(connection_->integer(all)));
  ok(migrate(*connection_, good));
  ok(migrate(*connection_, good));
  EXPECT_EQ(2, ok(schema_version(*connection_)));
  EXPECT_EQ(1, *ok(connection_->integer("SELECT count(*) FROM lists WHERE title IS NULL")));
  EXPECT_EQ("titles", ok(connection_->text("SELECT what FROM schema_version WHERE version = 2")));
}

TEST_P(StoreTest, AMigrationThatFailsLeavesTheOneBefore) {
  const Status failed = migrate(*connection_, failing);
  EXPECT_EQ(Code::already_exists, code_of(failed));
  EXPECT_NE(std::string::npos, words_of(failed).find("migration 3 (bad)")) << words_of(failed);
  EXPECT_EQ(2, ok(schema_version(*connection_)));
  EXPECT_EQ(Code::internal, code_of(connection_->integer("SELECT count(*) FROM more")));
  ok(migrate(*connection_, good));
}

TEST_P(StoreTest, ANewerSchemaIsRefused) {
  ok(migrate(*connection_, good));
  const Status refused = migrate(*connection_, std::span(good).first(1));
  EXPECT_EQ(Code::unsupported, code_of(refused));
  EXPECT_NE(std::string::npos, words_of(refused).find("schema 2")) << words_of(refused);
  EXPECT_EQ(2, ok(schema_version(*connection_)));
}

TEST_P(StoreTest, AReadOnlyConnectionDoesNotMigrate) {
  const auto reader = ok(store_->connect(true));
  EXPECT_EQ(Code::permission_denied, code_of(migrate(*reader, good)));
  ok(migrate(*connection_, good));
  ok(migrate(*reader, good));
}

TEST_P(StoreTest, MigrationsOutOfOrderAreAMistake) {
  const Migration back[] = {{2, "lists", first_statements}, {1, "titles", second_statements}};
  EXPECT_EQ(Code::internal, code_of(migrate(*connection_, back)));
  EXPECT_EQ(0, ok(schema_version(*connection_)));
}

TEST_P(StoreTest, ManyMayMigrateAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++)
    threads.emplace_back([&] { ok(migrate(*ok(ok(Store::open(options_)).connect()), good)); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(1, *ok(connection_->integer("SELECT count(*) FROM lists")));
}

// ---- Kill -9 ----

// Writes transactions of five rows for ever, and tells the number of each through the pipe once it is committed.
[[noreturn]] void write_until_killed(const StoreOptions& options, std::int64_t first, int pipe) {
  const auto connection = ok(ok(Store::open(options)).connect());
  for (std::int64_t number = first;; number++) {
    Transaction transaction = ok(connection->begin());
    for (std::int64_t row = 0; row < 5; row++) {
      ok(connection->execute("INSERT INTO things(number, content) VALUES ($1, $2)",
                             {number * 5 + row, bytes_of(std::string(2000, 'x'))}));
    }
    ok(transaction.commit());
    if (write(pipe, &number, sizeof number) != sizeof number) _exit(1);
  }
}

TEST_P(StoreTest, WhatWasAcknowledgedSurvivesKill9) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 rng(seed);
  connection_.reset();
  std::int64_t next = 0;
  std::int64_t acknowledged = 0;
  for (int round = 0; round < 20; round++) {
    int ends[2];
    ASSERT_EQ(0, pipe(ends));
    const pid_t child = fork();
    if (child == 0) write_until_killed(options_, next, ends[1]);
    close(ends[1]);
    std::int64_t last = -1;
    ASSERT_EQ(static_cast<ssize_t>(sizeof last), read(ends[0], &last, sizeof last));
    std::this_thread::sleep_for(std::chrono::microseconds(rng() % 30'000));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    acknowledged++;
    while (read(ends[0], &last, sizeof last) == sizeof last) acknowledged++;
    close(ends[0]);

    const auto connection = ok(ok(Store::open(options_)).connect());
    // PostgreSQL may still be at work on the last commit; after its turn it isn't.
    const Transaction turn = ok(connection->begin());
    const std::int64_t rows = *ok(connection->integer("SELECT count(*) FROM things"));
    const std::int64_t found = ok(connection->integer("SELECT max(number) FROM things")).value_or(-1);
    EXPECT_EQ(0, rows % 5) << "a part of a transaction";
    EXPECT_EQ(found + 1, rows) << "a hole";
    EXPECT_GE(found / 5, last) << "an acknowledged transaction is missing";
    EXPECT_LE(found / 5, last + 1);
    next = found / 5 + 1;
  }
  EXPECT_GE(next, acknowledged);
}

INSTANTIATE_TEST_SUITE_P(Both, StoreTest, ::testing::Values("sqlite", "postgres"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace fristad
