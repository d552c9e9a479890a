#include "api/problem.h"

#include <algorithm>
#include <array>

#include "base/json_writer.h"

namespace fristad {
namespace {

constexpr std::array kinds{
    ProblemKind{"invalid", 400, "The request makes no sense"},
    ProblemKind{"sign-in-needed", 401, "Sign in, or give a token"},
    ProblemKind{"forbidden", 403, "You may not do that"},
    ProblemKind{"not-found", 404, "There is no such thing"},
    ProblemKind{"method-not-allowed", 405, "That can't be done here"},
    ProblemKind{"too-slow", 408, "The request took too long to arrive"},
    ProblemKind{"conflict", 409, "Somebody else was faster, or it is there already"},
    ProblemKind{"stale", 412, "It has changed since you looked"},
    ProblemKind{"too-large", 413, "Over a limit"},
    ProblemKind{"target-too-long", 414, "The address is too long"},
    ProblemKind{"unsupported", 415, "This version doesn't handle that"},
    ProblemKind{"unreadable", 422, "The content is damaged, or not what it says it is"},
    ProblemKind{"throttled", 429, "Too many requests"},
    ProblemKind{"probing", 429, "Too many questions close around one"},
    ProblemKind{"headers-too-large", 431, "The headers are too large"},
    ProblemKind{"internal", 500, "A fault of ours"},
    ProblemKind{"unavailable", 503, "Not possible at the moment: try again"},
};

const ProblemKind& kind_of(std::string_view code) {
  return *std::ranges::find(kinds, code, &ProblemKind::code);
}

}  // namespace

std::span<const ProblemKind> problem_kinds() {
  return kinds;
}

const ProblemKind& problem_of(Code code) {
  switch (code) {
    case Code::invalid_argument: return kind_of("invalid");
    case Code::not_found: return kind_of("not-found");
    case Code::already_exists:
    case Code::conflict: return kind_of("conflict");
    case Code::permission_denied: return kind_of("forbidden");
    case Code::unsupported: return kind_of("unsupported");
    case Code::damaged: return kind_of("unreadable");
    case Code::too_large: return kind_of("too-large");
    case Code::deadline_exceeded: return kind_of("too-slow");
    case Code::unavailable:
    case Code::cancelled: return kind_of("unavailable");
    case Code::internal: break;
  }
  return kind_of("internal");
}

Response problem_response(const ProblemKind& kind, std::string_view detail) {
  std::string body;
  JsonWriter(body)
      .begin_object()
      .member("type", "urn:fristad:problem:" + std::string(kind.code))
      .member("title", kind.title)
      .member("status", kind.status)
      .member("code", kind.code)
      .member("detail", detail)
      .end_object();
  Response response{.status = kind.status, .body = body + "\n"};
  response.headers.add("Content-Type", "application/problem+json");
  if (kind.status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

Response problem_response(const Error& error) {
  return problem_response(problem_of(error.code), error.message);
}

Response wait_response(const Error& error) {
  Response wait = problem_response(problem_throttled(), error.message);
  // Whole seconds (RFC 9110, section 10.2.3): rounded up, so that whoever comes then isn't early.
  wait.headers.add("Retry-After", std::to_string(std::max<std::int64_t>(1, (error.wait_ms + 999) / 1000)));
  return wait;
}

Response problem_response(int status, std::string_view detail) {
  const auto* const kind = std::ranges::find(kinds, status, &ProblemKind::status);
  if (kind != kinds.end()) return problem_response(*kind, detail);
  ProblemKind other = kind_of(status < 500 ? "invalid" : "internal");
  other.status = status;
  return problem_response(other, detail);
}

const ProblemKind& problem_sign_in_needed() {
  return kind_of("sign-in-needed");
}
const ProblemKind& problem_forbidden() {
  return kind_of("forbidden");
}
const ProblemKind& problem_throttled() {
  return kind_of("throttled");
}
const ProblemKind& problem_probing() {
  return kind_of("probing");
}
const ProblemKind& problem_stale() {
  return kind_of("stale");
}

}  // namespace fristad
