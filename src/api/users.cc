// Users: made and disabled by an administrator; roles and the reset of factors need a second one.

#include "api/actions.h"
#include "api/api_impl.h"
#include "api/first_password.h"
#include "api/problem.h"
#include "base/hex.h"

namespace fristad {
namespace {

constexpr std::size_t roles_max = role_count;

void write_user(JsonWriter& json, const UserInfo& user) {
  json.begin_object().member("user", to_hex(user.id)).member("name", user.body.name);
  json.member("display", user.body.display).key("roles").begin_array();
  for (const Role role : user.body.roles) json.value(to_text(role));
  json.end_array().member("state", user.body.state == UserState::active ? "active" : "disabled");
  json.member("revision", user.revision).member("has_password", user.has_password).member("has_totp", user.has_totp);
  json.member("security_keys", user.security_keys).member("last_sign_in_ms", user.last_sign_in_ms).end_object();
}

Response user_response(const Call& call, int status, const UserInfo& user) {
  std::string body;
  JsonWriter json(body);
  write_user(json, user);
  return with_etag(call, user.revision, json_response(status, std::move(body)));
}

Result<Response> show_users(Call& call) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("users").begin_array();
  for (const UserInfo& user : TRY(call.api.parts.people.users())) write_user(json, user);
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

Result<Response> make_user(Call& call) {
  Fields in(*TRY(call.body()));
  UserBody wanted;
  wanted.name = TRY(in.text("name", 64));
  wanted.display = TRY(in.maybe_text("display", 200)).value_or("");
  TRY(in.end());
  const UserId id = TRY(call.api.parts.people.add_user(call.by(), wanted));
  Response response = user_response(call, 201, TRY(call.api.parts.people.user(id)));
  response.headers.add("Location", "/api/v1/users/" + to_hex(id));
  return response;
}

Result<Response> show_user(Call& call) {
  return user_response(call, 200, TRY(call.api.parts.people.user(TRY(call.id("user")))));
}

Result<Response> change_user(Call& call) {
  People& people = call.api.parts.people;
  const UserId id = TRY(call.id("user"));
  const auto if_revision = TRY(call.if_revision());
  if (if_revision && *if_revision != TRY(people.user(id)).revision) {
    return problem_response(problem_stale(), "the user has changed since: read it again");
  }
  Fields in(*TRY(call.body()));
  const auto display = TRY(in.maybe_text("display", 200));
  const auto state = TRY(in.maybe_text("state", 16));
  TRY(in.end());
  if (state && *state != "active" && *state != "disabled") {
    return Error{Code::invalid_argument, "\"state\" is active or disabled"};
  }
  if (display.has_value() == state.has_value()) {
    return Error{Code::invalid_argument, "one change at a time: \"display\" or \"state\""};
  }
  if (display) TRY(people.set_display(call.by(), id, *display));
  if (state) {
    TRY(people.set_state(call.by(), id, *state == "active" ? UserState::active : UserState::disabled, if_revision));
  }
  return user_response(call, 200, TRY(people.user(id)));
}

Result<Response> ask_roles(Call& call) {
  const UserInfo user = TRY(call.api.parts.people.user(TRY(call.id("user"))));
  Fields in(*TRY(call.body()));
  std::vector<Role> roles;
  Json::Array names;
  for (const std::string& name : TRY(in.texts("roles", roles_max, 32))) {
    const auto role = role_from_text(name);
    if (!role) return Error{Code::invalid_argument, "\"roles\" holds one that there isn't"};
    roles.push_back(*role);
    names.emplace_back(name);
  }
  const std::string reason = TRY(in.text("reason", 1000));
  TRY(in.end());
  TRY(check_combination(roles));
  return ask_for(call, {.action = std::string(action_roles),
                        .subject = to_hex(user.id),
                        .arguments = Json::object({{"user", to_hex(user.id)}, {"roles", std::move(names)}}),
                        .reason = reason,
                        .answered_with = Right::answer_users});
}

Result<Response> ask_reset(Call& call) {
  const UserInfo user = TRY(call.api.parts.people.user(TRY(call.id("user"))));
  Fields in(*TRY(call.body()));
  const std::string reason = TRY(in.text("reason", 1000));
  TRY(in.end());
  return ask_for(call, {.action = std::string(action_reset),
                        .subject = to_hex(user.id),
                        .arguments = Json::object({{"user", to_hex(user.id)}}),
                        .reason = reason,
                        .answered_with = Right::answer_users});
}

// For a new user, or one whose factors were reset: whoever has a password keeps it.
Result<Response> give_first_password(Call& call) {
  People& people = call.api.parts.people;
  const UserInfo user = TRY(people.user(TRY(call.id("user"))));
  if (user.has_password) {
    return Error{Code::conflict, "the user has a password: ask for a reset of the factors, which another approves"};
  }
  std::string password = TRY(first_password(call.api.parts.random));
  TRY(people.set_password(call.by(), user.id, password));
  std::string body;
  JsonWriter(body).begin_object().member("user", to_hex(user.id)).member("password", password).end_object();
  wipe(password);
  Response response = json_response(201, std::move(body));
  response.headers.add("Cache-Control", "no-store");
  return response;
}

constexpr std::array routes{
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/users",
             .right = Right::manage_users,
             .summary = "All users",
             .gives = "Users",
             .handle = show_users},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/users",
             .right = Right::manage_users,
             .summary = "Make a user, who has no role yet",
             .takes = "UserDraft",
             .gives = "User",
             .status = 201,
             .handle = make_user},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/users/{user}",
             .right = Right::manage_users,
             .summary = "A user",
             .gives = "User",
             .has_etag = true,
             .handle = show_user},
    ApiRoute{.method = Method::patch,
             .pattern = "/api/v1/users/{user}",
             .right = Right::manage_users,
             .summary = "Change what a user is called, or whether he may sign in",
             .takes = "UserChange",
             .gives = "User",
             .has_etag = true,
             .handle = change_user},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/users/{user}/roles",
             .right = Right::manage_users,
             .summary = "Ask for the roles of a user; another administrator approves",
             .takes = "RolesDraft",
             .gives = "Approval",
             .status = 202,
             .handle = ask_roles},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/users/{user}/reset",
             .right = Right::manage_users,
             .summary = "Ask for password and factors to be taken away; another administrator approves",
             .takes = "ResetDraft",
             .gives = "Approval",
             .status = 202,
             .handle = ask_reset},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/users/{user}/first-password",
             .right = Right::manage_users,
             .summary = "A first password for a user who has none; shown once",
             .gives = "FirstPassword",
             .status = 201,
             .handle = give_first_password,
             .secret_answer = true},
};

}  // namespace

std::span<const ApiRoute> user_routes() {
  return routes;
}

}  // namespace fristad
