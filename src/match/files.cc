#include "match/files.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/try.h"

namespace fristad {
namespace {

constexpr std::size_t spool_buffer_size = std::size_t{1} << 20;

std::string folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

Error exists(const std::string& path) {
  return {Code::already_exists, "there is a file " + path + " already; name another or allow overwriting"};
}

}  // namespace

Error system_error(std::string_view verb, const std::string& path) {
  return os_error("cannot " + std::string(verb) + " " + path, errno);
}

Status make_durable(const std::string& path) {
  const UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return system_error("make durable", path);
  return {};
}

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), S_IRWXU) == 0) return make_durable(folder_of(path));
  std::error_code ignored;
  if (errno == EEXIST && std::filesystem::is_directory(path, ignored)) return {};
  return system_error("make the folder", path);
}

Result<UniqueFd> open_to_read(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return system_error("open", path);
  return file;
}

Status write_all(int file, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return system_error("write", "the file");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return {};
}

Result<DraftFile> DraftFile::create(const std::string& path, bool overwrite) {
  if (!overwrite && std::filesystem::exists(std::filesystem::symlink_status(path))) return exists(path);
  DraftFile created;
  created.path_ = path;
  created.overwrite_ = overwrite;
  std::string temporary = path + ".partial-XXXXXX";
  created.file_ = UniqueFd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!created.file_) return system_error("create", path);
  created.temporary_ = std::move(temporary);
  return created;
}

DraftFile::~DraftFile() {
  if (!temporary_.empty()) (void)::unlink(temporary_.c_str());
}

Status DraftFile::reserve(std::uint64_t size) {
  const int error = ::posix_fallocate(file_.get(), 0, static_cast<off_t>(size));
  if (error == 0) return {};
  errno = error;
  return system_error("get " + std::to_string((size >> 20) + 1) + " MiB of disk for", path_);
}

Status DraftFile::commit() {
  if (::fsync(file_.get()) != 0) return system_error("write", path_);
  const unsigned flags = overwrite_ ? 0 : RENAME_NOREPLACE;
  if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), flags) != 0) {
    return errno == EEXIST ? exists(path_) : system_error("name", path_);
  }
  temporary_.clear();
  return make_durable(folder_of(path_));
}

Result<Spool> Spool::on_disk_beside(const std::string& path) {
  UniqueFd file(::open(folder_of(path).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file && (errno == EOPNOTSUPP || errno == EISDIR)) {
    // A file system without unnamed files: a named one that loses its name at once.
    std::string name = path + ".spool-XXXXXX";
    file = UniqueFd(::mkostemp(name.data(), O_CLOEXEC));
    if (file) (void)::unlink(name.c_str());
  }
  if (!file) return system_error("write beside", path);
  return Spool(std::move(file), path);
}

Status Spool::flush() {
  TRY(write_all(file_.get(), buffer_));
  written_ += buffer_.size();
  buffer_.clear();
  return {};
}

Status Spool::append(std::span<const std::uint8_t> bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  if (!file_ || buffer_.size() < spool_buffer_size) return {};
  return flush();
}

Status Spool::copy_to(std::span<std::uint8_t> to) {
  for (std::uint64_t at = 0; at < written_;) {
    const ssize_t got = ::pread(file_.get(), to.data() + at, written_ - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return system_error("read back what was written beside", path_);
    at += static_cast<std::uint64_t>(got);
  }
  std::ranges::copy(buffer_, to.begin() + static_cast<std::ptrdiff_t>(written_));
  return {};
}

}  // namespace fristad
