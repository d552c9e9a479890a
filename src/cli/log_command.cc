#include <CLI/CLI.hpp>
#include <memory>
#include <string>

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

struct ShowOptions {
  NodeOptions node;
  bool hidden = false;
  std::uint64_t from = 0;
  std::uint64_t limit = 100;
  bool payload = false;
  bool json = false;
};

struct LogOptions {
  NodeOptions node;
  bool hidden = false;
};

Result<std::string> line_of(const Record& record, const ShowOptions& options) {
  const Payload& payload = record.payload;
  std::string line;
  if (!options.json) {
    line = std::to_string(record.place.position) + "\t" + to_hex(record.id) + "\t" + escape_terminal(payload.kind) +
           "\t" + escape_terminal(payload.scope) + "\t" + utc_text(payload.at_ms) + "\t" +
           escape_terminal(payload.actor);
    if (options.payload) line += "\t" + escape_terminal(TRY(encode_payload(payload)).payload);
    return line + "\n";
  }
  JsonWriter json(line);
  json.begin_object().member("position", record.place.position).member("record", to_hex(record.id));
  json.member("revision", record.revision).member("kind", payload.kind).member("scope", payload.scope);
  json.member("at_utc_ms", payload.at_ms).member("actor", payload.actor).member("items", record.items.size());
  if (options.payload) json.member("payload", TRY(encode_payload(payload)).payload);
  json.end_object();
  return line + "\n";
}

int run_show(const ShowOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    std::uint64_t shown = 0;
    bool all = true;
    const Status status = node.journal().for_each(options.hidden ? private_log : shared_log, options.from,
                                                  [&](const Record& record) -> Status {
                                                    all = shown < options.limit;
                                                    // Any error ends the reading.
                                                    if (!all || env.stop.load())
                                                      return Error{Code::cancelled, "stopped on request"};
                                                    ++shown;
                                                    env.out.write(TRY(line_of(record, options)));
                                                    return env.out.status();
                                                  });
    if (!env.out.status()) return static_cast<int>(exit_failed);  // Env::finish says why
    return status || !all ? exit_done : env.fail(status.error());
  });
}

int run_checkpoint(const LogOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    const auto note = node.journal().checkpoint(options.hidden ? private_log : shared_log);
    if (!note) return env.fail(note.error());
    env.out.write(*note);
    return static_cast<int>(exit_done);
  });
}

int run_publish(const LogOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    if (const Status status = node.publish(); !status) return env.fail(status.error());
    env.out.write(escape_terminal(node.log_folder(shared_log)) + "\n" + escape_terminal(node.log_folder(private_log)) +
                  "\n");
    return static_cast<int>(exit_done);
  });
}

}  // namespace

void add_log(CLI::App& app, Run& run) {
  CLI::App* const log = app.add_subcommand("log", "The logs of a node: what was decided, and that nothing was changed");
  log->require_subcommand(1);
  log->footer(std::string("Example:\n  fristad log show\n  fristad log verify --all\n\n") + exit_codes_text);

  const auto show = std::make_shared<ShowOptions>();
  CLI::App* const show_command = log->add_subcommand("show", "Show the records of a log");
  show_command->add_flag("--private", show->hidden, "Of the private log rather than the shared one");
  show_command->add_option("--from", show->from, "From this position on, counted from 0")->capture_default_str();
  show_command->add_option("--limit", show->limit, "At most so many")->capture_default_str();
  show_command->add_flag("--payload", show->payload, "What they say, too, as JSON; hashes are never shown");
  show_command->add_flag("--json", show->json, "One line of JSON for each");
  add_node_options(*show_command, show->node);
  show_command->footer(
      std::string("Example:\n"
                  "  fristad log show --from 100 --payload\n"
                  "\n"
                  "Prints, separated by tabs: position, record, kind, scope, time, actor (in the private log). Erased\n"
                  "records are left out.\n"
                  "\n") +
      exit_codes_text);
  show_command->callback([show, &run] { run = [show](Env& env) { return run_show(*show, env); }; });

  const auto checkpoint = std::make_shared<LogOptions>();
  CLI::App* const checkpoint_command = log->add_subcommand("checkpoint", "Print the signed head of a log");
  checkpoint_command->add_flag("--private", checkpoint->hidden, "Of the private log rather than the shared one");
  add_node_options(*checkpoint_command, checkpoint->node);
  checkpoint_command->footer(std::string("Example:\n  fristad log checkpoint > head.txt\n\n") + exit_codes_text);
  checkpoint_command->callback(
      [checkpoint, &run] { run = [checkpoint](Env& env) { return run_checkpoint(*checkpoint, env); }; });

  const auto publish = std::make_shared<LogOptions>();
  CLI::App* const publish_command = log->add_subcommand("publish", "Bring the published files of both logs up to date");
  add_node_options(*publish_command, publish->node);
  publish_command->footer(std::string("Example:\n  fristad log publish\n\n") + exit_codes_text);
  publish_command->callback([publish, &run] { run = [publish](Env& env) { return run_publish(*publish, env); }; });

  add_log_proofs(*log, run);
}

}  // namespace fristad
