#pragma once

// Which kinds of records a node understands, and what becomes of each: the frame that every domain room fills.
//
// A room declares a View: its tables, and the kinds that it folds into them. The same fold runs for a decision made
// here, for a record that came from another member, and in a rebuild. docs/internals/add-a-record-kind.md walks through
// it.
//
//   const fristad::View lists{
//       .name = "lists",
//       .migrations = list_migrations,
//       .tables = list_tables,
//       .kinds = {{.name = "list.created", .schema_newest = 1, .apply = apply_created}}};
//
// Thread-safety: a View is a constant; folds run one at a time.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fristad/result.h"
#include "record/leaf.h"
#include "record/payload.h"
#include "store/connection.h"
#include "store/migrations.h"

namespace fristad {

// Where a record stands: the number of a log in this node, and the position in it, counted from 0.
struct Place {
  std::uint32_t log = 0;
  std::uint64_t position = 0;

  // As one number, for a column. Positions have 40 bits.
  std::int64_t value() const { return static_cast<std::int64_t>(std::uint64_t{log} << 40 | position); }
  static Place of(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    return {static_cast<std::uint32_t>(bits >> 40), bits & ((std::uint64_t{1} << 40) - 1)};
  }
  friend auto operator<=>(const Place&, const Place&) = default;
};

// The logs that every node writes. Those of other members have higher numbers.
inline constexpr std::uint32_t shared_log = 0;
inline constexpr std::uint32_t private_log = 1;
inline constexpr std::uint32_t own_logs = 2;

// A record as a fold sees it.
struct Record {
  std::string author = {};  // the member in whose log it stands
  RecordId id{};
  std::uint32_t revision = 0;
  Place place = {};
  Payload payload = {};
  std::vector<std::string> items = {};  // canonical JSON texts; empty: erased
};

// A narrow row without personal data, from which indicators are computed.
struct Fact {
  std::string_view kind;
  std::string_view subject;  // a handle, never a hash or a name
  std::int64_t at_ms = 0;
  std::string_view dimensions;  // canonical JSON
};

// What a fold may do: change the tables of its view, and state facts.
class Fold {
 public:
  Fold(Connection& views, Place place) : views_(views), place_(place) {}

  Connection& views() { return views_; }
  Status fact(const Fact& fact);

 private:
  Connection& views_;
  Place place_;
  std::int64_t facts_ = 0;
};

struct Kind {
  std::string_view name;
  // Bodies of schema 1 up to this are understood; others are stored and folded once the node learns them.
  int schema_newest = 1;
  // May stand in another member's log: without it nobody makes users or tokens of ours.
  bool from_others = false;
  // May use the last places before new keys that aren't agreed on (LaterKeys): helps that they are.
  bool in_last_places = false;
  // Refuses a body that makes no sense, before it is recorded or taken over. Error: invalid_argument.
  Status (*check)(const Record& record) = nullptr;
  // Folds commute across logs and across scopes: whatever the order in which two of them are folded, the tables end up
  // the same. Records of one scope in one log come in order.
  Status (*apply)(Fold& fold, const Record& record) = nullptr;
  // Takes out of the tables what the record, or these of its items, put there: afterwards they are as if it had never
  // been. An empty span stands for the whole record. The record is still complete here.
  Status (*erase)(Fold& fold, const Record& record, std::span<const std::uint32_t> items) = nullptr;
};

// A table of a view, as the canonical dump has it: rows in the order of the key.
struct ViewTable {
  Sql name;
  Sql clear;  // "DELETE FROM lists"
  Sql rows;   // "SELECT ... FROM lists ORDER BY number"
  // A letter for each column of `rows`: i integer, t text, b bytes; p the place of a record, l the number of a log,
  // which are dumped by the names of logs, since each node numbers them its own way.
  std::string_view columns;
};

struct View {
  std::string_view name;
  std::span<const Migration> migrations;
  std::span<const ViewTable> tables;
  std::span<const Kind> kinds;
};

// All that a node understands. Rooms are named once, in the composition.
class Kinds {
 public:
  explicit Kinds(std::vector<const View*> views) : views_(std::move(views)) {}

  // nullptr if the kind, or this version of its schema, isn't known.
  const Kind* find(std::string_view kind, int schema) const;
  std::span<const View* const> views() const { return views_; }

 private:
  std::vector<const View*> views_;
};

}  // namespace fristad
