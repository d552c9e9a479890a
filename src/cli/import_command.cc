#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "api/hma/import.h"
#include "base/json_writer.h"
#include "base/try.h"
#include "base/whole_file.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/with_node.h"

namespace fristad {
namespace {

constexpr std::size_t token_bytes_max = 4096;

struct HmaImportOptions {
  NodeOptions node;
  std::string url;
  std::string token_file;
  bool json = false;
};

Result<std::string> read_token(const std::string& path) {
  std::string token = TRY(read_file(path, token_bytes_max));
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  if (token.empty()) return Error{Code::invalid_argument, path + ": there is no token in it"};
  return token;
}

std::string summary(const HmaImportReport& report, bool as_json) {
  std::string text;
  if (as_json) {
    JsonWriter json(text);
    json.begin_object().member("banks_made", report.banks_made).member("contents", report.contents);
    json.member("added", report.added).member("changed", report.changed).member("withdrawn", report.withdrawn);
    json.member("skipped", report.skipped).member("shortened", report.shortened).end_object();
    return text + "\n";
  }
  const auto number = [](std::int64_t count) { return with_commas(static_cast<std::uint64_t>(count)); };
  text = number(report.contents) + " contents read, " + number(report.banks_made) +
         " banks made; entries: " + number(report.added) + " added, " + number(report.changed) + " changed, " +
         number(report.withdrawn) + " withdrawn";
  if (report.skipped > 0) text += "; " + number(report.skipped) + " contents skipped: no signal has a place here";
  if (report.shortened > 0) text += "; " + number(report.shortened) + " without their metadata, which are too large";
  return text + "\n";
}

int run_import_hma(const HmaImportOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    HmaImport import{.url = options.url, .actor = options.node.actor};
    if (!options.token_file.empty()) {
      auto token = read_token(options.token_file);
      if (!token) return env.fail(token.error());
      import.token = *std::move(token);
    }
    const bool terminal = isatty(env.err) == 1;
    const auto show = [&](std::string_view text) {
      BufferedWriter writer(env.err);
      writer.write(text);
      static_cast<void>(writer.flush());
    };
    import.progress = [&](const HmaImportReport& report)
                          ->Status {
                            if (terminal) show("\r\033[K" + with_commas(static_cast<std::uint64_t>(report.contents)) +
                                               " contents");
    if (env.stop.load()) return Error{Code::cancelled, "stopped; run it again to go on"};
    return {};
    };
    const auto report = import_hma(import, node.journal(), node.material());
    if (terminal) show("\r\033[K");
    if (!report) return env.fail(report.error());
    env.out.write(summary(*report, options.json));
    return static_cast<int>(exit_done);
});
}

void add_import_hma(CLI::App& import, Run& run) {
  const auto options = std::make_shared<HmaImportOptions>();
  CLI::App* const command = import.add_subcommand("hma", "Take over the banks and contents of an HMA 2.0");
  command->add_option("URL", options->url, "Of the HMA: http://hma.example:5100")->required();
  command->add_option("--token-file", options->token_file, "The token that a proxy before it wants");
  command->add_flag("--json", options->json, "Tell what was done as one line of JSON");
  add_deciding_options(*command, options->node);
  command->footer(
      std::string("Example:\n"
                  "  fristad import hma http://127.0.0.1:5100\n"
                  "\n"
                  "Content of bank X goes to the list that is bank X here, made if there is none. Run again, it adds "
                  "what is new,\nwithdraws what is gone, and follows what was disabled or noted otherwise.\n"
                  "\n") +
      exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_import_hma(*options, env); }; });
}

}  // namespace

void add_import(CLI::App& app, Run& run) {
  CLI::App* const import = app.add_subcommand("import", "Take over what another system knows");
  import->require_subcommand(1);
  add_import_hma(*import, run);
}

}  // namespace fristad
