#include "api/openapi.h"

#include <algorithm>
#include <map>
#include <vector>

#include "api/problem.h"
#include "api/schemas.h"
#include "base/json_writer.h"

namespace fristad {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

void write_content(JsonWriter& json, std::string_view what) {
  json.key("content").begin_object();
  if (what.find('/') != std::string_view::npos) {
    while (!what.empty()) {
      const std::string_view type = what.substr(0, what.find(','));
      json.key(type).begin_object().end_object();
      what.remove_prefix(std::min(type.size() + 1, what.size()));
    }
    json.end_object();
    return;
  }
  json.key("application/json").begin_object().key("schema").begin_object();
  json.member("$ref", "#/components/schemas/" + std::string(what)).end_object().end_object().end_object();
}

void write_parameter(JsonWriter& json, std::string_view name, std::string_view place) {
  json.begin_object().member("name", name).member("in", place).member("required", place == "path");
  json.key("schema").begin_object().member("type", "string").end_object().end_object();
}

void write_parameters(JsonWriter& json, const ApiRoute& route) {
  json.key("parameters").begin_array();
  for (std::string_view rest = route.pattern; rest.find('{') != std::string_view::npos;) {
    rest.remove_prefix(rest.find('{') + 1);
    write_parameter(json, rest.substr(0, rest.find('}')), "path");
  }
  for (std::string_view rest = route.query; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find(','));
    write_parameter(json, name, "query");
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
  if (route.method == Method::post) write_parameter(json, "Idempotency-Key", "header");
  if (route.has_etag) write_parameter(json, route.method == Method::get ? "If-None-Match" : "If-Match", "header");
  json.end_array();
}

void write_operation(JsonWriter& json, const ApiRoute& route) {
  json.key(lower(to_text(route.method))).begin_object().member("summary", route.summary);
  if (route.door == Door::right) json.member("x-right", to_text(route.right));
  json.key("security").begin_array();
  if (route.door != Door::open) {
    if (route.door != Door::session) json.begin_object().key("token").begin_array().end_array().end_object();
    json.begin_object().key("session").begin_array().end_array().end_object();
  }
  json.end_array();
  write_parameters(json, route);
  if (!route.takes.empty()) {
    json.key("requestBody").begin_object();
    write_content(json, route.takes);
    json.end_object();
  }
  json.key("responses").begin_object().key(std::to_string(route.status)).begin_object();
  json.member("description", "done");
  if (!route.gives.empty()) write_content(json, route.gives);
  json.end_object();
  if (route.has_etag && route.method == Method::get) {
    json.key("304").begin_object().member("description", "what If-None-Match names is what there is").end_object();
  }
  json.key("default").begin_object().member("description", "a problem (RFC 9457)");
  json.key("content").begin_object().key("application/problem+json").begin_object().key("schema").begin_object();
  json.member("$ref", "#/components/schemas/Problem");
  json.end_object().end_object().end_object().end_object().end_object().end_object();
}

}  // namespace

std::string openapi_document(std::span<const ApiRoute> routes) {
  std::map<std::string_view, std::vector<const ApiRoute*>> paths;
  for (const ApiRoute& route : routes) paths[route.pattern].push_back(&route);
  std::string text;
  JsonWriter json(text);
  json.begin_object().member("openapi", "3.1.0").key("info").begin_object();
  json.member("title", "Fristad node").member("version", FRISTAD_VERSION);
  json.member("description",
              "Hashes and metadata only. A match is a lead that people decide on. No hash, URL or identifier ever "
              "stands in a URL.");
  json.end_object().key("servers").begin_array().begin_object().member("url", "/").end_object().end_array();
  json.key("paths").begin_object();
  for (const auto& [pattern, operations] : paths) {
    json.key(pattern).begin_object();
    for (const ApiRoute* route : operations) write_operation(json, *route);
    json.end_object();
  }
  json.end_object().key("components").begin_object().key("securitySchemes").begin_object();
  json.key("token").begin_object().member("type", "http").member("scheme", "bearer").end_object();
  json.key("session").begin_object().member("type", "apiKey").member("in", "cookie");
  json.member("name", "fristad_session").end_object().end_object().key("schemas").begin_object();
  std::string schemas;
  for (const Shape& shape : shapes()) {
    schemas += (schemas.empty() ? "" : ",") + ("\"" + std::string(shape.name) + "\":") + schema_of(shape);
  }
  text += schemas;
  json.end_object().key("x-problems").begin_array();
  for (const ProblemKind& kind : problem_kinds()) {
    json.begin_object()
        .member("code", kind.code)
        .member("status", kind.status)
        .member("title", kind.title)
        .end_object();
  }
  json.end_array().end_object().end_object();
  return text;
}

}  // namespace fristad
