#include "store/postgres/postgres_link.h"

#include <charconv>
#include <vector>

#include "base/try.h"
#include "store/postgres/wire.h"

namespace fristad::postgres {
namespace {

// The lock of the node, one number for all versions of the program: "fristad" in ASCII.
constexpr const char* node_lock = "28836244858626404";
// Another for those who make the schema at the same moment.
constexpr const char* schema_lock = "28836244858626405";

constexpr std::size_t copy_piece_bytes = 64u << 10;

using Answer = std::unique_ptr<PGresult, Clear>;

bool succeeded(const PGresult* answer) {
  const ExecStatusType status = PQresultStatus(answer);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE;
}

// Nobody asked for what the server remarks, and libpq would print it.
void drop_notice(void*, const PGresult*) {}

// libpq's list of all settings, with ours where the member gave none.
struct Settings {
  std::unique_ptr<PQconninfoOption, Clear> parsed;
  std::vector<const char*> names{};
  std::vector<const char*> values{};
  std::string_view password{};
};

Result<Settings> parse(const std::string& text) {
  char* message = nullptr;
  Settings settings{std::unique_ptr<PQconninfoOption, Clear>(PQconninfoParse(text.c_str(), &message))};
  // libpq's message would quote the text, and there may be a password in it.
  PQfreemem(message);
  if (!settings.parsed) {
    return Error{Code::invalid_argument,
                 "the PostgreSQL connection string is malformed: write \"host=... dbname=... user=...\" or "
                 "\"postgres://user@host/database\", and %-encode what is special in it"};
  }
  const auto add = [&](const char* name, const char* value) {
    settings.names.push_back(name);
    settings.values.push_back(value);
  };
  // The first of two values would lose: libpq takes the last.
  add("application_name", "fristad");
  add("connect_timeout", "10");
  add("tcp_user_timeout", "30000");  // ms until a network that is gone counts as a lost connection
  for (const PQconninfoOption* option = settings.parsed.get(); option->keyword != nullptr; option++) {
    if (option->val == nullptr) continue;
    add(option->keyword, option->val);
    if (std::string_view(option->keyword) == "password") settings.password = option->val;
  }
  add("client_encoding", "UTF8");
  add(nullptr, nullptr);
  return settings;
}

std::string session_settings(const StoreOptions& options, bool read_only) {
  return "SET client_min_messages TO warning; SET standard_conforming_strings TO on; SET synchronous_commit TO on;"
         "SET search_path TO fristad, pg_temp; SET statement_timeout TO '15min'; SET lock_timeout TO " +
         std::to_string(options.busy_timeout_ms) + "; SET default_transaction_read_only TO " +
         (read_only ? "on" : "off");
}

}  // namespace

Status prepare_database(const StoreOptions& options) {
  PostgresLink link(options, options.read_only);
  TRY(link.connect());
  if (options.read_only || TRY(link.is_true("SELECT to_regclass('fristad.store_turn') IS NOT NULL"))) return {};
  Status made =
      link.run(std::string("BEGIN; SELECT pg_advisory_xact_lock(") + schema_lock +
               "); CREATE SCHEMA IF NOT EXISTS fristad; CREATE TABLE IF NOT EXISTS fristad.store_turn (); COMMIT");
  if (!made) made.error().message += ": while making the schema fristad";
  return made;
}

Result<std::unique_ptr<PostgresLink>> PostgresLink::open(const StoreOptions& options, bool read_only) {
  auto link = std::unique_ptr<PostgresLink>(new PostgresLink(options, read_only));
  TRY(link->connect());
  return link;
}

Status PostgresLink::connect() {
  statements_.clear();
  const Settings settings = TRY(parse(options_.postgres));
  connection_.reset(PQconnectdbParams(settings.names.data(), settings.values.data(), 0));
  PGconn* const connection = connection_.get();
  if (PQstatus(connection) != CONNECTION_OK) {
    Error error = connect_error(connection, settings.password);
    connection_.reset();
    return error;
  }
  PQsetNoticeReceiver(connection, drop_notice, nullptr);
  Status ready;
  if (PQserverVersion(connection) < 150000) {
    ready = Error{Code::unsupported, "PostgreSQL: the server is older than version 15: upgrade it"};
  }
  if (ready) ready = run(session_settings(options_, read_only_));
  if (ready && locked_) ready = take_lock();
  if (!ready) connection_.reset();
  return ready;
}

Status PostgresLink::ensure_connected() {
  // Inside a transaction the loss has to be noticed, not mended: what was done before would be missing.
  if (in_transaction_ || PQstatus(connection_.get()) == CONNECTION_OK) return {};
  return connect();
}

// A server that is told to stop says so, and only then closes the connection: both are a connection lost.
Error PostgresLink::failed(const PGresult* answer, std::string_view what, std::string_view sql) {
  Error error = error_of(answer, what, sql);
  if (PQstatus(connection_.get()) != CONNECTION_OK || sqlstate(answer).starts_with("57P")) connection_.reset();
  // Tables have changed under a prepared statement, or somebody has dropped it.
  const std::string_view state = sqlstate(answer);
  if (state == "0A000" || state == "26000") statements_.clear();
  return error;
}

Status PostgresLink::run(const std::string& text) {
  const Answer answer(PQexec(connection_.get(), text.c_str()));
  if (succeeded(answer.get())) return {};
  return failed(answer.get(), "cannot " + text.substr(0, text.find(';')));
}

Result<bool> PostgresLink::is_true(const char* question) {
  const Answer answer(PQexec(connection_.get(), question));
  if (!succeeded(answer.get())) return failed(answer.get(), "cannot ask", question);
  return PQntuples(answer.get()) == 1 && PQgetvalue(answer.get(), 0, 0)[0] == 't';
}

Result<PostgresLink::Key> PostgresLink::prepare(std::string_view text, SqlValues values) {
  TRY(ensure_connected());
  const Key key{text.data(), type_signature(values)};
  if (statements_.contains(key)) return key;
  // Without types PostgreSQL guesses them, and takes $1 + 1 for 32 bits.
  const Parameters parameters(values);
  std::string name = "s" + std::to_string(++statements_made_);
  const Answer answer(
      PQprepare(connection_.get(), name.c_str(), text.data(), parameters.count, parameters.types.data()));
  if (!succeeded(answer.get())) return failed(answer.get(), "cannot prepare a statement", text);
  statements_.emplace(key, std::move(name));
  return key;
}

Result<std::uint64_t> PostgresLink::execute(Sql sql, SqlValues values) {
  if (in_transaction_ || read_only_) return execute_now(sql.for_postgres(), values);
  // A statement by itself waits for its turn too: else it could make the transaction of another connection fail.
  TRY(begin(false));
  Result<std::uint64_t> changed = execute_now(sql.for_postgres(), values);
  if (!changed) {
    rollback();
    return changed;
  }
  TRY(commit());
  return changed;
}

Result<std::uint64_t> PostgresLink::execute_now(std::string_view text, SqlValues values) {
  const Key key = TRY(prepare(text, values));
  const Parameters parameters(values);
  const Answer answer(PQexecPrepared(connection_.get(), statements_.at(key).c_str(), parameters.count,
                                     parameters.values.data(), parameters.lengths.data(), parameters.formats.data(),
                                     1));
  if (!succeeded(answer.get())) return failed(answer.get(), "cannot run a statement", text);
  if (std::string_view(PQcmdStatus(answer.get())).starts_with("SELECT")) return 0;
  const std::string_view digits = PQcmdTuples(answer.get());
  std::uint64_t changed = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), changed);
  return changed;
}

Status PostgresLink::query(Sql sql, SqlValues values, const EachRow& each) {
  const std::string_view text = sql.for_postgres();
  const Key key = TRY(prepare(text, values));
  const Parameters parameters(values);
  PGconn* const connection = connection_.get();
  if (PQsendQueryPrepared(connection, statements_.at(key).c_str(), parameters.count, parameters.values.data(),
                          parameters.lengths.data(), parameters.formats.data(), 1) == 0) {
    return failed(nullptr, "cannot run a query", text);
  }
  PQsetSingleRowMode(connection);
  Status done;
  // To the end in any case: the connection takes nothing else before it.
  while (const Answer answer{PQgetResult(connection)}) {
    if (!succeeded(answer.get())) {
      if (done) done = failed(answer.get(), "cannot run a query", text);
      if (!connection_) return done;
    } else if (done && PQresultStatus(answer.get()) == PGRES_SINGLE_TUPLE) {
      const Row row(answer.get());
      done = each(row);
      if (row.misread()) {
        done = Error{Code::internal, "column " + std::to_string(*row.misread()) +
                                         " isn't there or has another type: " + std::string(text)};
      }
    }
  }
  return done;
}

Status PostgresLink::begin(bool read_only) {
  TRY(ensure_connected());
  // The lock comes before the first look at the data, so that the transaction sees all that the writers before it did.
  Status began = run(read_only ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1"
                               : "BEGIN ISOLATION LEVEL REPEATABLE READ; LOCK TABLE store_turn IN EXCLUSIVE MODE");
  in_transaction_ = true;
  if (!began) rollback();
  return began;
}

bool PostgresLink::alive() const {
  const PGTransactionStatusType status = PQtransactionStatus(connection_.get());
  return in_transaction_ && (status == PQTRANS_INTRANS || status == PQTRANS_ACTIVE);
}

Status PostgresLink::commit() {
  const Answer answer(PQexec(connection_.get(), "COMMIT"));
  Status committed;
  if (!succeeded(answer.get())) {
    committed = failed(answer.get(), "cannot commit");
  } else if (std::string_view(PQcmdStatus(answer.get())) != "COMMIT") {
    committed = Error{Code::internal, "PostgreSQL: cannot commit: the server had given the transaction up before"};
  }
  if (!committed) rollback();
  in_transaction_ = false;
  return committed;
}

void PostgresLink::rollback() {
  if (connection_ && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) static_cast<void>(run("ROLLBACK"));
  in_transaction_ = false;
  // Whatever state it is in, it isn't one to go on from.
  if (connection_ && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) connection_.reset();
}

Status PostgresLink::savepoint(std::size_t depth) {
  return run("SAVEPOINT s" + std::to_string(depth));
}

Status PostgresLink::release(std::size_t depth) {
  return run("RELEASE s" + std::to_string(depth));
}

Status PostgresLink::roll_back_to(std::size_t depth) {
  const std::string name = "s" + std::to_string(depth);
  TRY(run("ROLLBACK TO " + name + "; RELEASE " + name));
  if (!alive()) return Error{Code::unavailable, "PostgreSQL: the transaction is gone"};
  return {};
}

Status PostgresLink::bulk_begin(Sql table, Sql columns, int) {
  const std::string text = "COPY " + std::string(table.for_postgres()) + "(" + std::string(columns.for_postgres()) +
                           ") FROM STDIN (FORMAT binary)";
  const Answer answer(PQexec(connection_.get(), text.c_str()));
  if (PQresultStatus(answer.get()) != PGRES_COPY_IN) return failed(answer.get(), "cannot begin a bulk insert", text);
  bulk_.clear();
  append_copy_header(bulk_);
  return {};
}

Status PostgresLink::bulk_row(SqlValues values) {
  append_copy_row(bulk_, values);
  if (bulk_.size() < copy_piece_bytes) return {};
  return flush_bulk();
}

Status PostgresLink::flush_bulk() {
  const int sent = PQputCopyData(connection_.get(), bulk_.data(), static_cast<int>(bulk_.size()));
  bulk_.clear();
  if (sent != 1) return failed(nullptr, "cannot send rows");
  return {};
}

Status PostgresLink::bulk_end() {
  append_copy_end(bulk_);
  TRY(flush_bulk());
  if (PQputCopyEnd(connection_.get(), nullptr) != 1) return failed(nullptr, "cannot end a bulk insert");
  Status done;
  while (const Answer answer{PQgetResult(connection_.get())}) {
    if (succeeded(answer.get())) continue;
    if (done) done = failed(answer.get(), "cannot insert rows");
    if (!connection_) return done;
  }
  return done;
}

void PostgresLink::bulk_abandon() {
  bulk_.clear();
  if (PQputCopyEnd(connection_.get(), "given up") != 1) return;
  while (const Answer answer{PQgetResult(connection_.get())}) {
  }
}

Result<std::vector<std::string>> PostgresLink::table_names() {
  constexpr const char* question = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'fristad'";
  const Answer answer(PQexec(connection_.get(), question));
  if (!succeeded(answer.get())) return failed(answer.get(), "cannot list the tables", question);
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(PQntuples(answer.get())));
  for (int row = 0; row < PQntuples(answer.get()); row++) names.emplace_back(PQgetvalue(answer.get(), row, 0));
  return names;
}

// A rewritten table has new files without the old content. What somebody may still want to see would be copied, too.
Status PostgresLink::checkpoint_and_scrub(std::span<const Sql> tables) {
  TRY(ensure_connected());
  if (TRY(is_true(
          "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() "
          "AND datname = current_database() AND backend_type = 'client backend'"))) {
    return Error{Code::unavailable, "PostgreSQL: cannot scrub: another connection is in a transaction: try again"};
  }
  std::vector<std::string> names;
  for (const Sql table : tables) names.emplace_back(table.for_postgres());
  if (names.empty()) names = TRY(table_names());
  for (const std::string& name : names) TRY(run("VACUUM (FULL) " + name));
  const Answer answer(PQexec(connection_.get(), "CHECKPOINT"));
  // Only an administrator may; the server does it by itself within minutes.
  if (succeeded(answer.get()) || sqlstate(answer.get()) == "42501") return {};
  return failed(answer.get(), "cannot CHECKPOINT");
}

Status PostgresLink::lock_exclusive() {
  TRY(ensure_connected());
  if (locked_) return {};
  TRY(take_lock());
  locked_ = true;
  return {};
}

Status PostgresLink::take_lock() {
  const std::string question = std::string("SELECT pg_try_advisory_lock(") + node_lock + ")";
  if (TRY(is_true(question.c_str()))) return {};
  return Error{Code::unavailable,
               "PostgreSQL: another node process holds this database: stop it, or use another database"};
}

}  // namespace fristad::postgres
