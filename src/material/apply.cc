#include <algorithm>

#include "base/hex.h"
#include "base/try.h"
#include "material/audit.h"
#include "material/records.h"
#include "material/stated_counts.h"

namespace fristad {
namespace {

constexpr std::array tables_sql{
    Sql("CREATE TABLE list(id bytea PRIMARY KEY NOT NULL, place bigint NOT NULL, revision bigint NOT NULL, "
        "scope text NOT NULL, title text NOT NULL, purpose text NOT NULL, handling text NOT NULL, "
        "distance_limit bigint NOT NULL, state text NOT NULL)"),
    // Entries have no rows of their own: a chunk says where a run of them is recorded, and only what happens to one
    // later gets a row.
    Sql("CREATE TABLE chunk(place integer PRIMARY KEY NOT NULL, list bytea NOT NULL, size bigint NOT NULL)",
        "CREATE TABLE chunk(place bigint PRIMARY KEY NOT NULL, list bytea NOT NULL, size bigint NOT NULL)"),
    Sql("CREATE INDEX chunk_list ON chunk(list, place)"),
    Sql("CREATE TABLE withdrawn(list bytea NOT NULL, number bigint NOT NULL, reason text NOT NULL, "
        "at bigint NOT NULL, PRIMARY KEY(list, number))"),
    // Item of a chunk that was erased.
    Sql("CREATE TABLE erased_entry(list bytea NOT NULL, number bigint NOT NULL, PRIMARY KEY(list, number))"),
    Sql("CREATE TABLE opinion(list bytea NOT NULL, number bigint NOT NULL, log bigint NOT NULL, verdict text NOT NULL, "
        "reason text NOT NULL, basis text NOT NULL, at bigint NOT NULL, place integer PRIMARY KEY NOT NULL)",
        "CREATE TABLE opinion(list bytea NOT NULL, number bigint NOT NULL, log bigint NOT NULL, verdict text NOT NULL, "
        "reason text NOT NULL, basis text NOT NULL, at bigint NOT NULL, place bigint PRIMARY KEY NOT NULL)"),
    Sql("CREATE INDEX opinion_entry ON opinion(list, number, log)"),
    Sql("CREATE TABLE kept_match(place bigint NOT NULL, item bigint NOT NULL, list bytea NOT NULL, "
        "number bigint NOT NULL, level text NOT NULL, reference text NOT NULL, at bigint NOT NULL, "
        "PRIMARY KEY(place, item))"),
    Sql("CREATE INDEX kept_match_entry ON kept_match(list, number)"),
};
constexpr std::array state_sql{
    Sql("CREATE TABLE entry_state(list bytea NOT NULL, number bigint NOT NULL, place bigint NOT NULL, "
        "paused_until bigint NOT NULL, PRIMARY KEY(list, number))"),
    // A byte for each item: its classification. Else the first match in a chunk would open and read all of its record.
    Sql("ALTER TABLE chunk ADD COLUMN classes bytea"),
};
constexpr std::array subscription_sql{
    Sql("CREATE TABLE subscription(list bytea PRIMARY KEY NOT NULL, place bigint NOT NULL, subscribed bigint NOT NULL, "
        "enforce bigint NOT NULL, national bigint NOT NULL, heed_disputes bigint NOT NULL, "
        "enforced_per_day bigint NOT NULL)"),
};
constexpr std::array stated_sql{
    Sql("CREATE TABLE stated_counts(place bigint NOT NULL, item bigint NOT NULL, member text NOT NULL, "
        "classification text NOT NULL, added bigint NOT NULL, withdrawn bigint NOT NULL, disputed bigint NOT NULL, "
        "overturned bigint NOT NULL, hits bigint NOT NULL, at bigint NOT NULL, PRIMARY KEY(place, item))"),
    Sql("CREATE TABLE audit(place bigint PRIMARY KEY NOT NULL, id bytea NOT NULL, member text NOT NULL, "
        "size bigint NOT NULL, root bytea NOT NULL, own_root bytea NOT NULL, population bigint NOT NULL, "
        "sample bigint NOT NULL, at bigint NOT NULL)"),
    Sql("CREATE TABLE audit_result(audit bytea PRIMARY KEY NOT NULL, place bigint NOT NULL, examined bigint NOT NULL, "
        "wrong bigint NOT NULL, gone bigint NOT NULL, at bigint NOT NULL)"),
};
// Withdrawals that came beside their list, for who reads it no more: whoever reads it again may hear of an entry later
// than of its end.
constexpr std::array corrected_sql{
    Sql("CREATE TABLE corrected(place bigint NOT NULL, first bigint NOT NULL, last bigint NOT NULL, "
        "list bytea NOT NULL, reason text NOT NULL, at bigint NOT NULL, PRIMARY KEY(place, first))"),
    Sql("CREATE INDEX corrected_list ON corrected(list, place)"),
};
constexpr std::array migrations{
    Migration{.version = 2, .what = "lists", .statements = tables_sql},
    Migration{.version = 3, .what = "entries that rest", .statements = state_sql},
    Migration{.version = 10, .what = "rules for others' lists", .statements = subscription_sql},
    Migration{.version = 12, .what = "counts and audits", .statements = stated_sql},
    Migration{.version = 16, .what = "withdrawals beside their list", .statements = corrected_sql}};

constexpr std::array tables{
    ViewTable{
        "list", "DELETE FROM list",
        "SELECT id, place, revision, scope, title, purpose, handling, distance_limit, state FROM list ORDER BY id",
        "bpittttit"},
    ViewTable{"chunk", "DELETE FROM chunk", "SELECT place, list, size, classes FROM chunk ORDER BY place", "pbib"},
    ViewTable{"withdrawn", "DELETE FROM withdrawn",
              "SELECT list, number, reason, at FROM withdrawn ORDER BY list, number", "biti"},
    ViewTable{"corrected", "DELETE FROM corrected",
              "SELECT place, first, last, list, reason, at FROM corrected ORDER BY place, first", "piibti"},
    ViewTable{"erased_entry", "DELETE FROM erased_entry", "SELECT list, number FROM erased_entry ORDER BY list, number",
              "bi"},
    ViewTable{"entry_state", "DELETE FROM entry_state",
              "SELECT list, number, place, paused_until FROM entry_state ORDER BY list, number", "bipi"},
    ViewTable{"opinion", "DELETE FROM opinion",
              "SELECT list, number, log, verdict, reason, basis, at, place FROM opinion ORDER BY place", "biltttip"},
    ViewTable{"kept_match", "DELETE FROM kept_match",
              "SELECT place, item, list, number, level, reference, at FROM kept_match ORDER BY place, item", "pibitti"},
    ViewTable{"subscription", "DELETE FROM subscription",
              "SELECT list, place, subscribed, enforce, national, heed_disputes, enforced_per_day FROM subscription "
              "ORDER BY list",
              "bpiiiii"},
    ViewTable{"stated_counts", "DELETE FROM stated_counts",
              "SELECT place, item, member, classification, added, withdrawn, disputed, overturned, hits, at "
              "FROM stated_counts ORDER BY place, item",
              "pittiiiiii"},
    ViewTable{"audit", "DELETE FROM audit",
              "SELECT place, id, member, size, root, own_root, population, sample, at FROM audit ORDER BY place",
              "pbtibbiii"},
    ViewTable{"audit_result", "DELETE FROM audit_result",
              "SELECT audit, place, examined, wrong, gone, at FROM audit_result ORDER BY audit", "bpiiii"},
};

Error wrong(std::string_view what) {
  return {Code::invalid_argument, std::string(what)};
}

Result<std::int64_t> number_in(const Json& body, std::string_view name) {
  const Json* const member = body.find(name);
  if (member == nullptr || member->integer() == nullptr || *member->integer() < 1) {
    return wrong("\"" + std::string(name) + "\" is a number from 1");
  }
  return *member->integer();
}

Result<std::string_view> text_in(const Json& body, std::string_view name) {
  const Json* const member = body.find(name);
  if (member == nullptr || member->text() == nullptr) return wrong("\"" + std::string(name) + "\" is a text");
  return std::string_view(*member->text());
}

// What another member says of a list of its own: nobody adds to, or takes from, the list of somebody else, and what is
// said of a list goes to the readers of the list.
Status check_owner(const Record& record, const ListId& list) {
  if (record.place.log < own_logs) return {};
  if (author_tag(list) != author_tag(record.id))
    return wrong("the list is another member's: only its owner changes it");
  if (record.payload.scope != to_text(list)) return wrong("what is said of a list stands in the list's scope");
  return {};
}

Status check_list(const Record& record) {
  const ListBody list = TRY(ListBody::from_json(record.payload.body));
  // What isn't to be found is everybody's own business: a foreign word must not hide anything here.
  if (record.place.log >= own_logs && list.purpose == Purpose::allow) return wrong("allow lists don't travel");
  return check_owner(record, record.id);
}

// A list's revisions all stand in one log, in order.
Status apply_list(Fold& fold, const Record& record) {
  const ListBody list = TRY(ListBody::from_json(record.payload.body));
  TRY(fold.views().execute(
      "INSERT INTO list(id, place, revision, scope, title, purpose, handling, distance_limit, state) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT(id) DO UPDATE SET place = excluded.place, "
      "revision = excluded.revision, title = excluded.title, purpose = excluded.purpose, "
      "handling = excluded.handling, distance_limit = excluded.distance_limit, state = excluded.state",
      {Bytes(record.id), record.place.value(), std::int64_t{record.revision}, std::string_view(record.payload.scope),
       std::string_view(list.title), to_text(list.purpose), std::string_view(list.handling), std::int64_t{list.limit},
       to_text(list.state)}));
  if (record.revision > 0) return {};
  return fold.fact({.kind = "list.created",
                    .subject = to_hex(record.id),
                    .at_ms = record.payload.at_ms,
                    .dimensions = canonical(Json::object({{"purpose", to_text(list.purpose)}}))});
}

Status erase_list(Fold& fold, const Record& record, std::span<const std::uint32_t>) {
  TRY(fold.views().execute("DELETE FROM list WHERE id = $1", {Bytes(record.id)}));
  return {};
}

// Of an entry that was withdrawn twice the first word counts, in whichever order they are read: the two may stand in
// different scopes.
Status note_withdrawn(Fold& fold, const ListId& list, const NumberRange& range, std::string_view reason,
                      std::int64_t at_ms) {
  for (std::int64_t number = range.first; number <= range.last; ++number) {
    TRY(
        fold.views().execute("INSERT INTO withdrawn(list, number, reason, at) VALUES ($1, $2, $3, $4) "
                             "ON CONFLICT(list, number) DO UPDATE SET reason = excluded.reason, at = excluded.at "
                             "WHERE excluded.at < withdrawn.at OR "
                             "(excluded.at = withdrawn.at AND excluded.reason < withdrawn.reason)",
                             {Bytes(list), number, reason, at_ms}));
  }
  return {};
}

// The entries of both that have the same numbers; where there are none, `last` is below `first`.
NumberRange common(const NumberRange& one, const NumberRange& other) {
  return {std::max(one.first, other.first), std::min(one.last, other.last)};
}

NumberRange numbers_of(Place chunk, std::int64_t size) {
  const std::int64_t first = EntryPlace{chunk, 0}.number();
  return {first, first + size - 1};
}

// What was withdrawn of a chunk before it came.
Status apply_corrections(Fold& fold, const Record& chunk, const ListId& list) {
  struct Correction {
    NumberRange range;
    std::string reason;
    std::int64_t at_ms;
  };
  std::vector<Correction> corrections;
  const NumberRange here = numbers_of(chunk.place, std::ssize(chunk.items));
  TRY(
      fold.views().query("SELECT first, last, reason, at FROM corrected WHERE list = $1 AND place > $2 AND "
                         "first <= $3 AND last >= $4",
                         {Bytes(list), chunk.place.value(), here.last, here.first}, [&](const SqlRow& row) {
                           corrections.push_back({common({row.integer(0), row.integer(1)}, here),
                                                  std::string(row.text(2)), row.integer(3)});
                           return Status();
                         }));
  for (const Correction& one : corrections) TRY(note_withdrawn(fold, list, one.range, one.reason, one.at_ms));
  return {};
}

Status check_entries(const Record& record) {
  const ListId list = TRY(list_in(record.payload.body));
  if (record.items.empty()) return wrong("a chunk has entries");
  // Our own were made of entries; what others call an entry is read once in full before it counts.
  if (record.place.log >= own_logs) {
    for (const std::string& item : record.items) {
      if (!item.empty()) TRY(EntryBody::from_item(item));
    }
  }
  return check_owner(record, list);
}

Status apply_entries(Fold& fold, const Record& record) {
  const ListId list = TRY(list_in(record.payload.body));
  std::vector<std::uint8_t> classes;
  for (const std::string& item : record.items) classes.push_back(static_cast<std::uint8_t>(classification_of(item)));
  TRY(fold.views().execute("INSERT INTO chunk(place, list, size, classes) VALUES ($1, $2, $3, $4)",
                           {record.place.value(), Bytes(list), std::ssize(record.items), Bytes(classes)}));
  for (std::uint32_t item = 0; item < record.items.size(); ++item) {
    if (!record.items[item].empty()) continue;
    TRY(fold.views().execute("INSERT INTO erased_entry(list, number) VALUES ($1, $2)",
                             {Bytes(list), EntryPlace{record.place, item}.number()}));
  }
  TRY(apply_corrections(fold, record, list));
  return fold.fact({.kind = "entries.added",
                    .subject = to_hex(list),
                    .at_ms = record.payload.at_ms,
                    .dimensions = canonical(Json::object({{"count", std::ssize(record.items)}}))});
}

Status forget_classes(Fold& fold, Place chunk, std::span<const std::uint32_t> items) {
  auto classes = TRY(fold.views().bytes("SELECT classes FROM chunk WHERE place = $1", {chunk.value()}));
  if (!classes) return {};
  for (const std::uint32_t item : items) {
    if (item < classes->size()) (*classes)[item] = static_cast<std::uint8_t>(classification_of(""));
  }
  TRY(fold.views().execute("UPDATE chunk SET classes = $2 WHERE place = $1", {chunk.value(), Bytes(*classes)}));
  return {};
}

Status erase_entries(Fold& fold, const Record& record, std::span<const std::uint32_t> items) {
  const ListId list = TRY(list_in(record.payload.body));
  for (const std::uint32_t item : items) {
    TRY(fold.views().execute("INSERT INTO erased_entry(list, number) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                             {Bytes(list), EntryPlace{record.place, item}.number()}));
  }
  if (!items.empty()) return forget_classes(fold, record.place, items);
  TRY(fold.views().execute("DELETE FROM chunk WHERE place = $1", {record.place.value()}));
  const std::int64_t first = EntryPlace{record.place, 0}.number();
  for (const Sql remove : {Sql("DELETE FROM erased_entry WHERE list = $1 AND number >= $2 AND number < $3"),
                           Sql("DELETE FROM withdrawn WHERE list = $1 AND number >= $2 AND number < $3"),
                           Sql("DELETE FROM entry_state WHERE list = $1 AND number >= $2 AND number < $3")}) {
    TRY(fold.views().execute(remove, {Bytes(list), first, first + entries_per_chunk}));
  }
  return {};
}

Status check_withdrawn(const Record& record) {
  const ListId list = TRY(WithdrawalBody::from_json(record.payload.body)).list;
  if (record.place.log < own_logs || record.payload.schema < withdrawn_beside) return check_owner(record, list);
  RecordId scope{};
  if (!from_hex(record.payload.scope, scope) || author_tag(scope) != author_tag(record.id)) {
    return wrong("a withdrawal beside its list stands in a scope of its author");
  }
  if (author_tag(list) != author_tag(record.id)) {
    return wrong("the list is another member's: only its owner changes it");
  }
  return {};
}

Status apply_withdrawn(Fold& fold, const Record& record) {
  const WithdrawalBody withdrawal = TRY(WithdrawalBody::from_json(record.payload.body));
  const bool beside = record.payload.schema >= withdrawn_beside;
  for (const NumberRange& range : withdrawal.entries) {
    // What came later isn't meant.
    const std::int64_t last =
        std::min(EntryPlace::of_number(record.place.log, range.last).chunk.value(), record.place.value());
    std::vector<NumberRange> there;
    TRY(fold.views().query(
        "SELECT place, size FROM chunk WHERE list = $1 AND place >= $2 AND place <= $3",
        {Bytes(withdrawal.list), EntryPlace::of_number(record.place.log, range.first).chunk.value(), last},
        [&](const SqlRow& row) {
          there.push_back(common(range, numbers_of(Place::of(row.integer(0)), row.integer(1))));
          return Status();
        }));
    for (const NumberRange& part : there) {
      TRY(note_withdrawn(fold, withdrawal.list, part, withdrawal.reason, record.payload.at_ms));
    }
    if (!beside) continue;
    TRY(
        fold.views().execute("INSERT INTO corrected(place, first, last, list, reason, at) "
                             "VALUES ($1, $2, $3, $4, $5, $6)",
                             {record.place.value(), range.first, range.last, Bytes(withdrawal.list),
                              std::string_view(withdrawal.reason), record.payload.at_ms}));
  }
  // It is counted where the list is.
  if (beside) return {};
  // Not how many rows there are: of those that are erased later a rebuild knows nothing.
  return fold.fact({.kind = "entries.withdrawn",
                    .subject = to_hex(withdrawal.list),
                    .at_ms = record.payload.at_ms,
                    .dimensions = canonical(Json::object({{"count", withdrawal.count}}))});
}

Status check_entry_state(const Record& record) {
  return check_owner(record, TRY(EntryStateBody::from_json(record.payload.body)).list);
}

// The revisions of a state all stand in the log of the list, in order. A note stays in the sealed record.
Status apply_entry_state(Fold& fold, const Record& record) {
  const EntryStateBody body = TRY(EntryStateBody::from_json(record.payload.body));
  TRY(fold.views().execute(
      "INSERT INTO entry_state(list, number, place, paused_until) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT(list, number) DO UPDATE SET place = excluded.place, paused_until = excluded.paused_until",
      {Bytes(body.list), body.number, record.place.value(), body.state.paused_until_ms}));
  return {};
}

Status erase_entry_state(Fold& fold, const Record& record, std::span<const std::uint32_t>) {
  TRY(fold.views().execute("DELETE FROM entry_state WHERE place = $1", {record.place.value()}));
  return {};
}

Status check_opinion(const Record& record) {
  const Json& body = record.payload.body;
  TRY(list_in(body));
  TRY(number_in(body, "entry"));
  if (!from_text<Verdict>(TRY(text_in(body, "verdict")))) return wrong("an opinion is confirm or dispute");
  if (!from_text<Basis>(TRY(text_in(body, "basis")))) return wrong("the basis of an opinion is examined or relayed");
  if (TRY(text_in(body, "reason")).size() > reason_bytes_max) return wrong("a reason has at most 1,000 bytes");
  if (record.place.log >= own_logs && record.payload.scope != TRY(text_in(body, "list"))) {
    return wrong("an opinion stands in the scope of the list that it is about");
  }
  return {};
}

// All are kept; of each member's opinions on one entry the last in its log counts.
Status apply_opinion(Fold& fold, const Record& record) {
  const Json& body = record.payload.body;
  const ListId list = TRY(list_in(body));
  // Both logs of our own are one voice.
  const std::int64_t log = record.place.log < own_logs ? shared_log : record.place.log;
  TRY(fold.views().execute(
      "INSERT INTO opinion(list, number, log, verdict, reason, basis, at, place) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      {Bytes(list), TRY(number_in(body, "entry")), log, TRY(text_in(body, "verdict")), TRY(text_in(body, "reason")),
       TRY(text_in(body, "basis")), record.payload.at_ms, record.place.value()}));
  return fold.fact({.kind = "opinion",
                    .subject = to_hex(list),
                    .at_ms = record.payload.at_ms,
                    .dimensions = canonical(Json::object({{"verdict", TRY(text_in(body, "verdict"))}}))});
}

Status check_kept(const Record& record) {
  TRY(text_in(record.payload.body, "reference"));
  if (record.items.empty()) return wrong("matches are kept in a chunk");
  return {};
}

Status apply_kept(Fold& fold, const Record& record) {
  const std::string_view reference = TRY(text_in(record.payload.body, "reference"));
  std::int64_t item = 0;
  for (const std::string& text : record.items) {
    const std::int64_t at = item++;
    if (text.empty()) continue;
    const Json match = TRY(decode_item(text));
    TRY(fold.views().execute(
        "INSERT INTO kept_match(place, item, list, number, level, reference, at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        {record.place.value(), at, Bytes(TRY(list_in(match))), TRY(number_in(match, "entry")),
         TRY(text_in(match, "level")), reference, record.payload.at_ms}));
  }
  return {};
}

Status erase_kept(Fold& fold, const Record& record, std::span<const std::uint32_t> items) {
  for (const std::uint32_t item : items) {
    TRY(fold.views().execute("DELETE FROM kept_match WHERE place = $1 AND item = $2",
                             {record.place.value(), std::int64_t{item}}));
  }
  if (items.empty()) {
    TRY(fold.views().execute("DELETE FROM kept_match WHERE place = $1", {record.place.value()}));
  }
  return {};
}

Status erase_opinion(Fold& fold, const Record& record, std::span<const std::uint32_t>) {
  TRY(fold.views().execute("DELETE FROM opinion WHERE place = $1", {record.place.value()}));
  return {};
}

Status check_subscribed(const Record& record) {
  TRY(SubscriptionBody::from_json(record.payload.body));
  if (record.payload.scope != "private")
    return wrong("what we do with a list is nobody else's business: it is private");
  return {};
}

// All of them stand in the private log, in order. The list itself may come later.
Status apply_subscribed(Fold& fold, const Record& record) {
  const SubscriptionBody body = TRY(SubscriptionBody::from_json(record.payload.body));
  const Subscription& said = body.subscription;
  TRY(fold.views().execute(
      "INSERT INTO subscription(list, place, subscribed, enforce, national, heed_disputes, enforced_per_day) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT(list) DO UPDATE SET place = excluded.place, "
      "subscribed = excluded.subscribed, enforce = excluded.enforce, national = excluded.national, "
      "heed_disputes = excluded.heed_disputes, enforced_per_day = excluded.enforced_per_day",
      {Bytes(body.list), record.place.value(), std::int64_t{said.subscribed}, std::int64_t{said.enforce},
       std::int64_t{said.national}, std::int64_t{said.heed_disputes}, said.enforced_per_day}));
  return {};
}

constexpr std::array kinds{
    Kind{.name = kind_list, .from_others = true, .check = check_list, .apply = apply_list, .erase = erase_list},
    Kind{.name = kind_entries,
         .from_others = true,
         .check = check_entries,
         .apply = apply_entries,
         .erase = erase_entries},
    Kind{.name = kind_withdrawn,
         .schema_newest = withdrawn_beside,
         .from_others = true,
         .check = check_withdrawn,
         .apply = apply_withdrawn},
    Kind{.name = kind_entry_state,
         .from_others = true,
         .check = check_entry_state,
         .apply = apply_entry_state,
         .erase = erase_entry_state},
    Kind{.name = kind_opinion,
         .from_others = true,
         .check = check_opinion,
         .apply = apply_opinion,
         .erase = erase_opinion},
    Kind{.name = kind_kept, .check = check_kept, .apply = apply_kept, .erase = erase_kept},
    Kind{.name = kind_stated, .from_others = true, .check = check_stated, .apply = apply_stated, .erase = erase_stated},
    Kind{.name = kind_audit, .from_others = true, .check = check_audit, .apply = apply_audit},
    Kind{.name = kind_audit_result, .from_others = true, .check = check_audit_result, .apply = apply_audit_result},
    Kind{.name = kind_subscribed, .check = check_subscribed, .apply = apply_subscribed},
};

constexpr View view{.name = "material", .migrations = migrations, .tables = tables, .kinds = kinds};

}  // namespace

const View& material_view() {
  return view;
}

}  // namespace fristad
