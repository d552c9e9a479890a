#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

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

struct TokenOptions {
  NodeOptions node;
  std::string token;  // its name or id
  std::vector<std::string> scopes;
  std::int64_t days = 90;
  std::uint32_t hashes_per_minute = TokenDraft{}.hashes_per_minute;
  std::uint64_t hashes_per_day = 0;
  std::string reason;
  bool json = false;
};

std::string scope_names() {
  std::string names;
  for (std::size_t i = 0; i < token_scope_count; ++i) {
    names += (i == 0 ? "" : ", ") + std::string(to_text(static_cast<TokenScope>(i)));
  }
  return names;
}

Status add(Node& node, const TokenOptions& options, Env& env) {
  TokenDraft draft{.name = options.token,
                   .scopes = {},
                   .ends_ms = env.clock.utc_ms() + options.days * 86'400'000,
                   .hashes_per_minute = options.hashes_per_minute,
                   .hashes_per_day = options.hashes_per_day};
  for (const std::string& name : options.scopes) {
    const auto scope = scope_from_text(name);
    if (!scope) return Error{Code::invalid_argument, "there is no scope \"" + name + "\", but " + scope_names()};
    draft.scopes.push_back(*scope);
  }
  auto [id, secret] = TRY(node.people().add_token(options.node.actor, draft));
  if (options.json) {
    std::string line;
    JsonWriter(line).begin_object().member("token", to_hex(id)).member("secret", secret).end_object();
    env.out.write(line + "\n");
  } else {
    env.out.write(secret + "\n");
    env.say("that is the token: it isn't shown again");
  }
  wipe(secret);
  return {};
}

Status list(Node& node, const TokenOptions& options, Env& env) {
  for (const TokenInfo& token : TRY(node.people().tokens())) {
    std::string scopes;
    for (const TokenScope scope : token.draft.scopes) {
      scopes += (scopes.empty() ? "" : ",") + std::string(to_text(scope));
    }
    if (options.json) {
      std::string line;
      JsonWriter(line)
          .begin_object()
          .member("token", to_hex(token.id))
          .member("name", token.draft.name)
          .member("scopes", scopes)
          .member("ends_ms", token.draft.ends_ms)
          .member("made_ms", token.made_ms)
          .member("used_ms", token.used_ms)
          .member("revoked", token.revoked)
          .end_object();
      env.out.write(line + "\n");
      continue;
    }
    env.out.write(to_hex(token.id) + "\t" + escape_terminal(token.draft.name) + "\t" + scopes + "\t" +
                  (token.revoked ? "revoked" : "until " + utc_text(token.draft.ends_ms)) + "\t" +
                  (token.used_ms == 0 ? "never used" : "used " + utc_text(token.used_ms)) + "\n");
  }
  return {};
}

Status revoke(Node& node, const TokenOptions& options, Env&) {
  for (const TokenInfo& token : TRY(node.people().tokens())) {
    if (token.revoked || (to_hex(token.id) != options.token && token.draft.name != options.token)) continue;
    return node.people().revoke_token(options.node.actor, token.id, options.reason);
  }
  return Error{Code::not_found, "no token in use has that name or id: fristad token list shows them"};
}

using Act = Status (*)(Node&, const TokenOptions&, Env&);

void set_run(CLI::App& command, Run& run, Act act, const std::shared_ptr<TokenOptions>& options) {
  command.callback([options, act, &run] {
    run = [options, act](Env& env) {
      return with_node(options->node, env, [&](Node& node) {
        const Status status = act(node, *options, env);
        return status ? exit_done : env.fail(status.error());
      });
    };
  });
}

}  // namespace

void add_token(CLI::App& app, Run& run) {
  CLI::App* const token = app.add_subcommand("token", "Service tokens: what programs send to a node's API");
  token->require_subcommand(1);
  token->footer(std::string("Example:\n"
                            "  fristad token add uploads --scope match --days 365 > token\n"
                            "  fristad token revoke uploads --reason \"the contract ended\"\n"
                            "\n") +
                exit_codes_text);

  auto options = std::make_shared<TokenOptions>();
  CLI::App* command = token->add_subcommand("add", "Make a token, and print it once");
  command->add_option("NAME", options->token, "What it is called in the audit trail")->required();
  command->add_option("--scope", options->scopes, "What it may, several times: " + scope_names())->required();
  command->add_option("--days", options->days, "Until when")->check(CLI::Range(1, 731))->capture_default_str();
  command->add_option("--hashes-per-minute", options->hashes_per_minute, "How much it may ask; 0: no limit")
      ->capture_default_str();
  command->add_option("--hashes-per-day", options->hashes_per_day, "The same for a day")->capture_default_str();
  command->add_flag("--json", options->json, "As one line of JSON");
  add_deciding_options(*command, options->node);
  command->footer(std::string("Example:\n  fristad token add uploads --scope match > token\n\n") + exit_codes_text);
  set_run(*command, run, add, options);

  options = std::make_shared<TokenOptions>();
  command = token->add_subcommand("list", "Show the tokens, without what they are");
  command->add_flag("--json", options->json, "One line of JSON for each");
  add_node_options(*command, options->node);
  command->footer(std::string("Example:\n  fristad token list\n\n") + exit_codes_text);
  set_run(*command, run, list, options);

  options = std::make_shared<TokenOptions>();
  command = token->add_subcommand("revoke", "Make a token worthless, at once");
  command->add_option("TOKEN", options->token, "Its name or id")->required();
  command->add_option("--reason", options->reason, "Why: stands in the record")->required();
  add_deciding_options(*command, options->node);
  command->footer(std::string("Example:\n  fristad token revoke uploads --reason leaked\n\n") + exit_codes_text);
  set_run(*command, run, revoke, options);
}

}  // namespace fristad
