#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/hex.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "cli/commands.h"
#include "cli/list_choice.h"
#include "cli/options.h"
#include "cli/with_node.h"

namespace fristad {
namespace {

struct EraseOptions {
  NodeOptions node;
  std::string record;
  std::string list;
  std::int64_t entry = 0;
  std::string ground;
};

Status erase_entry(Node& node, const EraseOptions& options) {
  const ListInfo list = TRY(choose_list(node.material(), options.list));
  return node.erase_entry(options.node.actor, list.id, options.entry, options.ground);
}

int run_erase(const EraseOptions& options, Env& env) {
  RecordId id{};
  if (options.record.empty() == options.list.empty() || options.list.empty() != (options.entry == 0)) {
    env.say("what? --record ID, or --list LIST --entry NUMBER");
    return exit_usage;
  }
  if (!options.record.empty() && !from_hex(options.record, id)) {
    env.say("the id of a record has 32 hex digits, as log show tells it");
    return exit_usage;
  }
  return with_node(options.node, env, [&](Node& node) {
    const Status status =
        options.record.empty() ? erase_entry(node, options) : node.erase(options.node.actor, id, {}, options.ground);
    if (!status) return env.fail(status.error());
    const std::string what =
        options.record.empty() ? "entry " + std::to_string(options.entry) : "record " + options.record;
    env.out.write(what +
                  " is erased: its content, key and salt are gone from the database, the index and their files.\n"
                  "The proof that there was one stays, and a record of the erasure. No backup brings it back.\n");
    return static_cast<int>(exit_done);
  });
}

}  // namespace

void add_erase(CLI::App& app, Run& run) {
  const auto options = std::make_shared<EraseOptions>();
  CLI::App* const command = app.add_subcommand("erase", "Erase an entry or a record everywhere, for good");
  command->add_option("--record", options->record, "The record's id, as log show tells it");
  command->add_option("--list", options->list, list_names_text);
  command->add_option("--entry", options->entry, "The entry's number in the list")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 50));
  command->add_option("--ground", options->ground, "On what ground: stands in the record of the erasure")->required();
  add_deciding_options(*command, options->node);
  command->footer(
      std::string("Example:\n"
                  "  fristad erase --list Known --entry 1024 --ground \"GDPR article 17, case 12/2026\"\n"
                  "\n"
                  "It is not asked whether you are sure. To take an entry back for others to see, list withdraw.\n"
                  "\n") +
      exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_erase(*options, env); }; });
}

}  // namespace fristad
