#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "base/hex.h"
#include "base/json_writer.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "cli/commands.h"
#include "cli/file_json.h"
#include "cli/options.h"
#include "cli/with_node.h"
#include "crypto/note.h"

namespace fristad {
namespace {

struct StatusOptions {
  NodeOptions node;
  bool json = false;
};

int run_init(const NodeInit& init, Env& env) {
  if (const Status status = init_node(init, node_seams(env)); !status) return env.fail(status.error());
  env.out.write("node " + escape_terminal(init.member) + " is made in " + escape_terminal(init.folder) + "\n" +
                "its key is " + escape_terminal(init.key_file) +
                ": without it the node can't be opened. Keep a copy elsewhere\n"
                "the root key is in three shares in " +
                escape_terminal(init.shares_folder) +
                ", of which two make it whole.\n"
                "Give each to another person and remove the folder: the root key is kept nowhere else\n");
  return exit_done;
}

// What others check checkpoints and proofs of the log with.
std::string log_key_text(Node& node, std::uint32_t log, const LogHead& head) {
  return note_key_text({.name = head.origin, .key = node.journal().log_key(log, head.size)});
}

Status write_status(Node& node, bool json, Env& env) {
  const LiveIndexInfo index = node.material().index_info();
  const LogHead shared = node.journal().head(shared_log);
  const LogHead hidden = node.journal().head(private_log);
  const std::size_t lists = TRY(node.material().lists()).size();
  if (json) {
    std::string line;
    JsonWriter writer(line);
    writer.begin_object().member("member", node.member());
    write_path(writer, node.folder());
    writer.member("root_key", to_hex(node.root_key())).member("server", env.node != nullptr);
    writer.key("logs").begin_array();
    for (const auto& [log, head] : {std::pair(shared_log, &shared), std::pair(private_log, &hidden)}) {
      writer.begin_object().member("origin", head->origin).member("size", head->size);
      writer.member("key", log_key_text(node, log, *head)).end_object();
    }
    writer.end_array().member("lists", lists).member("entries", index.entries).member("index_bytes", index.bytes);
    writer.member("index_merging", index.merging).key("index_error");
    if (index.merge_error) {
      writer.value(index.merge_error->message);
    } else {
      writer.value(nullptr);
    }
    writer.end_object();
    env.out.write(line + "\n");
    return {};
  }
  std::string text = "member   " + escape_terminal(node.member()) + "\n";
  text += "folder   " + escape_terminal(node.folder()) + "\n";
  text += "root key " + to_hex(node.root_key()) + "\n";
  text += std::string("server   ") + (env.node != nullptr ? "runs" : "none") + "\n";
  for (const auto& [log, head] : {std::pair(shared_log, &shared), std::pair(private_log, &hidden)}) {
    text += "log      " + escape_terminal(head->origin) + ": " + with_commas(head->size) + " records\n";
    text += "log key  " + escape_terminal(log_key_text(node, log, *head)) + "\n";
  }
  text += "lists    " + with_commas(lists) + "\n";
  text += "entries  " + with_commas(index.entries) + " to be found, index of " + as_bytes_text(index.bytes) + "\n";
  if (index.merge_error) text += "index    not merged: " + escape_terminal(index.merge_error->message) + "\n";
  env.out.write(text);
  return {};
}

int run_status(const StatusOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    const Status status = write_status(node, options.json, env);
    return status ? exit_done : env.fail(status.error());
  });
}

}  // namespace

void add_node(CLI::App& app, Run& run) {
  CLI::App* const node = app.add_subcommand("node", "Make a node, run it, ask how it is");
  node->require_subcommand(1);
  node->footer(std::string("Example:\n"
                           "  fristad node init se --member se --key-file se.key --shares shares\n"
                           "  fristad node run se\n"
                           "\n") +
               exit_codes_text);

  const auto init = std::make_shared<NodeInit>();
  CLI::App* const init_command = node->add_subcommand("init", "Make a node: its folder, its keys, its first records");
  init_command->add_option("DIR", init->folder, "The folder to make; it must not exist, or be empty")->required();
  init_command->add_option("--member", init->member, "The member's code: a country's two letters, or like se-hotline")
      ->required();
  init_command->add_option("--key-file", init->key_file, "The node's key, outside of DIR; made if it isn't there")
      ->required();
  init_command->add_option("--shares", init->shares_folder, "Where the shares of the root key go, outside of DIR")
      ->required();
  init_command->add_option("--postgres", init->postgres,
                           "Keep the records in this PostgreSQL database rather than in the folder");
  init_command->footer(std::string("Example:\n"
                                   "  fristad node init /var/lib/fristad/se --member se --key-file /etc/fristad/se.key"
                                   " --shares /media/shares\n"
                                   "\n") +
                       exit_codes_text);
  init_command->callback([init, &run] { run = [init](Env& env) { return run_init(*init, env); }; });

  add_node_run(*node, run);

  const auto status = std::make_shared<StatusOptions>();
  CLI::App* const status_command = node->add_subcommand("status", "Tell what is in a node, and whether a server runs");
  status_command->add_flag("--json", status->json, "As one line of JSON");
  add_node_options(*status_command, status->node);
  status_command->footer(std::string("Example:\n  fristad node status --node /var/lib/fristad/se\n\n") +
                         exit_codes_text);
  status_command->callback([status, &run] { run = [status](Env& env) { return run_status(*status, env); }; });
}

}  // namespace fristad
