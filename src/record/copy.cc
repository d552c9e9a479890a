#include "record/copy.h"

#include "base/try.h"

namespace fristad {
namespace {

SqlValue bytes_or_null(const SqlRow& row, int column) {
  return row.is_null(column) ? SqlValue() : SqlValue(row.bytes(column));
}

// What is known of what was taken over, and what stands where in its scope.
Status copy_exchange(Connection& from, Connection& to) {
  {
    BulkInsert rows = TRY(to.bulk_insert("scope_record", "log, scope, sequence, place", 4));
    TRY(from.query("SELECT log, scope, sequence, place FROM scope_record ORDER BY log, scope, sequence", {},
                   [&](const SqlRow& row) {
                     return rows.row({row.integer(0), row.text(1), row.integer(2), row.integer(3)});
                   }));
    TRY(rows.finish());
  }
  {
    BulkInsert rows = TRY(to.bulk_insert("arrival", "number, place", 2));
    TRY(from.query("SELECT number, place FROM arrival ORDER BY number", {}, [&](const SqlRow& row) {
      return rows.row({row.integer(0), row.integer(1)});
    }));
    TRY(rows.finish());
  }
  TRY(from.query("SELECT place, why FROM quarantine", {}, [&](const SqlRow& row) -> Status {
    TRY(to.execute("INSERT INTO quarantine(place, why) VALUES ($1, $2)", {row.integer(0), row.text(1)}));
    return {};
  }));
  TRY(from.query("SELECT place FROM claimed_erased", {}, [&](const SqlRow& row) -> Status {
    TRY(to.execute("INSERT INTO claimed_erased(place) VALUES ($1)", {row.integer(0)}));
    return {};
  }));
  TRY(from.query("SELECT id, scope, body FROM due_erasure", {}, [&](const SqlRow& row) -> Status {
    TRY(to.execute("INSERT INTO due_erasure(id, scope, body) VALUES ($1, $2, $3)",
                   {row.bytes(0), row.text(1), row.text(2)}));
    return {};
  }));
  return from.query("SELECT place, kind, schema FROM unfolded", {}, [&](const SqlRow& row) -> Status {
    TRY(to.execute("INSERT INTO unfolded(place, kind, schema) VALUES ($1, $2, $3)",
                   {row.integer(0), row.text(1), row.integer(2)}));
    return {};
  });
}

}  // namespace

Status copy_records(Connection& from, Connection& to) {
  Transaction transaction = TRY(to.begin());
  if (TRY(to.integer("SELECT count(*) FROM log")).value_or(0) != 0) {
    return Error{Code::already_exists, "that database holds records already"};
  }
  TRY(from.query("SELECT number, origin, size, peaks FROM log", {}, [&](const SqlRow& row) -> Status {
    TRY(to.execute("INSERT INTO log(number, origin, size, peaks) VALUES ($1, $2, $3, $4)",
                   {row.integer(0), row.text(1), row.integer(2), row.bytes(3)}));
    return {};
  }));
  TRY(from.query("SELECT log, scope, sequence FROM scope_sequence", {}, [&](const SqlRow& row) -> Status {
    TRY(to.execute("INSERT INTO scope_sequence(log, scope, sequence) VALUES ($1, $2, $3)",
                   {row.integer(0), row.text(1), row.integer(2)}));
    return {};
  }));
  TRY(from.query("SELECT log, size, note FROM checkpoint", {}, [&](const SqlRow& row) -> Status {
    TRY(to.execute("INSERT INTO checkpoint(log, size, note) VALUES ($1, $2, $3)",
                   {row.integer(0), row.integer(1), row.text(2)}));
    return {};
  }));
  TRY(copy_exchange(from, to));
  {
    BulkInsert rows = TRY(to.bulk_insert("record", "place, id, revision, kind, leaf, key, sealed", 7));
    TRY(from.query("SELECT place, id, revision, kind, leaf, key, sealed FROM record ORDER BY place", {},
                   [&](const SqlRow& row) {
                     return rows.row({row.integer(0), row.bytes(1), row.integer(2), row.text(3), row.bytes(4),
                                      bytes_or_null(row, 5), bytes_or_null(row, 6)});
                   }));
    TRY(rows.finish());
  }
  return transaction.commit();
}

}  // namespace fristad
