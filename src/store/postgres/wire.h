#pragma once

// Values and rows as they go over the wire: PostgreSQL's binary format, big-endian.

#include <libpq-fe.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "store/sql.h"

namespace fristad::postgres {

// The object ids of the types, as in pg_type.dat; they never change.
enum class Type : Oid {
  none = 0,
  boolean = 16,
  bytea = 17,
  name = 19,
  int8 = 20,
  int2 = 21,
  int4 = 23,
  text = 25,
  varchar = 1043
};

// The values of one call as libpq wants them; what is text or bytes stays with the caller.
struct Parameters {
  explicit Parameters(SqlValues values);
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  int count;
  std::array<Oid, sql_values_max> types;
  std::array<const char*, sql_values_max> values;
  std::array<int, sql_values_max> lengths;
  std::array<int, sql_values_max> formats;

 private:
  std::array<std::array<char, 8>, sql_values_max> integers_;
};

// Two bits a value: which of the four kinds it is.
std::uint64_t type_signature(SqlValues values);

// COPY ... (FORMAT binary).
void append_copy_header(std::string& out);
void append_copy_row(std::string& out, SqlValues values);
void append_copy_end(std::string& out);

// One row of a binary result.
class Row final : public SqlRow {
 public:
  explicit Row(const PGresult* result) : result_(result) {}

  bool is_null(int column) const override;
  std::int64_t integer(int column) const override;
  std::string_view text(int column) const override;
  Bytes bytes(int column) const override;

  // The column that was read as what it isn't.
  std::optional<int> misread() const { return misread_; }

 private:
  bool exists(int column) const;
  std::string_view raw(int column) const;

  const PGresult* result_;
  mutable std::optional<int> misread_{};
};

}  // namespace fristad::postgres
