// What only PostgreSQL can show: a server that goes away. The rest: tests/conformance/store_test.cc.

#include "store/postgres/postgres_link.h"

#include <gtest/gtest.h>

#include "tests/support/postgres.h"

namespace fristad {
namespace {

using testing::TemporaryPostgres;

template <class T>
T ok(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << to_string(result.error().code) << ": " << result.error().message;
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// The code of an error whose message is clear of the password.
template <class T>
Code code_of(const Result<T>& result) {
  EXPECT_FALSE(result);
  if (result) return Code::cancelled;
  EXPECT_EQ(std::string::npos, result.error().message.find(TemporaryPostgres::password())) << result.error().message;
  EXPECT_EQ(std::string::npos, result.error().message.find("wrong-secret")) << result.error().message;
  EXPECT_EQ(std::string::npos, result.error().message.find('\n')) << result.error().message;
  return result.error().code;
}

class PostgresTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_ = TemporaryPostgres::shared();
    ASSERT_NE(server_, nullptr);
    ok(ok(ok(Store::open({.postgres = server_->conninfo()})).connect())->execute("DROP SCHEMA fristad CASCADE"));
    store_.emplace(ok(Store::open({.postgres = server_->conninfo()})));
    connection_ = ok(store_->connect());
    ok(connection_->execute("CREATE TABLE things (number bigint PRIMARY KEY NOT NULL, content bytea)"));
  }

  Result<std::uint64_t> insert(std::int64_t number) {
    return connection_->execute("INSERT INTO things(number) VALUES ($1)", {number});
  }
  std::int64_t count() { return *ok(connection_->integer("SELECT count(*) FROM things")); }

  TemporaryPostgres* server_ = nullptr;
  std::optional<Store> store_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(PostgresTest, AServerThatWasKilledIsUnavailableAndThenWorksAgain) {
  ok(insert(1));
  ok(server_->kill9());
  EXPECT_EQ(Code::unavailable, code_of(insert(2)));
  EXPECT_EQ(Code::unavailable, code_of(insert(2)));
  EXPECT_EQ(Code::unavailable, code_of(connection_->begin()));
  EXPECT_EQ(Code::unavailable, code_of(connection_->integer("SELECT count(*) FROM things")));
  EXPECT_EQ(Code::unavailable, code_of(connection_->checkpoint_and_scrub()));
  EXPECT_EQ(Code::unavailable, code_of(Store::open({.postgres = server_->conninfo()})));
  ok(server_->restart());
  ok(insert(3));
  EXPECT_EQ(2, count());
}

TEST_F(PostgresTest, ATransactionDoesNotOutliveItsServer) {
  const auto snapshot = ok(store_->snapshot());
  {
    Transaction transaction = ok(connection_->begin());
    ok(insert(1));
    ok(server_->restart());
    EXPECT_EQ(Code::unavailable, code_of(insert(2)));
    // The server is there again; but what came before is lost.
    EXPECT_EQ(Code::unavailable, code_of(insert(3)));
    EXPECT_EQ(Code::unavailable, code_of(transaction.commit()));
  }
  EXPECT_EQ(0, count());
  EXPECT_EQ(Code::unavailable, code_of(snapshot->integer("SELECT count(*) FROM things")));
  EXPECT_EQ(Code::unavailable, code_of(snapshot->integer("SELECT count(*) FROM things")));
  ok(insert(4));
}

TEST_F(PostgresTest, ACommitThatMeetsNoServerIsUnavailable) {
  Transaction transaction = ok(connection_->begin());
  ok(insert(1));
  ok(server_->restart());
  EXPECT_EQ(Code::unavailable, code_of(transaction.commit()));
  EXPECT_EQ(0, count());
}

TEST_F(PostgresTest, ABulkInsertAndASavepointEndWithTheServer) {
  Transaction transaction = ok(connection_->begin());
  ok(insert(1));
  Savepoint savepoint = ok(connection_->savepoint());
  BulkInsert bulk = ok(connection_->bulk_insert("things", "number", 1));
  ok(bulk.row({std::int64_t{2}}));
  ok(server_->restart());
  EXPECT_EQ(Code::unavailable, code_of(bulk.finish()));
  EXPECT_EQ(Code::unavailable, code_of(savepoint.release()));
  EXPECT_EQ(Code::unavailable, code_of(transaction.commit()));
  EXPECT_EQ(0, count());
}

TEST_F(PostgresTest, AServerThatGoesWhileRowsCome) {
  ok(
      connection_->execute("INSERT INTO things(number, content) SELECT n, decode(repeat('00', 1000), 'hex') "
                           "FROM generate_series(1, 50000) AS n"));
  int rows = 0;
  const Status done = connection_->query("SELECT number, content FROM things", {}, [&](const SqlRow&) -> Status {
    if (++rows == 10) ok(server_->restart());
    return {};
  });
  EXPECT_EQ(Code::unavailable, code_of(done));
  EXPECT_LT(rows, 50'000);
  EXPECT_EQ(50'000, count());
}

TEST_F(PostgresTest, OneConnectionHasTheLockOfTheNode) {
  ok(connection_->lock_exclusive());
  ok(connection_->lock_exclusive());
  const auto other = ok(store_->connect());
  EXPECT_EQ(Code::unavailable, code_of(other->lock_exclusive()));
  ok(other->integer("SELECT count(*) FROM things"));
  // It comes back after a lost connection,
  ok(server_->restart());
  EXPECT_EQ(Code::unavailable, code_of(insert(1)));
  ok(insert(1));
  EXPECT_EQ(Code::unavailable, code_of(ok(store_->connect())->lock_exclusive()));
  // unless somebody else was faster.
  ok(server_->restart());
  EXPECT_EQ(Code::unavailable, code_of(insert(2)));
  auto faster = ok(store_->connect());
  ok(faster->lock_exclusive());
  EXPECT_EQ(Code::unavailable, code_of(insert(3)));
  faster.reset();
  // The server may need a moment to see that the other has left.
  while (!insert(4)) {
  }
  EXPECT_EQ(2, count());
}

TEST_F(PostgresTest, WrongPasswordsAndAbsentServersAreSaidToBeSo) {
  EXPECT_EQ(Code::permission_denied,
            code_of(Store::open({.postgres = server_->conninfo("fristad_test", "wrong-secret")})));
  EXPECT_EQ(Code::permission_denied,
            code_of(Store::open({.postgres = server_->conninfo("nobody_such", "wrong-secret")})));
  EXPECT_EQ(Code::unavailable, code_of(Store::open({.postgres = server_->conninfo() + " port=1"})));
  EXPECT_EQ(Code::unavailable, code_of(Store::open({.postgres = server_->conninfo() + " dbname=none"})));
  EXPECT_EQ(Code::invalid_argument, code_of(Store::open({.postgres = "host=x pasword=wrong-secret"})));
  EXPECT_EQ(Code::invalid_argument, code_of(Store::open({.postgres = "postgres://u:wrong-secret%zz@h/"})));
  EXPECT_EQ(Code::invalid_argument, code_of(Store::open({.postgres = "wrong-secret"})));
}

TEST_F(PostgresTest, AUserWithoutTheRightIsRefused) {
  ok(
      connection_->execute("DO 'BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = ''guest'') THEN "
                           "CREATE ROLE guest LOGIN PASSWORD ''guest''; END IF; END'"));
  const Store seen = ok(Store::open({.postgres = server_->conninfo("guest", "guest"), .read_only = true}));
  EXPECT_EQ(Code::permission_denied, code_of(ok(seen.connect())->integer("SELECT count(*) FROM fristad.things")));
  ok(connection_->execute("DROP SCHEMA fristad CASCADE"));
  EXPECT_EQ(Code::permission_denied, code_of(Store::open({.postgres = server_->conninfo("guest", "guest")})));
}

// The server's own words quote it.
TEST_F(PostgresTest, AValueOfTheWrongFormIsNotInTheMessage) {
  EXPECT_EQ(Code::invalid_argument,
            code_of(connection_->integer("SELECT CAST($1 AS bigint)", {std::string_view("wrong-secret")})));
}

TEST_F(PostgresTest, TheSettingsHold) {
  EXPECT_EQ("on", ok(connection_->text("SHOW synchronous_commit")));
  EXPECT_EQ("fristad", ok(connection_->text("SHOW application_name")));
  EXPECT_EQ("fristad, pg_temp", ok(connection_->text("SHOW search_path")));
  EXPECT_EQ("10s", ok(connection_->text("SHOW lock_timeout")));
  const auto named = ok(ok(Store::open({.postgres = server_->conninfo() + " application_name=mine"})).connect());
  EXPECT_EQ("mine", ok(named->text("SHOW application_name")));
}

TEST_F(PostgresTest, ScrubbingRewritesTables) {
  ok(insert(1));
  const auto file = ok(connection_->text("SELECT pg_relation_filepath('things')"));
  EXPECT_EQ(Code::unavailable, [&] {
    const auto snapshot = ok(store_->snapshot());
    return code_of(connection_->checkpoint_and_scrub({"things"}));
  }());
  // The server may need a moment to see that the other has left.
  while (!connection_->checkpoint_and_scrub({"things"})) {
  }
  EXPECT_NE(file, ok(connection_->text("SELECT pg_relation_filepath('things')")));
  EXPECT_EQ(1, count());
}

TEST_F(PostgresTest, AStatementMayBeDroppedUnderItsName) {
  EXPECT_EQ(0, count());
  ok(connection_->execute("DEALLOCATE ALL"));
  EXPECT_EQ(Code::internal, code_of(connection_->integer("SELECT count(*) FROM things")));
  ok(connection_->integer("SELECT count(*) FROM things"));
}

TEST_F(PostgresTest, StatementsArePreparedOnce) {
  for (int i = 0; i < 10; i++) ok(insert(i));
  EXPECT_EQ(1, *ok(connection_->integer("SELECT count(*) FROM pg_prepared_statements "
                                        "WHERE statement = 'INSERT INTO things(number) VALUES ($1)'")));
}

TEST_F(PostgresTest, AFileCannotHoldIt) {
  EXPECT_EQ(Code::unsupported, code_of(store_->backup_to("backup.db")));
}

}  // namespace
}  // namespace fristad
