#pragma once

// Where a node keeps what it must not lose: a SQLite file, or a PostgreSQL database that the member runs.
//
//   fristad::Store store = TRY(fristad::Store::open({.sqlite_path = "/var/lib/fristad/node.db"}));
//   const std::unique_ptr<fristad::Connection> connection = TRY(store.connect());
//   TRY(fristad::migrate(*connection, migrations));
//   const auto lists = TRY(connection->integer("SELECT count(*) FROM lists"));
//
// What is committed survives kill -9 and a loss of power. SQLite: write-ahead log, a sync with each commit, deleted
// content overwritten (it is gone from all files after Connection::checkpoint_and_scrub()); a new file can be read by
// its owner alone. PostgreSQL 15 or newer: everything is in the schema `fristad`, made when it is missing;
// `synchronous_commit` is on; how the server keeps its files is the member's business.
//
// Thread-safety: a Store may be used from many threads, each with a Connection of its own. Complexity: connecting takes
// about 0.3 ms in SQLite and 10 ms in PostgreSQL: keep connections.
//
// Errors: not_found, permission_denied (file rights, a password that is missing or refused), damaged (no database, or
// one cut off), unsupported (a file system without shared memory), unavailable (absent server, disk, memory). Messages
// hold no connection string: it may contain a password.

#include <cstdint>
#include <memory>
#include <string>

#include "fristad/result.h"
#include "store/connection.h"
#include "store/sql.h"

namespace fristad {

struct StoreOptions {
  // Exactly one of these two. PostgreSQL: "host=... dbname=..." or "postgres://...", as libpq takes them.
  std::string sqlite_path = {};
  std::string postgres = {};
  bool read_only = false;
  // SQLite's way to the disk, by its registered name. A seam: tests pass a disk that fails.
  std::string sqlite_vfs = {};
  // How long to wait for other writers.
  std::int64_t busy_timeout_ms = 10'000;
};

class Store {
 public:
  // Connects once to see that it is there, and makes an empty database where there is none, unless read-only.
  static Result<Store> open(StoreOptions options);

  // Read-only if the store is.
  Result<std::unique_ptr<Connection>> connect(bool read_only = false) const;

  // A read-only connection that sees one consistent state, that of now, for as long as it lives. SQLite's write-ahead
  // log grows meanwhile; PostgreSQL keeps dead rows. After a lost connection every use fails with unavailable.
  Result<std::unique_ptr<Connection>> snapshot() const;

  bool is_sqlite() const { return options_.postgres.empty(); }

  // SQLite: writes a consistent copy of the database to a new file that only its owner can read, while writers go on;
  // at an error there is no file. An earlier attempt that was killed leaves "<path>.part": remove it.
  // Errors: already_exists. PostgreSQL: unsupported; read the tables through snapshot(), or use the server's own tools.
  Status backup_to(const std::string& path) const;

 private:
  explicit Store(StoreOptions options) : options_(std::move(options)) {}
  Result<std::unique_ptr<Link>> link(bool read_only) const;

  StoreOptions options_;
};

}  // namespace fristad
