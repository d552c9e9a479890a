#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/text_escape.h"
#include "cli/command_socket.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/program.h"
#include "cli/server.h"
#include "cli/with_node.h"

namespace fristad {
namespace {

int run_server(const NodeOptions& options, Env& env) {
  const auto folder = node_folder(options, env);
  if (!folder) {
    env.fail(folder.error());
    return exit_usage;
  }
  const auto other = connect_to_server(node_socket_path(*folder));
  if (other || other.error().code == Code::permission_denied) {
    return env.fail({Code::conflict, *folder + ": a server runs on this node already: a node runs once"});
  }
  auto node = Node::open({.folder = *folder, .key_file = options.key_file}, node_seams(env));
  if (!node) return env.fail(node.error());
  if (const Status status = (*node)->publish(); !status) env.fail("the logs weren't published", status.error());
  env.out.write("node " + escape_terminal((*node)->member()) + " is open: commands go to " +
                escape_terminal(node_socket_path(*folder)) + "\n");
  static_cast<void>(env.out.flush());
  const auto left = serve(**node, env, run_program, {});
  if (!left) return env.fail(left.error());
  if (const Status status = (*node)->publish(); !status) env.fail("the logs weren't published", status.error());
  if (*left > 0) {
    // They still use the node, so it can't be taken down under them. What was acknowledged is on disk.
    if (const Status status = (*node)->material().save(); !status) env.fail("the index wasn't saved", status.error());
    env.say(with_commas(*left) + " commands didn't end within ten seconds and are left");
    _exit(exit_failed);
  }
  node->reset();
  env.out.write("stopped\n");
  return exit_done;
}

}  // namespace

void add_node_run(CLI::App& node, Run& run) {
  const auto options = std::make_shared<NodeOptions>();
  CLI::App* const command = node.add_subcommand("run", "Keep a node open and serve commands, until SIGTERM");
  command->add_option("DIR,--node", options->folder, "The node's folder; else that of FRISTAD_NODE");
  command->add_option("--key-file", options->key_file, "The node's key, if it isn't where the node was made with it");
  command->footer(
      std::string("Example:\n"
                  "  fristad node run /var/lib/fristad/se\n"
                  "\n"
                  "Other commands then go through the socket in the folder, to which root and the server's own user\n"
                  "have access. Every minute the logs are published and the index is saved.\n"
                  "\n") +
      exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_server(*options, env); }; });
}

}  // namespace fristad
