#pragma once

// The report of a scan: NAME.jsonl with everything, exact, for programs and for the record; NAME.csv with the matches,
// for spreadsheets. docs/format/report.md describes both.
//
// Until finish() the files are called NAME.jsonl.partial and NAME.csv.partial; they stay if the program is killed.
//
// Thread-safety: not thread-safe.

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "cli/file_hasher.h"
#include "cli/file_matcher.h"
#include "cli/known.h"
#include "cli/walker.h"
#include "fristad/result.h"

namespace fristad {

struct ScanCounts {
  std::uint64_t files = 0;            // that were read
  std::uint64_t bytes = 0;            // in them
  std::uint64_t images = 0;           // decoded and hashed
  std::uint64_t images_too_flat = 0;  // of these: below the least quality, compared by digest only
  std::uint64_t matches = 0;
  std::uint64_t files_matched = 0;
  std::uint64_t errors = 0;
};

struct ScanSummary {
  bool complete = false;
  ScanCounts counts{};
  WalkCounts walk{};
  std::int64_t started_utc_ms = 0;
  std::int64_t finished_utc_ms = 0;
  std::vector<std::string> roots;
  FileMatchOptions matching;
};

class Report {
 public:
  // `name` without or with ".jsonl" or ".csv"; `known`, which must outlive it, is what is compared with. Errors:
  // already_exists, unless `overwrite`.
  static Result<Report> create(std::string_view name, bool overwrite, const Known& known);

  // Whether that file is one of the report's own.
  bool owns(const OpenFile& file) const;

  void add_match(std::string_view path, const FileHash& hash, const FileMatch& match, const Entry& entry);
  void add_error(std::string_view path, const Error& error);

  // The first failure to write, if there was one.
  Status status() const;

  // Writes the summary, saves both files to disk and gives them their names.
  Status finish(const ScanSummary& summary);

  // The name that a file has after finish().
  const std::string& jsonl_path() const { return jsonl_->path; }
  const std::string& csv_path() const { return csv_->path; }

 private:
  explicit Report(const Known& known) : known_(&known) {}

  struct File {
    std::string path;
    UniqueFd fd;
    dev_t device = 0;
    ino_t inode = 0;
    BufferedWriter writer;
  };

  static Result<std::unique_ptr<File>> create_file(std::string path, bool overwrite);
  Status publish(File& file) const;

  const Known* known_;
  std::unique_ptr<File> jsonl_;
  std::unique_ptr<File> csv_;
  bool overwrite_ = false;
};

}  // namespace fristad
