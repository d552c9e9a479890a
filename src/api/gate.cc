// The way of every request: who asks, may he, was it asked before, and what became of it.

#include <algorithm>

#include "api/api_impl.h"
#include "api/call.h"
#include "api/cookie.h"
#include "api/problem.h"
#include "base/try.h"
#include "http/query.h"

namespace fristad {
namespace {

constexpr std::string_view bearer = "Bearer ";

bool changes_something(Method method) {
  return method != Method::get && method != Method::head;
}

// A change that a browser sends comes from a page of ours: it says where from, and brings what only such a page knows.
std::optional<Response> refuse_forgery(const Call& call) {
  if (!changes_something(call.request.method)) return std::nullopt;
  const std::string_view origin = call.request.headers.find("Origin");
  const auto& origins = call.api.options.origins;
  if (!origin.empty() && std::ranges::find(origins, origin) == origins.end()) {
    return problem_response(problem_forbidden(), "the request comes from another site's page");
  }
  // Who isn't signed in has nothing to forge: a dead cookie keeps nobody from signing in anew.
  if (call.session_secret.empty() || !call.caller) return std::nullopt;
  if (call.api.parts.people.is_csrf(call.session_secret, call.request.headers.find("X-CSRF-Token"))) {
    return std::nullopt;
  }
  return problem_response(problem_forbidden(), "X-CSRF-Token isn't the one that came with the sign-in");
}

// Fills in who asks. A token that is none is an error, also on an open route; a cookie that is none is no cookie.
std::optional<Response> identify(Call& call) {
  const std::string_view authorization = call.request.headers.find("Authorization");
  if (!authorization.empty()) {
    if (authorization.starts_with(bearer)) {
      call.caller = call.api.parts.people.who_has_token(authorization.substr(bearer.size()));
    }
    if (!call.caller) {
      return problem_response(problem_sign_in_needed(), "the token is unknown, expired or revoked");
    }
    return std::nullopt;
  }
  call.session_secret = session_cookie(call.request.headers.find("Cookie"));
  if (!call.session_secret.empty()) call.caller = call.api.parts.people.who_has_session(call.session_secret);
  return std::nullopt;
}

std::optional<Response> admit(Call& call) {
  if (auto refused = identify(call)) return refused;
  if (auto refused = refuse_forgery(call)) return refused;
  if (call.route.door == Door::open) return std::nullopt;
  if (!call.caller) return problem_response(problem_sign_in_needed(), "sign in first, or send a token");
  if (call.route.door == Door::caller) return std::nullopt;
  if (call.route.door == Door::session) {
    if (call.caller->kind == CallerKind::user) return std::nullopt;
    return problem_response(problem_forbidden(), "that is for people, not for tokens");
  }
  if (call.caller->enrolling) {
    return problem_response(problem_forbidden(), "add a second factor first: nothing else can be done before");
  }
  if (call.may(call.route.right)) return std::nullopt;
  return problem_response(problem_forbidden(),
                          "that needs the right \"" + std::string(to_text(call.route.right)) + "\"");
}

// A misspelt member would be ignored without a word; and what doesn't belong there may be a hash.
Status check_query(const Call& call) {
  for (const auto& [name, value] : TRY(parse_query(call.request.query))) {
    std::string_view known = call.route.query;
    while (!known.empty() && known.substr(0, known.find(',')) != name) {
      known.remove_prefix(std::min(known.find(','), known.size() - 1) + 1);
    }
    if (known.empty()) return Error{Code::invalid_argument, "the query has a member that isn't known here"};
  }
  return {};
}

Response answer_of(Call& call) {
  if (const Status known = check_query(call); !known) return problem_response(known.error());
  auto answer = call.route.handle(call);
  if (!answer) return problem_response(answer.error());
  return *std::move(answer);
}

}  // namespace

// What is answered is nobody's to keep, and is what it says it is.
Response hardened(Response response) {
  if (!response.headers.has("Cache-Control")) response.headers.add("Cache-Control", "no-store");
  response.headers.add("X-Content-Type-Options", "nosniff");
  return response;
}

Response Api::Impl::handle(const ApiRoute& route, Request& request) {
  return hardened(admitted(route, request));
}

Response Api::Impl::admitted(const ApiRoute& route, Request& request) {
  Call call(*this, request, route);
  if (auto refused = admit(call)) return *std::move(refused);
  const std::string_view key = request.headers.find("Idempotency-Key");
  // An upload decides nothing, and its body isn't kept.
  const bool upload = route.takes.find('/') != std::string_view::npos;
  if (key.empty() || request.method != Method::post || !call.caller || route.quick || upload) return answer_of(call);
  if (key.size() > idempotency_key_bytes_max) {
    return problem_response(problem_of(Code::invalid_argument), "an Idempotency-Key has at most 255 bytes");
  }
  const auto body = call.body_text();
  if (!body) return problem_response(body.error());
  const auto asked = IdempotencyKeys::asked(call.who().actor, key, request.path, *body);
  auto before = keys.answer_before(asked);
  if (!before) return problem_response(before.error());
  if (*before) return **std::move(before);
  call.once = IdempotencyKeys::note(asked);
  Response answer = answer_of(call);
  if (call.decided && answer.status < 400 && !route.secret_answer && !answer.stream && !answer.events) {
    if (const Status kept = keys.keep(asked, answer); !kept) {
      parts.log.warning("answer_not_kept", {{"code", to_string(kept.error().code)}});
    }
  }
  return answer;
}

}  // namespace fristad
