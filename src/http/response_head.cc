#include "http/response_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "http/syntax.h"

namespace fristad {
namespace {

bool is_ours(std::string_view name) {
  return std::ranges::any_of(
      std::array<std::string_view, 5>{"Date", "Connection", "Content-Length", "Transfer-Encoding", "Server"},
      [name](std::string_view own) { return equal_fold(name, own); });
}

template <class Number>
void append_number(std::string& out, Number number, int base = 10) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

}  // namespace

Status append_head(std::string& out, const Response& response, const HeadOptions& options) {
  if (response.status < 200 || response.status > 599)
    return Error{Code::internal, "a handler gave a status outside 200 to 599"};
  out += "HTTP/1.1 ";
  append_number(out, response.status);
  out += ' ';
  out += status_text(response.status);
  out += "\r\nDate: ";
  out += options.date;
  out += options.keep_alive ? "\r\nConnection: keep-alive\r\n" : "\r\nConnection: close\r\n";
  if (options.framing == Framing::length) {
    out += "Content-Length: ";
    append_number(out, options.body_bytes);
    out += "\r\n";
  } else if (options.framing == Framing::chunked) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  for (const auto& [name, value] : response.headers.fields()) {
    if (!is_token(name) || !is_field_value(value))
      return Error{Code::internal, "a handler gave a header that can't be sent"};
    if (is_ours(name)) continue;
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  out += "\r\n";
  return {};
}

std::string http_date(std::int64_t utc_ms) {
  using namespace std::chrono;
  const sys_seconds now{floor<seconds>(milliseconds(utc_ms))};
  const sys_days day = floor<days>(now);
  const year_month_day date(day);
  const hh_mm_ss of_day(now - day);
  constexpr std::array<const char*, 7> week = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 64> text;
  const int length =
      std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d GMT", week[weekday(day).c_encoding()],
                    static_cast<unsigned>(date.day()), months[static_cast<unsigned>(date.month()) - 1],
                    static_cast<int>(date.year()), static_cast<int>(of_day.hours().count()),
                    static_cast<int>(of_day.minutes().count()), static_cast<int>(of_day.seconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string_view status_text(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
  }
}

void append_chunk(std::string& out, std::string_view part) {
  append_number(out, part.size(), 16);
  out += "\r\n";
  out += part;
  out += "\r\n";
}

}  // namespace fristad
