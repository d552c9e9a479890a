#include "store/store.h"

#include "base/try.h"
#include "store/postgres/postgres_link.h"
#include "store/sqlite/sqlite_link.h"

namespace fristad {

Result<Store> Store::open(StoreOptions options) {
  if (options.sqlite_path.empty() == options.postgres.empty()) {
    return Error{Code::invalid_argument,
                 "a store needs either the path of a SQLite file or a PostgreSQL connection string"};
  }
  Store store(std::move(options));
  if (store.is_sqlite() && !store.options_.read_only) TRY(sqlite::create_file(store.options_.sqlite_path));
  if (!store.is_sqlite()) {
    TRY(postgres::prepare_database(store.options_));
  } else {
    TRY(store.link(store.options_.read_only));
  }
  return store;
}

Result<std::unique_ptr<Link>> Store::link(bool read_only) const {
  if (is_sqlite()) return std::unique_ptr<Link>(TRY(sqlite::SqliteLink::open(options_, read_only)));
  return std::unique_ptr<Link>(TRY(postgres::PostgresLink::open(options_, read_only)));
}

Result<std::unique_ptr<Connection>> Store::connect(bool read_only) const {
  const bool reads = read_only || options_.read_only;
  return std::make_unique<Connection>(TRY(link(reads)), reads, false);
}

Result<std::unique_ptr<Connection>> Store::snapshot() const {
  std::unique_ptr<Link> made = TRY(link(true));
  TRY(made->begin(true));
  return std::make_unique<Connection>(std::move(made), true, true);
}

Status Store::backup_to(const std::string& path) const {
  if (!is_sqlite()) {
    return Error{Code::unsupported, "a PostgreSQL store is not copied to a file: use pg_dump, or the server's backups"};
  }
  return sqlite::backup(options_, path);
}

}  // namespace fristad
