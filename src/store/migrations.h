#pragma once

// The schema of a store, as numbered steps from nothing to now.
//
//   constexpr fristad::Sql first[] = {"CREATE TABLE lists (number bigint PRIMARY KEY, title text NOT NULL)"};
//   constexpr fristad::Migration migrations[] = {{1, "lists", first}};
//   TRY(fristad::migrate(connection, migrations));
//
// Thread-safety: as Connection. Processes that migrate at once wait for one another.

#include <span>

#include "fristad/result.h"
#include "store/connection.h"
#include "store/sql.h"

namespace fristad {

struct Migration {
  int version;       // ascending over all rooms; a test of some rooms may lack the numbers of others
  const char* what;  // for people: "lists and chunks"
  std::span<const Sql> statements;
};

// Runs those that the database lacks, in ascending order, each in a transaction of its own: an error leaves the schema
// as the last complete one made it. Doing nothing takes one query. Errors: unsupported (a newer version of the program
// made the schema; nothing is changed), permission_denied (read-only and the schema is too old), and those of
// Connection.
Status migrate(Connection& connection, std::span<const Migration> migrations);

// 0 in a database without a schema.
Result<int> schema_version(Connection& connection);

}  // namespace fristad
