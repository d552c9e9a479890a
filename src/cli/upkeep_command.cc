#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/json_writer.h"
#include "base/text_escape.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/with_node.h"

namespace fristad {
namespace {

struct DoctorOptions {
  NodeOptions node;
  bool deep = false;
  bool json = false;
};

const char* to_text(Finding::State state) {
  switch (state) {
    case Finding::State::good: return "ok";
    case Finding::State::warning: return "warning";
    case Finding::State::bad: return "bad";
  }
  return "bad";
}

int run_doctor(const DoctorOptions& options, Env& env) {
  const auto folder = node_folder(options.node, env);
  if (!folder) {
    env.fail(folder.error());
    return exit_usage;
  }
  bool bad = false;
  for (const Finding& finding :
       examine_node({.folder = *folder, .key_file = options.node.key_file}, node_seams(env), options.deep)) {
    bad = bad || finding.state == Finding::State::bad;
    std::string line;
    if (options.json) {
      JsonWriter(line)
          .begin_object()
          .member("state", to_text(finding.state))
          .member("what", finding.what)
          .member("what_to_do", finding.what_to_do)
          .end_object();
    } else {
      line = std::string(to_text(finding.state)) + "\t" + escape_terminal(finding.what);
      if (!finding.what_to_do.empty()) line += "\n\t-> " + escape_terminal(finding.what_to_do);
    }
    env.out.write(line + "\n");
  }
  return bad ? exit_failed : exit_done;
}

int run_rebuild(const NodeOptions& options, Env& env) {
  return with_node(options, env, [&](Node& node) {
    if (const Status status = node.journal().rebuild(); !status) return env.fail(status.error());
    env.out.write("rebuilt from " + with_commas(node.journal().head(shared_log).size) + " shared and " +
                  with_commas(node.journal().head(private_log).size) + " private records\n");
    return static_cast<int>(exit_done);
  });
}

int run_dump(const NodeOptions& options, Env& env) {
  return with_node(options, env, [&](Node& node) {
    const Status status = node.journal().dump([&](std::string_view line) -> Status {
      if (env.stop.load()) return Error{Code::cancelled, "stopped: the dump is not complete"};
      env.out.write(line);
      if (!line.ends_with('\n')) env.out.write("\n");
      return env.out.status();
    });
    if (!env.out.status()) return static_cast<int>(exit_failed);  // Env::finish says why
    return status ? exit_done : env.fail(status.error());
  });
}

}  // namespace

void add_doctor(CLI::App& app, Run& run) {
  const auto options = std::make_shared<DoctorOptions>();
  CLI::App* const command = app.add_subcommand("doctor", "Look at everything of a node, and say what to do");
  command->add_flag("--deep", options->deep, "Read every record, and check it, tables and index");
  command->add_flag("--json", options->json, "One line of JSON for each finding");
  add_node_options(*command, options->node);
  command->footer(
      "Example:\n"
      "  fristad doctor --deep\n"
      "\n"
      "Exit codes: 0 nothing is bad, 2 wrong usage, 3 something is bad, or failed");
  command->callback([options, &run] { run = [options](Env& env) { return run_doctor(*options, env); }; });
}

void add_rebuild(CLI::App& app, Run& run) {
  const auto options = std::make_shared<NodeOptions>();
  CLI::App* const command = app.add_subcommand("rebuild", "Make a node's tables anew from its records");
  add_node_options(*command, *options);
  command->footer(std::string("Example:\n  fristad rebuild\n\n") + exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_rebuild(*options, env); }; });
}

void add_dump(CLI::App& app, Run& run) {
  const auto options = std::make_shared<NodeOptions>();
  CLI::App* const command = app.add_subcommand("dump", "Print every row of a node's tables, in a certain order");
  add_node_options(*command, *options);
  command->footer(std::string("Example: two nodes with the same records print the same\n"
                              "  fristad dump | sha256sum\n"
                              "\n") +
                  exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_dump(*options, env); }; });
}

}  // namespace fristad
