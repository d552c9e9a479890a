// One's own account: who I am, my sessions, my password, my second factors.

#include "api/api_impl.h"
#include "api/call.h"
#include "api/problem.h"
#include "api/webauthn_json.h"
#include "base/hex.h"
#include "crypto/base64.h"

namespace fristad {
namespace {

constexpr std::array all_rights{
    Right::own_account,   Right::node_status,     Right::dashboards,      Right::match,          Right::match_details,
    Right::read_lists,    Right::decide_lists,    Right::ask_export,      Right::ask_erasure,    Right::answer_lists,
    Right::read_audit,    Right::manage_users,    Right::answer_users,    Right::read_metrics,   Right::curate_banks,
    Right::read_alliance, Right::decide_alliance, Right::answer_alliance, Right::subscribe_lists};
static_assert(all_rights.size() == right_count);

Result<Response> show_me(Call& call) {
  const Caller& caller = call.who();
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("actor", caller.actor).member("kind", caller.kind == CallerKind::user ? "user" : "token");
  json.member("enrolling", caller.enrolling).key("rights").begin_array();
  for (const Right right : all_rights) {
    if (caller.rights.has(right)) json.value(to_text(right));
  }
  json.end_array();
  if (caller.kind == CallerKind::user) {
    const UserInfo user = TRY(call.api.parts.people.user(caller.user));
    json.member("user", to_hex(user.id)).member("name", user.body.name).member("display", user.body.display);
    json.key("roles").begin_array();
    for (const Role role : user.body.roles) json.value(to_text(role));
    json.end_array().member("has_totp", user.has_totp).member("security_keys", user.security_keys);
    json.member("needs_security_key", needs_security_key(user.body.roles));
    // A page that was loaded again has to know it: no other site can read this answer.
    json.member("csrf", call.api.parts.people.csrf_of(call.session_secret));
  }
  json.end_object();
  return json_response(200, std::move(body));
}

Result<Response> show_sessions(Call& call) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("sessions").begin_array();
  for (const SessionInfo& session : call.api.parts.people.sessions(call.who().user)) {
    json.begin_object().member("session", session.id).member("device", session.device);
    json.member("since_ms", session.since_ms);
    json.member("seen_ms", session.seen_ms).member("current", session.id == call.who().session).end_object();
  }
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

Result<Response> end_session(Call& call) {
  TRY(call.api.parts.people.end_session_of(call.who().user, call.request.parameter("session")));
  return Response{.status = 204};
}

// Wipes it. Who tries too often has to wait, as at the door.
Result<std::optional<Response>> refuse_wrong_password(Call& call, std::string& password) {
  const auto right = call.api.parts.people.is_password(call.who().user, password);
  wipe(password);
  if (right && *right) return std::optional<Response>();
  if (right) return std::optional(problem_response(problem_forbidden(), "the password isn't right"));
  if (right.error().code != Code::deadline_exceeded) return right.error();
  return std::optional(wait_response(right.error()));
}

Result<Response> change_password(Call& call) {
  Fields in(*TRY(call.body(8192)));
  std::string before = TRY(in.text("before", 1024));
  std::string password = TRY(in.text("password", 1024));
  TRY(in.end());
  if (auto refused = TRY(refuse_wrong_password(call, before))) return *std::move(refused);
  const Status set = call.api.parts.people.set_password(call.by(), call.who().user, password, call.who().session);
  wipe(password);
  TRY(set);
  return Response{.status = 204};
}

// ---- Second factors ----

// Whoever got hold of an open session could add a factor of his own: so the password is asked for again.
Result<std::optional<Response>> refuse_without_password(Call& call, Fields& in) {
  std::string password = TRY(in.text("password", 1024));
  return refuse_wrong_password(call, password);
}

Result<Response> propose_totp(Call& call) {
  Fields in(*TRY(call.body(8192)));
  if (auto refused = TRY(refuse_without_password(call, in))) return *std::move(refused);
  TRY(in.end());
  std::string secret = TRY(call.api.parts.people.propose_totp(call.who().user));
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("secret", secret);
  json.member("uri", "otpauth://totp/Fristad:" + call.who().actor + "?secret=" + secret + "&issuer=Fristad");
  json.end_object();
  wipe(secret);
  Response response = json_response(200, std::move(body));
  response.headers.add("Cache-Control", "no-store");
  return response;
}

Result<Response> confirm_totp(Call& call) {
  Fields in(*TRY(call.body(8192)));
  const std::string code = TRY(in.text("code", 16));
  TRY(in.end());
  TRY(call.api.parts.people.confirm_totp(call.by(), call.who().user, code));
  return Response{.status = 204};
}

Result<Response> key_challenge(Call& call) {
  Fields in(*TRY(call.body(8192)));
  if (auto refused = TRY(refuse_without_password(call, in))) return *std::move(refused);
  TRY(in.end());
  const auto challenge = TRY(call.api.parts.people.security_key_challenge(call.who().user));
  const auto known = TRY(call.api.parts.people.security_key_credentials(call.who().user));
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("challenge", to_base64url(challenge));
  json.member("user_id", to_base64url(call.who().user)).member("user_name", call.who().actor);
  json.member("rp_id", call.api.options.rp_id).key("exclude").begin_array();
  for (const auto& credential : known) json.value(to_base64url(credential));
  json.end_array().end_object();
  Response response = json_response(200, std::move(body));
  response.headers.add("Cache-Control", "no-store");
  return response;
}

Result<Response> add_key(Call& call) {
  Fields in(*TRY(call.body(64 * 1024)));
  const WebauthnRegistration answer = TRY(read_registration(in));
  const std::string label = TRY(in.maybe_text("label", 100)).value_or("");
  TRY(in.end());
  TRY(call.api.parts.people.add_security_key(call.by(), call.who().user, answer, label));
  return Response{.status = 204};
}

Result<Response> show_keys(Call& call) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("security_keys").begin_array();
  for (const SecurityKeyInfo& key : TRY(call.api.parts.people.security_keys(call.who().user))) {
    json.begin_object().member("security_key", key.id).member("label", key.label);
    json.member("added_ms", key.added_ms).member("used_ms", key.used_ms).end_object();
  }
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

// The password, else an open session that somebody left would be enough to shut its owner out. Which key stands in the
// body: its id follows from what WebAuthn calls it, and such has no place in an address.
Result<Response> remove_key(Call& call) {
  Fields in(*TRY(call.body(8192)));
  const std::string key = TRY(in.text("security_key", 16));
  if (auto refused = TRY(refuse_without_password(call, in))) return *std::move(refused);
  TRY(in.end());
  TRY(call.api.parts.people.remove_security_key(call.by(), call.who().user, key, call.who().session));
  return Response{.status = 204};
}

constexpr RouteLimits small{.body_bytes = 64 * 1024, .body_ms = 10'000};

constexpr std::array routes{
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/me",
             .door = Door::caller,
             .summary = "Who the caller is, and what he may",
             .gives = "Me",
             .handle = show_me},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/me/sessions",
             .door = Door::session,
             .summary = "One's sessions",
             .gives = "Sessions",
             .handle = show_sessions},
    ApiRoute{.method = Method::del,
             .pattern = "/api/v1/me/sessions/{session}",
             .door = Door::session,
             .summary = "End one of them",
             .status = 204,
             .handle = end_session},
    ApiRoute{.method = Method::put,
             .pattern = "/api/v1/me/password",
             .right = Right::own_account,
             .summary = "Change one's password; ends the other sessions",
             .takes = "PasswordChange",
             .status = 204,
             .handle = change_password,
             .limits = small},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/me/totp",
             .door = Door::session,
             .summary = "A secret for an app that makes codes; shown once",
             .takes = "PasswordAgain",
             .gives = "TotpSecret",
             .handle = propose_totp,
             .limits = small,
             .secret_answer = true},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/me/totp/confirm",
             .door = Door::session,
             .summary = "A code of that app: from now on it is the second factor",
             .takes = "TotpCode",
             .status = 204,
             .handle = confirm_totp,
             .limits = small},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/me/security-keys/challenge",
             .door = Door::session,
             .summary = "What a security key has to sign to be added",
             .takes = "PasswordAgain",
             .gives = "KeyChallenge",
             .handle = key_challenge,
             .limits = small,
             .secret_answer = true},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/me/security-keys",
             .door = Door::session,
             .summary = "Add a security key (WebAuthn)",
             .takes = "KeyRegistration",
             .status = 204,
             .handle = add_key,
             .limits = small},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/me/security-keys",
             .right = Right::own_account,
             .summary = "One's security keys",
             .gives = "SecurityKeys",
             .handle = show_keys},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/me/security-keys/remove",
             .right = Right::own_account,
             .summary = "Remove one of them, but the last that one's roles need; ends the other sessions",
             .takes = "KeyRemoval",
             .status = 204,
             .handle = remove_key,
             .limits = small},
};

}  // namespace

std::span<const ApiRoute> me_routes() {
  return routes;
}

}  // namespace fristad
