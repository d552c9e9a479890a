#include <CLI/CLI.hpp>
#include <limits>
#include <memory>
#include <string>

#include "base/json_writer.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "base/utc_text.h"
#include "cli/commands.h"
#include "cli/list_choice.h"
#include "cli/options.h"
#include "cli/subscription_text.h"
#include "cli/with_node.h"
#include "material/entry_json.h"

namespace fristad {
namespace {

struct ExplainOptions {
  NodeOptions node;
  std::string list;
  std::int64_t number = 0;
  bool rule = false;
  bool json = false;
};

std::string rule_text(bool as_json) {
  std::string text;
  for (const RuleLine& line : rule_lines()) {
    if (as_json) {
      JsonWriter(text)
          .begin_object()
          .member("name", line.name)
          .member("asks", line.asks)
          .member("at_most", to_text(line.at_most))
          .member("rule", rule_version)
          .end_object();
      text += "\n";
    } else {
      text += std::string(line.name) + "\t" + std::string(to_text(line.at_most)) + "\t" + std::string(line.asks) + "\n";
    }
  }
  return text;
}

void write_input(JsonWriter& json, const RuleInput& input) {
  json.key("input").begin_object().member("own", input.own).member("purpose", to_text(input.purpose));
  json.member("list_state", to_text(input.list_state)).member("classification", to_text(input.classification));
  json.member("withdrawn", input.withdrawn).member("allow_listed", input.allow_listed);
  json.member("origin_muted", input.origin_muted).member("national_opted_in", input.national_opted_in);
  json.member("confirmed_by", input.confirmed_by).member("disputed_by", input.disputed_by);
  json.member("disputed_by_us", input.disputed_by_us).member("enforce_foreign", input.enforce_foreign);
  json.member("heed_foreign_disputes", input.heed_foreign_disputes).member("paused", input.paused);
  json.member("subscribed", input.subscribed).member("cosigned", input.cosigned).member("followed", input.followed);
  json.member("over_cap", input.over_cap).end_object();
}

std::string explanation_json(const Explanation& explanation) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().key("entry");
  write_entry(json, explanation.entry);
  const ListInfo& list = explanation.list;
  json.key("list").begin_object().member("id", to_text(list.id)).member("title", list.body.title);
  json.member("handling", list.body.handling).member("limit", list.body.limit).member("own", list.own);
  json.member("revision", list.revision).member("member", list.member);
  if (!list.own) write_subscription(json, list.subscription);
  json.end_object();
  json.member("level", to_text(explanation.ruling.level)).key("reasons").begin_array();
  for (const std::string_view reason : explanation.ruling.reasons) json.value(reason);
  json.end_array().member("rule", rule_version);
  write_input(json, explanation.input);
  json.key("opinions").begin_array();
  for (const Explanation::Opinion& opinion : explanation.opinions) {
    json.begin_object().member("member", opinion.member).member("verdict", to_text(opinion.verdict));
    json.member("basis", to_text(opinion.basis)).member("reason", opinion.reason);
    json.member("at_utc_ms", opinion.at_ms).member("cosigned", opinion.cosigned).end_object();
  }
  json.end_array().key("as_of").begin_object();
  for (const auto& [origin, size] : explanation.as_of) json.member(origin, size);
  json.end_object().end_object();
  return line + "\n";
}

std::string explanation_text(const Explanation& explanation) {
  const EntryView& entry = explanation.entry;
  const RuleInput& input = explanation.input;
  const auto yes = [](bool truth) { return std::string(truth ? "yes" : "no"); };
  std::string text = "level           " + std::string(to_text(explanation.ruling.level)) + "\n";
  for (const std::string_view reason : explanation.ruling.reasons) {
    text += "because         " + std::string(reason);
    for (const RuleLine& line : rule_lines()) {
      if (line.name == reason) text += ": " + std::string(line.asks);
    }
    text += "\n";
  }
  text += "entry           " + std::to_string(entry.number) + " " + escape_terminal(entry.body.id) + "\n";
  if (!entry.body.note.empty()) text += "note            " + escape_terminal(entry.body.note) + "\n";
  text += "classification  " + std::string(to_text(input.classification));
  if (!entry.body.raw.empty()) {
    text += " (" + escape_terminal(entry.body.raw) + ", of " + escape_terminal(entry.body.scheme) + ")";
  }
  text += "\n";
  text += "withdrawn       " + yes(input.withdrawn) +
          (entry.withdrawn ? ": " + escape_terminal(entry.reason) : std::string()) + "\n";
  text += "list            " + to_text(explanation.list.id) + " " + escape_terminal(explanation.list.body.title) + "\n";
  text += "                " + std::string(to_text(input.purpose)) + ", " + std::string(to_text(input.list_state)) +
          ", limit " + std::to_string(explanation.list.body.limit) + ", revision " +
          std::to_string(explanation.list.revision) +
          (input.own ? ", our own\n" : ", of member " + escape_terminal(explanation.list.member) + "\n");
  if (!input.own) text += "taken           " + subscription_text(explanation.list.subscription) + "\n";
  text += "allow-listed    " + yes(input.allow_listed) + "\n";
  text += "origin muted    " + yes(input.origin_muted) + "\n";
  if (!input.own) {
    text += "cosigned        " + yes(input.cosigned) + "\n";
    text += "followed        " + yes(input.followed) + "\n";
    text += "cap reached     " + yes(input.over_cap) + "\n";
  }
  text += "confirmed by    " + std::to_string(input.confirmed_by) + "\n";
  text += "disputed by     " + std::to_string(input.disputed_by) + (input.disputed_by_us ? ", us among them\n" : "\n");
  for (const Explanation::Opinion& opinion : explanation.opinions) {
    text += "opinion         " + escape_terminal(opinion.member) + ": " + std::string(to_text(opinion.verdict)) + ", " +
            std::string(to_text(opinion.basis)) + ", " + utc_text(opinion.at_ms) +
            (opinion.cosigned ? "" : ", not yet cosigned") +
            (opinion.reason.empty() ? "" : ": " + escape_terminal(opinion.reason)) + "\n";
  }
  text += "rule            version " + std::to_string(rule_version) + "; foreign entries " +
          (input.enforce_foreign ? "may be enforced" : "aren't enforced") + ", national classes abroad " +
          (input.national_opted_in ? "taken" : "not taken") + ", disputes abroad " +
          (input.heed_foreign_disputes ? "heeded" : "not heeded") + "\n";
  for (const auto& [origin, size] : explanation.as_of) {
    text += "as of           " + escape_terminal(origin) + ": " + with_commas(size) + " records\n";
  }
  return text;
}

int run_explain(const ExplainOptions& options, Env& env) {
  if (options.rule) {
    env.out.write(rule_text(options.json));
    return exit_done;
  }
  if (options.list.empty() || options.number == 0) {
    env.say("explain what? LIST and NUMBER of an entry, or --rule");
    return exit_usage;
  }
  return with_node(options.node, env, [&](Node& node) {
    const auto list = choose_list(node.material(), options.list);
    if (!list) return env.fail(list.error());
    const auto explanation = node.material().explain(list->id, options.number);
    if (!explanation) return env.fail(explanation.error());
    env.out.write(options.json ? explanation_json(*explanation) : explanation_text(*explanation));
    return static_cast<int>(exit_done);
  });
}

}  // namespace

void add_explain(CLI::App& app, Run& run) {
  const auto options = std::make_shared<ExplainOptions>();
  CLI::App* const command = app.add_subcommand("explain", "Why a match of an entry is acted on or not");
  command->add_option("LIST", options->list, list_names_text);
  command->add_option("NUMBER", options->number, "The entry")
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  command->add_flag("--rule", options->rule,
                    "Print the rule, line by line: name, highest level that it leaves, question");
  command->add_flag("--json", options->json, "As JSON, with the entry's hashes");
  add_node_options(*command, options->node);
  command->footer(std::string("Example:\n"
                              "  fristad explain Known 1024\n"
                              "\n"
                              "Each line of the rule that holds lowers the level; the lowest decides.\n"
                              "\n") +
                  exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_explain(*options, env); }; });
}

}  // namespace fristad
