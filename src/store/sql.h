#pragma once

// SQL text, the values that go into it, and the rows that come out: what both databases have in common.
//
// One text serves SQLite and PostgreSQL if it keeps to this:
//   - values are $1, $2, ... in any order, each as often as wanted; at most 32;
//   - columns are bigint, bytea or text. All three hold null unless NOT NULL is said, in a primary key too;
//   - a sum is numeric in PostgreSQL: write CAST(sum(size) AS bigint);
//   - a value that stands alone needs a type for PostgreSQL: write CAST($1 AS bigint).
// Where that isn't enough, Sql takes a text for each.
//
//   connection.execute("INSERT INTO lists(number, title) VALUES ($1, $2)", {std::int64_t{7}, "known"});
//
// Thread-safety: plain values. SqlRow belongs to the thread that called query().

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <variant>

#include "fristad/result.h"

namespace fristad {

using Bytes = std::span<const std::uint8_t>;

// SQL text that stands in the program: never put together from data, so it may appear in messages.
class Sql {
 public:
  template <std::size_t n>
  consteval Sql(const char (&both)[n]) : Sql(both, both) {}
  template <std::size_t n, std::size_t m>
  consteval Sql(const char (&sqlite)[n], const char (&postgres)[m])
      : sqlite_(text(sqlite)), postgres_(text(postgres)) {}

  // Both end with a zero byte. The address of a text is its name: prepared statements are kept by it.
  constexpr std::string_view for_sqlite() const { return sqlite_; }
  constexpr std::string_view for_postgres() const { return postgres_; }

 private:
  // Reading every character at compile time refuses what could change later: an array that isn't constant.
  template <std::size_t n>
  static consteval std::string_view text(const char (&literal)[n]) {
    for (std::size_t i = 0; i + 1 < n; i++) {
      if (literal[i] == '\0') throw "SQL text holds a zero byte";
    }
    if (literal[n - 1] != '\0') throw "SQL text doesn't end with a zero byte";
    return {literal, n - 1};
  }

  std::string_view sqlite_;
  std::string_view postgres_;
};

// Null, an integer, text or bytes of up to 256 MiB. Text and bytes are borrowed for the call. Text is UTF-8 without
// zero bytes, anything else is refused (invalid_argument).
using SqlValue = std::variant<std::monostate, std::int64_t, std::string_view, Bytes>;
using SqlValues = std::span<const SqlValue>;

// Values of one statement, and columns of one bulk insert.
constexpr std::size_t sql_values_max = 32;

// One row of a result, with columns counted from 0; it and what it gives out are valid during the callback. A null
// reads as 0 or empty. Reading a column that isn't there or as another type ends the query with internal.
class SqlRow {
 public:
  virtual ~SqlRow() = default;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual Bytes bytes(int column) const = 0;
};

using EachRow = std::function<Status(const SqlRow&)>;

}  // namespace fristad
