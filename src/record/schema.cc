#include "record/schema.h"

#include <array>

namespace fristad {
namespace {

constexpr std::array tables{
    Sql("CREATE TABLE log(number bigint PRIMARY KEY NOT NULL, origin text NOT NULL, size bigint NOT NULL, "
        "peaks bytea NOT NULL)"),
    // SQLite stores a table by an INTEGER PRIMARY KEY without a second tree.
    Sql("CREATE TABLE record(place integer PRIMARY KEY NOT NULL, id bytea NOT NULL, revision bigint NOT NULL, "
        "kind text NOT NULL, leaf bytea NOT NULL, key bytea, sealed bytea)",
        "CREATE TABLE record(place bigint PRIMARY KEY NOT NULL, id bytea NOT NULL, revision bigint NOT NULL, "
        "kind text NOT NULL, leaf bytea NOT NULL, key bytea, sealed bytea)"),
    Sql("CREATE UNIQUE INDEX record_id ON record(id, revision)"),
    Sql("CREATE INDEX record_kind ON record(kind, place)"),
    Sql("CREATE TABLE scope_sequence(log bigint NOT NULL, scope text NOT NULL, sequence bigint NOT NULL, "
        "PRIMARY KEY(log, scope))"),
    Sql("CREATE TABLE checkpoint(log bigint NOT NULL, size bigint NOT NULL, note text NOT NULL, "
        "PRIMARY KEY(log, size))"),
    Sql("CREATE TABLE fact(place bigint NOT NULL, number bigint NOT NULL, kind text NOT NULL, subject text NOT NULL, "
        "at bigint NOT NULL, dimensions text NOT NULL, PRIMARY KEY(place, number)) WITHOUT ROWID",
        "CREATE TABLE fact(place bigint NOT NULL, number bigint NOT NULL, kind text NOT NULL, subject text NOT NULL, "
        "at bigint NOT NULL, dimensions text NOT NULL, PRIMARY KEY(place, number))"),
};

// Another member's log may hold a leaf with any id, also one of ours: whoever looks for an id looks in one log.
constexpr std::array exchange_tables{
    Sql("DROP INDEX record_id"),
    Sql("CREATE INDEX record_id ON record(id, revision, place)"),
    Sql("CREATE TABLE scope_record(log bigint NOT NULL, scope text NOT NULL, sequence bigint NOT NULL, "
        "place bigint NOT NULL, PRIMARY KEY(log, scope, sequence)) WITHOUT ROWID",
        "CREATE TABLE scope_record(log bigint NOT NULL, scope text NOT NULL, sequence bigint NOT NULL, "
        "place bigint NOT NULL, PRIMARY KEY(log, scope, sequence))"),
    Sql("CREATE TABLE arrival(number integer PRIMARY KEY NOT NULL, place bigint NOT NULL)",
        "CREATE TABLE arrival(number bigint PRIMARY KEY NOT NULL, place bigint NOT NULL)"),
    Sql("CREATE TABLE quarantine(place bigint PRIMARY KEY NOT NULL, why text NOT NULL)"),
    Sql("CREATE TABLE claimed_erased(place bigint PRIMARY KEY NOT NULL)"),
    Sql("CREATE TABLE unfolded(place bigint PRIMARY KEY NOT NULL, kind text NOT NULL, schema bigint NOT NULL)"),
};

constexpr std::array recovery_tables{
    Sql("CREATE TABLE recovered(place bigint PRIMARY KEY NOT NULL, scope text NOT NULL, sequence bigint NOT NULL, "
        "kind text NOT NULL, missing bigint NOT NULL, key bytea, sealed bytea)"),
    Sql("CREATE TABLE recovered_scope(scope text PRIMARY KEY NOT NULL, last bigint NOT NULL)"),
    Sql("CREATE TABLE due_erasure(id bytea NOT NULL, scope text NOT NULL, body text NOT NULL, PRIMARY KEY(id, body))"),
};

constexpr std::array migrations{
    Migration{.version = 1, .what = "logs and records", .statements = tables},
    Migration{.version = 8, .what = "other members' logs", .statements = exchange_tables},
    Migration{.version = 14, .what = "taking back what was lost", .statements = recovery_tables},
};

}  // namespace

std::span<const Migration> record_migrations() {
  return migrations;
}

}  // namespace fristad
