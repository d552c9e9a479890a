#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/text_escape.h"
#include "base/try.h"
#include "base/utc_text.h"
#include "base/whole_file.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/with_node.h"
#include "crypto/age.h"

namespace fristad {
namespace {

struct BackupOptions {
  NodeOptions node;
  std::string output;
  std::vector<std::string> recipients;
};

int run_backup(const BackupOptions& options, Env& env) {
  if (options.output.empty() || options.recipients.empty()) {
    env.say("backup needs -o FILE and --recipient age1... (fristad backup keygen makes one)");
    return exit_usage;
  }
  return with_node(options.node, env, [&](Node& node) {
    std::error_code error;
    const std::string path = std::filesystem::absolute(options.output, error).string();
    const auto report = node.backup(error ? options.output : path, options.recipients);
    if (!report) return env.fail(report.error());
    env.out.write(with_commas(report->shared_size) + " shared and " + with_commas(report->private_size) +
                  " private records, " + as_bytes_text(report->bytes) + ". Keep " + escape_terminal(options.output) +
                  ".erasures with it\n");
    return static_cast<int>(exit_done);
  });
}

Result<std::string> make_identity(const std::string& path, const Env& env) {
  const AgeIdentity identity = TRY(AgeIdentity::generate(env.random));
  std::string recipient = identity.recipient().text();
  std::string secret = identity.text();
  std::string text =
      "# created: " + utc_text(env.clock.utc_ms()) + "\n# public key: " + recipient + "\n" + secret + "\n";
  wipe(secret);
  const Status written = write_file(path, text, FileAccess::owner_only, FileExists::refuse);
  wipe(text);
  TRY(written);
  return recipient;
}

int run_keygen(const std::string& path, Env& env) {
  const auto recipient = make_identity(path, env);
  if (!recipient) return env.fail(recipient.error());
  env.out.write(*recipient + "\n");
  return exit_done;
}

int run_restore(const NodeRestore& restore, Env& env) {
  if (restore.no_erasures && !restore.erasures.empty()) {
    env.say("--erasures or --no-erasures, not both");
    return exit_usage;
  }
  const auto report = restore_node(restore, node_seams(env));
  if (!report) return env.fail(report.error());
  env.out.write(with_commas(report->shared_size) + " shared and " + with_commas(report->private_size) +
                " private records restored to " + escape_terminal(restore.folder) + "\n");
  return exit_done;
}

}  // namespace

void add_backup(CLI::App& app, Run& run) {
  const auto options = std::make_shared<BackupOptions>();
  CLI::App* const command = app.add_subcommand("backup", "Write an encrypted backup of a node, while it goes on");
  command->require_subcommand(0, 1);
  command->add_option("-o,--output", options->output, "The file to make, never overwritten");
  command->add_option("--recipient", options->recipients, "Who can open it: age1...; may come several times")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_node_options(*command, options->node);
  command->footer(
      std::string("Example:\n"
                  "  fristad backup keygen -o identity            # on another machine: it opens the backups\n"
                  "  fristad backup -o node.age --recipient age1...\n"
                  "\n"
                  "The age tool opens the file too. FILE.erasures beside it says what was erased since: restore asks\n"
                  "for it, so that nothing comes back that was erased.\n"
                  "\n") +
      exit_codes_text);
  command->callback([command, options, &run] {
    if (!command->get_subcommands().empty()) return;
    run = [options](Env& env) { return run_backup(*options, env); };
  });

  const auto path = std::make_shared<std::string>();
  CLI::App* const keygen =
      command->add_subcommand("keygen", "Make an identity that opens backups; print its recipient");
  keygen->add_option("-o,--output", *path, "The file to make, never overwritten; keep it far from the node")
      ->required();
  keygen->footer(std::string("Example:\n  fristad backup keygen -o identity\n\n") + exit_codes_text);
  keygen->callback([path, &run] { run = [path](Env& env) { return run_keygen(*path, env); }; });
}

void add_restore(CLI::App& app, Run& run) {
  const auto restore = std::make_shared<NodeRestore>();
  CLI::App* const command = app.add_subcommand("restore", "Make a node of a backup");
  command->add_option("FILE", restore->backup, "The backup")->required();
  command->add_option("--identity", restore->identity_file, "The file with the identity that opens it")->required();
  command->add_option("--to", restore->folder, "The folder to make; it must not exist, or be empty")->required();
  command->add_option("--key-file", restore->key_file, "The node's key, outside of it; made if it isn't there")
      ->required();
  command->add_option("--erasures", restore->erasures, "What was erased since; FILE.erasures if not given");
  command->add_flag("--no-erasures", restore->no_erasures,
                    "Without such a file: what was erased since the backup may come back");
  command->add_option("--postgres", restore->postgres, "Into this empty PostgreSQL database rather than the folder");
  command->footer(std::string("Example:\n"
                              "  fristad restore node.age --identity identity --to se --key-file se.key\n"
                              "\n"
                              "All of it is verified. The old node must not run any more.\n"
                              "\n") +
                  exit_codes_text);
  command->callback([restore, &run] { run = [restore](Env& env) { return run_restore(*restore, env); }; });
}

}  // namespace fristad
