// Signing in: first the password, then a code or a security key.

#include "api/api_impl.h"
#include "api/call.h"
#include "api/cookie.h"
#include "api/device.h"
#include "api/problem.h"
#include "api/webauthn_json.h"
#include "base/hex.h"
#include "crypto/base64.h"

namespace fristad {
namespace {

std::string_view to_text(SignInStep step) {
  switch (step) {
    case SignInStep::done: return "done";
    case SignInStep::totp: return "totp";
    case SignInStep::security_key: return "security_key";
    case SignInStep::enrol: return "enrol";
  }
  return "done";
}

// The secret goes into the cookie alone; what the page needs goes into the body.
Response sign_in_response(Call& call, const SignIn& signed_in) {
  if (signed_in.step == SignInStep::done) ++call.api.metrics.sign_ins;
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("step", to_text(signed_in.step)).member("csrf", signed_in.csrf);
  json.member("ends_ms", signed_in.ends_ms);
  if (signed_in.step == SignInStep::security_key) {
    json.member("totp_too", signed_in.totp_too).member("challenge", to_base64url(signed_in.challenge));
    json.key("credentials").begin_array();
    for (const auto& id : signed_in.credentials) json.value(to_base64url(id));
    json.end_array();
  }
  json.end_object();
  Response response = json_response(200, std::move(body));
  response.headers.add("Set-Cookie", set_session_cookie(signed_in.secret, call.api.options.secure_cookies));
  response.headers.add("Cache-Control", "no-store");
  return response;
}

Result<Response> sign_in_answer(Call& call, Result<SignIn> signed_in) {
  if (signed_in) return sign_in_response(call, *signed_in);
  ++call.api.metrics.sign_ins_refused;
  const Error& error = signed_in.error();
  if (error.code == Code::permission_denied) return problem_response(problem_sign_in_needed(), error.message);
  if (error.code != Code::deadline_exceeded) return error;
  return wait_response(error);
}

Result<Response> begin_session(Call& call) {
  Fields in(*TRY(call.body(8192)));
  const std::string name = TRY(in.text("name", 64));
  std::string password = TRY(in.text("password", 1024));
  TRY(in.end());
  auto signed_in = call.api.parts.people.begin_session(name, password, call.request.peer.address,
                                                       device_of(call.request.headers.find("User-Agent")));
  wipe(password);
  return sign_in_answer(call, std::move(signed_in));
}

Result<Response> finish_with_totp(Call& call) {
  Fields in(*TRY(call.body(8192)));
  const std::string code = TRY(in.text("code", 16));
  TRY(in.end());
  return sign_in_answer(call,
                        call.api.parts.people.finish_with_totp(call.session_secret, code, call.request.peer.address));
}

Result<Response> finish_with_security_key(Call& call) {
  Fields in(*TRY(call.body(64 * 1024)));
  const WebauthnAssertion answer = TRY(read_assertion(in));
  TRY(in.end());
  return sign_in_answer(
      call, call.api.parts.people.finish_with_security_key(call.session_secret, answer, call.request.peer.address));
}

Result<Response> finish_enrolment(Call& call) {
  return sign_in_answer(call, call.api.parts.people.finish_enrolment(call.session_secret));
}

Result<Response> end_session(Call& call) {
  TRY(call.api.parts.people.end_session(call.session_secret));
  Response response{.status = 204};
  response.headers.add("Set-Cookie", set_session_cookie("", call.api.options.secure_cookies));
  return response;
}

constexpr RouteLimits small{.body_bytes = 64 * 1024, .body_ms = 10'000};

constexpr std::array routes{
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/sessions",
             .door = Door::open,
             .summary = "Sign in with name and password; tells what is needed next",
             .takes = "Credentials",
             .gives = "SignIn",
             .handle = begin_session,
             .limits = small},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/sessions/totp",
             .door = Door::open,
             .summary = "Then with a code of an app",
             .takes = "TotpCode",
             .gives = "SignIn",
             .handle = finish_with_totp,
             .limits = small},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/sessions/security-key",
             .door = Door::open,
             .summary = "Or with a security key (WebAuthn)",
             .takes = "KeyAssertion",
             .gives = "SignIn",
             .handle = finish_with_security_key,
             .limits = small},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/sessions/enrolled",
             .door = Door::session,
             .summary = "After a second factor was added for the first time: be signed in",
             .gives = "SignIn",
             .handle = finish_enrolment,
             .limits = small},
    ApiRoute{.method = Method::del,
             .pattern = "/api/v1/sessions/current",
             .door = Door::session,
             .summary = "Sign out",
             .status = 204,
             .handle = end_session},
};

}  // namespace

std::span<const ApiRoute> session_routes() {
  return routes;
}

}  // namespace fristad
