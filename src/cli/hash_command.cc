#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "base/hex.h"
#include "base/json_writer.h"
#include "base/line_reader.h"
#include "base/ordered_pool.h"
#include "base/text_escape.h"
#include "cli/commands.h"
#include "cli/file_hasher.h"
#include "cli/file_json.h"
#include "cli/options.h"
#include "cli/walker.h"

namespace fristad {
namespace {

constexpr std::size_t path_bytes_max = 1u << 20;
constexpr std::size_t ring = 4096;

struct HashOptions {
  std::vector<std::string> paths;
  bool null_separated = false;
  bool json = false;
  bool dihedral = false;
  bool digests_only = false;
  bool one_file_system = false;
  bool strict = false;
  int threads = 0;
};

struct HashCounts {
  std::uint64_t errors = 0;
  std::uint64_t not_images = 0;
};

struct HashOutput {
  std::string line;     // for stdout
  std::string message;  // for stderr
  bool error = false;
  bool not_image = false;
};

// The paths of the command line, with the lists on stdin in the place of each "-".
class PathSource {
 public:
  PathSource(const Env& env, const HashOptions& options)
      : paths_(options.paths), stdin_lines_(env.read_stdin(), path_bytes_max, options.null_separated ? '\0' : '\n') {}

  std::optional<std::string> next() {
    while (at_ < paths_.size()) {
      if (paths_[at_] != "-") return paths_[at_++];
      const auto line = stdin_lines_.next();
      if (!line) {
        status_ = line.error();
        return std::nullopt;
      }
      if (!*line) {
        ++at_;
      } else if ((*line)->too_long) {
        status_ = Error{Code::too_large, "line " + std::to_string((*line)->number) + " is longer than any path"};
        return std::nullopt;
      } else if (!(*line)->text.empty()) {
        return std::string((*line)->text);
      }
    }
    return std::nullopt;
  }

  const Status& status() const { return status_; }

 private:
  const std::vector<std::string>& paths_;
  std::size_t at_ = 0;
  LineReader stdin_lines_;
  Status status_;
};

std::string json_line(const FoundFile& found, const FileHash& hash, const HashOptions& options) {
  std::string line;
  JsonWriter json(line);
  json.begin_object();
  write_path(json, found.path);
  if (!options.digests_only) {
    if (hash.image) {
      json.member("pdq", hash.image->pdq.hash.to_hex()).member("pdq_quality", hash.image->pdq.quality);
    } else {
      json.member("pdq", nullptr).member("pdq_quality", nullptr);
    }
  }
  write_digests(json, hash.digests);
  if (options.dihedral && hash.image) {
    json.key("dihedral").begin_object();
    for (std::size_t i = 0; i < orientation_count; ++i) {
      json.member(to_string(static_cast<Orientation>(i)), hash.image->pdq.dihedral[i].to_hex());
    }
    json.end_object();
  }
  if (hash.error) json.member("error", hash.error->message).member("error_code", to_string(hash.error->code));
  json.end_object();
  return line + "\n";
}

std::string text_line(const FoundFile& found, const FileHash& hash) {
  const std::string path = escape_terminal(found.path);
  if (hash.image) {
    const std::string quality = std::to_string(hash.image->pdq.quality);
    return hash.image->pdq.hash.to_hex() + " " + std::string(3 - quality.size(), ' ') + quality + " " + path + "\n";
  }
  return to_hex(hash.digests->md5) + " " + to_hex(hash.digests->sha1) + " " + to_hex(hash.digests->sha256) + " " +
         path + "\n";
}

HashOutput hash_one(const FoundFile& found, FileHasher& hasher, const HashOptions& options) {
  FileHash hash;
  if (found.error) {
    hash.error = found.error;
  } else if (const auto file = open_found(found)) {
    hash = hasher.hash(*file);
  } else {
    hash.error = file.error();
  }
  HashOutput out;
  // What is no image is an error only of somebody who named it.
  out.not_image = hash.error && hash.error->code == Code::unsupported && !found.named;
  out.error = hash.error && !out.not_image;
  if (options.json) {
    out.line = json_line(found, hash, options);
  } else if (!hash.error) {
    out.line = text_line(found, hash);
  } else if (out.error) {
    out.message = found.path + ": " + hash.error->message;
  }
  return out;
}

int run_hash(const HashOptions& options, Env& env) {
  PathSource paths(env, options);
  Walker walker([&] { return paths.next(); }, {.one_file_system = options.one_file_system});
  const int threads = threads_or_all(options.threads, env);
  std::vector<FileHasher> hashers;
  hashers.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    hashers.emplace_back(FileHasherOptions{.digests_only = options.digests_only}, env.stop);
  }
  const bool flush_lines = isatty(STDOUT_FILENO) == 1;
  HashCounts counts;
  const auto emit = [&](HashOutput& output) {
    if (env.stop.load()) return false;
    env.out.write(output.line);
    if (flush_lines) static_cast<void>(env.out.flush());
    if (!output.message.empty()) env.say(output.message);
    counts.errors += output.error;
    counts.not_images += output.not_image;
    return env.out.status().has_value();
  };
  const Status status = run_ordered<FoundFile, HashOutput>(
      {.next = [&](FoundFile& found) { return walker.next(found); },
       .work =
           [&](int thread, const FoundFile& found) {
             return hash_one(found, hashers[static_cast<std::size_t>(thread)], options);
           },
       .emit = emit},
      threads, ring, env.stop);
  if (!status) return env.fail(status.error());
  if (!env.out.status()) return exit_failed;  // Env::finish says why
  if (env.stop.load()) {
    env.say("stopped: the output is not complete");
    return exit_failed;
  }
  if (!paths.status()) return env.fail("stdin", paths.status().error());
  if (counts.not_images > 0) env.say(with_commas(counts.not_images) + " files are no images");
  if (counts.errors > 0) env.say(with_commas(counts.errors) + " files could not be hashed");
  return options.strict && counts.errors > 0 ? exit_failed : exit_done;
}

}  // namespace

void add_hash(CLI::App& app, Run& run) {
  const auto options = std::make_shared<HashOptions>();
  CLI::App* const command = app.add_subcommand("hash", "Print the PDQ hash and digests of files");
  command->add_option("PATH", options->paths, "Files and folders; - for a list of paths on stdin, one a line")
      ->required();
  command->add_flag("-0,--null", options->null_separated,
                    "The list on stdin is separated by NUL, as find -print0 writes it");
  CLI::Option* const json = command->add_flag("--json", options->json, "JSON lines with all hashes, and errors");
  CLI::Option* const dihedral =
      command->add_flag("--dihedral", options->dihedral, "With --json: the hashes of the picture turned and mirrored")
          ->needs(json);
  command->add_flag("--digests-only", options->digests_only, "No PDQ: MD5, SHA-1 and SHA-256 of any file")
      ->excludes(dihedral);
  command->add_flag("--one-file-system", options->one_file_system, "Don't enter other file systems");
  command->add_flag("--strict", options->strict, "Exit with 3 if a file could not be hashed");
  add_threads(*command, options->threads);
  command->footer(
      "Example: the hashes of all pictures in a folder\n"
      "  fristad hash photos\n"
      "  find photos -name '*.jpg' -print0 | fristad hash --null --json -\n"
      "\n"
      "Prints \"PDQ QUALITY PATH\" in the order of the input; quality below 50 means too flat to match.\n"
      "Control characters in paths are shown as \\xNN.\n"
      "\n"
      "Exit codes: 0 done, even if files could not be hashed (unless --strict), 2 wrong usage, 3 failed or stopped");
  command->callback([options, &run] { run = [options](Env& env) { return run_hash(*options, env); }; });
}

}  // namespace fristad
