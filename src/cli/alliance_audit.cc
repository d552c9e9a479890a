// The sample audit: entries of another member's that nobody could choose, and what came of them.

#include <CLI/CLI.hpp>
#include <algorithm>
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

namespace fristad {
namespace {

struct AuditOptions {
  NodeOptions node;
  std::string member;
  std::int64_t count = audit_sample_default;
  bool state = false;
  bool json = false;
};

std::string entry_line(const AuditedEntry& entry, bool as_json) {
  std::string line;
  if (as_json) {
    JsonWriter json(line);
    json.begin_object().member("list", to_text(entry.list)).member("entry", entry.number);
    json.member("state", to_text(entry.state)).end_object();
    return line + "\n";
  }
  return to_text(entry.list) + "\t" + std::to_string(entry.number) + "\t" + std::string(to_text(entry.state)) + "\n";
}

std::string audit_line(const Audit& audit, bool as_json) {
  std::string line;
  if (as_json) {
    JsonWriter json(line);
    json.begin_object().member("audit", to_hex(audit.id)).member("by", audit.by).member("member", audit.member);
    json.member("at", audit.at_ms).member("size", audit.heads.size).member("of", audit.of);
    json.member("sample", audit.sample).key("result");
    if (audit.result) {
      json.begin_object().member("at", audit.result->at_ms).member("examined", audit.result->examined);
      json.member("wrong", audit.result->wrong).member("gone", audit.result->gone).end_object();
    } else {
      json.value(nullptr);
    }
    json.end_object();
    return line + "\n";
  }
  line = escape_terminal(audit.by) + "\t" + escape_terminal(audit.member) + "\t" + utc_text(audit.at_ms) + "\t" +
         std::to_string(audit.sample) + " of " + std::to_string(audit.of) + " entries\t";
  if (!audit.result) return line + "open\n";
  return line + std::to_string(audit.result->wrong) + " of " + std::to_string(audit.result->examined) + " wrong, " +
         std::to_string(audit.result->gone) + " gone\n";
}

Status run_audit(Node& node, const AuditOptions& options, Env& env) {
  if (options.state) {
    const auto audits = TRY(node.material().audits());
    const auto open = std::ranges::find_if(audits, [&](const Audit& audit) {
      return audit.by == node.member() && audit.member == options.member && !audit.result;
    });
    if (open == audits.end()) {
      return Error{Code::not_found, "no audit of ours is open for \"" + options.member + "\": draw one first"};
    }
    env.out.write(audit_line(TRY(node.material().state_audit(options.node.actor, open->id)), options.json));
    return {};
  }
  const Audit audit = TRY(node.draw_audit(options.node.actor, options.member, options.count));
  const auto entries = TRY(node.material().audited(audit.id));
  for (const AuditedEntry& entry : entries) env.out.write(entry_line(entry, options.json));
  const auto open = std::ranges::count(entries, AuditedEntry::State::open, &AuditedEntry::state);
  env.say(std::to_string(entries.size()) + " of " + std::to_string(audit.of) + " entries were drawn, " +
          std::to_string(open) + " of them are still to be examined: `fristad list opinion` on each, then --state");
  return {};
}

int run_audits(const AuditOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    const auto audits = node.material().audits();
    if (!audits) return env.fail(audits.error());
    for (const Audit& audit : *audits) env.out.write(audit_line(audit, options.json));
    return static_cast<int>(exit_done);
  });
}

}  // namespace

void add_alliance_audit(CLI::App& alliance, Run& run) {
  const auto options = std::make_shared<AuditOptions>();
  CLI::App* const command =
      alliance.add_subcommand("audit", "Draw entries of a member to be examined here, and say what came of them");
  command->add_option("MEMBER", options->member, "Its code")->required();
  command->add_option("--count", options->count, "How many are drawn")
      ->check(CLI::Range(std::int64_t{1}, audit_sample_max))
      ->capture_default_str();
  command->add_flag("--state", options->state, "State in public what came of them, once all are examined");
  command->add_flag("--json", options->json, "One line of JSON for each");
  add_deciding_options(*command, options->node);
  command->footer(
      std::string("Example:\n"
                  "  fristad alliance audit us\n"
                  "  fristad list opinion 4f1e 2049 confirm --basis examined\n"
                  "  fristad alliance audit us --state\n"
                  "\n"
                  "Prints list, number and state of each entry, separated by tabs: open, right, wrong, gone.\n"
                  "\n") +
      exit_codes_text);
  command->callback([options, &run] {
    run = [options](Env& env) {
      return with_node(options->node, env, [&](Node& node) {
        const Status done = run_audit(node, *options, env);
        return done ? static_cast<int>(exit_done) : env.fail(done.error());
      });
    };
  });

  const auto listed = std::make_shared<AuditOptions>();
  CLI::App* const audits = alliance.add_subcommand("audits", "Whose entries were audited by whom, and what came of it");
  audits->add_flag("--json", listed->json, "One line of JSON for each");
  add_node_options(*audits, listed->node);
  audits->footer(std::string("Example:\n  fristad alliance audits\n\n") + exit_codes_text);
  audits->callback([listed, &run] { run = [listed](Env& env) { return run_audits(*listed, env); }; });
}

}  // namespace fristad
