#include "store/migrations.h"

#include <string>
#include <string_view>

#include "base/try.h"

namespace fristad {
namespace {

// Which program made the schema helps whoever finds it too new.
constexpr Sql create_table =
    "CREATE TABLE schema_version (version bigint PRIMARY KEY NOT NULL, what text NOT NULL, program text NOT NULL)";

constexpr Sql has_table = {
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'",
    "SELECT count(*) FROM pg_tables WHERE schemaname = 'fristad' AND tablename = 'schema_version'"};

Status check_order(std::span<const Migration> migrations) {
  int before = 0;
  for (const Migration& migration : migrations) {
    if (migration.version <= before) {
      return Error{Code::internal, "migration " + std::to_string(migration.version) + " stands behind " +
                                       std::to_string(before) + ": number them in ascending order"};
    }
    before = migration.version;
  }
  return {};
}

Status refuse_newer(Connection& connection, int found, int known) {
  const auto program = TRY(connection.text("SELECT program FROM schema_version ORDER BY version DESC LIMIT 1"));
  return Error{Code::unsupported, "the database has schema " + std::to_string(found) + ", made by fristad " +
                                      program.value_or("of an unknown version") +
                                      "; this is fristad " FRISTAD_VERSION " and knows up to schema " +
                                      std::to_string(known) + ": use that version or a newer one. Nothing was changed"};
}

Status apply(Connection& connection, const Migration& migration) {
  Transaction transaction = TRY(connection.begin());
  // Another process may have been faster, while this one waited for its turn.
  const int found = TRY(schema_version(connection));
  if (found >= migration.version) return {};
  if (found == 0) TRY(connection.execute(create_table));
  for (const Sql statement : migration.statements) TRY(connection.execute(statement));
  TRY(connection.execute("INSERT INTO schema_version(version, what, program) VALUES ($1, $2, $3)",
                         {std::int64_t{migration.version}, migration.what, FRISTAD_VERSION}));
  return transaction.commit();
}

}  // namespace

Result<int> schema_version(Connection& connection) {
  if (TRY(connection.integer(has_table)).value_or(0) == 0) return 0;
  const auto version = TRY(connection.integer("SELECT max(version) FROM schema_version"));
  return static_cast<int>(version.value_or(0));
}

Status migrate(Connection& connection, std::span<const Migration> migrations) {
  TRY(check_order(migrations));
  const int known = migrations.empty() ? 0 : migrations.back().version;
  const int found = TRY(schema_version(connection));
  if (found > known) return refuse_newer(connection, found, known);
  if (found < known && connection.read_only()) {
    return Error{Code::permission_denied, "the database has schema " + std::to_string(found) + ", this program needs " +
                                              std::to_string(known) +
                                              ", and it was opened for reading only: start the node once, it migrates"};
  }
  for (const Migration& migration : migrations) {
    if (migration.version <= found) continue;
    if (Status applied = apply(connection, migration); !applied) {
      Error error = std::move(applied).error();
      error.message = "migration " + std::to_string(migration.version) + " (" + migration.what + "): " + error.message;
      return error;
    }
  }
  return {};
}

}  // namespace fristad
