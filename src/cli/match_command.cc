#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "base/line_reader.h"
#include "base/ordered_pool.h"
#include "base/text_escape.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/query.h"

namespace fristad {
namespace {

constexpr std::size_t block_lines_max = 65'536;
constexpr std::size_t line_bytes_max = 1024;  // a hash is at most 71 bytes

struct MatchOptions {
  std::string index_path;
  std::string key_path;
  std::vector<std::string> hashes;
  int limit = limit_default;
  std::size_t matches_max = 1000;
  bool json = false;
  bool fail_on_match = false;
  bool strict = false;
  int threads = 0;
};

struct QueryText {
  std::size_t start = 0;  // in Block::text
  std::size_t size = 0;
  std::uint64_t line = 0;  // on stdin; 0: an argument
  bool too_long = false;
};

struct Block {
  std::string text;
  std::vector<QueryText> queries;
  std::string_view text_of(const QueryText& query) const {
    return std::string_view(text).substr(query.start, query.size);
  }
};

struct BlockOutput {
  std::string lines;
  std::vector<std::string> messages;
  std::uint64_t errors = 0;
  bool matched = false;
};

// Queries from the command line, with those of stdin in the place of "-", in blocks.
class QuerySource {
 public:
  QuerySource(const Env& env, const MatchOptions& options)
      : arguments_(options.hashes), lines_(env.read_stdin(), line_bytes_max) {
    if (arguments_.empty()) arguments_.emplace_back("-");
  }

  bool next(Block& block) {
    block.text.clear();
    block.queries.clear();
    while (at_ < arguments_.size() && block.queries.size() < block_lines_max) {
      if (arguments_[at_] != "-") {
        add(block, arguments_[at_++], 0, false);
        continue;
      }
      // Somebody may be waiting for an answer before sending more: don't wait for a full block.
      if (!block.queries.empty() && !lines_.buffered() && !readable_now(STDIN_FILENO)) break;
      const auto line = lines_.next();
      if (!line) {
        status_ = line.error();
        return false;
      }
      if (!*line) {
        ++at_;
      } else if (!(*line)->text.empty() || (*line)->too_long) {
        add(block, (*line)->text, (*line)->number, (*line)->too_long);
      }
    }
    return !block.queries.empty();
  }

  const Status& status() const { return status_; }

 private:
  static void add(Block& block, std::string_view text, std::uint64_t line, bool too_long) {
    block.queries.push_back({block.text.size(), text.size(), line, too_long});
    block.text += text;
  }

  std::vector<std::string> arguments_;
  std::size_t at_ = 0;
  LineReader lines_;
  Status status_;
};

// What one thread needs to answer blocks, kept from block to block.
class Matcher {
 public:
  Matcher(const Segment& index, const MatchOptions& options) : index_(index), options_(options) {}

  BlockOutput answer(const Block& block) {
    parsed_.clear();
    pdq_.clear();
    for (const QueryText& query : block.queries) {
      parsed_.push_back(query.too_long ? Error{Code::invalid_argument, "longer than any hash"}
                                       : parse_query(block.text_of(query)));
      if (parsed_.back() && !parsed_.back()->digest) pdq_.push_back(parsed_.back()->pdq);
    }
    index_.match_batch(pdq_, options_.limit, scratch_, batch_);
    BlockOutput out;
    std::size_t pdq_at = 0;
    for (std::size_t i = 0; i < parsed_.size(); ++i) {
      const QueryText& text = block.queries[i];
      if (!parsed_[i]) {
        refuse(text, block.text_of(text), parsed_[i].error(), out);
        continue;
      }
      const Query& query = *parsed_[i];
      if (query.digest) {
        index_.find(*query.digest, query.digest_bytes(), rows_);
        matches_.clear();
        for (const std::uint32_t row : rows_) matches_.push_back({row, 0});
      } else {
        const std::span<const Match> found = batch_.of(pdq_at++);
        matches_.assign(found.begin(), found.end());
      }
      write(block.text_of(text), query, out);
    }
    return out;
  }

 private:
  void refuse(const QueryText& query, std::string_view text, const Error& error, BlockOutput& out) const {
    ++out.errors;
    out.messages.push_back((query.line > 0 ? "stdin, line " + std::to_string(query.line) : std::string("HASH")) + ": " +
                           error.message);
    if (!options_.json) return;
    JsonWriter(out.lines)
        .begin_object()
        .member("query", text)
        .member("error", error.message)
        .member("error_code", to_string(error.code))
        .end_object();
    out.lines += '\n';
  }

  void write(std::string_view text, const Query& query, BlockOutput& out) {
    const auto nearest_first = [](const Match& a, const Match& b) {
      return std::pair(a.distance, a.row) < std::pair(b.distance, b.row);
    };
    const std::size_t shown = std::min(matches_.size(), options_.matches_max);
    const std::size_t left_out = matches_.size() - shown;
    std::partial_sort(matches_.begin(), matches_.begin() + static_cast<std::ptrdiff_t>(shown), matches_.end(),
                      nearest_first);
    out.matched = out.matched || shown > 0;
    JsonWriter json(out.lines);
    if (options_.json) {
      json.begin_object().member("query", text).member("kind", query.kind()).key("matches").begin_array();
    }
    for (const Match& match : std::span(matches_).first(shown)) {
      const Entry entry = index_.entry(match.row);
      if (options_.json) {
        json.begin_object().member("id", entry.id).member("distance", match.distance);
        json.member("classification", entry.classification).member("note", entry.note);
        json.member("row", match.row).end_object();
      } else {
        out.lines += std::string(text) + "\t" + query.kind() + "\t" + std::to_string(match.distance) + "\t" +
                     escape_terminal(entry.id) + "\t" + escape_terminal(entry.classification) + "\t" +
                     escape_terminal(entry.note) + "\n";
      }
    }
    if (options_.json) {
      json.end_array();
      if (left_out > 0) json.member("matches_left_out", left_out);
      json.end_object();
      out.lines += '\n';
    } else if (left_out > 0) {
      out.messages.push_back("a hash has " + with_commas(left_out) + " more matches: see --matches-max");
    }
  }

  const Segment& index_;
  const MatchOptions& options_;
  MatchScratch scratch_;
  std::vector<Result<Query>> parsed_;
  std::vector<PdqHash> pdq_;
  BatchMatches batch_;
  std::vector<std::uint32_t> rows_;
  std::vector<Match> matches_;
};

int run_match(const MatchOptions& options, Env& env) {
  for (const std::string& hash : options.hashes) {
    if (hash == "-") continue;
    if (const auto query = parse_query(hash); !query) {
      env.say("\"" + hash.substr(0, 80) + "\": " + query.error().message);
      return exit_usage;
    }
  }
  const auto index = open_index(options.index_path, options.key_path);
  if (!index) return env.fail(index.error());
  QuerySource source(env, options);
  const int threads = threads_or_all(options.threads, env);
  std::vector<Matcher> matchers;
  matchers.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) matchers.emplace_back(*index, options);
  std::uint64_t errors = 0;
  bool matched = false;
  const auto emit = [&](BlockOutput& output) {
    env.out.write(output.lines);
    static_cast<void>(env.out.flush());
    for (const std::string& message : output.messages) env.say(message);
    errors += output.errors;
    matched = matched || output.matched;
    return env.out.status().has_value();
  };
  const Status status = run_ordered<Block, BlockOutput>(
      {.next = [&](Block& block) { return source.next(block); },
       .work = [&](int thread, const Block& block) { return matchers[static_cast<std::size_t>(thread)].answer(block); },
       .emit = emit},
      threads, static_cast<std::size_t>(threads) * 2, env.stop);
  if (!status) return env.fail(status.error());
  if (!env.out.status()) return exit_failed;  // Env::finish says why
  if (env.stop.load()) {
    env.say("stopped: the output is not complete");
    return exit_failed;
  }
  if (!source.status()) return env.fail("stdin", source.status().error());
  if (errors > 0) env.say(with_commas(errors) + " lines were no hashes");
  if (options.strict && errors > 0) return exit_failed;
  return options.fail_on_match && matched ? exit_match : exit_done;
}

}  // namespace

void add_match(CLI::App& app, Run& run) {
  const auto options = std::make_shared<MatchOptions>();
  CLI::App* const command = app.add_subcommand("match", "Look hashes up in an index");
  command->add_option(
      "HASH", options->hashes,
      "PDQ (64 hex digits), MD5 (32), SHA-1 (40) or KIND:DIGITS with pdq, md5, sha1, sha256; - for lines "
      "on stdin, also if none is given");
  command->add_option("--index", options->index_path, "The index file")->required();
  add_key(*command, options->key_path);
  add_limit(*command, options->limit);
  add_matches_max(*command, options->matches_max);
  command->add_flag("--json", options->json, "One JSON object for each hash, those without match too");
  command->add_flag("--fail-on-match", options->fail_on_match, "Exit with 1 if anything matched");
  command->add_flag("--strict", options->strict, "Exit with 3 if a line on stdin was no hash");
  add_threads(*command, options->threads);
  command->footer(
      "Example: which files of a folder are known by their MD5?\n"
      "  md5sum photos/* | cut -c1-32 | fristad match --index known.frseg -\n"
      "\n"
      "Prints for each match, separated by tabs: hash, kind, distance, id, classification, note. The order is that of\n"
      "the input, the nearest match of each first. A match is a lead: people decide.\n"
      "\n"
      "Exit codes: 0 done, matched or not, 1 matched (only with --fail-on-match), 2 wrong usage, 3 failed or stopped");
  command->callback([options, &run] { run = [options](Env& env) { return run_match(*options, env); }; });
}

}  // namespace fristad
