#pragma once

// File descriptors that close themselves, errno as an Error, and writing through a buffer.

#include <unistd.h>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "fristad/result.h"

namespace fristad {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() { reset(); }
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset();
    fd_ = std::exchange(other.fd_, -1);
    return *this;
  }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

// The Error for an errno value: "<what>: <the system's words>". `what` is "cannot open" or the like.
Error os_error(std::string_view what, int errno_value);

// Reads up to bytes.size() bytes; 0 at the end. Starts again after signals.
Result<std::size_t> read_some(int fd, std::span<char> bytes);

// Where bytes come from: fills the front of the span and says how much; 0 at the end.
using ReadBytes = std::function<Result<std::size_t>(std::span<char>)>;

// Collects what is written and passes it on in large pieces. The first failure is kept, and everything after it
// is dropped: check status() where it matters, and always the result of flush() at the end.
//
// Thread-safety: not thread-safe.
class BufferedWriter {
 public:
  // Writes to `fd`, which stays the caller's.
  explicit BufferedWriter(int fd) : fd_(fd) {}

  void write(std::string_view text);
  Status flush();

  Status status() const { return status_; }
  // Whether writing failed because nobody reads any more (a closed pipe): the caller's cue to stop without a word.
  bool closed() const { return closed_; }

 private:
  int fd_;
  std::string buffer_;
  Status status_;
  bool closed_ = false;
};

}  // namespace fristad
