#pragma once

// A Link to a SQLite database in write-ahead mode, with each commit synced before it is acknowledged.
//
// Thread-safety: one thread at a time.

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/link.h"
#include "store/store.h"

namespace fristad::sqlite {

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;

// Makes an empty file that only this user can read, unless there is one. Errors: those of the system.
Status create_file(const std::string& path);

// Opens the file that `options` names, which must be there, and reads from it once.
// Errors: damaged (no database, or cut off), not_found, permission_denied, unavailable.
Result<Database> open_database(const StoreOptions& options, bool read_only);

// See Store::backup_to().
Status backup(const StoreOptions& options, const std::string& to);

class SqliteLink final : public Link {
 public:
  static Result<std::unique_ptr<SqliteLink>> open(const StoreOptions& options, bool read_only);

  Result<std::uint64_t> execute(Sql sql, SqlValues values) override;
  Status query(Sql sql, SqlValues values, const EachRow& each) override;
  Status begin(bool read_only) override;
  bool alive() const override { return sqlite3_get_autocommit(database_.get()) == 0; }
  Status commit() override;
  void rollback() override;
  Status savepoint(std::size_t depth) override;
  Status release(std::size_t depth) override;
  Status roll_back_to(std::size_t depth) override;
  Status bulk_begin(Sql table, Sql columns, int column_count) override;
  Status bulk_row(SqlValues values) override;
  Status bulk_end() override;
  void bulk_abandon() override { bulk_ = nullptr; }
  Status checkpoint_and_scrub(std::span<const Sql> tables) override;
  Status lock_exclusive() override { return {}; }

 private:
  struct Statement {
    std::unique_ptr<sqlite3_stmt, Close> handle;
    std::string_view text;
    std::vector<int> positions;  // of $1, $2, ... as SQLite counts them
  };

  SqliteLink(Database database, std::string path) : database_(std::move(database)), path_(std::move(path)) {}

  Error error(int rc, std::string_view what, std::string_view sql = {}) const;
  Result<Statement> prepare(std::string_view text) const;
  Result<Statement*> prepared(std::string_view text);
  Status bind(const Statement& statement, SqlValues values) const;
  Status run(const std::string& text) const;
  Status run_prepared(std::string_view text);  // the text must outlive the link
  Result<std::vector<std::string>> table_names() const;
  Status rewrite(const std::string& table);
  Status empty_log() const;

  Database database_;  // outlives the statements
  std::string path_;
  std::unordered_map<const char*, Statement> statements_{};
  std::map<std::pair<const char*, const char*>, std::pair<std::string, Statement>> bulk_statements_{};
  const Statement* bulk_ = nullptr;
};

}  // namespace fristad::sqlite
