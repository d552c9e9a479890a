#include "store/sqlite/sqlite_link.h"

#include <array>
#include <charconv>
#include <optional>

#include "base/try.h"
#include "store/sqlite/error.h"

namespace fristad::sqlite {
namespace {

// Each decision has one, so these are worth preparing; deeper ones are rare.
constexpr std::array<std::string_view, 2> savepoints{"SAVEPOINT s0", "SAVEPOINT s1"};
constexpr std::array<std::string_view, 2> releases{"RELEASE s0", "RELEASE s1"};

// Leaves the statement ready for the next time, and without pointers to what the caller lent.
class Reset {
 public:
  explicit Reset(sqlite3_stmt* statement) : statement_(statement) {}
  ~Reset() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Reset(const Reset&) = delete;
  Reset& operator=(const Reset&) = delete;

 private:
  sqlite3_stmt* statement_;
};

class Row final : public SqlRow {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement), columns_(sqlite3_column_count(statement)) {}

  bool is_null(int column) const override { return !holds(column, SQLITE_NULL, false); }
  std::int64_t integer(int column) const override {
    return holds(column, SQLITE_INTEGER, true) ? sqlite3_column_int64(statement_, column) : 0;
  }
  std::string_view text(int column) const override {
    if (!holds(column, SQLITE_TEXT, true)) return {};
    return {reinterpret_cast<const char*>(sqlite3_column_text(statement_, column)), size(column)};
  }
  Bytes bytes(int column) const override {
    if (!holds(column, SQLITE_BLOB, true)) return {};
    return {static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column)), size(column)};
  }

  std::optional<int> misread() const { return misread_; }

 private:
  std::size_t size(int column) const { return static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)); }
  // Whether there is something of the type to read; with SQLITE_NULL, whether there is anything.
  bool holds(int column, int type, bool strict) const {
    if (column < 0 || column >= columns_) {
      misread_ = column;
      return false;
    }
    const int found = sqlite3_column_type(statement_, column);
    if (found == SQLITE_NULL) return false;
    if (strict && found != type) misread_ = column;
    return !strict || found == type;
  }

  sqlite3_stmt* statement_;
  int columns_;
  mutable std::optional<int> misread_{};
};

}  // namespace

Result<std::unique_ptr<SqliteLink>> SqliteLink::open(const StoreOptions& options, bool read_only) {
  Database database = TRY(open_database(options, read_only));
  return std::unique_ptr<SqliteLink>(new SqliteLink(std::move(database), options.sqlite_path));
}

Error SqliteLink::error(int rc, std::string_view what, std::string_view sql) const {
  return error_of(rc, database_.get(), path_, what, sql);
}

Result<SqliteLink::Statement> SqliteLink::prepare(std::string_view text) const {
  sqlite3_stmt* handle = nullptr;
  const char* rest = nullptr;
  const int rc = sqlite3_prepare_v3(database_.get(), text.data(), static_cast<int>(text.size() + 1),
                                    SQLITE_PREPARE_PERSISTENT, &handle, &rest);
  Statement statement{std::unique_ptr<sqlite3_stmt, Close>(handle), text, {}};
  if (rc != SQLITE_OK) return error(rc, "cannot prepare a statement", text);
  if (handle == nullptr || std::string_view(rest).find_first_not_of(" \n;") != std::string_view::npos) {
    return Error{Code::internal, "SQL text must be one statement: " + std::string(text)};
  }
  // SQLite takes $1 for a name, and numbers names as they appear.
  const int count = sqlite3_bind_parameter_count(handle);
  statement.positions.assign(static_cast<std::size_t>(count), 0);
  for (int position = 1; position <= count; position++) {
    const char* name = sqlite3_bind_parameter_name(handle, position);
    const std::string_view digits = name != nullptr && name[0] == '$' ? name + 1 : "";
    int number = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (failed != std::errc() || end != digits.data() + digits.size() || number < 1 || number > count) {
      return Error{Code::internal, "values must be $1, $2, ... without gaps: " + std::string(text)};
    }
    statement.positions[static_cast<std::size_t>(number - 1)] = position;
  }
  return statement;
}

Result<SqliteLink::Statement*> SqliteLink::prepared(std::string_view text) {
  if (const auto found = statements_.find(text.data()); found != statements_.end()) return &found->second;
  Statement made = TRY(prepare(text));
  return &statements_.emplace(text.data(), std::move(made)).first->second;
}

Status SqliteLink::bind(const Statement& statement, SqlValues values) const {
  if (values.size() != statement.positions.size()) {
    return Error{Code::internal, std::to_string(values.size()) + " values for the " +
                                     std::to_string(statement.positions.size()) +
                                     " of: " + std::string(statement.text)};
  }
  sqlite3_stmt* const handle = statement.handle.get();
  for (std::size_t i = 0; i < values.size(); i++) {
    const int at = statement.positions[i];
    int rc = SQLITE_OK;
    // A null pointer would bind null, and empty text and bytes may have one.
    if (const auto* integer = std::get_if<std::int64_t>(&values[i])) {
      rc = sqlite3_bind_int64(handle, at, *integer);
    } else if (const auto* text = std::get_if<std::string_view>(&values[i])) {
      rc = sqlite3_bind_text64(handle, at, text->empty() ? "" : text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    } else if (const auto* bytes = std::get_if<Bytes>(&values[i])) {
      rc = bytes->empty() ? sqlite3_bind_zeroblob(handle, at, 0)
                          : sqlite3_bind_blob64(handle, at, bytes->data(), bytes->size(), SQLITE_STATIC);
    } else {
      rc = sqlite3_bind_null(handle, at);
    }
    if (rc != SQLITE_OK) return error(rc, "cannot hand over a value", statement.text);
  }
  return {};
}

Result<std::uint64_t> SqliteLink::execute(Sql sql, SqlValues values) {
  const Statement& statement = *TRY(prepared(sql.for_sqlite()));
  const Reset reset(statement.handle.get());
  TRY(bind(statement, values));
  const sqlite3_int64 before = sqlite3_total_changes64(database_.get());
  int rc = SQLITE_ROW;
  while (rc == SQLITE_ROW) rc = sqlite3_step(statement.handle.get());
  if (rc != SQLITE_DONE) return error(rc, "cannot run a statement", statement.text);
  // sqlite3_changes64() speaks of the last statement that changed rows, which may be an earlier one.
  const bool changed = sqlite3_total_changes64(database_.get()) != before;
  return static_cast<std::uint64_t>(changed ? sqlite3_changes64(database_.get()) : 0);
}

Status SqliteLink::query(Sql sql, SqlValues values, const EachRow& each) {
  const Statement& statement = *TRY(prepared(sql.for_sqlite()));
  const Reset reset(statement.handle.get());
  TRY(bind(statement, values));
  const Row row(statement.handle.get());
  while (true) {
    const int rc = sqlite3_step(statement.handle.get());
    if (rc == SQLITE_DONE) return {};
    if (rc != SQLITE_ROW) return error(rc, "cannot run a query", statement.text);
    Status more = each(row);
    if (row.misread()) {
      return Error{Code::internal, "column " + std::to_string(*row.misread()) +
                                       " isn't there or has another type: " + std::string(statement.text)};
    }
    TRY(std::move(more));
  }
}

Status SqliteLink::run(const std::string& text) const {
  const int rc = sqlite3_exec(database_.get(), text.c_str(), nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return error(rc, "cannot " + text.substr(0, text.find(';')));
  return {};
}

Status SqliteLink::run_prepared(std::string_view text) {
  const Statement& statement = *TRY(prepared(text));
  const Reset reset(statement.handle.get());
  const int rc = sqlite3_step(statement.handle.get());
  if (rc != SQLITE_DONE) return error(rc, "cannot run a statement", text);
  return {};
}

Status SqliteLink::begin(bool read_only) {
  if (!read_only) return run("BEGIN IMMEDIATE");
  // What is read first decides what is seen; so it is read now.
  Status began = run("BEGIN; SELECT count(*) FROM sqlite_schema");
  if (!began) rollback();
  return began;
}

Status SqliteLink::commit() {
  Status committed = run("COMMIT");
  if (!committed) rollback();
  return committed;
}

void SqliteLink::rollback() {
  if (alive()) static_cast<void>(run("ROLLBACK"));
}

Status SqliteLink::savepoint(std::size_t depth) {
  if (depth < savepoints.size()) return run_prepared(savepoints[depth]);
  return run("SAVEPOINT s" + std::to_string(depth));
}

Status SqliteLink::release(std::size_t depth) {
  if (depth < releases.size()) return run_prepared(releases[depth]);
  return run("RELEASE s" + std::to_string(depth));
}

Status SqliteLink::roll_back_to(std::size_t depth) {
  const std::string name = "s" + std::to_string(depth);
  return run("ROLLBACK TO " + name + "; RELEASE " + name);
}

Status SqliteLink::bulk_begin(Sql table, Sql columns, int column_count) {
  const std::pair key(table.for_sqlite().data(), columns.for_sqlite().data());
  auto found = bulk_statements_.find(key);
  if (found == bulk_statements_.end()) {
    auto text = std::make_pair(
        "INSERT INTO " + std::string(table.for_sqlite()) + "(" + std::string(columns.for_sqlite()) + ") VALUES (",
        Statement{});
    for (int i = 1; i <= column_count; i++) text.first += (i == 1 ? "$" : ", $") + std::to_string(i);
    text.first += ")";
    text.second = TRY(prepare(text.first));
    found = bulk_statements_.emplace(key, std::move(text)).first;
    found->second.second.text = found->second.first;
  }
  bulk_ = &found->second.second;
  return {};
}

// One row at a time: collecting 30 rows for one INSERT saves a tenth of the time at best, and fewer rows cost more than
// one by one.
Status SqliteLink::bulk_row(SqlValues values) {
  const Reset reset(bulk_->handle.get());
  TRY(bind(*bulk_, values));
  const int rc = sqlite3_step(bulk_->handle.get());
  if (rc != SQLITE_DONE) return error(rc, "cannot insert a row", bulk_->text);
  return {};
}

Status SqliteLink::bulk_end() {
  bulk_ = nullptr;
  return {};
}

}  // namespace fristad::sqlite
