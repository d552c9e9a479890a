// /c/exchanges and what can be set in HMA: there are no exchanges of HMA's kind here, and what types there are is
// fixed.

#include <algorithm>
#include <array>
#include <cmath>

#include "api/hma/hma_impl.h"
#include "api/hma/signals.h"

namespace fristad {
namespace {

Error wrong(std::string what) {
  return {Code::invalid_argument, std::move(what)};
}

// ---- Exchanges ----

Result<Response> show_none(HmaCall&) {
  return hma_json(200, Json(Json::Array()));
}

std::string no_such_api(const HmaCall& call) {
  return "no such Exchange API '" + std::string(call.request.parameter("api_name")) + "'";
}

Result<Response> show_exchange_api(HmaCall& call) {
  return hma_message(400, no_such_api(call));
}

Result<Response> show_exchange_schema(HmaCall& call) {
  return hma_message(404, no_such_api(call));
}

Result<Response> make_exchange(HmaCall& call) {
  const Json& sent = *TRY(call.json());
  const Json* const bank = sent.find("bank");
  if (bank == nullptr || bank->text() == nullptr) return wrong("bank is required");
  const auto is_of_name = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  if (bank->text()->empty() || !std::ranges::all_of(*bank->text(), is_of_name)) {
    return wrong("Field `bank` must match /^[A-Z0-9_]+$/");
  }
  const Json* const settings = sent.find("api_json");
  if (settings != nullptr && settings->members() == nullptr) return wrong("Field `api_json` must be object");
  const Json* const api = sent.find("api");
  if (api == nullptr || api->is_null()) return wrong("Field `api_type` is required");
  return wrong("No such exchange type '" + (api->text() != nullptr ? *api->text() : flask_text(*api)) + "'");
}

Result<Response> no_such_exchange(HmaCall& call) {
  return hma_message(404, "Exchange '" + std::string(call.request.parameter("exchange_name")) + "' not found");
}

Result<Response> delete_exchange(HmaCall&) {
  return hma_message(200, "Exchange deleted");
}

// ---- Types ----

Result<Response> show_signal_types(HmaCall&) {
  Json::Array types;
  for (const std::string_view name : {signal_pdq, signal_md5}) {
    types.push_back(Json::object({{"enabled_ratio", 1.0}, {"name", name}}));
  }
  return hma_json(200, Json(std::move(types)));
}

Result<Response> change_signal_type(HmaCall& call) {
  const std::string_view name = call.request.parameter("signal_type_name");
  const Json* const ratio = TRY(call.json())->find("enabled_ratio");
  if (ratio == nullptr) return wrong("enabled_ratio is required");
  if (!is_hma_signal(name)) return wrong("No such signal type '" + std::string(name) + "'");
  const bool whole = (ratio->integer() != nullptr && *ratio->integer() == 1) ||
                     (ratio->real() != nullptr && std::fabs(*ratio->real() - 1.0) < 1e-9);
  if (!whole) return hma_message(501, "signal types are always enabled here: disable banks or contents instead");
  return Response{.status = 204};
}

Result<Response> show_index(HmaCall& call) {
  const std::string* const only = call.query("signal_type");
  if (only != nullptr && !is_hma_signal(*only)) return wrong("No such signal type '" + *only + "'");
  const auto entries = static_cast<std::int64_t>(call.material().index_info().entries);
  const std::int64_t newest_s = entries > 0 ? call.hma.newest_ms->load() / 1000 : -1;
  Json::Object types;
  for (const std::string_view type : {signal_pdq, signal_md5}) {
    if (only != nullptr && *only != type) continue;
    types.emplace(type, Json::object({{"db_size", entries},
                                      {"index_built_to", newest_s},
                                      {"index_out_of_date", false},
                                      {"index_size", entries},
                                      {"newest_db_item", newest_s}}));
  }
  return hma_json(200, Json(std::move(types)));
}

Result<Response> show_content_types(HmaCall&) {
  Json::Array types;
  for (const char* const name : {"photo", "video"}) {
    types.push_back(Json::object({{"enabled", true}, {"name", name}}));
  }
  return hma_json(200, Json(std::move(types)));
}

constexpr HmaRoute curating(Method method, std::string_view pattern, std::string_view summary, HmaHandler handle) {
  return {.at = {.method = method, .pattern = pattern, .right = Right::curate_banks, .summary = summary},
          .handle = handle};
}

constexpr std::array routes{
    curating(Method::get, "/c/exchanges/apis", "Types of exchanges: none", show_none),
    curating(Method::get, "/c/exchanges/api/{api_name}", "A type of exchanges", show_exchange_api),
    curating(Method::post, "/c/exchanges/api/{api_name}", "Credentials of a type of exchanges", show_exchange_api),
    curating(Method::get, "/c/exchanges/api/{api_name}/schema", "Its settings", show_exchange_schema),
    curating(Method::get, "/c/exchanges", "Exchanges: none", show_none),
    curating(Method::post, "/c/exchanges", "Make an exchange: of no type", make_exchange),
    curating(Method::get, "/c/exchange/{exchange_name}", "An exchange", no_such_exchange),
    curating(Method::put, "/c/exchange/{exchange_name}", "Enable or disable an exchange", no_such_exchange),
    curating(Method::del, "/c/exchange/{exchange_name}", "Delete an exchange", delete_exchange),
    curating(Method::get, "/c/exchange/{exchange_name}/status", "How an exchange stands", no_such_exchange),
    curating(Method::post, "/c/exchange/{exchange_name}/credentials", "Credentials of an exchange", no_such_exchange),
    curating(Method::get, "/c/signal_type", "Types of signals", show_signal_types),
    curating(Method::put, "/c/signal_type/{signal_type_name}", "Enable a type of signals", change_signal_type),
    curating(Method::get, "/c/signal_type/index", "How fresh the index is", show_index),
    curating(Method::get, "/c/content_type", "Types of content", show_content_types),
};

}  // namespace

std::span<const HmaRoute> hma_config_routes() {
  return routes;
}

}  // namespace fristad
