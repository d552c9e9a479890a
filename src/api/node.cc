// How the node is: for people, for load balancers, for Prometheus; and the stream of what changes.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>

#include "api/api_impl.h"
#include "api/call.h"
#include "api/openapi.h"
#include "api/problem.h"
#include "base/hex.h"

namespace fristad {
namespace {

std::int64_t resident_bytes() {
  std::int64_t size = 0;
  std::int64_t resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

Result<Response> show_node(Call& call) {
  ApiParts& parts = call.api.parts;
  const LiveIndexInfo index = parts.material.index_info();
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("member", parts.journal.member()).member("version", FRISTAD_VERSION);
  json.member("started_ms", call.api.started_ms).member("now_ms", parts.clock.utc_ms());
  json.key("logs").begin_array();
  for (std::uint32_t log = 0; log < own_logs; ++log) {
    const LogHead head = parts.journal.head(log);
    json.begin_object().member("origin", head.origin).member("size", head.size);
    json.member("root", to_hex(head.root)).end_object();
  }
  json.end_array().member("entries", index.entries).member("index_bytes", index.bytes);
  json.member("index_behind", index.merge_error.has_value()).key("servers").begin_array();
  for (const auto& [name, now] : call.api.server_infos()) {
    json.begin_object().member("name", name).member("connections", now.connections);
    json.member("event_streams", now.event_streams).member("running", now.handlers_running);
    json.member("waiting", now.handlers_waiting).end_object();
  }
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

Result<Response> show_openapi(Call& call) {
  return json_response(200, call.api.openapi);
}

Result<Response> live(Call&) {
  return json_response(200, "{\"live\":true}");
}

Result<Response> ready(Call& call) {
  const bool behind = call.api.parts.material.index_info().merge_error.has_value();
  if (!call.api.closing && !behind) return json_response(200, "{\"ready\":true}");
  return problem_response(problem_of(Code::unavailable),
                          behind ? "the match index is behind the records" : "the node is stopping");
}

// Numbers alone: who it is stands in the alliance's table.
Status write_alliance(std::string& text, const AllianceParts& parts, std::string_view own) {
  const auto now = parts.alliance.membership();
  if (!now->state) return {};
  const auto active = std::ranges::count_if(now->state->members, [&](const auto& member) {
    return member.first != own && member.second.standing == Standing::active;
  });
  std::int64_t failing = 0;
  std::int64_t behind = 0;
  for (const PeerState& peer : TRY(parts.peers())) {
    if (!now->state->is_active(peer.member)) continue;
    failing += peer.trouble.empty() ? 0 : 1;
    behind += peer.read_to < peer.log_size ? 1 : 0;
  }
  std::int64_t evidence = 0;
  for (const auto& [member, pairs] : TRY(parts.evidence())) evidence += pairs;
  write_gauge(text, "fristad_alliance_members", "Other active members", active);
  write_gauge(text, "fristad_alliance_failing", "Members that can't be read at present", failing);
  write_gauge(text, "fristad_alliance_behind", "Members of whose records some are still to be read", behind);
  write_gauge(text, "fristad_alliance_muted", "Members whose material isn't used here", std::ssize(now->muted));
  write_gauge(text, "fristad_alliance_votes_waiting", "Changes that wait for our vote",
              std::ssize(parts.alliance.waiting_for_us()));
  write_gauge(text, "fristad_alliance_evidence", "Pairs of heads that can't both be true", evidence);
  write_gauge(text, "fristad_alliance_clock_offset_seconds", "By how much most others' clocks are ahead of ours",
              parts.clock_offset_ms() / 1000);
  return {};
}

Result<Response> metrics(Call& call) {
  Api::Impl& api = call.api;
  if (!api.options.open_metrics && !call.may(Right::read_metrics)) {
    return problem_response(call.caller ? problem_forbidden() : problem_sign_in_needed(),
                            "a token with the scope \"metrics\" reads these");
  }
  std::string text;
  api.metrics.write(text);
  const LiveIndexInfo index = api.parts.material.index_info();
  write_gauge(text, "fristad_entries", "Entries that can be found", static_cast<std::int64_t>(index.entries));
  write_gauge(text, "fristad_index_bytes", "Memory of the match index", static_cast<std::int64_t>(index.bytes));
  write_gauge(text, "fristad_index_behind", "1 if the match index is behind the records", index.merge_error ? 1 : 0);
  write_gauge(text, "fristad_index_merging", "1 while parts of the match index are made one, and matching is slower",
              index.merging ? 1 : 0);
  write_gauge(text, "fristad_log_shared_records", "Records in the shared log",
              static_cast<std::int64_t>(api.parts.journal.head(shared_log).size));
  write_gauge(text, "fristad_log_private_records", "Records in the private log",
              static_cast<std::int64_t>(api.parts.journal.head(private_log).size));
  TRY(write_alliance(text, api.parts.alliance, api.parts.journal.member()));
  HttpServerInfo all;
  for (const auto& [name, now] : api.server_infos()) {
    all.connections += now.connections;
    all.event_streams += now.event_streams;
    all.handlers_running += now.handlers_running;
    all.handlers_waiting += now.handlers_waiting;
  }
  write_gauge(text, "fristad_http_connections", "Open connections", static_cast<std::int64_t>(all.connections));
  write_gauge(text, "fristad_http_event_streams", "Open event streams", static_cast<std::int64_t>(all.event_streams));
  write_gauge(text, "fristad_http_handlers_running", "Requests being handled",
              static_cast<std::int64_t>(all.handlers_running));
  write_gauge(text, "fristad_http_handlers_waiting", "Requests waiting for a handler",
              static_cast<std::int64_t>(all.handlers_waiting));
  write_gauge(text, "process_resident_memory_bytes", "Resident memory", resident_bytes());
  write_gauge(text, "process_start_time_seconds", "When the process started, since 1970", api.started_ms / 1000);
  Response response = Response::text(200, std::move(text));
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

Result<Response> listen(Call& call) {
  Api::Impl& api = call.api;
  if (!api.events.has_room(call.who())) {
    return problem_response(problem_throttled(), "too many event streams are open");
  }
  Response response;
  response.events = [&api, caller = call.who()](std::shared_ptr<EventStream> stream) {
    api.events.open(caller, std::move(stream));
  };
  return response;
}

constexpr std::array routes{
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/node",
             .right = Right::node_status,
             .summary = "How the node is",
             .gives = "Node",
             .handle = show_node},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/events",
             .door = Door::caller,
             .summary = "What changes, as it changes (server-sent events), as far as the caller may see it",
             .gives = "text/event-stream",
             .handle = listen},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/openapi.json",
             .door = Door::open,
             .summary = "This document",
             .gives = "OpenApi",
             .handle = show_openapi},
    ApiRoute{.method = Method::get,
             .pattern = "/health/live",
             .door = Door::open,
             .summary = "The process answers",
             .gives = "Live",
             .handle = live,
             .quick = true},
    ApiRoute{.method = Method::get,
             .pattern = "/health/ready",
             .door = Door::open,
             .summary = "The node can do its work",
             .gives = "Ready",
             .handle = ready},
    ApiRoute{.method = Method::get,
             .pattern = "/metrics",
             .door = Door::open,
             .summary = "Figures for Prometheus; needs the right read_metrics unless the configuration opens it",
             .gives = "text/plain",
             .handle = metrics},
};

}  // namespace

std::span<const ApiRoute> node_routes() {
  return routes;
}

}  // namespace fristad
