#include "base/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/file.h"
#include "base/try.h"

namespace fristad {
namespace {

Error failed(std::string_view verb, const std::string& path, int errno_value) {
  return os_error("cannot " + std::string(verb) + " " + path, errno_value);
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status write_whole(int file, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(file, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write", path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (fsync(file) != 0) return failed("sync", path, errno);
  return {};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failed("read", path, errno);
  std::string content;
  std::string buffer(std::size_t{1} << 16, '\0');
  for (;;) {
    auto got = read_some(file.get(), buffer);
    if (!got) return Error{got.error().code, "cannot read " + path + ": " + got.error().message};
    if (*got == 0) return content;
    content.append(buffer, 0, *got);
    if (content.size() > bytes_max) {
      return Error{Code::too_large, path + " has over " + std::to_string(bytes_max) + " bytes"};
    }
  }
}

Status write_file(const std::string& path, std::string_view content, FileAccess access, FileExists exists) {
  const mode_t mode = access == FileAccess::owner_only ? 0600 : 0644;
  const std::string temporary = path + ".new";
  // What an earlier attempt left behind.
  if (unlink(temporary.c_str()) != 0 && errno != ENOENT) return failed("replace", temporary, errno);
  const UniqueFd file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) return failed("write", path, errno);
  Status written = write_whole(file.get(), content, path);
  if (written && exists == FileExists::refuse) {
    // A link, unlike a renaming, never replaces.
    if (link(temporary.c_str(), path.c_str()) != 0) written = failed("write", path, errno);
    unlink(temporary.c_str());
  } else if (written && rename(temporary.c_str(), path.c_str()) != 0) {
    written = failed("write", path, errno);
  }
  if (!written) {
    unlink(temporary.c_str());
    return written;
  }
  return sync_folder(folder_of(path));
}

Status sync_folder(const std::string& path) {
  const UniqueFd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return failed("open", path, errno);
  if (fsync(folder.get()) != 0) return failed("sync", path, errno);
  return {};
}

Status make_folders(const std::string& path) {
  for (std::size_t end = 1; end <= path.size(); ++end) {
    if (end < path.size() && path[end] != '/') continue;
    const std::string folder = path.substr(0, end);
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed("make the folder", folder, errno);
  }
  return {};
}

Status append_to_file(const std::string& path, std::string_view content) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file) return failed("write", path, errno);
  TRY(write_whole(file.get(), content, path));
  return sync_folder(folder_of(path));
}

}  // namespace fristad
