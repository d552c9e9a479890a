// What a load balancer and a curious client ask.

#include <algorithm>
#include <array>

#include "api/hma/hma_impl.h"
#include "api/hma/shadow.h"

namespace fristad {
namespace {

Response html(int status, std::string text) {
  Response response{.status = status, .body = std::move(text)};
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  return response;
}

Response led_to(std::string where) {
  Response response = html(302, "");
  response.headers.add("Location", std::move(where));
  return response;
}

Result<Response> show_status(HmaCall& call) {
  const bool stale = call.material().index_info().merge_error.has_value();
  return stale ? html(503, "INDEX-STALE") : html(200, "I-AM-ALIVE");
}

Result<Response> show_live(HmaCall&) {
  return html(200, "I-AM-ALIVE");
}

Result<Response> show_root(HmaCall&) {
  return led_to("/status");
}

// As Flask writes it: "/c/bank/<bank_name>/content/<int:content_id>".
std::string rule_of(std::string_view pattern) {
  std::string rule;
  for (; !pattern.empty(); pattern.remove_prefix(1)) {
    if (pattern.starts_with('{')) {
      rule += pattern.starts_with("{content_id}") ? "<int:" : "<";
    } else {
      rule += pattern.starts_with('}') ? '>' : pattern.front();
    }
  }
  return rule;
}

Result<Response> show_site_map(HmaCall& call) {
  std::vector<std::string> rules;
  for (const HmaRoute& route : call.hma.routes) rules.push_back(rule_of(route.at.pattern));
  std::ranges::sort(rules);
  rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
  return hma_json(200, Json(Json::Array(rules.begin(), rules.end())));
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

Result<Response> show_openapi(HmaCall& call) {
  Json::Object paths;
  for (const HmaRoute& route : call.hma.routes) {
    Json::Array parameters;
    for (std::string_view rest = route.at.pattern; rest.find('{') != std::string_view::npos;) {
      rest.remove_prefix(rest.find('{') + 1);
      parameters.push_back(Json::object({{"in", "path"},
                                         {"name", rest.substr(0, rest.find('}'))},
                                         {"required", true},
                                         {"schema", Json::object({{"type", "string"}})}}));
    }
    const auto [at, fresh] = paths.try_emplace(std::string(route.at.pattern), Json::object());
    at->second.members()->emplace(
        lower(to_text(route.at.method)),
        Json::object({{"summary", route.at.summary},
                      {"parameters", Json(std::move(parameters))},
                      {"responses", Json::object({{"200", Json::object({{"description", "OK"}})}})}}));
  }
  return hma_json(
      200, Json::object({{"openapi", "3.1.0"},
                         {"info", Json::object({{"title", "Open Media Match API"}, {"version", FRISTAD_VERSION}})},
                         {"paths", Json(std::move(paths))}}));
}

constexpr HmaRoute open_route(std::string_view pattern, std::string_view summary, HmaHandler handle,
                              HmaHandler shadowed) {
  return {.at = {.method = Method::get, .pattern = pattern, .door = Door::open, .summary = summary},
          .handle = handle,
          .shadowed = shadowed};
}

constexpr std::array routes{
    open_route("/", "To the status", show_root, show_root),
    open_route("/status", "Whether it can match", show_status, pass_on),
    open_route("/status/live", "Whether it runs", show_live, show_live),
    open_route("/site-map", "What routes there are", show_site_map, show_site_map),
    open_route("/openapi/openapi.json", "The same in OpenAPI", show_openapi, show_openapi),
};

}  // namespace

std::span<const HmaRoute> hma_core_routes() {
  return routes;
}

}  // namespace fristad
