#pragma once

// What a database must be able to do: the seam between Connection, which keeps the rules that both share, and SQLite
// and PostgreSQL, which do the work. Connection calls in a sensible order only: never begin() twice, never anything but
// rollback() and roll_back_to() after a failure, nothing between bulk_begin() and bulk_end() or bulk_abandon().
//
// Thread-safety, errors: as Connection.

#include <cstdint>
#include <span>

#include "fristad/result.h"
#include "store/sql.h"

namespace fristad {

class Link {
 public:
  virtual ~Link() = default;

  virtual Result<std::uint64_t> execute(Sql sql, SqlValues values) = 0;
  virtual Status query(Sql sql, SqlValues values, const EachRow& each) = 0;

  virtual Status begin(bool read_only) = 0;
  // Whether the transaction still goes on: databases end it by themselves after some errors.
  virtual bool alive() const = 0;
  // On an error it is rolled back.
  virtual Status commit() = 0;
  virtual void rollback() = 0;

  // Savepoints by depth, counted from 0.
  virtual Status savepoint(std::size_t depth) = 0;
  virtual Status release(std::size_t depth) = 0;
  // Undoes it and removes it.
  virtual Status roll_back_to(std::size_t depth) = 0;

  virtual Status bulk_begin(Sql table, Sql columns, int column_count) = 0;
  virtual Status bulk_row(SqlValues values) = 0;
  virtual Status bulk_end() = 0;
  virtual void bulk_abandon() = 0;

  virtual Status checkpoint_and_scrub(std::span<const Sql> tables) = 0;
  virtual Status lock_exclusive() = 0;
};

}  // namespace fristad
