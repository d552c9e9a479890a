#include <array>

#include "base/hex.h"
#include "base/try.h"
#include "people/records.h"

namespace fristad {
namespace {

constexpr std::array tables_sql{
    Sql("CREATE TABLE person(id bytea PRIMARY KEY NOT NULL, place bigint NOT NULL, revision bigint NOT NULL, "
        "name text NOT NULL, display text NOT NULL, roles text NOT NULL, state text NOT NULL)"),
    Sql("CREATE UNIQUE INDEX person_name ON person(name)"),
    // Arguments and reasons stay in the sealed payloads.
    Sql("CREATE TABLE approval(id bytea PRIMARY KEY NOT NULL, place bigint NOT NULL, action text NOT NULL, "
        "subject text NOT NULL, answered_with text NOT NULL, asked_by text NOT NULL, asked_at bigint NOT NULL, "
        "state text NOT NULL, lapses_at bigint NOT NULL, answered_by text NOT NULL, answered_at bigint NOT NULL, "
        "answer_place bigint NOT NULL)"),
    Sql("CREATE INDEX approval_place ON approval(place)"),
    Sql("CREATE INDEX approval_state ON approval(state, place)"),
    // Tables of operation: not folded, not dumped, not rebuilt.
    Sql("CREATE TABLE credential(id bytea PRIMARY KEY NOT NULL, person bytea NOT NULL, kind text NOT NULL, "
        "label text NOT NULL, sealed bytea NOT NULL, counter bigint NOT NULL, made_at bigint NOT NULL)"),
    Sql("CREATE INDEX credential_person ON credential(person)"),
    Sql("CREATE TABLE session(id bytea PRIMARY KEY NOT NULL, person bytea NOT NULL, fingerprint bytea NOT NULL, "
        "since_at bigint NOT NULL, seen_at bigint NOT NULL, ends_at bigint NOT NULL)"),
    Sql("CREATE TABLE service_token(id bytea PRIMARY KEY NOT NULL, name text NOT NULL, scopes text NOT NULL, "
        "fingerprint bytea NOT NULL, made_at bigint NOT NULL, used_at bigint NOT NULL, ends_at bigint NOT NULL, "
        "hashes_per_minute bigint NOT NULL, hashes_per_day bigint NOT NULL, revoked bigint NOT NULL, "
        "revoked_why text NOT NULL)"),
    Sql("CREATE TABLE sign_in_failure(who bytea PRIMARY KEY NOT NULL, count bigint NOT NULL, since_at bigint NOT NULL, "
        "until_at bigint NOT NULL, wait_ms bigint NOT NULL)"),
    Sql("CREATE TABLE known_address(person bytea NOT NULL, address bytea NOT NULL, seen_at bigint NOT NULL, "
        "PRIMARY KEY(person, address))"),
};
constexpr std::array seen_sql{
    Sql("ALTER TABLE credential ADD COLUMN used_at bigint NOT NULL DEFAULT 0"),
    Sql("ALTER TABLE session ADD COLUMN device text NOT NULL DEFAULT ''"),
};
constexpr std::array migrations{
    Migration{.version = 4, .what = "people", .statements = tables_sql},
    Migration{.version = 7, .what = "when keys were used, and where sessions are", .statements = seen_sql}};

constexpr std::array tables{
    ViewTable{"person", "DELETE FROM person",
              "SELECT id, place, revision, name, display, roles, state FROM person ORDER BY id", "bpitttt"},
    ViewTable{"approval", "DELETE FROM approval",
              "SELECT id, place, action, subject, answered_with, asked_by, asked_at, state, lapses_at, answered_by, "
              "answered_at, answer_place FROM approval ORDER BY id",
              "bittttititii"},
};

Error wrong(std::string_view what) {
  return {Code::invalid_argument, std::string(what)};
}

// ---- Users ----

Status check_user(const Record& record) {
  TRY(UserBody::from_json(record.payload.body));
  return {};
}

Status apply_user(Fold& fold, const Record& record) {
  const UserBody user = TRY(UserBody::from_json(record.payload.body));
  TRY(fold.views().execute(
      "INSERT INTO person(id, place, revision, name, display, roles, state) VALUES ($1, $2, $3, $4, $5, $6, $7) "
      "ON CONFLICT(id) DO UPDATE SET place = excluded.place, revision = excluded.revision, "
      "display = excluded.display, roles = excluded.roles, state = excluded.state",
      {Bytes(record.id), record.place.value(), std::int64_t{record.revision}, std::string_view(user.name),
       std::string_view(user.display), std::string_view(to_text(user.roles)), to_text(user.state)}));
  return {};
}

Status check_of_user(const Record& record) {
  TRY(id_in(record.payload.body, "user"));
  return {};
}

Status check_factor(const Record& record) {
  TRY(check_of_user(record));
  const std::string_view factor = TRY(text_in(record.payload.body, "factor"));
  if (factor != "totp" && factor != "security-key") return wrong("a factor is totp or security-key");
  TRY(text_in(record.payload.body, "label"));
  return {};
}

// ---- Tokens ----

Status check_token_id(const Json& body) {
  TokenId id{};
  if (!from_hex(TRY(text_in(body, "token")), id)) return wrong("\"token\" is the id of a token");
  return {};
}

Status check_token(const Record& record) {
  const Json& body = record.payload.body;
  TRY(check_token_id(body));
  TRY(check_name(TRY(text_in(body, "name"))));
  for (const std::string_view name : {"ends", "hashes_per_minute", "hashes_per_day"}) TRY(integer_in(body, name));
  const Json* const scopes = body.find("scopes");
  if (scopes == nullptr || scopes->array() == nullptr || scopes->array()->empty()) {
    return wrong("a token has a list of scopes");
  }
  for (const Json& scope : *scopes->array()) {
    if (scope.text() == nullptr || !scope_from_text(*scope.text())) return wrong("\"scopes\" holds what is no scope");
  }
  return {};
}

Status check_token_revoked(const Record& record) {
  TRY(check_token_id(record.payload.body));
  return check_text("\"reason\"", TRY(text_in(record.payload.body, "reason")), 1, why_bytes_max);
}

// ---- Approvals ----

Status check_asked(const Record& record) {
  TRY(approval_draft(record.payload.body));
  TRY(integer_in(record.payload.body, "lapses"));
  return {};
}

Status apply_asked(Fold& fold, const Record& record) {
  const ApprovalDraft draft = TRY(approval_draft(record.payload.body));
  TRY(fold.views().execute(
      "INSERT INTO approval(id, place, action, subject, answered_with, asked_by, asked_at, state, lapses_at, "
      "answered_by, answered_at, answer_place) VALUES ($1, $2, $3, $4, $5, $6, $7, 'asked', $8, '', 0, 0)",
      {Bytes(record.id), record.place.value(), std::string_view(draft.action), std::string_view(draft.subject),
       to_text(draft.answered_with), std::string_view(record.payload.actor), record.payload.at_ms,
       TRY(integer_in(record.payload.body, "lapses"))}));
  return {};
}

Status erase_asked(Fold& fold, const Record& record, std::span<const std::uint32_t>) {
  TRY(fold.views().execute("DELETE FROM approval WHERE id = $1", {Bytes(record.id)}));
  return {};
}

Status check_answered(const Record& record) {
  const Json& body = record.payload.body;
  TRY(id_in(body, "approval"));
  const Json* const approve = body.find("approve");
  if (approve == nullptr || approve->truth() == nullptr) return wrong("\"approve\" is true or false");
  TRY(integer_in(body, "lapses"));
  return check_text("\"reason\"", TRY(text_in(body, "reason")), *approve->truth() ? 0 : 1, why_bytes_max);
}

// What follows stands behind the question in the same log, so the row is there, unless it was erased.
Status apply_answered(Fold& fold, const Record& record) {
  const Json& body = record.payload.body;
  const bool approve = *body.find("approve")->truth();
  TRY(fold.views().execute(
      "UPDATE approval SET state = $2, lapses_at = $3, answered_by = $4, answered_at = $5, answer_place = $6 "
      "WHERE id = $1",
      {Bytes(TRY(id_in(body, "approval"))), to_text(approve ? ApprovalState::approved : ApprovalState::refused),
       TRY(integer_in(body, "lapses")), std::string_view(record.payload.actor), record.payload.at_ms,
       record.place.value()}));
  return {};
}

Status check_of_approval(const Record& record) {
  TRY(id_in(record.payload.body, "approval"));
  return {};
}

Status apply_lapsed(Fold& fold, const Record& record) {
  TRY(fold.views().execute("UPDATE approval SET state = 'lapsed' WHERE id = $1",
                           {Bytes(TRY(id_in(record.payload.body, "approval")))}));
  return {};
}

Status apply_done(Fold& fold, const Record& record) {
  TRY(fold.views().execute("UPDATE approval SET state = 'done' WHERE id = $1",
                           {Bytes(TRY(id_in(record.payload.body, "approval")))}));
  return {};
}

// Who decided stays to be told, so users can't be erased, nor how an approval ended.
constexpr std::array kinds{
    Kind{.name = kind_user, .check = check_user, .apply = apply_user},
    Kind{.name = kind_user_reset, .check = check_of_user},
    Kind{.name = kind_user_password, .check = check_of_user},
    Kind{.name = kind_user_factor, .check = check_factor},
    Kind{.name = kind_user_factor_removed, .check = check_factor},
    Kind{.name = kind_token, .check = check_token},
    Kind{.name = kind_token_revoked, .check = check_token_revoked},
    Kind{.name = kind_approval_asked, .check = check_asked, .apply = apply_asked, .erase = erase_asked},
    Kind{.name = kind_approval_answered, .check = check_answered, .apply = apply_answered},
    Kind{.name = kind_approval_lapsed, .check = check_of_approval, .apply = apply_lapsed},
    Kind{.name = kind_approval_done, .check = check_of_approval, .apply = apply_done},
};

constexpr View view{.name = "people", .migrations = migrations, .tables = tables, .kinds = kinds};

}  // namespace

const View& people_view() {
  return view;
}

}  // namespace fristad
