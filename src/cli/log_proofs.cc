#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/json_writer.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "base/whole_file.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/with_node.h"
#include "crypto/note.h"
#include "record/log_files.h"
#include "record/verify.h"

namespace fristad {
namespace {

constexpr std::size_t proof_bytes_max = std::size_t{1} << 18;

struct ProveOptions {
  NodeOptions node;
  bool hidden = false;
  std::uint64_t position = 0;
  std::string output;
  std::string leaf;
};

struct VerifyLogOptions {
  NodeOptions node;
  bool hidden = false;
  bool all = false;
  bool no_signatures = false;
  bool json = false;
  int threads = 0;
  std::string proof;
  std::string key;
  std::string leaf;
};

Status prove(Node& node, const ProveOptions& options, Env& env) {
  const std::uint32_t log = options.hidden ? private_log : shared_log;
  const auto [origin, proof, leaf, key] = TRY(node.prove(log, options.position));
  if (!options.leaf.empty()) {
    TRY(write_file(options.leaf, std::string(leaf.begin(), leaf.end()), FileAccess::everybody_reads,
                   FileExists::refuse));
  }
  if (options.output.empty()) {
    env.out.write(proof);
    return {};
  }
  return write_file(options.output, proof, FileAccess::everybody_reads, FileExists::refuse);
}

int run_prove(const ProveOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    const Status status = prove(node, options, env);
    return status ? exit_done : env.fail(status.error());
  });
}

Result<std::string> verify_proof(const VerifyLogOptions& options) {
  const LogProof proof = TRY(parse_log_proof(TRY(read_file(options.proof, proof_bytes_max))));
  const NoteKey key = TRY(parse_note_key(options.key));
  const std::string leaf = TRY(read_file(options.leaf, leaf_size));
  const VerifiedCheckpoint verified = TRY(
      verify_log_proof(proof, leaf_hash({reinterpret_cast<const std::uint8_t*>(leaf.data()), leaf.size()}), key, {}));
  return "good: it is record " + std::to_string(proof.index) + " of " + escape_terminal(verified.checkpoint.origin) +
         ", which has " + with_commas(verified.checkpoint.size) + " records\n";
}

std::string rate_of(std::uint64_t records, std::int64_t duration_ms) {
  return with_commas(records * 1000 / static_cast<std::uint64_t>(std::max<std::int64_t>(duration_ms, 1)));
}

void write_report(const std::string& origin, const VerifyReport& report, std::int64_t duration_ms,
                  const VerifyLogOptions& options, Env& env) {
  std::string text;
  if (options.json) {
    JsonWriter json(text);
    json.begin_object().member("origin", origin).member("good", report.good()).member("records", report.records);
    json.member("erased", report.erased).member("checkpoints", report.checkpoints).member("files", report.files);
    json.member("signatures", !options.no_signatures).member("duration_ms", duration_ms);
    json.key("problems").begin_array();
    for (const std::string& problem : report.problems) json.value(problem);
    json.end_array().end_object();
    env.out.write(text + "\n");
    return;
  }
  text = escape_terminal(origin) + ": " + (report.good() ? "good" : "BAD") + ", " + with_commas(report.records) +
         " records (" + with_commas(report.erased) + " erased), " + with_commas(report.checkpoints) + " checkpoints, " +
         with_commas(report.files) + " published files, " + rate_of(report.records, duration_ms) + " records/s" +
         (options.no_signatures ? ", signatures not checked\n" : "\n");
  for (const std::string& problem : report.problems) text += "  " + escape_terminal(problem) + "\n";
  env.out.write(text);
}

// Whether all was good.
Result<bool> verify_logs(Node& node, const VerifyLogOptions& options, Env& env) {
  bool good = true;
  for (const std::uint32_t log : {shared_log, private_log}) {
    if (!options.all && (log == private_log) != options.hidden) continue;
    const VerifyOptions verify{.signatures = !options.no_signatures,
                               .threads = threads_or_all(options.threads, env),
                               .folder = node.log_folder(log)};
    const std::int64_t started_ms = env.clock.steady_ms();
    const VerifyReport report = TRY(verify_log(node.journal(), log, verify));
    write_report(node.journal().head(log).origin, report, env.clock.steady_ms() - started_ms, options, env);
    good = good && report.good();
  }
  return good;
}

int run_verify(const VerifyLogOptions& options, Env& env) {
  if (!options.proof.empty() || !options.key.empty() || !options.leaf.empty()) {
    if (options.proof.empty() || options.key.empty() || options.leaf.empty()) {
      env.say("--proof, --key and --leaf go together");
      return exit_usage;
    }
    const auto verified = verify_proof(options);
    if (!verified) return env.fail(verified.error());
    env.out.write(*verified);
    return exit_done;
  }
  return with_node(options.node, env, [&](Node& node) {
    const auto good = verify_logs(node, options, env);
    if (!good) return env.fail(good.error());
    return static_cast<int>(*good ? exit_done : exit_failed);
  });
}

void add_prove(CLI::App& log, Run& run) {
  const auto options = std::make_shared<ProveOptions>();
  CLI::App* const command = log.add_subcommand("prove", "Write a proof that a record is in a log");
  command->add_option("POSITION", options->position, "Of the record, as log show tells it")->required();
  command->add_flag("--private", options->hidden, "Of the private log rather than the shared one");
  command->add_option("-o,--output", options->output, "The file to make, never overwritten; stdout if not given");
  command->add_option("--leaf", options->leaf, "Write what is proved to be in the log, 149 bytes, to this file too");
  add_node_options(*command, options->node);
  command->footer(std::string("Example:\n"
                              "  fristad log prove 12 -o 12.tlog-proof --leaf 12.leaf\n"
                              "\n"
                              "The log is published before.\n"
                              "\n") +
                  exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_prove(*options, env); }; });
}

void add_verify(CLI::App& log, Run& run) {
  const auto options = std::make_shared<VerifyLogOptions>();
  CLI::App* const command = log.add_subcommand("verify", "Check every byte of a log, or a proof");
  command->add_flag("--private", options->hidden, "The private log rather than the shared one");
  command->add_flag("--all", options->all, "Both logs");
  command->add_flag("--no-signatures", options->no_signatures, "All but the signatures of records: faster");
  command->add_flag("--json", options->json, "One line of JSON for each log");
  command->add_option("--proof", options->proof, "Check this proof rather than a log; no node is needed");
  command->add_option("--key", options->key, "With --proof: the log's public key, as name+id+key");
  command->add_option("--leaf", options->leaf, "With --proof: what is proved to be in the log");
  add_threads(*command, options->threads);
  add_node_options(*command, options->node);
  command->footer(
      std::string("Example:\n"
                  "  fristad log verify --all\n"
                  "\n"
                  "Exit codes: 0 all is good, 2 wrong usage, 3 something is wrong, or failed"));
  command->callback([options, &run] { run = [options](Env& env) { return run_verify(*options, env); }; });
}

}  // namespace

void add_log_proofs(CLI::App& log, Run& run) {
  add_prove(log, run);
  add_verify(log, run);
}

}  // namespace fristad
