#include "cli/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/hex.h"
#include "base/json_writer.h"
#include "base/text_escape.h"
#include "base/try.h"
#include "cli/file_json.h"
#include "fristad/kernel.h"

namespace fristad {
namespace {

constexpr std::string_view csv_header = "path,kind,distance,orientation,quality,id,classification,note,bytes,sha256";
constexpr std::string_view csv_header_of_rulings = ",list,entry,level";

const char* kind_of(const FileMatch& match) {
  return match.digest ? to_string(*match.digest) : "pdq";
}

std::string partial(const std::string& path) {
  return path + ".partial";
}

}  // namespace

Result<std::unique_ptr<Report::File>> Report::create_file(std::string path, bool overwrite) {
  struct stat status {};
  if (!overwrite && lstat(path.c_str(), &status) == 0) {
    return Error{Code::already_exists, path + ": exists: choose another name, or --overwrite"};
  }
  const std::string partial_path = partial(path);
  if (overwrite) unlink(partial_path.c_str());
  // Only the owner may read it: it says where what was found.
  UniqueFd fd(open(partial_path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  if (!fd && errno == EEXIST) {
    return Error{Code::already_exists,
                 partial_path + ": exists: another scan writes it, or one was killed; remove it, or --overwrite"};
  }
  if (!fd || fstat(fd.get(), &status) != 0) return os_error(partial_path + ": cannot make report", errno);
  const int number = fd.get();
  return std::unique_ptr<File>(
      new File{std::move(path), std::move(fd), status.st_dev, status.st_ino, BufferedWriter(number)});
}

Result<Report> Report::create(std::string_view name, bool overwrite, const Known& known) {
  for (const std::string_view end : {".jsonl", ".csv"}) {
    if (name.ends_with(end)) name.remove_suffix(end.size());
  }
  Report report(known);
  report.overwrite_ = overwrite;
  report.jsonl_ = TRY(create_file(std::string(name) + ".jsonl", overwrite));
  auto csv = create_file(std::string(name) + ".csv", overwrite);
  if (!csv) {
    unlink(partial(report.jsonl_->path).c_str());
    return csv.error();
  }
  report.csv_ = std::move(*csv);
  report.csv_->writer.write(csv_header);
  if (known.rules()) report.csv_->writer.write(csv_header_of_rulings);
  report.csv_->writer.write("\r\n");
  return report;
}

bool Report::owns(const OpenFile& file) const {
  const auto same = [&](const File& own) { return own.device == file.device && own.inode == file.inode; };
  return same(*jsonl_) || same(*csv_);
}

void Report::add_match(std::string_view path, const FileHash& hash, const FileMatch& match, const Entry& entry) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().member("type", "match");
  write_path(json, path);
  json.member("kind", kind_of(match)).member("distance", match.known.distance);
  std::string orientation;
  std::string quality;
  if (!match.digest) {
    orientation = to_string(match.orientation);
    quality = std::to_string(hash.image->pdq.quality);
    json.member("orientation", orientation).member("quality", hash.image->pdq.quality);
  } else {
    json.member("orientation", nullptr).member("quality", nullptr);
  }
  json.member("id", entry.id).member("classification", entry.classification).member("note", entry.note);
  const MaterialMatch* const material = match.known.material.get();
  if (material != nullptr) {
    write_ruling(json, *material);
  } else {
    json.member("row", match.known.entry);
  }
  json.member("bytes", hash.bytes);
  write_digests(json, hash.digests);
  json.end_object();
  jsonl_->writer.write(line + "\n");

  csv_->writer.write(escape_csv(path) + "," + kind_of(match) + "," + std::to_string(match.known.distance) + "," +
                     orientation + "," + quality + "," + escape_csv(entry.id) + "," + escape_csv(entry.classification) +
                     "," + escape_csv(entry.note) + "," + std::to_string(hash.bytes) + "," +
                     (hash.digests ? to_hex(hash.digests->sha256) : ""));
  if (material != nullptr) {
    csv_->writer.write("," + to_text(material->list) + "," + std::to_string(material->number) + "," +
                       std::string(to_text(material->ruling.level)));
  }
  csv_->writer.write("\r\n");
}

void Report::add_error(std::string_view path, const Error& error) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().member("type", "error");
  write_path(json, path);
  json.member("error", error.message).member("error_code", to_string(error.code)).end_object();
  jsonl_->writer.write(line + "\n");
}

Status Report::status() const {
  TRY(jsonl_->writer.status());
  return csv_->writer.status();
}

Status Report::publish(File& file) const {
  const std::string from = partial(file.path);
  const auto failed = [&] { return os_error(from + ": cannot save report", errno); };
  if (const Status status = file.writer.flush(); !status)
    return Error{status.error().code, from + ": " + status.error().message};
  if (fsync(file.fd.get()) != 0) return failed();
  if (!overwrite_) {
    // A report that appeared meanwhile is not replaced either. Some file systems can't promise that.
    if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, file.path.c_str(), RENAME_NOREPLACE) == 0) return {};
    if (errno != EINVAL && errno != ENOSYS) return failed();
  }
  if (rename(from.c_str(), file.path.c_str()) != 0) return failed();
  return {};
}

Status Report::finish(const ScanSummary& summary) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().member("type", "summary").member("complete", summary.complete);
  const ScanCounts& counts = summary.counts;
  json.member("files", counts.files).member("bytes", counts.bytes).member("images", counts.images);
  json.member("images_too_flat", counts.images_too_flat).member("matches", counts.matches);
  json.member("files_matched", counts.files_matched).member("errors", counts.errors);
  json.member("folders", summary.walk.folders).member("links_skipped", summary.walk.links_skipped);
  json.member("special_skipped", summary.walk.special_skipped);
  json.member("started_utc_ms", summary.started_utc_ms).member("finished_utc_ms", summary.finished_utc_ms);
  json.key("roots").begin_array();
  for (const std::string& root : summary.roots) {
    json.begin_object();
    write_path(json, root);
    json.end_object();
  }
  json.end_array();
  known_->describe(json);
  json.member("limit", summary.matching.limit).member("quality_min", summary.matching.quality_min);
  json.member("orientations", summary.matching.orientations).member("matches_max", summary.matching.matches_max);
  json.member("version", FRISTAD_VERSION).member("kernel", kernel_name()).end_object();
  jsonl_->writer.write(line + "\n");
  // The CSV first: once the JSON lines stand under their name, everything does.
  TRY(publish(*csv_));
  return publish(*jsonl_);
}

}  // namespace fristad
