#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/hex.h"
#include "base/json_writer.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "cli/commands.h"
#include "cli/list_choice.h"
#include "cli/list_reader.h"
#include "cli/new_file.h"
#include "cli/options.h"
#include "cli/with_node.h"
#include "material/entry_json.h"

namespace fristad {
namespace {

struct ExportOptions {
  NodeOptions node;
  std::string list;
  std::string output;  // empty: stdout
  std::string format;  // csv, jsonl or empty
};

struct ExportCounts {
  std::uint64_t entries = 0;
  std::uint64_t withdrawn = 0;
};

Result<ExportCounts> write_list(const Material& material, const ExportOptions& options, const Env& env,
                                BufferedWriter& to) {
  const ListInfo list = TRY(choose_list(material, options.list));
  const bool csv =
      list_format_of_name(options.format.empty() ? options.output : "." + options.format) == ListFormat::csv;
  if (csv) to.write(entry_csv_header);
  ExportCounts counts;
  TRY(material.for_each_entry(list.id, [&](const EntryView& entry) -> Status {
    if (env.stop.load()) return Error{Code::cancelled, "stopped: the export is not complete"};
    if (entry.withdrawn) {
      ++counts.withdrawn;
      return {};
    }
    ++counts.entries;
    to.write(csv ? entry_csv_row(entry.body) : entry_json_row(entry.body));
    return to.status();
  }));
  return counts;
}

Result<ExportCounts> write_file_of(const Material& material, const ExportOptions& options, const Env& env) {
  NewFile file = TRY(NewFile::create(options.output));
  const ExportCounts counts = TRY(write_list(material, options, env, file.writer()));
  TRY(file.finish());
  return counts;
}

int run_export(const ExportOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    const auto counts = options.output.empty() ? write_list(node.material(), options, env, env.out)
                                               : write_file_of(node.material(), options, env);
    if (!counts && options.output.empty() && env.out.closed()) return static_cast<int>(exit_failed);
    if (!counts) return env.fail(counts.error());
    static_cast<void>(env.out.flush());
    std::string told = with_commas(counts->entries) + " entries exported";
    if (counts->withdrawn > 0) told += ", " + with_commas(counts->withdrawn) + " withdrawn ones left out";
    env.say(told + ". WARNING: the file has hashes of known material in clear: protect it, and delete it after use");
    return static_cast<int>(exit_done);
  });
}

}  // namespace

void add_list_export(CLI::App& list, Run& run) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App* const command = list.add_subcommand("export", "Write the entries of a list, hashes and all");
  command->add_option("LIST", options->list, list_names_text)->required();
  command->add_option("-o,--output", options->output, "The file to make, never overwritten; stdout if not given");
  command->add_option("--format", options->format, "By the name of the file if not given, else jsonl")
      ->check(CLI::IsMember({"csv", "jsonl"}));
  add_node_options(*command, options->node);
  command->footer(
      std::string("Example:\n"
                  "  fristad list export Known -o known.jsonl\n"
                  "\n"
                  "list import reads both formats back. JSON lines are exact; in CSV, texts are escaped so that a\n"
                  "spreadsheet can do no harm. Withdrawn entries are left out.\n"
                  "\n") +
      exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_export(*options, env); }; });
}

}  // namespace fristad
