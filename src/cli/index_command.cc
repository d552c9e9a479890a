#include <memory>
#include <string>

#include "base/json_writer.h"
#include "base/key_file.h"
#include "base/try.h"
#include "cli/commands.h"
#include "cli/options.h"

namespace fristad {

Result<Segment> open_index(const std::string& path, const std::string& key_path, bool verify_deep) {
  SegmentOpenOptions options{.verify_deep = verify_deep};
  if (!key_path.empty()) options.key = TRY(read_key_file(key_path));
  return Segment::open(path, options);
}

namespace {

struct FileOptions {
  std::string path;
  std::string key_path;
  bool json = false;
};

const char* to_text(SegmentLayout layout) {
  return layout == SegmentLayout::compact ? "compact" : "fast";
}

std::string info_json(const SegmentInfo& info) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().member("format_version", info.format_version).member("rows", info.rows);
  json.member("pdq", info.pdq_hashes);
  for (std::size_t i = 0; i < digest_kind_count; ++i)
    json.member(to_string(static_cast<DigestKind>(i)), info.digests[i]);
  json.member("bytes", info.bytes).member("layout", to_text(info.layout)).member("indexed", info.indexed);
  json.member("sealed", info.sealed).end_object();
  return line + "\n";
}

std::string info_text(const SegmentInfo& info) {
  std::string text = "rows     " + with_commas(info.rows) + "\npdq      " + with_commas(info.pdq_hashes) + "\n";
  for (std::size_t i = 0; i < digest_kind_count; ++i) {
    const std::string name = to_string(static_cast<DigestKind>(i));
    text += name + std::string(9 - name.size(), ' ') + with_commas(info.digests[i]) + "\n";
  }
  text += "size     " + as_bytes_text(info.bytes) + "\n";
  text += "layout   " + std::string(to_text(info.layout)) + (info.indexed ? ", indexed\n" : ", compared one by one\n");
  text += "sealed   " + std::string(info.sealed ? "yes" : "no") + "\n";
  text += "format   " + std::to_string(info.format_version) + "\n";
  return text;
}

int run_info(const FileOptions& options, Env& env) {
  const auto index = open_index(options.path, options.key_path);
  if (!index) return env.fail(index.error());
  env.out.write(options.json ? info_json(index->info()) : info_text(index->info()));
  return exit_done;
}

int run_verify(const FileOptions& options, Env& env) {
  const auto index = open_index(options.path, options.key_path, true);
  if (!index) return env.fail(index.error());
  env.out.write("good: " + with_commas(index->info().rows) + " rows, every checksum and the whole index\n");
  return exit_done;
}

int run_key(const FileOptions& options, Env& env) {
  if (const Status status = write_key_file(options.path, env.random); !status) return env.fail(status.error());
  return exit_done;
}

CLI::App* add_file_command(CLI::App& index, Run& run, const char* name, const char* text,
                           int (*action)(const FileOptions&, Env&), const std::shared_ptr<FileOptions>& options) {
  CLI::App* const command = index.add_subcommand(name, text);
  command->callback([options, action, &run] { run = [options, action](Env& env) { return action(*options, env); }; });
  return command;
}

}  // namespace

void add_index(CLI::App& app, Run& run) {
  CLI::App* const index = app.add_subcommand("index", "Make and examine index files");
  index->require_subcommand(1);
  index->footer(std::string("Example:\n  fristad index build known.csv -o known.frseg\n\n") + exit_codes_text);
  add_index_build(*index, run);

  const auto info = std::make_shared<FileOptions>();
  CLI::App* const info_command = add_file_command(
      *index, run, "info", "Tell what is in an index, after checking all its checksums", run_info, info);
  info_command->add_option("FILE", info->path, "The index file")->required();
  info_command->add_flag("--json", info->json, "As one line of JSON");
  add_key(*info_command, info->key_path);
  info_command->footer(std::string("Example:\n  fristad index info known.frseg\n\n") + exit_codes_text);

  const auto verify = std::make_shared<FileOptions>();
  CLI::App* const verify_command = add_file_command(
      *index, run, "verify", "Compute the index again from its hashes and compare", run_verify, verify);
  verify_command->add_option("FILE", verify->path, "The index file")->required();
  add_key(*verify_command, verify->key_path);
  verify_command->footer(std::string("Example:\n  fristad index verify known.frseg\n\n") + exit_codes_text);

  const auto key = std::make_shared<FileOptions>();
  CLI::App* const key_command =
      add_file_command(*index, run, "key", "Make a random key for sealed indexes", run_key, key);
  key_command->add_option("-o,--output", key->path, "The key file to make; never overwritten")->required();
  key_command->footer(std::string("Example:\n"
                                  "  fristad index key -o key\n"
                                  "  fristad index build known.csv -o known.frseg --seal --key key\n"
                                  "\n"
                                  "Who has the key can read the index; without it the index is lost. Keep them apart.\n"
                                  "\n") +
                      exit_codes_text);
}

}  // namespace fristad
