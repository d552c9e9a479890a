#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "base/try.h"
#include "cli/bad_rows.h"
#include "cli/commands.h"
#include "cli/list_choice.h"
#include "cli/list_reader.h"
#include "cli/options.h"
#include "cli/with_node.h"

namespace fristad {
namespace {

constexpr std::size_t entries_at_once = 100'000;
constexpr std::uint64_t spool_bytes_max = std::uint64_t{1} << 30;

struct ImportOptions {
  NodeOptions node;
  std::string list;
  std::string file;
  std::string format;               // csv, jsonl or empty
  std::string bad_rows = "refuse";  // or skip
  std::string classification = "unclassified";
  std::string scheme;
  bool ignore_columns = false;
  bool dry_run = false;
  bool json = false;
};

// The list as a file that may be read twice. What comes through a pipe is kept in memory: the hashes of a list are
// never put on a disk in clear.
class Source {
 public:
  static Result<Source> open(const std::string& path, bool twice, const Env& env) {
    Source source;
    source.fd_ = env.in;
    if (path != "-") {
      source.file_ = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
      if (!source.file_) return os_error("cannot open", errno);
      source.fd_ = source.file_.get();
    }
    struct stat status {};
    const bool regular = fstat(source.fd_, &status) == 0 && S_ISREG(status.st_mode);
    source.start_ = regular ? lseek(source.fd_, 0, SEEK_CUR) : 0;
    if (twice && !regular) TRY(source.spool(env));
    return source;
  }

  int fd() const { return fd_; }

  Status rewind() {
    if (lseek(fd_, start_, SEEK_SET) < 0) return os_error("cannot read it again", errno);
    return {};
  }

 private:
  Status spool(const Env& env) {
    UniqueFd memory(memfd_create("list", MFD_CLOEXEC));
    if (!memory) return os_error("no memory to keep the list in", errno);
    const ReadBytes read = env.read_from(fd_);
    BufferedWriter writer(memory.get());
    std::vector<char> buffer(std::size_t{1} << 16);
    std::uint64_t bytes = 0;
    while (const std::size_t got = TRY(read(buffer))) {
      bytes += got;
      if (bytes > spool_bytes_max) {
        return Error{Code::too_large, "over 1 GiB through a pipe: name a file, or take --bad-rows skip"};
      }
      writer.write({buffer.data(), got});
    }
    TRY(writer.flush());
    file_ = std::move(memory);
    fd_ = file_.get();
    return rewind();
  }

  UniqueFd file_;
  int fd_ = -1;
  off_t start_ = 0;
};

Result<EntryBody> entry_of(const ListReader& list, const ImportOptions& options) {
  const SegmentRow& row = list.row();
  const ForeignWords& words = list.foreign_words();
  EntryBody entry{.pdq = row.pdq,
                  .md5 = row.md5,
                  .sha1 = row.sha1,
                  .sha256 = row.sha256,
                  .id = std::string(row.entry.id),
                  .note = std::string(row.entry.note),
                  .context = std::string(words.context)};
  const auto ours = from_text<Classification>(row.entry.classification);
  const bool foreign = !ours && !row.entry.classification.empty();
  if (foreign && !words.raw.empty()) {
    return Error{Code::invalid_argument, "classification isn't one of ours, and raw is there too: which is it?"};
  }
  entry.classification =
      ours ? *ours : from_text<Classification>(options.classification).value_or(Classification::unclassified);
  entry.raw = foreign ? row.entry.classification : words.raw;
  if (!entry.raw.empty()) entry.scheme = words.scheme.empty() ? options.scheme : std::string(words.scheme);
  // As it will be read: finds what is too long, and whatever could be a picture.
  TRY(entry.check());
  return entry;
}

// The number of the last of `count` entries that were added in one call.
std::int64_t last_of(std::int64_t first, std::size_t count) {
  const auto last = static_cast<std::int64_t>(count - 1);
  const auto per_chunk = static_cast<std::int64_t>(items_max);
  return first + last / per_chunk * entries_per_chunk + last % per_chunk;
}

class Importer {
 public:
  Importer(const ImportOptions& options, const Env& env, Material& material)
      : options_(options), env_(env), material_(material), terminal_(isatty(env.err) == 1) {}

  Status run() {
    const ListInfo list = TRY(choose_list(material_, options_.list));
    list_ = list.id;
    const bool refuse = options_.bad_rows == "refuse";
    Source source = TRY(Source::open(options_.file, refuse && !options_.dry_run, env_));
    if (refuse || options_.dry_run) {
      TRY(read(source, false));
      if (refuse && bad_rows_.count() > 0) {
        return Error{Code::invalid_argument,
                     with_commas(bad_rows_.count()) +
                         " bad rows: nothing was imported. Correct them, or pass over them with --bad-rows skip"};
      }
      if (options_.dry_run) return {};
      TRY(source.rewind());
    }
    const Status status = read(source, true);
    if (terminal_ && added_ > 0) show("\r\033[K");
    if (status || added_ == 0) return status;
    return Error{status.error().code, status.error().message + "; " + with_commas(added_) +
                                          " entries were imported before, numbers " + std::to_string(first_) + "-" +
                                          std::to_string(last_)};
  }

  std::string summary(std::int64_t duration_ms) const {
    std::string text;
    if (options_.json) {
      JsonWriter json(text);
      json.begin_object().member("list", to_text(list_)).member("rows", rows_).member("imported", added_);
      json.member("bad_rows", bad_rows_.count()).member("dry_run", options_.dry_run);
      if (added_ > 0) json.member("first", first_).member("last", last_);
      json.end_object();
      return text + "\n";
    }
    if (options_.dry_run) {
      text = with_commas(rows_) + " rows are good, " + with_commas(bad_rows_.count()) +
             " bad; nothing was imported (--dry-run)";
    } else {
      text = with_commas(added_) + (added_ == 1 ? " entry imported" : " entries imported");
      if (added_ > 0) text += ", numbers " + std::to_string(first_) + "-" + std::to_string(last_);
      text += ", " + with_commas(bad_rows_.count()) + " bad rows skipped";
    }
    return text + ", " + std::to_string(duration_ms / 1000) + "." + std::to_string(duration_ms / 100 % 10) + " s\n";
  }

 private:
  Status read(const Source& source, bool add) {
    const ListFormat format = list_format_of_name(options_.format.empty() ? options_.file : "." + options_.format);
    ListReader list =
        TRY(ListReader::start(env_.read_from(source.fd()),
                              {.format = format, .ignore_columns = options_.ignore_columns, .foreign_words = true}));
    std::vector<EntryBody> entries;
    while (true) {
      const ListEvent event = TRY(list.next());
      if (event == ListEvent::end) break;
      if (event == ListEvent::bad_row) {
        TRY(refuse(list.bad_row(), add));
        continue;
      }
      auto entry = entry_of(list, options_);
      if (!entry) {
        TRY(refuse({.line = list.bad_row().line, .message = entry.error().message}, add));
        continue;
      }
      if (!add) {
        ++rows_;
        continue;
      }
      entries.push_back(*std::move(entry));
      if (entries.size() == entries_at_once) TRY(flush(entries));
    }
    return entries.empty() ? Status() : flush(entries);
  }

  Status refuse(const BadRow& row, bool adding) {
    if (adding && options_.bad_rows == "refuse") {
      return Error{Code::conflict, "the list changed while it was read: line " + std::to_string(row.line) +
                                       " was good, and is bad now"};
    }
    bad_rows_.note(options_.file, row);
    return {};
  }

  Status flush(std::vector<EntryBody>& entries) {
    const std::int64_t first = TRY(material_.add_entries(options_.node.actor, list_, entries));
    if (added_ == 0) first_ = first;
    last_ = last_of(first, entries.size());
    added_ += entries.size();
    entries.clear();
    if (terminal_) show("\r\033[K" + with_commas(added_) + " entries");
    return {};
  }

  void show(std::string_view text) const {
    BufferedWriter writer(env_.err);
    writer.write(text);
    static_cast<void>(writer.flush());
  }

  const ImportOptions& options_;
  const Env& env_;
  Material& material_;
  const bool terminal_;
  BadRows bad_rows_{env_};
  ListId list_{};
  std::uint64_t rows_ = 0;
  std::uint64_t added_ = 0;
  std::int64_t first_ = 0;
  std::int64_t last_ = 0;
};

int run_import(const ImportOptions& options, Env& env) {
  return with_node(options.node, env, [&](Node& node) {
    const std::int64_t started_ms = env.clock.steady_ms();
    Importer importer(options, env, node.material());
    if (const Status status = importer.run(); !status) {
      return env.fail(options.file == "-" ? "stdin" : options.file, status.error());
    }
    env.out.write(importer.summary(env.clock.steady_ms() - started_ms));
    return static_cast<int>(exit_done);
  });
}

}  // namespace

void add_list_import(CLI::App& list, Run& run) {
  const auto options = std::make_shared<ImportOptions>();
  CLI::App* const command = list.add_subcommand("import", "Add the entries of a file to a list");
  command->add_option("LIST", options->list, list_names_text)->required();
  command->add_option("FILE", options->file, "Comma-separated or JSON lines; - for stdin")->required();
  command->add_option("--format", options->format, "By name (.csv, .jsonl) or first byte if not given")
      ->check(CLI::IsMember({"csv", "jsonl"}));
  command
      ->add_option("--classification", options->classification,
                   "Of rows that don't say it in one of these words; what they say instead is kept too")
      ->check(CLI::IsMember({"baseline", "national", "not-illegal", "unclassified"}))
      ->capture_default_str();
  command->add_option("--scheme", options->scheme, "Whose words foreign classifications are");
  command->add_option("--bad-rows", options->bad_rows, "refuse: import nothing if a row is bad; skip: pass over it")
      ->check(CLI::IsMember({"refuse", "skip"}))
      ->capture_default_str();
  command->add_flag("--ignore-columns", options->ignore_columns, "Pass over columns and keys that are not known");
  command->add_flag("--dry-run", options->dry_run, "Read all of it and tell what is bad; import nothing");
  command->add_flag("--json", options->json, "Tell what was done as one line of JSON");
  add_deciding_options(*command, options->node);
  command->footer(
      std::string("Example:\n"
                  "  fristad list import Known known.csv --classification national --scheme \"Brottsbalken 16:10 a\"\n"
                  "\n"
                  "Columns: pdq, md5, sha1, sha256, id, classification, note, raw, scheme, context, in any order.\n"
                  "\n") +
      exit_codes_text);
  command->callback([options, &run] { run = [options](Env& env) { return run_import(*options, env); }; });
}

}  // namespace fristad
