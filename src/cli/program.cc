#include "cli/program.h"

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/commands.h"

namespace fristad {
namespace {

constexpr const char* footer =
    "Example: find known pictures on a disk\n"
    "  fristad index build known.csv -o known.frseg\n"
    "  fristad scan /mnt/evidence --index known.frseg -o report\n"
    "\n"
    "Example: a node with a list of its own\n"
    "  fristad node init /var/lib/fristad/se --member se --key-file /etc/fristad/se.key --shares /media/shares\n"
    "  export FRISTAD_NODE=/var/lib/fristad/se\n"
    "  fristad list create Known\n"
    "  fristad list import Known known.csv\n"
    "  fristad scan /mnt/evidence -o report\n"
    "\n"
    "Exit codes: 0 done, 1 a match (only with --fail-on-match), 2 wrong usage, 3 failed";

int explain_topic(CLI::App& app, const std::vector<std::string>& topics, Env& env) {
  app.clear();  // it would explain the command that was chosen: help itself
  const CLI::App* topic = &app;
  std::string above;
  for (const std::string& name : topics) {
    const auto named = topic->get_subcommands([&](const CLI::App* command) { return command->get_name() == name; });
    if (named.empty()) {
      env.say("there is no command " + name);
      return exit_usage;
    }
    above += (above.empty() ? "" : " ") + topic->get_name();
    topic = named.front();
  }
  env.out.write(topic->help(above));
  return exit_done;
}

}  // namespace

int run_program(Env& env) {
  CLI::App app("Fristad finds known child sexual abuse material by hash. A match is a lead: people decide.", "fristad");
  app.footer(footer);
  app.require_subcommand(1);
  app.set_version_flag("--version", "fristad " FRISTAD_VERSION);
  Run run;
  add_hash(app, run);
  add_index(app, run);
  add_match(app, run);
  add_scan(app, run);
  add_node(app, run);
  add_serve(app, run);
  add_user(app, run);
  add_token(app, run);
  add_list(app, run);
  add_alliance(app, run);
  add_import(app, run);
  add_explain(app, run);
  add_log(app, run);
  add_backup(app, run);
  add_restore(app, run);
  add_erase(app, run);
  add_rebuild(app, run);
  add_dump(app, run);
  add_doctor(app, run);
  add_version(app, run);
  std::vector<std::string> topics;
  CLI::App* const help = app.add_subcommand("help", "Explain a command");
  help->add_option("COMMAND", topics, "The command to explain");
  help->callback([&] { run = [&](Env& to) { return explain_topic(app, topics, to); }; });
  try {
    app.parse(std::vector<std::string>(env.arguments.rbegin(), env.arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    env.out.write(app.help());
    return env.finish(exit_done);
  } catch (const CLI::CallForVersion& version) {
    env.out.write(version.what() + std::string("\n"));
    return env.finish(exit_done);
  } catch (const CLI::ParseError& error) {
    env.say(error.what() + std::string(" (fristad help explains)"));
    return exit_usage;
  }
  return env.finish(run(env));
}

}  // namespace fristad
