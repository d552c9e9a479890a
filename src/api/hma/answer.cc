#include "api/hma/answer.h"

#include <array>
#include <charconv>
#include <cmath>

#include "api/problem.h"

namespace fristad {
namespace {

constexpr std::string_view server_error =
    "The server encountered an internal error and was unable to complete your request. Either the server is "
    "overloaded or there is an error in the application.";

void append_real(std::string& out, double number) {
  std::array<char, 64> digits;
  const double size = std::fabs(number);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific)
                       .ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  out += text;
  if (plain && text.find('.') == std::string_view::npos) out += ".0";
}

void append(std::string& out, const Json& value) {
  if (const Json::Object* const members = value.members()) {
    out += '{';
    for (const auto& [name, member] : *members) {
      if (out.back() != '{') out += ',';
      append_canonical_string(out, name);
      out += ':';
      append(out, member);
    }
    out += '}';
  } else if (const Json::Array* const items = value.array()) {
    out += '[';
    bool first = true;
    for (const Json& item : *items) {
      if (!first) out += ',';
      first = false;
      append(out, item);
    }
    out += ']';
  } else if (const double* const real = value.real()) {
    append_real(out, *real);
  } else {
    out += canonical(value);
  }
}

struct Words {
  int status;
  std::string_view title;
  std::string_view text;
};
constexpr std::array pages{
    Words{400, "Bad Request", "The browser (or proxy) sent a request that this server could not understand."},
    Words{403, "Forbidden",
          "You don&#39;t have the permission to access the requested resource. It is either read-protected or not "
          "readable by the server."},
    Words{404, "Not Found",
          "The requested URL was not found on the server. If you entered the URL manually please check your spelling "
          "and try again."},
    Words{405, "Method Not Allowed", "The method is not allowed for the requested URL."},
    Words{408, "Request Timeout",
          "The server closed the network connection because the browser didn&#39;t finish the request within the "
          "specified time."},
    Words{413, "Request Entity Too Large", "The data value transmitted exceeds the capacity limit."},
    Words{503, "Service Unavailable",
          "The server is temporarily unable to service your request due to maintenance downtime or capacity problems. "
          "Please try again later."},
    Words{500, "Internal Server Error", server_error},
};

}  // namespace

std::string flask_text(const Json& value) {
  std::string out;
  append(out, value);
  return out;
}

Response hma_json(int status, const Json& value) {
  return Response::json(status, flask_text(value) + "\n");
}

Response hma_message(int status, std::string_view message) {
  Response response = hma_json(status, Json::object({{"message", message}}));
  if (status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

Response hma_error(const Error& error) {
  const int status = problem_of(error.code).status;
  return hma_message(status, status == 500 ? server_error : std::string_view(error.message));
}

Response hma_invalid(std::string_view type, std::string_view where, std::string_view message) {
  // Not sorted: pydantic writes it, not Flask.
  std::string body = R"([{"type":)";
  append_canonical_string(body, type);
  body += R"(,"loc":[)";
  if (!where.empty()) append_canonical_string(body, where);
  body += R"(],"msg":)";
  append_canonical_string(body, message);
  body += R"(,"input":{},"url":)";
  append_canonical_string(body, "https://errors.pydantic.dev/2/v/" + std::string(type));
  body += "}]";
  return Response::json(422, std::move(body));
}

Response hma_missing(std::string_view where) {
  return hma_invalid("missing", where, "Field required");
}

Response hma_page(int status) {
  const Words* words = nullptr;
  for (const Words& one : pages) {
    if (one.status == status) words = &one;
  }
  if (words == nullptr) words = status < 500 ? &pages.front() : &pages.back();
  std::string body = "<!doctype html>\n<html lang=en>\n<title>" + std::to_string(status) + " ";
  body.append(words->title).append("</title>\n<h1>").append(words->title).append("</h1>\n<p>");
  body.append(words->text).append("</p>\n");
  Response response{.status = status, .body = std::move(body)};
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  return response;
}

}  // namespace fristad
