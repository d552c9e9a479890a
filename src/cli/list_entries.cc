#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "base/utc_text.h"
#include "cli/commands.h"
#include "cli/list_choice.h"
#include "cli/options.h"
#include "cli/with_node.h"
#include "match/hash_text.h"

namespace fristad {
namespace {

struct AddOptions {
  NodeOptions node;
  std::string list;
  std::string pdq;
  std::string md5;
  std::string sha1;
  std::string sha256;
  std::string id;
  std::string note;
  std::string classification = "unclassified";
};

struct WithdrawOptions {
  NodeOptions node;
  std::string list;
  std::string entries;
  std::string reason;
  bool all = false;
  bool json = false;
};

struct OpinionOptions {
  NodeOptions node;
  std::string list;
  std::int64_t number = 0;
  std::string verdict;
  std::string basis = "examined";
  std::string reason;
};

struct RecallsOptions {
  NodeOptions node;
  std::string list;
  std::string entries;
  bool json = false;
};

template <std::size_t size>
Status set_digest(DigestKind kind, const std::string& digits, std::optional<std::array<std::uint8_t, size>>& to) {
  if (digits.empty()) return {};
  const Query query = TRY(parse_query(std::string(to_string(kind)) + ":" + digits));
  std::ranges::copy(query.digest_bytes(), to.emplace().begin());
  return {};
}

Result<EntryBody> entry_of(const AddOptions& options) {
  EntryBody entry{
      .id = options.id,
      .classification = from_text<Classification>(options.classification).value_or(Classification::unclassified),
      .note = options.note};
  if (!options.pdq.empty()) entry.pdq = TRY(parse_query("pdq:" + options.pdq)).pdq;
  TRY(set_digest(DigestKind::md5, options.md5, entry.md5));
  TRY(set_digest(DigestKind::sha1, options.sha1, entry.sha1));
  TRY(set_digest(DigestKind::sha256, options.sha256, entry.sha256));
  return entry;
}

int run_add(const AddOptions& options, Env& env) {
  const auto entry = entry_of(options);
  if (!entry) {
    env.fail(entry.error());
    return exit_usage;
  }
  if (!entry->pdq && !entry->md5 && !entry->sha1 && !entry->sha256) {
    env.say("an entry has at least one hash: --pdq, --md5, --sha1 or --sha256");
    return exit_usage;
  }
  return with_node(options.node, env, [&](Node& node) {
    const auto list = choose_list(node.material(), options.list);
    if (!list) return env.fail(list.error());
    if (const Status readable = entry->check(); !readable) return env.fail(readable.error());
    const auto number = node.material().add_entries(options.node.actor, list->id, {&*entry, 1});
    if (!number) return env.fail(number.error());
    env.out.write(std::to_string(*number) + "\n");
    return static_cast<int>(exit_done);
  });
}

void write_recalls(std::span<const Recall> recalls, bool as_json, Env& env) {
  for (const Recall& recall : recalls) {
    std::string line;
    if (as_json) {
      JsonWriter json(line);
      json.begin_object().member("reference", recall.reference).member("list", to_text(recall.list));
      json.member("entry", recall.number).member("at_utc_ms", recall.at_ms).member("level", recall.level).end_object();
    } else {
      line = escape_terminal(recall.reference) + "\t" + to_text(recall.list) + "\t" + std::to_string(recall.number) +
             "\t" + utc_text(recall.at_ms) + "\t" + escape_terminal(recall.level);
    }
    env.out.write(line + "\n");
  }
}

Result<std::vector<Recall>> withdraw(Node& node, const WithdrawOptions& options, std::vector<NumberRange> ranges) {
  const ListInfo list = TRY(choose_list(node.material(), options.list));
  if (options.all) {
    // What is added from now on isn't meant.
    const std::uint64_t records = std::max(node.journal().head(shared_log).size, node.journal().head(private_log).size);
    ranges = {{1, static_cast<std::int64_t>(records) * entries_per_chunk}};
  }
  return node.material().withdraw(options.node.actor, list.id, ranges, options.reason);
}

int run_withdraw(const WithdrawOptions& options, Env& env) {
  if (options.all != options.entries.empty()) {
    env.say("which entries? --entries 1024-1030,2048 or --all");
    return exit_usage;
  }
  std::vector<NumberRange> ranges;
  if (!options.all) {
    auto parsed = parse_ranges(options.entries);
    if (!parsed) {
      env.fail(parsed.error());
      return exit_usage;
    }
    ranges = *std::move(parsed);
  }
  return with_node(options.node, env, [&](Node& node) {
    const auto recalls = withdraw(node, options, ranges);
    if (!recalls) return env.fail(recalls.error());
    write_recalls(*recalls, options.json, env);
    static_cast<void>(env.out.flush());
    env.say(recalls->empty() ? "withdrawn: they match no more. No matches were kept of them"
                             : "withdrawn: they match no more. " + with_commas(recalls->size()) +
                                   " matches were kept of them: tell those who acted on these references");
    return static_cast<int>(exit_done);
  });
}

int run_opinion(const OpinionOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    const auto list = choose_list(node.material(), options.list);
    if (!list) return env.fail(list.error());
    const Status status = node.material().give_opinion(
        options.node.actor, list->id, options.number, from_text<Verdict>(options.verdict).value_or(Verdict::dispute),
        from_text<Basis>(options.basis).value_or(Basis::relayed), options.reason);
    return status ? exit_done : env.fail(status.error());
  });
}

int run_recalls(const RecallsOptions& options, Env& env) {
  std::vector<NumberRange> ranges{{1, std::numeric_limits<std::int64_t>::max()}};
  if (!options.entries.empty()) {
    auto parsed = parse_ranges(options.entries);
    if (!parsed) {
      env.fail(parsed.error());
      return exit_usage;
    }
    ranges = *std::move(parsed);
  }
  return with_node(options.node, env, [&](Node& node) {
    const auto list = choose_list(node.material(), options.list);
    if (!list) return env.fail(list.error());
    const auto recalls = node.material().recalls(list->id, ranges);
    if (!recalls) return env.fail(recalls.error());
    write_recalls(*recalls, options.json, env);
    return static_cast<int>(exit_done);
  });
}

void add_entries_option(CLI::App& command, std::string& entries) {
  command.add_option("--entries", entries, "Their numbers, ascending: 1024-1030,2048");
}

void add_add(CLI::App& list, Run& run) {
  const auto options = std::make_shared<AddOptions>();
  CLI::App* const command = list.add_subcommand("add", "Add one entry to a list and print its number");
  command->add_option("LIST", options->list, list_names_text)->required();
  command->add_option("--pdq", options->pdq, "64 hex digits");
  command->add_option("--md5", options->md5, "32 hex digits");
  command->add_option("--sha1", options->sha1, "40 hex digits");
  command->add_option("--sha256", options->sha256, "64 hex digits");
  command->add_option("--id", options->id, "Your name for it");
  command->add_option("--note", options->note, "A note");
  command->add_option("--classification", options->classification, "What it shows, by whose law")
      ->check(CLI::IsMember({"baseline", "national", "not-illegal", "unclassified"}))
      ->capture_default_str();
  add_deciding_options(*command, options->node);
  command->footer(
      std::string("Example:\n"
                  "  fristad list add Known --md5 0123456789abcdef0123456789abcdef --id case-7/0002\n"
                  "\n"
                  "Other users of this machine may see the arguments of commands: import a file where that matters.\n"
                  "\n") +
      exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_add(*options, env); }; });
}

void add_withdraw(CLI::App& list, Run& run) {
  const auto options = std::make_shared<WithdrawOptions>();
  CLI::App* const command = list.add_subcommand("withdraw", "Take entries back: they match no more, for good");
  command->add_option("LIST", options->list, list_names_text)->required();
  add_entries_option(*command, options->entries);
  command->add_flag("--all", options->all, "All that are in the list now");
  command->add_option("--reason", options->reason, "Why: stands in the record")->required();
  command->add_flag("--json", options->json, "Recalls as lines of JSON");
  add_deciding_options(*command, options->node);
  command->footer(
      std::string(
          "Example:\n"
          "  fristad list withdraw Known --entries 1024-1030 --reason \"adults, says case 7\"\n"
          "\n"
          "Prints the recalls: matches that were kept of them, separated by tabs: reference, list, entry, time,\n"
          "level then.\n"
          "\n") +
      exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_withdraw(*options, env); }; });
}

void add_opinion(CLI::App& list, Run& run) {
  const auto options = std::make_shared<OpinionOptions>();
  CLI::App* const command = list.add_subcommand("opinion", "Say what this member thinks of an entry");
  command->add_option("LIST", options->list, list_names_text)->required();
  command->add_option("NUMBER", options->number, "The entry")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  command->add_option("VERDICT", options->verdict, "confirm or dispute")
      ->required()
      ->check(CLI::IsMember({"confirm", "dispute"}));
  command->add_option("--basis", options->basis, "examined: somebody here looked; relayed: others say so")
      ->check(CLI::IsMember({"examined", "relayed"}))
      ->capture_default_str();
  command->add_option("--reason", options->reason, "Why; a dispute needs it");
  add_deciding_options(*command, options->node);
  command->footer(std::string("Example:\n"
                              "  fristad list opinion Known 1024 dispute --reason \"an adult\"\n"
                              "\n"
                              "The last opinion of a member counts; earlier ones stay in the log.\n"
                              "\n") +
                  exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_opinion(*options, env); }; });
}

void add_recalls(CLI::App& list, Run& run) {
  const auto options = std::make_shared<RecallsOptions>();
  CLI::App* const command = list.add_subcommand("recalls", "Which kept matches entries of a list had");
  command->add_option("LIST", options->list, list_names_text)->required();
  add_entries_option(*command, options->entries);
  command->add_flag("--json", options->json, "One line of JSON for each");
  add_node_options(*command, options->node);
  command->footer(std::string("Example:\n"
                              "  fristad list recalls Known --entries 1024-1030\n"
                              "\n"
                              "Prints, separated by tabs: reference, list, entry, time, level then.\n"
                              "\n") +
                  exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_recalls(*options, env); }; });
}

}  // namespace

void add_list_entries(CLI::App& list, Run& run) {
  add_add(list, run);
  add_withdraw(list, run);
  add_opinion(list, run);
  add_recalls(list, run);
}

}  // namespace fristad
