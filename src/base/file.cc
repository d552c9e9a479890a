#include "base/file.h"

#include <cerrno>
#include <system_error>

namespace fristad {
namespace {

constexpr std::size_t buffer_bytes = 64u << 10;

Code code_of(int errno_value) {
  switch (errno_value) {
    case ENOENT:
    case ENOTDIR: return Code::not_found;
    case EEXIST: return Code::already_exists;
    case EACCES:
    case EPERM:
    case EROFS: return Code::permission_denied;
    case EINVAL:
    case ELOOP:
    case EISDIR:
    case ENAMETOOLONG: return Code::invalid_argument;
    case EFBIG: return Code::too_large;
    default: return Code::unavailable;
  }
}

}  // namespace

Error os_error(std::string_view what, int errno_value) {
  return {code_of(errno_value), std::string(what) + ": " + std::generic_category().message(errno_value)};
}

Result<std::size_t> read_some(int fd, std::span<char> bytes) {
  while (true) {
    const ssize_t got = read(fd, bytes.data(), bytes.size());
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return os_error("cannot read", errno);
  }
}

void BufferedWriter::write(std::string_view text) {
  if (!status_) return;
  buffer_ += text;
  if (buffer_.size() >= buffer_bytes) static_cast<void>(flush());
}

Status BufferedWriter::flush() {
  std::string_view rest = buffer_;
  while (status_ && !rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      closed_ = errno == EPIPE;
      status_ = os_error("cannot write", errno);
    }
  }
  buffer_.clear();
  return status_;
}

}  // namespace fristad
