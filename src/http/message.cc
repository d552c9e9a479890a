#include "http/message.h"

#include <algorithm>
#include <array>

#include "base/try.h"
#include "http/query.h"
#include "http/syntax.h"

namespace fristad {

std::string_view to_text(Method method) {
  switch (method) {
    case Method::get: return "GET";
    case Method::head: return "HEAD";
    case Method::post: return "POST";
    case Method::put: return "PUT";
    case Method::patch: return "PATCH";
    case Method::del: return "DELETE";
  }
  return "";
}

std::string_view Headers::find(std::string_view name) const {
  for (const auto& [known, value] : fields_) {
    if (equal_fold(known, name)) return value;
  }
  return {};
}

bool Headers::has(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [name](const auto& field) { return equal_fold(field.first, name); });
}

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(fields_, [name](const auto& field) { return equal_fold(field.first, name); });
  fields_.emplace_back(name, std::move(value));
}

std::string_view Request::parameter(std::string_view name) const {
  for (const auto& [known, value] : parameters) {
    if (known == name) return value;
  }
  return {};
}

Result<std::string> Request::query_value(std::string_view name) const {
  auto members = TRY(parse_query(query));
  for (auto& [known, value] : members) {
    if (known == name) return std::move(value);
  }
  return std::string();
}

Result<std::string> Request::read_all() {
  std::string all;
  std::array<char, 16 * 1024> piece;
  while (const std::size_t count = TRY(body->read(piece))) all.append(piece.data(), count);
  return all;
}

Response Response::text(int status, std::string body) {
  Response response{.status = status, .body = std::move(body)};
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  return response;
}

Response Response::json(int status, std::string body) {
  Response response{.status = status, .body = std::move(body)};
  response.headers.add("Content-Type", "application/json");
  return response;
}

}  // namespace fristad
