#include "cli/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/try.h"
#include "base/whole_file.h"

namespace fristad {
namespace {

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Error exists(const std::string& path) {
  return {Code::already_exists, path + ": exists, and is not overwritten"};
}

}  // namespace

NewFile::NewFile(std::string path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)), writer_(fd_.get()) {}

Result<NewFile> NewFile::create(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0) return exists(path);
  UniqueFd fd(open(folder_of(path).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!fd) return os_error(path + ": cannot make file", errno);
  return NewFile(path, std::move(fd));
}

Status NewFile::finish() {
  if (const Status status = writer_.flush(); !status) {
    return Error{status.error().code, path_ + ": " + status.error().message};
  }
  if (fsync(fd_.get()) != 0) return os_error(path_ + ": cannot save", errno);
  const std::string unnamed = "/proc/self/fd/" + std::to_string(fd_.get());
  if (linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return errno == EEXIST ? Status(tl::unexpect, exists(path_)) : Status(os_error(path_ + ": cannot save", errno));
  }
  return sync_folder(folder_of(path_));
}

}  // namespace fristad
