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
#include "cli/with_known.h"
#include "match/hash_text.h"

namespace fristad {
namespace {

constexpr std::size_t block_lines_max = 65'536;
constexpr std::size_t line_bytes_max = 1024;  // a hash is at most 71 bytes

struct MatchOptions {
  KnownOptions known;
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
  std::vector<KnownMatch> matches;  // where they are to be kept
  Status status;                    // what ends the work
  std::uint64_t errors = 0;
  bool matched = false;
};

// Queries from the command line, with those of stdin in the place of "-", in blocks.
class QuerySource {
 public:
  QuerySource(const Env& env, const MatchOptions& options)
      : env_(env), arguments_(options.hashes), lines_(env.read_stdin(), line_bytes_max) {
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
      if (!block.queries.empty() && !lines_.buffered() && !readable_now(env_.in)) break;
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

  const Env& env_;
  std::vector<std::string> arguments_;
  std::size_t at_ = 0;
  LineReader lines_;
  Status status_;
};

// What one thread needs to answer blocks, kept from block to block.
class Matcher {
 public:
  Matcher(const Known& known, const MatchOptions& options) : known_(known), options_(options) {}

  BlockOutput answer(const Block& block) {
    parsed_.clear();
    pdq_.clear();
    for (const QueryText& query : block.queries) {
      parsed_.push_back(query.too_long ? Error{Code::invalid_argument, "longer than any hash"}
                                       : parse_query(block.text_of(query)));
      if (parsed_.back() && !parsed_.back()->digest) pdq_.push_back(parsed_.back()->pdq);
    }
    BlockOutput out;
    out.status = known_.match_batch(pdq_, options_.limit, scratch_, batch_);
    std::size_t pdq_at = 0;
    for (std::size_t i = 0; i < parsed_.size() && out.status; ++i) {
      const QueryText& text = block.queries[i];
      if (!parsed_[i]) {
        refuse(text, block.text_of(text), parsed_[i].error(), out);
        continue;
      }
      const Query& query = *parsed_[i];
      if (query.digest) {
        out.status = known_.find(*query.digest, query.digest_bytes(), digest_matches_);
        if (out.status) write(block.text_of(text), query, digest_matches_, out);
      } else {
        write(block.text_of(text), query, batch_.of(pdq_at++), out);
      }
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

  void write(std::string_view text, const Query& query, std::span<KnownMatch> matches, BlockOutput& out) {
    const auto nearest_first = [](const KnownMatch& a, const KnownMatch& b) {
      return std::pair(a.distance, a.entry) < std::pair(b.distance, b.entry);
    };
    const std::size_t shown = std::min(matches.size(), options_.matches_max);
    const std::size_t left_out = matches.size() - shown;
    std::partial_sort(matches.begin(), matches.begin() + static_cast<std::ptrdiff_t>(shown), matches.end(),
                      nearest_first);
    JsonWriter json(out.lines);
    if (options_.json) {
      json.begin_object().member("query", text).member("kind", query.kind()).key("matches").begin_array();
    }
    for (const KnownMatch& match : matches.first(shown)) {
      const auto entry = known_.entry(match, room_);
      if (!entry) {
        if (entry.error().code != Code::not_found) out.status = entry.error();
        continue;
      }
      out.matched = true;
      if (!options_.known.record.empty()) out.matches.push_back(match);
      if (options_.json) {
        json.begin_object().member("id", entry->id).member("distance", match.distance);
        json.member("classification", entry->classification).member("note", entry->note);
        if (match.material) {
          write_ruling(json, *match.material);
        } else {
          json.member("row", match.entry);
        }
        json.end_object();
      } else {
        write_line(text, query, match, *entry, out.lines);
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

  static void write_line(std::string_view text, const Query& query, const KnownMatch& match, const Entry& entry,
                         std::string& lines) {
    lines += std::string(text) + "\t" + query.kind() + "\t" + std::to_string(match.distance) + "\t" +
             escape_terminal(entry.id) + "\t" + escape_terminal(entry.classification) + "\t" +
             escape_terminal(entry.note);
    if (const MaterialMatch* const material = match.material.get()) {
      lines += "\t" + to_text(material->list) + "\t" + std::to_string(material->number) + "\t" +
               std::string(to_text(material->ruling.level)) + "\t";
      for (const std::string_view reason : material->ruling.reasons) {
        if (!lines.ends_with('\t')) lines += ',';
        lines += reason;
      }
    }
    lines += "\n";
  }

  const Known& known_;
  const MatchOptions& options_;
  MatchScratch scratch_;
  std::vector<Result<Query>> parsed_;
  std::vector<PdqHash> pdq_;
  KnownBatch batch_;
  std::vector<KnownMatch> digest_matches_;
  EntryView room_;
};

int match(const MatchOptions& options, Env& env, const Known& known, MatchKeeper& keeper) {
  QuerySource source(env, options);
  const int threads = threads_or_all(options.threads, env);
  std::vector<Matcher> matchers;
  matchers.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) matchers.emplace_back(known, options);
  std::uint64_t errors = 0;
  bool matched = false;
  Status worked;
  const auto emit = [&](BlockOutput& output) {
    worked = std::move(output.status);
    // What is shown was recorded before.
    for (const KnownMatch& one : output.matches) {
      if (worked) worked = keeper.add(one);
    }
    if (worked) worked = keeper.flush();
    if (!worked) return false;
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
  if (!worked) return env.fail(worked.error());
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

int run_match(const MatchOptions& options, Env& env) {
  for (const std::string& hash : options.hashes) {
    if (hash == "-") continue;
    if (const auto query = parse_query(hash); !query) {
      env.say("\"" + hash.substr(0, 80) + "\": " + query.error().message);
      return exit_usage;
    }
  }
  return with_known(options.known, env,
                    [&](const Known& known, MatchKeeper& keeper) { return match(options, env, known, keeper); });
}

}  // namespace

void add_match(CLI::App& app, Run& run) {
  const auto options = std::make_shared<MatchOptions>();
  CLI::App* const command = app.add_subcommand("match", "Look hashes up in an index or a node");
  command->add_option(
      "HASH", options->hashes,
      "PDQ (64 hex digits), MD5 (32), SHA-1 (40) or KIND:DIGITS with pdq, md5, sha1, sha256; - for lines "
      "on stdin, also if none is given");
  add_known_options(*command, options->known);
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
      "Prints for each match, separated by tabs: hash, kind, distance, id, classification, note; of a node also list,\n"
      "entry, level, reasons. The order is that of the input, the nearest match of each first. A match is a lead:\n"
      "people decide.\n"
      "\n"
      "Exit codes: 0 done, matched or not, 1 matched (only with --fail-on-match), 2 wrong usage, 3 failed or stopped");
  command->callback([options, &run] { run = [options](Env& env) { return run_match(*options, env); }; });
}

}  // namespace fristad
