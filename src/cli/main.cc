#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <iostream>
#include <thread>

#include "base/text_escape.h"
#include "cli/commands.h"
#include "cli/signals.h"
#include "fristad/kernel.h"
#include "fristad/sandbox.h"

namespace fristad {
namespace {

constexpr const char* footer =
    "Example: find known pictures on a disk\n"
    "  fristad index build known.csv -o known.frseg\n"
    "  fristad scan /mnt/evidence --index known.frseg -o report\n"
    "\n"
    "Exit codes: 0 done, 1 a match (only with --fail-on-match), 2 wrong usage, 3 failed";

Status random_bytes(std::span<std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
    if (got < 0 && errno != EINTR) return os_error("no random bytes", errno);
    if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

// A file opened while 0, 1 or 2 is closed would take that number, and messages would be written into it.
bool ensure_standard_streams() {
  int fd = 0;
  do {
    fd = open("/dev/null", O_RDWR);
  } while (fd >= 0 && fd <= STDERR_FILENO);
  return fd >= 0 && close(fd) == 0;
}

int run_program(int argc, char** argv) {
  if (!ensure_standard_streams()) return exit_failed;
  Env env{.clock = system_clock(),
          .random = random_bytes,
          .cores = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 1024u)),
          .stop = catch_signals()};
  if (const Status status = kernel_check(); !status) {
    env.fail(status.error());
    return exit_usage;
  }
  CLI::App app("Fristad finds known child sexual abuse material by hash. A match is a lead: people decide.", "fristad");
  app.footer(footer);
  app.require_subcommand(1);
  app.set_version_flag("--version", "fristad " FRISTAD_VERSION);
  Run run;
  add_hash(app, run);
  add_index(app, run);
  add_match(app, run);
  add_scan(app, run);
  add_version(app, run);
  std::vector<std::string> topics;
  CLI::App* const help = app.add_subcommand("help", "Explain a command");
  help->add_option("COMMAND", topics, "The command to explain");
  help->callback([&] {
    run = [&](Env& to) {
      app.clear();  // it would explain the command that was chosen: help itself
      const CLI::App* topic = &app;
      std::string above;
      for (const std::string& name : topics) {
        const auto named = topic->get_subcommands([&](const CLI::App* command) { return command->get_name() == name; });
        if (named.empty()) {
          to.say("there is no command " + name);
          return exit_usage;
        }
        above += (above.empty() ? "" : " ") + topic->get_name();
        topic = named.front();
      }
      to.out.write(topic->help(above));
      return exit_done;
    };
  });
  try {
    app.parse(argc, argv);
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

}  // namespace
}  // namespace fristad

int main(int argc, char** argv) {
  if (const auto status = fristad::run_image_worker(argc, argv)) return *status;
  try {
    return fristad::run_program(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "fristad: " << fristad::escape_terminal(error.what()) << '\n';
    return fristad::exit_failed;
  }
}
