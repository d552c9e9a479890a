#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ordered_pool.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "cli/commands.h"
#include "cli/file_hasher.h"
#include "cli/file_matcher.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/walker.h"
#include "cli/with_known.h"

namespace fristad {
namespace {

constexpr std::size_t ring = 4096;

struct ScanOptions {
  std::vector<std::string> roots;
  KnownOptions known;
  std::string report;
  FileMatchOptions matching;
  bool one_file_system = false;
  bool overwrite = false;
  bool progress = false;
  bool fail_on_match = false;
  bool strict = false;
  int threads = 0;
};

struct ScanOutput {
  std::string path;
  FileHash hash;
  std::vector<FileMatch> matches;
  std::size_t matches_left_out = 0;
  std::optional<Error> not_compared;
  bool own = false;  // a file of the report itself
};

// What one thread needs.
struct Scanner {
  FileHasher hasher;
  FileMatcher matcher;

  ScanOutput scan(FoundFile& found, const Report& report) {
    ScanOutput out;
    out.path = std::move(found.path);
    if (found.error) {
      out.hash.error = std::move(found.error);
      return out;
    }
    const auto file = open_found(found);
    if (!file) {
      out.hash.error = file.error();
      return out;
    }
    out.own = report.owns(*file);
    if (out.own) return out;
    out.hash = hasher.hash(*file);
    auto left_out = matcher.match(out.hash, out.matches);
    if (left_out) {
      out.matches_left_out = *left_out;
    } else {
      out.not_compared = std::move(left_out).error();
    }
    return out;
  }
};

// Takes the outputs in their order, counts them and writes them into the report.
class Recorder {
 public:
  Recorder(const Known& known, const FileMatchOptions& matching, Report& report, MatchKeeper& keeper)
      : known_(known), matching_(matching), report_(report), keeper_(keeper) {}

  Status record(const ScanOutput& output) {
    if (output.own) return {};
    const FileHash& hash = output.hash;
    if (hash.digests) ++counts.files;
    counts.bytes += hash.bytes;
    if (hash.image) {
      ++counts.images;
      if (hash.image->pdq.quality < matching_.quality_min) ++counts.images_too_flat;
    }
    // Files in no image format are compared by digest: nothing is wrong with them.
    if (hash.error && hash.error->code != Code::unsupported) add_error(output.path, *hash.error);
    if (output.not_compared) return *output.not_compared;
    const std::uint64_t before = counts.matches;
    for (const FileMatch& match : output.matches) {
      const auto entry = known_.entry(match.known, room_);
      if (!entry && entry.error().code == Code::not_found) continue;
      TRY(keeper_.add(match.known));
      report_.add_match(output.path, hash, match, TRY(entry));
      ++counts.matches;
    }
    if (counts.matches > before) ++counts.files_matched;
    if (output.matches_left_out > 0) {
      add_error(output.path, {Code::too_large,
                              with_commas(output.matches_left_out) + " more matches were left out: see --matches-max"});
    }
    return report_.status();
  }

  ScanCounts counts;

 private:
  void add_error(const std::string& path, const Error& error) {
    report_.add_error(path, error);
    ++counts.errors;
  }

  const Known& known_;
  const FileMatchOptions& matching_;
  Report& report_;
  MatchKeeper& keeper_;
  EntryView room_;
};

std::string summary_text(const ScanSummary& summary, const Report& report) {
  const ScanCounts& counts = summary.counts;
  const auto duration_ms =
      static_cast<std::uint64_t>(std::max<std::int64_t>(summary.finished_utc_ms - summary.started_utc_ms, 0));
  std::string text = summary.complete ? "" : "STOPPED BEFORE THE END: what follows is not complete\n";
  text += with_commas(counts.files) + " files (" + as_bytes_text(counts.bytes) + "), " + with_commas(counts.images) +
          " images, in " + with_commas(duration_ms / 1000) + "." + std::to_string(duration_ms / 100 % 10) + " s\n";
  text += with_commas(counts.matches) + " matches in " + with_commas(counts.files_matched) +
          " files. A match is a lead, not a verdict: people decide.\n";
  if (counts.images_too_flat > 0) {
    text += with_commas(counts.images_too_flat) + " images are too flat for PDQ and were compared by digest only\n";
  }
  if (counts.errors > 0) text += with_commas(counts.errors) + " errors, listed in the report\n";
  text += "report: " + escape_terminal(report.jsonl_path()) + ", " + escape_terminal(report.csv_path()) + "\n";
  return text;
}

int scan(const ScanOptions& options, Env& env, const Known& known, MatchKeeper& keeper) {
  const int threads = threads_or_all(options.threads, env);
  std::vector<Scanner> scanners;
  scanners.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    scanners.push_back({FileHasher({}, env.stop), FileMatcher(known, options.matching)});
  }
  // A system that can't run the sandbox should say so once, not for every image.
  if (const Status status = scanners.front().hasher.start(); !status) return env.fail(status.error());
  auto report = Report::create(options.report, options.overwrite, known);
  if (!report) return env.fail(report.error());

  ScanSummary summary{.started_utc_ms = env.clock.utc_ms(), .roots = options.roots, .matching = options.matching};
  const WalkOptions walk{.one_file_system = options.one_file_system};
  std::size_t root = 0;
  Walker walker([&] { return root < options.roots.size() ? std::optional(options.roots[root++]) : std::nullopt; },
                walk);
  Recorder recorder(known, options.matching, *report, keeper);
  Status recorded;
  std::optional<Progress> progress;
  const bool terminal = isatty(env.err) == 1;
  if (terminal || options.progress) progress.emplace(env.clock, options.roots, walk, terminal, env.err);
  const Status status = run_ordered<FoundFile, ScanOutput>(
      {.next = [&](FoundFile& found) { return walker.next(found); },
       .work =
           [&](int thread, FoundFile& found) {
             ScanOutput output = scanners[static_cast<std::size_t>(thread)].scan(found, *report);
             if (progress) progress->add(output.hash.bytes);
             return output;
           },
       .emit =
           [&](const ScanOutput& output) {
             // After a stop some files were only half read, and workers may have been stopped with this process.
             if (env.stop.load()) return false;
             recorded = recorder.record(output);
             return recorded.has_value();
           }},
      threads, ring, env.stop);
  progress.reset();
  if (recorded) recorded = keeper.flush();
  if (!recorded) return env.fail("the report, left as it is under .partial", recorded.error());
  if (!status) return env.fail(status.error());

  summary.complete = !env.stop.load();
  summary.counts = recorder.counts;
  summary.walk = walker.counts();
  summary.finished_utc_ms = env.clock.utc_ms();
  if (const Status finished = report->finish(summary); !finished) return env.fail(finished.error());
  env.out.write(summary_text(summary, *report));
  if (!summary.complete || (options.strict && summary.counts.errors > 0)) return exit_failed;
  return options.fail_on_match && summary.counts.matches > 0 ? exit_match : exit_done;
}

int run_scan(const ScanOptions& options, Env& env) {
  return with_known(options.known, env,
                    [&](const Known& known, MatchKeeper& keeper) { return scan(options, env, known, keeper); });
}

}  // namespace

void add_scan(CLI::App& app, Run& run) {
  const auto options = std::make_shared<ScanOptions>();
  CLI::App* const command = app.add_subcommand("scan", "Find known material in folders");
  command->add_option("FOLDER", options->roots, "Folders to scan; nothing in them is changed")->required();
  add_known_options(*command, options->known);
  command->add_option("-o,--output", options->report, "The report: makes NAME.jsonl and NAME.csv")->required();
  add_limit(*command, options->matching.limit);
  command
      ->add_option("--min-quality", options->matching.quality_min, "Images of less quality are compared by digest only")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  command
      ->add_option("--orientations", options->matching.orientations, "8: also turned and mirrored; 1: only as stored")
      ->check(CLI::IsMember({1, 8}))
      ->capture_default_str();
  add_matches_max(*command, options->matching.matches_max);
  command->add_flag("--one-file-system", options->one_file_system, "Don't enter other file systems");
  command->add_flag("--overwrite", options->overwrite, "Replace a report of that name");
  command->add_flag("--progress", options->progress, "Show progress, also when stderr is no terminal");
  command->add_flag("--fail-on-match", options->fail_on_match, "Exit with 1 if anything matched");
  command->add_flag("--strict", options->strict, "Exit with 3 if there were errors");
  add_threads(*command, options->threads);
  command->footer(
      "Example: a disk, mounted read-only\n"
      "  mount -o ro,noexec,nodev /dev/sdb1 /mnt/evidence\n"
      "  fristad scan /mnt/evidence --index known.frseg -o report\n"
      "\n"
      "Symbolic links are not followed, devices and pipes not opened. A match is a lead: people decide.\n"
      "\n"
      "Exit codes: 0 done, matched or not, 1 matched (only with --fail-on-match), 2 wrong usage, 3 failed or stopped;\n"
      "a stopped scan leaves a report that says \"complete\": false");
  command->callback([options, &run] { run = [options](Env& env) { return run_scan(*options, env); }; });
}

}  // namespace fristad
