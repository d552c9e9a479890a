#include "cli/walker.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/try.h"

namespace fristad {
namespace {

// Folders deeper than this above the current one are closed and opened again through ".." on the way back: a deep
// tree must not use up the file descriptors of the process.
constexpr std::size_t open_folders_max = 64;

constexpr int folder_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK;

// O_NOATIME is refused for other people's files: then without.
UniqueFd open_quietly(int folder, const char* name, int flags) {
  const int quiet = openat(folder, name, flags | O_NOATIME);
  return UniqueFd(quiet < 0 && errno == EPERM ? openat(folder, name, flags) : quiet);
}

}  // namespace

struct Walker::Frame {
  enum class Kind : std::uint8_t { file, folder };
  struct Child {
    std::size_t name;  // where it starts in names
    Kind kind;
  };

  std::shared_ptr<const UniqueFd> fd;  // none while closed
  dev_t device = 0;
  ino_t inode = 0;
  std::vector<char> names;  // each ends with a NUL
  std::vector<Child> children;
  std::size_t at = 0;
  std::size_t path_bytes = 0;  // length of path_ for this folder
};

Walker::Walker(NextRoot next_root, const WalkOptions& options) : next_root_(std::move(next_root)), options_(options) {}
Walker::~Walker() = default;
Walker::Walker(Walker&&) noexcept = default;
Walker& Walker::operator=(Walker&&) noexcept = default;

bool Walker::next(FoundFile& found) {
  found = {};
  while (true) {
    if (pending_error_) {
      found = std::move(*pending_error_);
      pending_error_.reset();
      return true;
    }
    if (frames_.empty()) {
      const std::optional<std::string> root = next_root_();
      if (!root) return false;
      if (enter_root(*root, found)) return true;
      continue;
    }
    Frame& frame = frames_.back();
    if (frame.at == frame.children.size()) {
      leave();
      continue;
    }
    const Frame::Child child = frame.children[frame.at++];
    std::string name(frame.names.data() + child.name);
    if (child.kind == Frame::Kind::file) {
      found.path = path_ + name;
      found.folder = frame.fd;
      found.name = std::move(name);
      if (options_.one_file_system) found.only_device = frames_.front().device;
      return true;
    }
    const int parent = frame.fd->get();
    const std::size_t path_bytes = path_.size();
    path_ += name;
    path_ += '/';
    const std::size_t depth = frames_.size();
    found.error = enter(parent, name, false);
    if (found.error) found.path = path_.substr(0, path_.size() - 1);
    if (frames_.size() == depth) path_.resize(path_bytes);
    if (found.error) return true;
  }
}

// True if `found` was filled.
bool Walker::enter_root(const std::string& root, FoundFile& found) {
  found.path = root;
  found.named = true;
  struct stat status {};
  if (stat(root.c_str(), &status) != 0) {
    found.error = os_error("cannot open", errno);
    return true;
  }
  if (!S_ISDIR(status.st_mode)) {
    found.name = root;
    return true;
  }
  path_ = root;
  if (!path_.ends_with('/')) path_ += '/';
  found.error = enter(AT_FDCWD, root, true);
  if (found.error) return true;
  found = {};
  return false;
}

// Opens the folder and makes it the current one; path_ is already its path.
std::optional<Error> Walker::enter(int parent, const std::string& name, bool follow) {
  if (frames_.size() >= options_.depth_max) {
    return Error{Code::too_large, "more than " + std::to_string(options_.depth_max) + " folders deep: not entered"};
  }
  UniqueFd fd = open_quietly(parent, name.c_str(), folder_flags | (follow ? 0 : O_NOFOLLOW));
  struct stat status {};
  if (!fd || fstat(fd.get(), &status) != 0) return os_error("cannot open folder", errno);
  if (options_.one_file_system && !frames_.empty() && status.st_dev != frames_.front().device) return std::nullopt;
  Frame frame;
  frame.fd = std::make_shared<const UniqueFd>(std::move(fd));
  frame.device = status.st_dev;
  frame.inode = status.st_ino;
  frame.path_bytes = path_.size();
  ++counts_.folders;
  if (std::optional<Error> error = list(frame)) {
    // What could be listed is still walked.
    report_later(std::move(*error));
  }
  frames_.push_back(std::move(frame));
  if (frames_.size() > open_folders_max) frames_[frames_.size() - open_folders_max - 1].fd.reset();
  return std::nullopt;
}

std::optional<Error> Walker::list(Frame& frame) {
  const int copy = fcntl(frame.fd->get(), F_DUPFD_CLOEXEC, 3);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(copy < 0 ? nullptr : fdopendir(copy), closedir);
  if (!stream) {
    const Error error = os_error("cannot list folder", errno);
    if (copy >= 0) close(copy);
    return error;
  }
  while (true) {
    errno = 0;
    const dirent* const entry = readdir(stream.get());
    if (!entry) break;
    const char* const name = entry->d_name;
    if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
    unsigned char type = entry->d_type;
    struct stat status {};
    if (type == DT_UNKNOWN && fstatat(frame.fd->get(), name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
      type = static_cast<unsigned char>(IFTODT(status.st_mode));
    }
    if (type == DT_LNK) {
      ++counts_.links_skipped;
    } else if (type == DT_DIR || type == DT_REG || type == DT_UNKNOWN) {
      // What could not be looked at counts as a file: opening it tells why.
      frame.children.push_back({frame.names.size(), type == DT_DIR ? Frame::Kind::folder : Frame::Kind::file});
      frame.names.insert(frame.names.end(), name, name + std::strlen(name) + 1);
    } else {
      ++counts_.special_skipped;
    }
  }
  const int failure = errno;
  std::sort(frame.children.begin(), frame.children.end(), [&](const Frame::Child& a, const Frame::Child& b) {
    return std::strcmp(frame.names.data() + a.name, frame.names.data() + b.name) < 0;
  });
  if (failure != 0) return os_error("cannot list all of folder", failure);
  return std::nullopt;
}

// Has next() tell of trouble with the current folder.
void Walker::report_later(Error error) {
  FoundFile& found = pending_error_.emplace();
  found.path = path_.substr(0, path_.size() - 1);
  found.error = std::move(error);
}

// Goes back to the parent of the current folder, opening it again if it was closed.
void Walker::leave() {
  const std::shared_ptr<const UniqueFd> child = std::move(frames_.back().fd);
  frames_.pop_back();
  if (frames_.empty()) return;
  Frame& parent = frames_.back();
  path_.resize(parent.path_bytes);
  if (parent.fd) return;
  UniqueFd fd = open_quietly(child->get(), "..", folder_flags);
  struct stat status {};
  if (fd && fstat(fd.get(), &status) == 0 && status.st_dev == parent.device && status.st_ino == parent.inode) {
    parent.fd = std::make_shared<const UniqueFd>(std::move(fd));
    return;
  }
  // Somebody moved a folder away while it was being walked. Folders are closed from the root on, so every one above is
  // out of reach from here: say so and go on with the next root.
  report_later({Code::unavailable,
                "moved or closed off while it was read: the rest of it and of the folders above was left out"});
  frames_.clear();
}

Result<OpenFile> open_found(const FoundFile& found) {
  constexpr int flags = O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC;
  OpenFile file;
  file.fd = open_quietly(found.folder ? found.folder->get() : AT_FDCWD, found.name.c_str(),
                         flags | (found.named ? 0 : O_NOFOLLOW));
  struct stat status {};
  if (!file.fd || fstat(file.fd.get(), &status) != 0) return os_error("cannot open", errno);
  if (!S_ISREG(status.st_mode)) return Error{Code::invalid_argument, "not a regular file"};
  if (found.only_device && status.st_dev != *found.only_device) {
    return Error{Code::invalid_argument, "on another file system"};
  }
  file.bytes = static_cast<std::uint64_t>(status.st_size);
  file.device = status.st_dev;
  file.inode = status.st_ino;
  return file;
}

}  // namespace fristad
