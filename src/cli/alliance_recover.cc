// What a restored node takes back from those who have read it.

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/with_node.h"

namespace fristad {
namespace {

struct RecoverOptions {
  NodeOptions node;
  bool only_copy = false;
};

int run_recover(Node& node, const RecoverOptions& options, Env& env) {
  if (!options.only_copy) {
    return env.fail({Code::invalid_argument,
                     "if another copy of this node goes on too, they write two histories, and the others keep that as "
                     "evidence for good: make sure that none does, and say --only-copy"});
  }
  if (const Status done = node.recover(options.node.actor); !done) return env.fail(done.error());
  env.out.write(
      "this node takes back what the other members have read of it, while it serves: HELD in fristad alliance status "
      "says who is still to be asked. Then look at who reads each list, and subscribe and mute again: what was "
      "private, or "
      "what nobody has read, doesn't come back\n");
  return exit_done;
}

}  // namespace

void add_alliance_recover(CLI::App& alliance, Run& run) {
  const auto options = std::make_shared<RecoverOptions>();
  CLI::App* const command = alliance.add_subcommand(
      "recover", "Take back from the other members what this node wrote after the backup that it was restored from");
  command->add_flag("--only-copy", options->only_copy, "No other copy of this node goes on");
  add_deciding_options(*command, options->node);
  command->footer(std::string("Example:\n  fristad alliance recover --only-copy\n\n") + exit_codes_text);
  command->callback([options, &run] {
    run = [options](Env& env) {
      return with_node(options->node, env, [&](Node& node) { return run_recover(node, *options, env); });
    };
  });
}

}  // namespace fristad
