#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "base/key_file.h"
#include "base/try.h"
#include "cli/bad_rows.h"
#include "cli/commands.h"
#include "cli/list_reader.h"
#include "cli/options.h"
#include "cli/signals.h"

namespace fristad {
namespace {

struct BuildOptions {
  std::vector<std::string> lists;
  std::string output;
  std::string format;               // csv, jsonl or empty
  std::string bad_rows = "refuse";  // or skip
  bool ignore_columns = false;
  bool compact = false;
  bool seal = false;
  bool overwrite = false;
  std::string key_path;
  int threads = 0;
};

class Builder {
 public:
  Builder(const BuildOptions& options, const Env& env, SegmentWriter& writer)
      : bad_rows(env), options_(options), env_(env), writer_(writer) {}

  Status read(const std::string& path) {
    UniqueFd file;
    int fd = STDIN_FILENO;
    if (path != "-") {
      file = UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
      if (!file) return os_error("cannot open", errno);
      fd = file.get();
    }
    const ListFormat format = list_format_of_name(options_.format.empty() ? path : "." + options_.format);
    ListReader list =
        TRY(ListReader::start(env_.read_from(fd), {.format = format, .ignore_columns = options_.ignore_columns}));
    while (true) {
      const ListEvent event = TRY(list.next());
      if (event == ListEvent::end) return {};
      if (event == ListEvent::bad_row) {
        bad_rows.note(path, list.bad_row());
      } else if (bad_rows.count() == 0 || options_.bad_rows == "skip") {
        // Once a row was refused nothing is going to be written: the rest is only read to tell how many are bad.
        TRY(writer_.add(list.row()));
      }
    }
  }

  BadRows bad_rows;

 private:
  const BuildOptions& options_;
  const Env& env_;
  SegmentWriter& writer_;
};

Result<SegmentWriter> create_writer(const BuildOptions& options, const Env& env) {
  SegmentWriteOptions write{.layout = options.compact ? SegmentLayout::compact : SegmentLayout::fast,
                            .overwrite = options.overwrite,
                            .threads = threads_or_all(options.threads, env)};
  if (options.seal) write.key = TRY(read_key_file(options.key_path));
  return SegmentWriter::create(options.output, write);
}

std::string summary_of(const SegmentInfo& info, std::uint64_t bad_rows, std::int64_t duration_ms) {
  std::string text =
      with_commas(info.rows) + (info.rows == 1 ? " row (" : " rows (") + with_commas(info.pdq_hashes) + " pdq";
  for (std::size_t i = 0; i < digest_kind_count; ++i) {
    text += ", " + with_commas(info.digests[i]) + " " + to_string(static_cast<DigestKind>(i));
  }
  text += "), " + with_commas(bad_rows) + " bad rows skipped, " + as_bytes_text(info.bytes) + ", " +
          std::to_string(duration_ms / 1000) + "." + std::to_string(duration_ms / 100 % 10) + " s";
  return text;
}

int run_build(const BuildOptions& options, Env& env) {
  if (options.seal == options.key_path.empty()) {
    env.say("--seal and --key FILE go together");
    return exit_usage;
  }
  const std::int64_t started_ms = env.clock.steady_ms();
  auto writer = create_writer(options, env);
  if (!writer) return env.fail(writer.error());
  Builder builder(options, env, *writer);
  for (const std::string& path : options.lists) {
    if (const Status status = builder.read(path); !status) {
      return env.fail(path == "-" ? "stdin" : path, status.error());
    }
  }
  if (builder.bad_rows.count() > 0 && options.bad_rows == "refuse") {
    env.say(with_commas(builder.bad_rows.count()) +
            " bad rows: nothing was written. Correct them, or pass over them with --bad-rows skip");
    return exit_failed;
  }
  end_at_once_on_signals();
  if (const Status status = writer->finish(); !status) return env.fail(status.error());
  // What is told about the file is what the file says.
  const auto index = open_index(options.output, options.key_path);
  if (!index) return env.fail(index.error());
  env.out.write(summary_of(index->info(), builder.bad_rows.count(), env.clock.steady_ms() - started_ms) + "\n");
  return exit_done;
}

}  // namespace

void add_index_build(CLI::App& index, Run& run) {
  const auto options = std::make_shared<BuildOptions>();
  CLI::App* const command = index.add_subcommand("build", "Make an index from lists of hashes");
  command->add_option("LIST", options->lists, "Lists, comma-separated or JSON lines; - for stdin")->required();
  command->add_option("-o,--output", options->output, "The index file to write")->required();
  command->add_option("--format", options->format, "By name (.csv, .jsonl) or first byte if not given")
      ->check(CLI::IsMember({"csv", "jsonl"}));
  command->add_option("--bad-rows", options->bad_rows, "refuse: write nothing if a row is bad; skip: pass over it")
      ->check(CLI::IsMember({"refuse", "skip"}))
      ->capture_default_str();
  command->add_flag("--ignore-columns", options->ignore_columns, "Pass over columns and keys that are not known");
  command->add_flag("--compact", options->compact, "A fifth less memory, somewhat slower");
  command->add_flag("--seal", options->seal, "Encrypt the index with the key of --key");
  add_key(*command, options->key_path);
  command->add_flag("--overwrite", options->overwrite, "Replace the index file if it is there");
  add_threads(*command, options->threads);
  command->footer(std::string("Example: a list of two columns, sealed\n"
                              "  printf 'id,md5\\ncase-7,0123456789abcdef0123456789abcdef\\n' > known.csv\n"
                              "  fristad index key -o key\n"
                              "  fristad index build known.csv -o known.frseg --seal --key key\n"
                              "\n"
                              "Columns: pdq, md5, sha1, sha256, id, classification, note, in any order.\n"
                              "\n") +
                  exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_build(*options, env); }; });
}

}  // namespace fristad
