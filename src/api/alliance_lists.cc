// Lists between members: who reads ours, and what we do with theirs.

#include <algorithm>

#include "api/alliance_json.h"
#include "api/api_impl.h"
#include "api/problem.h"
#include "base/hex.h"

namespace fristad {
namespace {

Status write_list(JsonWriter& json, const Call& call, const ListInfo& list) {
  json.begin_object().member("list", to_text(list.id)).member("title", list.body.title);
  json.member("member", list.member).member("own", list.own).member("purpose", to_text(list.body.purpose));
  json.member("state", to_text(list.body.state)).member("handling", list.body.handling);
  json.member("entries", list.entries).member("withdrawn", list.withdrawn).key("readers").begin_array();
  if (list.own) {
    for (const std::string& one : TRY(call.api.parts.alliance.alliance.readers(list.id))) json.value(one);
  }
  json.end_array();
  if (list.subscription) {
    const Subscription& how = *list.subscription;
    json.key("subscription").begin_object().member("subscribed", how.subscribed).member("enforce", how.enforce);
    json.member("national", how.national).member("heed_disputes", how.heed_disputes);
    json.member("enforced_per_day", how.enforced_per_day).end_object();
  }
  json.end_object();
  return {};
}

Result<Response> list_response(const Call& call, const ListId& id) {
  std::string body;
  JsonWriter json(body);
  TRY(write_list(json, call, TRY(call.api.parts.material.list(id))));
  return json_response(200, std::move(body));
}

Result<Response> show_lists(Call& call) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("lists").begin_array();
  for (const ListInfo& list : TRY(call.api.parts.material.lists())) TRY(write_list(json, call, list));
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

Result<Response> show_list(Call& call) {
  return list_response(call, TRY(call.id("list")));
}

Result<Response> share(Call& call) {
  const ListId list = TRY(call.id("list"));
  Fields in(*TRY(call.body()));
  const auto readers = TRY(in.texts("readers", 200, 63));
  TRY(in.end());
  if (readers.empty())
    return Error{Code::invalid_argument, "\"readers\" names members, or \"*\" for the whole alliance"};
  TRY(call.api.parts.alliance.share(call.by(), list, readers));
  return list_response(call, list);
}

Result<Response> stop_sharing(Call& call) {
  const ListId list = TRY(call.id("list"));
  const std::string reader(call.request.parameter("reader"));
  TRY(call.api.parts.material.list(list));
  const auto now = TRY(call.api.parts.alliance.alliance.readers(list));
  // Who reads it as one of all isn't taken out by name: that would be said, and change nothing that is seen here.
  if (!now.contains(reader)) return Error{Code::not_found, "it isn't shared with that reader by name"};
  TRY(call.api.parts.alliance.stop_sharing(call.by(), list, std::span(&reader, 1)));
  return list_response(call, list);
}

Result<Response> subscribe(Call& call) {
  const ListId list = TRY(call.id("list"));
  Fields in(*TRY(call.body()));
  Subscription how;
  how.subscribed = TRY(in.flag("subscribed"));
  how.enforce = TRY(in.maybe_flag("enforce")).value_or(how.enforce);
  how.national = TRY(in.maybe_flag("national")).value_or(how.national);
  how.heed_disputes = TRY(in.maybe_flag("heed_disputes")).value_or(how.heed_disputes);
  how.enforced_per_day = TRY(in.maybe_integer("enforced_per_day", 0, 1'000'000'000)).value_or(how.enforced_per_day);
  TRY(in.end());
  TRY(call.api.parts.material.subscribe(call.by(), list, how));
  return list_response(call, list);
}

constexpr std::array routes{
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/alliance/lists",
             .right = Right::subscribe_lists,
             .summary = "Our lists with who reads them, and other members' with what we do with them",
             .gives = "AllianceLists",
             .handle = show_lists},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/alliance/lists/{list}",
             .right = Right::subscribe_lists,
             .summary = "One of them",
             .gives = "AllianceList",
             .handle = show_list},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/alliance/lists/{list}/readers",
             .right = Right::decide_alliance,
             .summary = "Let members read a list of ours, all of it, from now on",
             .takes = "ReadersDraft",
             .gives = "AllianceList",
             .handle = share},
    ApiRoute{.method = Method::del,
             .pattern = "/api/v1/alliance/lists/{list}/readers/{reader}",
             .right = Right::decide_alliance,
             .summary = "Stop sharing a list with a member, or with \"*\", the whole alliance",
             .gives = "AllianceList",
             .handle = stop_sharing},
    ApiRoute{.method = Method::put,
             .pattern = "/api/v1/alliance/lists/{list}/subscription",
             .right = Right::subscribe_lists,
             .summary = "Say what we do with another member's list",
             .takes = "SubscriptionDraft",
             .gives = "AllianceList",
             .handle = subscribe},
};

}  // namespace

std::span<const ApiRoute> alliance_list_routes() {
  return routes;
}

}  // namespace fristad
