#pragma once

// One connection to the store, its transactions, savepoints and bulk inserts. SQLite and PostgreSQL behave alike:
//
//   - One writer at a time: begin() waits for the other writers, and sees all that they committed. Readers never wait.
//   - After an error inside a transaction all that is left is to roll back, wholly or to a savepoint; every statement
//     and commit() say so, with the code of that error. Nothing is ever half-applied.
//   - While rows come out of query(), or go into a bulk insert, the connection does nothing else (internal).
//
//   fristad::Transaction transaction = TRY(connection.begin());
//   TRY(connection.execute("INSERT INTO chunks(number, root) VALUES ($1, $2)", {number, root}));
//   TRY(transaction.commit());  // without it, all is rolled back
//
// Errors of every function: already_exists (a unique or primary key), invalid_argument (another constraint, or a value
// that the column can't hold), permission_denied (read-only), damaged (the database), deadline_exceeded (a statement of
// more than 15 minutes, PostgreSQL), unavailable (disk full, input/output, memory, another writer for longer than
// StoreOptions::busy_timeout_ms, connection lost), internal (a mistake in the SQL text, which the message quotes).
// Messages never hold values.
//
// Thread-safety: one thread at a time. Complexity: a statement is prepared once per connection and text; then a select
// of one row by its key takes about 10 us in SQLite and 35 us in PostgreSQL, a commit as long as the disk's fsync.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fristad/result.h"
#include "store/sql.h"

namespace fristad {

class Connection;
class Link;

// Ends before its connection does.
class Transaction {
 public:
  // Rolls back unless committed.
  ~Transaction();
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)), serial_(other.serial_) {}
  Transaction& operator=(Transaction&&) = delete;

  // All of it is on disk, or, on an error, none of it can be seen and the connection is as before begin(). One thing
  // nobody can know: whether a commit that ended with unavailable is back after a crash or a lost connection that
  // comes next. Who must know asks the database.
  Status commit();

 private:
  friend class Connection;
  Transaction(Connection& connection, std::uint64_t serial) : connection_(&connection), serial_(serial) {}
  Connection* connection_;
  std::uint64_t serial_;
};

// A part of a transaction that can be undone by itself; they nest. Once an outer one has ended, those within it mean
// nothing any more.
class Savepoint {
 public:
  // Undoes what was done since, also after an error, unless released.
  ~Savepoint();
  Savepoint(Savepoint&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)), serial_(other.serial_) {}
  Savepoint& operator=(Savepoint&&) = delete;

  // Keeps what was done since, as part of the transaction.
  Status release();

 private:
  friend class Connection;
  friend class BulkInsert;
  Savepoint(Connection& connection, std::uint64_t serial) : connection_(&connection), serial_(serial) {}
  Connection* connection_;
  std::uint64_t serial_;
};

// Many rows into one table: about 2.3 us a row in SQLite and in PostgreSQL, at 160 bytes a row.
class BulkInsert {
 public:
  // Undoes all rows unless finished; the transaction goes on.
  ~BulkInsert();
  BulkInsert(BulkInsert&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)),
        savepoint_(std::move(other.savepoint_)),
        columns_(other.columns_) {}
  BulkInsert& operator=(BulkInsert&&) = delete;

  // One value per column. An error, of this row or of an earlier one, ends the bulk insert: it is undone at
  // destruction.
  Status row(std::initializer_list<SqlValue> values);
  // PostgreSQL may tell only here what was wrong with a row.
  Status finish();

 private:
  friend class Connection;
  BulkInsert(Connection& connection, Savepoint savepoint, int columns)
      : connection_(&connection), savepoint_(std::move(savepoint)), columns_(columns) {}
  Connection* connection_;
  Savepoint savepoint_;
  int columns_;
};

class Connection {
 public:
  // Made by Store::connect() and Store::snapshot().
  Connection(std::unique_ptr<Link> link, bool read_only, bool in_snapshot);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs one statement and tells how many rows it inserted, changed or deleted.
  Result<std::uint64_t> execute(Sql sql, std::initializer_list<SqlValue> values = {});

  // Hands the rows out as they come, in bounded memory. An error from `each` ends the query with that error, and does
  // no harm to the transaction. Rows may have been handed out before another error. Who wants only a few of many rows
  // says so by LIMIT: PostgreSQL sends the others all the same.
  Status query(Sql sql, std::initializer_list<SqlValue> values, const EachRow& each);

  // The first column of the first row; nothing where there is no row, or null in it.
  Result<std::optional<std::int64_t>> integer(Sql sql, std::initializer_list<SqlValue> values = {});
  Result<std::optional<std::string>> text(Sql sql, std::initializer_list<SqlValue> values = {});
  Result<std::optional<std::vector<std::uint8_t>>> bytes(Sql sql, std::initializer_list<SqlValue> values = {});

  // A connection that is read-only begins a transaction that sees one consistent state and waits for nobody.
  Result<Transaction> begin();
  // Inside a transaction.
  Result<Savepoint> savepoint();
  // Inside a transaction, for `columns` ("list, number, chunk") of `table`, whose types are those of the values.
  Result<BulkInsert> bulk_insert(Sql table, Sql columns, int column_count);

  // Outside of a transaction: gets what was deleted or overwritten out of the files, as far as that can be done, by
  // rewriting the tables that it was deleted from (all, if none is named). Takes about 5 us a row, and writers wait.
  // Fails with unavailable, at little cost, while another connection reads: call it again later.
  // SQLite: it is in no file any more. Deleting overwrites as well, but SQLite splits full pages and leaves copies of
  // the rows that it moved: without this one row in some hundreds could still be found.
  // PostgreSQL: it is out of the tables' files. What can't be promised: that it isn't in the write-ahead log until that
  // is recycled, in archives and replicas, and in the blocks of the file system that the old files took.
  Status checkpoint_and_scrub(std::initializer_list<Sql> tables = {});

  // Takes the lock that says "one node process per database", held until this connection ends; unavailable when
  // another has it. PostgreSQL only: in SQLite it does nothing, the node locks its folder. After a lost connection it
  // is taken again before anything else, and where another was faster every use fails with unavailable.
  Status lock_exclusive();

  bool read_only() const { return read_only_; }

 private:
  friend class Transaction;
  friend class Savepoint;
  friend class BulkInsert;

  Status ready() const;
  static Status check(SqlValues values);
  void note(const Error* error);
  template <class T>
  Result<T> noted(Result<T> result) {
    note(result ? nullptr : &result.error());
    return result;
  }
  void forget_transaction();

  Status commit(std::uint64_t serial);
  void roll_back(std::uint64_t serial);
  Status release(std::uint64_t savepoint);
  void roll_back_to(std::uint64_t savepoint);
  Status bulk_row(SqlValues values);
  Status bulk_finish();
  void bulk_abandon();

  std::unique_ptr<Link> link_;
  bool read_only_;
  const char* busy_with_ = nullptr;
  std::uint64_t serial_ = 0;                 // names transactions and savepoints
  std::uint64_t transaction_ = 0;            // the one that is open, 0 if none
  std::vector<std::uint64_t> savepoints_{};  // those open in it, the innermost last
  std::optional<Error> failure_{};           // why it can only be rolled back
};

}  // namespace fristad
