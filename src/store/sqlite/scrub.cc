// How deleted content leaves the files of a SQLite database.
//
// secure_delete overwrites rows where they are deleted, and pages when they are freed. What it misses are copies: when
// SQLite splits a page, rows move, and what they leave in the unused part of the old page stays. Rewriting a table
// frees all its pages, which clears them, and fills new ones with what is to stay.

#include "base/try.h"
#include "store/sqlite/sqlite_link.h"

namespace fristad::sqlite {
namespace {

// Rewriting must not set off what a program attaches to deleting: cascades and triggers.
class Quietly {
 public:
  explicit Quietly(sqlite3* database) : database_(database) { set(0); }
  ~Quietly() { set(1); }
  Quietly(const Quietly&) = delete;
  Quietly& operator=(const Quietly&) = delete;

 private:
  void set(int on) {
    sqlite3_db_config(database_, SQLITE_DBCONFIG_ENABLE_FKEY, on, nullptr);
    sqlite3_db_config(database_, SQLITE_DBCONFIG_ENABLE_TRIGGER, on, nullptr);
  }

  sqlite3* database_;
};

}  // namespace

Result<std::vector<std::string>> SqliteLink::table_names() const {
  std::vector<std::string> names;
  const Statement statement =
      TRY(prepare("SELECT '\"' || replace(name, '\"', '\"\"') || '\"' FROM sqlite_schema WHERE type = 'table' "
                  "AND name NOT LIKE 'sqlite%' AND sql NOT LIKE 'CREATE VIRTUAL%'"));
  int rc = SQLITE_ROW;
  while ((rc = sqlite3_step(statement.handle.get())) == SQLITE_ROW) {
    names.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement.handle.get(), 0)));
  }
  if (rc != SQLITE_DONE) return error(rc, "cannot list the tables");
  return names;
}

Status SqliteLink::rewrite(const std::string& table) {
  TRY(begin(false));
  Status done = run("CREATE TABLE store_scrub AS SELECT * FROM " + table);
  if (done) done = run("DELETE FROM " + table);
  if (done) done = run("INSERT INTO " + table + " SELECT * FROM store_scrub");
  if (done) done = run("DROP TABLE store_scrub");
  if (done) return commit();
  rollback();
  return done;
}

Status SqliteLink::empty_log() const {
  const int rc = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (rc != SQLITE_OK) return error(rc, "cannot empty the write-ahead log");
  return {};
}

Status SqliteLink::checkpoint_and_scrub(std::span<const Sql> tables) {
  // Before the long work: it shows whether a reader is in the way.
  TRY(empty_log());
  std::vector<std::string> names;
  for (const Sql table : tables) names.emplace_back(table.for_sqlite());
  if (names.empty()) names = TRY(table_names());
  {
    const Quietly quietly(database_.get());
    for (const std::string& name : names) TRY(rewrite(name));
  }
  return empty_log();
}

}  // namespace fristad::sqlite
