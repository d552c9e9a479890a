#pragma once

// A Link to a PostgreSQL database: prepared statements, binary values both ways.
//
// Writing transactions take turns by locking the table store_turn, before anything is read: so they behave as in
// SQLite, and none fails because another came in between.
//
// Thread-safety: one thread at a time.

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/link.h"
#include "store/postgres/error.h"
#include "store/store.h"

namespace fristad::postgres {

// Connects, and makes the schema `fristad` if it is missing and the store isn't read-only. Errors: as Store::open().
Status prepare_database(const StoreOptions& options);

class PostgresLink final : public Link {
 public:
  static Result<std::unique_ptr<PostgresLink>> open(const StoreOptions& options, bool read_only);

  Result<std::uint64_t> execute(Sql sql, SqlValues values) override;
  Status query(Sql sql, SqlValues values, const EachRow& each) override;
  Status begin(bool read_only) override;
  bool alive() const override;
  Status commit() override;
  void rollback() override;
  Status savepoint(std::size_t depth) override;
  Status release(std::size_t depth) override;
  Status roll_back_to(std::size_t depth) override;
  Status bulk_begin(Sql table, Sql columns, int column_count) override;
  Status bulk_row(SqlValues values) override;
  Status bulk_end() override;
  void bulk_abandon() override;
  Status checkpoint_and_scrub(std::span<const Sql> tables) override;
  Status lock_exclusive() override;

 private:
  using Answer = std::unique_ptr<PGresult, Clear>;

  // A text is prepared once for each combination of types that it is called with.
  struct Key {
    const char* text;
    std::uint64_t types;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return std::hash<const void*>()(key.text) ^ (std::hash<std::uint64_t>()(key.types) << 1);
    }
  };

  PostgresLink(const StoreOptions& options, bool read_only) : options_(options), read_only_(read_only) {}
  friend Status prepare_database(const StoreOptions& options);

  Status connect();
  Status ensure_connected();
  Error failed(const PGresult* answer, std::string_view what, std::string_view sql = {});
  Status run(const std::string& text);
  Result<bool> is_true(const char* question);
  Result<std::vector<std::string>> table_names();
  Result<Key> prepare(std::string_view text, SqlValues values);
  Result<std::uint64_t> execute_now(std::string_view text, SqlValues values);
  Status take_lock();
  Status flush_bulk();

  StoreOptions options_;
  bool read_only_;
  std::unique_ptr<PGconn, Clear> connection_{};
  bool in_transaction_ = false;
  bool locked_ = false;  // asked to hold the lock of the node
  std::uint64_t statements_made_ = 0;
  std::unordered_map<Key, std::string, Hash> statements_{};  // and their names in the server
  std::string bulk_{};                                       // rows not yet sent
};

}  // namespace fristad::postgres
