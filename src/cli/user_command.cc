#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/first_password.h"
#include "base/hex.h"
#include "base/json_writer.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "base/utc_text.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/with_node.h"
#include "crypto/secret.h"

namespace fristad {
namespace {

struct UserOptions {
  NodeOptions node;
  std::string name;
  std::string display;
  std::vector<std::string> roles;
  bool json = false;
};

std::string role_names() {
  std::string names;
  for (std::size_t i = 0; i < role_count; ++i) {
    names += (i == 0 ? "" : ", ") + std::string(to_text(static_cast<Role>(i)));
  }
  return names;
}

Result<std::vector<Role>> roles_of(const std::vector<std::string>& names) {
  std::vector<Role> roles;
  for (const std::string& name : names) {
    const auto role = role_from_text(name);
    if (!role) return Error{Code::invalid_argument, "there is no role \"" + name + "\", but " + role_names()};
    roles.push_back(*role);
  }
  return roles;
}

// Prints it once, to whoever gave the command: it is kept nowhere.
Status give_first_password(People& people, const By& by, const UserId& user, Env& env, const Random& random) {
  std::string password = TRY(first_password(random));
  TRY(people.set_password(by, user, password));
  env.out.write("first password: " + password +
                "\nIt isn't shown again. At the first sign-in a second factor is added; then change the password.\n");
  wipe(password);
  return {};
}

Status add(Node& node, const UserOptions& options, Env& env) {
  const std::vector<Role> roles = TRY(roles_of(options.roles));
  const UserId user = TRY(
      node.people().add_user(options.node.actor, {.name = options.name, .display = options.display, .roles = roles}));
  env.out.write("user " + escape_terminal(options.name) + " is made\n");
  if (needs_security_key(roles)) env.out.write("these roles need a security key (WebAuthn)\n");
  return give_first_password(node.people(), options.node.actor, user, env, env.random);
}

Status list(Node& node, const UserOptions& options, Env& env) {
  for (const UserInfo& user : TRY(node.people().users())) {
    if (options.json) {
      std::string line;
      JsonWriter json(line);
      json.begin_object().member("user", to_hex(user.id)).member("name", user.body.name);
      json.member("display", user.body.display).key("roles").begin_array();
      for (const Role role : user.body.roles) json.value(to_text(role));
      json.end_array().member("state", user.body.state == UserState::active ? "active" : "disabled");
      json.member("has_password", user.has_password).member("has_totp", user.has_totp);
      json.member("security_keys", user.security_keys).member("last_sign_in_ms", user.last_sign_in_ms).end_object();
      env.out.write(line + "\n");
      continue;
    }
    std::string roles;
    for (const Role role : user.body.roles) roles += (roles.empty() ? "" : ",") + std::string(to_text(role));
    env.out.write(escape_terminal(user.body.name) + "\t" + (roles.empty() ? "-" : roles) + "\t" +
                  (user.body.state == UserState::active ? "active" : "disabled") + "\t" +
                  (user.last_sign_in_ms == 0 ? "never" : utc_text(user.last_sign_in_ms)) + "\t" +
                  escape_terminal(user.body.display) + "\n");
  }
  return {};
}

Status set_roles(Node& node, const UserOptions& options, Env&) {
  const UserInfo user = TRY(node.people().user_named(options.name));
  return node.people().set_roles(options.node.actor, user.id, TRY(roles_of(options.roles)));
}

Status set_state(Node& node, const UserOptions& options, UserState state) {
  const UserInfo user = TRY(node.people().user_named(options.name));
  return node.people().set_state(options.node.actor, user.id, state);
}

Status reset(Node& node, const UserOptions& options, Env& env) {
  const UserInfo user = TRY(node.people().user_named(options.name));
  TRY(node.people().reset_factors(options.node.actor, user.id));
  return give_first_password(node.people(), options.node.actor, user.id, env, env.random);
}

using Act = Status (*)(Node&, const UserOptions&, Env&);

// One subcommand: `act` on the node.
CLI::App* add_one(CLI::App& user, Run& run, const char* name, const char* what, Act act, const std::string& example,
                  const std::shared_ptr<UserOptions>& options) {
  CLI::App* const command = user.add_subcommand(name, what);
  command->footer("Example:\n  " + example + "\n\n" + exit_codes_text);
  command->callback([options, act, &run] {
    run = [options, act](Env& env) {
      return with_node(options->node, env, [&](Node& node) {
        const Status status = act(node, *options, env);
        return status ? exit_done : env.fail(status.error());
      });
    };
  });
  return command;
}

}  // namespace

void add_user(CLI::App& app, Run& run) {
  CLI::App* const user = app.add_subcommand("user", "People who sign in to a node, and their roles");
  user->require_subcommand(1);
  user->footer(
      std::string("Example:\n"
                  "  fristad user add eva --role admin\n"
                  "  fristad user list\n"
                  "\n"
                  "Whoever may give commands here decides alone. In the API roles, and the reset of somebody's\n"
                  "factors, need a second administrator.\n"
                  "\n") +
      exit_codes_text);
  const auto make = [] { return std::make_shared<UserOptions>(); };

  auto options = make();
  CLI::App* command = add_one(*user, run, "add", "Make a user, and print a first password", add,
                              "fristad user add eva --display \"Eva Ek\" --role analyst", options);
  command->add_option("NAME", options->name, "To sign in with: a-z, 0-9, dot, dash, underscore")->required();
  command->add_option("--display", options->display, "What people call him or her");
  command->add_option("--role", options->roles, "May be given several times: " + role_names());
  add_deciding_options(*command, options->node);

  options = make();
  command = add_one(*user, run, "list", "Show the users", list, "fristad user list", options);
  command->add_flag("--json", options->json, "One line of JSON for each");
  add_node_options(*command, options->node);

  options = make();
  command = add_one(*user, run, "roles", "Give a user these roles and no others", set_roles,
                    "fristad user roles eva --role analyst", options);
  command->add_option("NAME", options->name, "The user")->required();
  command->add_option("--role", options->roles, "May be given several times: " + role_names());
  add_deciding_options(*command, options->node);

  for (const auto& [name, what, act] :
       {std::tuple("disable", "End a user's sessions; nobody signs in with that name any more",
                   Act([](Node&node, const UserOptions&of, Env&) { return set_state(node, of, UserState::disabled); })),
        std::tuple("enable", "Let a user sign in again",
                   Act([](Node&node, const UserOptions&of, Env&) { return set_state(node, of, UserState::active); })),
        std::tuple("reset", "Take away password and second factors, and print a first password", Act(reset))}) {
    options = make();
    command = add_one(*user, run, name, what, act, std::string("fristad user ") + name + " eva", options);
    command->add_option("NAME", options->name, "The user")->required();
    add_deciding_options(*command, options->node);
  }
}

}  // namespace fristad
