#include <CLI/CLI.hpp>
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

namespace fristad {
namespace {

struct SubscribeOptions {
  NodeOptions node;
  std::string list;
  Subscription subscription;
  bool ignore_disputes = false;
};

struct CountsOptions {
  NodeOptions node;
  bool state = false;
  bool stated = false;
  bool json = false;
};

int run_subscribe(const SubscribeOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    const auto list = choose_list(node.material(), options.list);
    if (!list) return env.fail(list.error());
    Subscription subscription = options.subscription;
    subscription.heed_disputes = !options.ignore_disputes;
    const Status said = node.material().subscribe(options.node.actor, list->id, subscription);
    return said ? static_cast<int>(exit_done) : env.fail(said.error());
  });
}

// `stated`: of whose statement it is a part; nullptr: our own count.
std::string counts_line(const OriginCounts& counts, const StatedCounts* stated, bool as_json) {
  std::string line;
  if (as_json) {
    JsonWriter json(line);
    json.begin_object();
    if (stated != nullptr) json.member("by", stated->by).member("at", stated->at_ms);
    json.member("member", counts.member).member("classification", counts.classification);
    json.member("added", counts.added).member("withdrawn", counts.withdrawn).member("disputed", counts.disputed);
    json.member("overturned", counts.overturned).member("hits", counts.hits).end_object();
  } else {
    if (stated != nullptr) line = escape_terminal(stated->by) + "\t" + utc_text(stated->at_ms) + "\t";
    line += escape_terminal(counts.member) + "\t" + counts.classification;
    for (const std::int64_t count : {counts.added, counts.withdrawn, counts.disputed, counts.overturned, counts.hits}) {
      line += "\t" + std::to_string(count);
    }
  }
  return line + "\n";
}

int run_counts(const CountsOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    if (options.stated) {
      const auto all = node.material().stated_counts();
      if (!all) return env.fail(all.error());
      for (const StatedCounts& stated : *all) {
        for (const OriginCounts& counts : stated.counts) env.out.write(counts_line(counts, &stated, options.json));
      }
      return static_cast<int>(exit_done);
    }
    const auto all = options.state ? node.material().state_counts(options.node.actor) : node.material().counts();
    if (!all) return env.fail(all.error());
    for (const OriginCounts& counts : *all) env.out.write(counts_line(counts, nullptr, options.json));
    return static_cast<int>(exit_done);
  });
}

}  // namespace

void add_list_subscribe(CLI::App& list, Run& run) {
  const auto on = std::make_shared<SubscribeOptions>();
  on->subscription.subscribed = true;
  CLI::App* const subscribe = list.add_subcommand("subscribe", "Take another member's list, by a rule of our own");
  subscribe->add_option("LIST", on->list, list_names_text)->required();
  subscribe->add_flag("--enforce", on->subscription.enforce,
                      "Entries that two jurisdictions have examined may be acted on without asking");
  subscribe->add_flag("--national", on->subscription.national, "Also its entries outside the INTERPOL baseline");
  subscribe->add_flag("--ignore-disputes", on->ignore_disputes,
                      "Entries that another member disputes aren't leads for that alone");
  subscribe
      ->add_option("--enforced-per-day", on->subscription.enforced_per_day,
                   "At most so many matches of its member's entries are enforced a day (UTC); others are leads")
      ->check(CLI::Range(std::int64_t{0}, enforced_per_day_max))
      ->capture_default_str();
  add_deciding_options(*subscribe, on->node);
  subscribe->footer(std::string("Example:\n"
                                "  fristad list subscribe 4f1e --enforce --enforced-per-day 200\n"
                                "\n"
                                "The command says the whole rule: what isn't named is as the defaults say.\n"
                                "\n") +
                    exit_codes_text);
  subscribe->callback([on, &run] { run = [on](Env& env) { return run_subscribe(*on, env); }; });

  const auto off = std::make_shared<SubscribeOptions>();
  CLI::App* const unsubscribe =
      list.add_subcommand("unsubscribe", "Only count and show what another member's list finds");
  unsubscribe->add_option("LIST", off->list, list_names_text)->required();
  add_deciding_options(*unsubscribe, off->node);
  unsubscribe->footer(std::string("Example:\n  fristad list unsubscribe 4f1e\n\n") + exit_codes_text);
  unsubscribe->callback([off, &run] { run = [off](Env& env) { return run_subscribe(*off, env); }; });

  const auto counts = std::make_shared<CountsOptions>();
  CLI::App* const counts_command = list.add_subcommand("counts", "What became of each member's entries");
  counts_command->add_flag("--json", counts->json, "One line of JSON for each member and classification");
  CLI::Option* const state = counts_command->add_flag(
      "--state", counts->state, "State in public what we count of the lists that the whole alliance may read");
  counts_command->add_flag("--stated", counts->stated, "What each member has stated last")->excludes(state);
  add_deciding_options(*counts_command, counts->node);
  counts_command->footer(
      std::string(
          "Example:\n"
          "  fristad list counts\n"
          "\n"
          "Prints for each member and classification, separated by tabs: member, classification, entries added,\n"
          "withdrawn, disputed, overturned; matches that were kept of them. With --stated, who says so and when "
          "stands\n"
          "before that. While a node serves, it states its counts by itself at the beginning of each quarter.\n"
          "\n") +
      exit_codes_text);
  counts_command->callback([counts, &run] { run = [counts](Env& env) { return run_counts(*counts, env); }; });
}

}  // namespace fristad
