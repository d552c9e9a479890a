// The audit trail: who did what, when. It is the private log, read from its end: what was recorded there, and for what
// was recorded in the shared log the note of who did it.

#include "api/api_impl.h"
#include "api/call.h"
#include "base/hex.h"
#include "crypto/base64.h"

namespace fristad {
namespace {

constexpr std::int64_t page_max = 200;
constexpr int looked_at_max = 2000;  // records that one request reads

std::optional<std::uint64_t> position_in(const Json& body, std::string_view name) {
  const Json* const member = body.find(name);
  if (member == nullptr || member->integer() == nullptr || *member->integer() < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*member->integer());
}

struct AuditFilter {
  std::string actor = {};
  std::string kind = {};
  std::int64_t from_ms = 0;
  std::int64_t until_ms = INT64_MAX;
  std::int64_t cursor = INT64_MAX;
  std::int64_t count = 50;
};

// An act as the trail has it: kinds with their counts.
struct Act {
  std::map<std::string, std::uint64_t> kinds;
  std::optional<std::uint64_t> first;  // in the shared log
  std::uint64_t last = 0;
};

Result<Act> act_of(const Journal& journal, const Record& record) {
  Act act;
  if (record.payload.kind != kind_act) {
    act.kinds.emplace(record.payload.kind, 1);
    return act;
  }
  act.first = position_in(record.payload.body, "first");
  act.last = position_in(record.payload.body, "last").value_or(0);
  if (act.first) act.kinds = TRY(journal.kinds_in(shared_log, *act.first, act.last));
  return act;
}

void write_act(JsonWriter& json, const Record& record, const Act& act) {
  json.begin_object().member("position", record.place.position).member("record", to_hex(record.id));
  json.member("at_ms", record.payload.at_ms).member("actor", record.payload.actor);
  json.member("log", act.first ? "shared" : "private").key("kinds").begin_array();
  for (const auto& [kind, count] : act.kinds) {
    json.begin_object().member("kind", kind).member("count", count).end_object();
  }
  json.end_array();
  if (act.first) json.member("first", *act.first).member("last", act.last);
  json.end_object();
}

Result<Response> audit_page(const Journal& journal, const AuditFilter& filter) {
  const std::uint64_t before = std::min(static_cast<std::uint64_t>(filter.cursor), journal.head(private_log).size);
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("acts").begin_array();
  std::int64_t found = 0;
  int looked_at = 0;
  std::optional<std::uint64_t> next;
  const Status read = journal.for_each_back(private_log, before, [&](const Record& record) -> Status {
    if (found == filter.count || looked_at == looked_at_max) {
      next = record.place.position + 1;
      return Error{Code::cancelled, "the page is full"};
    }
    ++looked_at;
    if (!filter.actor.empty() && record.payload.actor != filter.actor) return {};
    if (record.payload.at_ms < filter.from_ms || record.payload.at_ms >= filter.until_ms) return {};
    const Act act = TRY(act_of(journal, record));
    if (!filter.kind.empty() && !act.kinds.contains(filter.kind)) return {};
    ++found;
    write_act(json, record, act);
    return {};
  });
  if (!read && !next) return read.error();
  json.end_array().key("next");
  if (next) {
    json.value(std::to_string(*next));
  } else {
    json.value(nullptr);
  }
  json.end_object();
  return json_response(200, std::move(body));
}

Result<Response> show_audit(Call& call) {
  AuditFilter filter;
  filter.kind = TRY(call.request.query_value("kind"));
  filter.cursor = TRY(call.query_number("cursor", 0, INT64_MAX, INT64_MAX));
  filter.count = TRY(call.query_number("count", 1, page_max, 50));
  return audit_page(call.api.parts.journal, filter);
}

Result<Response> search_audit(Call& call) {
  Fields in(*TRY(call.body()));
  AuditFilter filter;
  filter.actor = TRY(in.maybe_text("actor", 200)).value_or("");
  filter.kind = TRY(in.maybe_text("kind", 100)).value_or("");
  filter.from_ms = TRY(in.maybe_integer("from_ms", 0, INT64_MAX)).value_or(0);
  filter.until_ms = TRY(in.maybe_integer("until_ms", 0, INT64_MAX)).value_or(INT64_MAX);
  if (const auto cursor = TRY(in.maybe_text("cursor", 20))) filter.cursor = TRY(number_of_cursor(*cursor));
  filter.count = TRY(in.maybe_integer("count", 1, page_max)).value_or(50);
  TRY(in.end());
  return audit_page(call.api.parts.journal, filter);
}

Result<Response> show_proof(Call& call) {
  const std::string_view name = call.request.parameter("log");
  if (name != "shared" && name != "private") return Error{Code::not_found, "a log is \"shared\" or \"private\""};
  const std::int64_t position = TRY(call.number("position", 0));
  const RecordProof proof =
      TRY(call.api.parts.prove(name == "shared" ? shared_log : private_log, static_cast<std::uint64_t>(position)));
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("log", name).member("position", position).member("origin", proof.origin);
  json.member("proof", proof.proof).member("leaf", to_base64(proof.leaf)).member("key", proof.key).end_object();
  return json_response(200, std::move(body));
}

constexpr std::array routes{
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/audit",
             .right = Right::read_audit,
             .summary = "Who did what, when; the newest first",
             .gives = "Audit",
             .query = "kind,cursor,count",
             .handle = show_audit},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/audit/search",
             .right = Right::read_audit,
             .summary = "The same, of one actor, kind or time; a long trail is searched in parts",
             .takes = "AuditSearch",
             .gives = "Audit",
             .handle = search_audit},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/audit/{log}/{position}/proof",
             .right = Right::read_audit,
             .summary = "That a record is in a log: what a third party needs to check it",
             .gives = "RecordProof",
             .handle = show_proof},
};

}  // namespace

std::span<const ApiRoute> audit_routes() {
  return routes;
}

}  // namespace fristad
