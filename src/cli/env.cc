#include "cli/env.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "base/text_escape.h"

namespace fristad {
namespace {

constexpr int wake_up_ms = 100;

bool ready(int fd, int timeout_ms) {
  pollfd poll_fd{.fd = fd, .events = POLLIN, .revents = 0};
  return poll(&poll_fd, 1, timeout_ms) != 0 && poll_fd.revents != 0;
}

}  // namespace

void Env::say(std::string_view message) const {
  const std::string line = "fristad: " + escape_terminal(message) + "\n";
  BufferedWriter writer(err);
  writer.write(line);
  static_cast<void>(writer.flush());
}

int Env::fail(const Error& error) const {
  say(error.message);
  return exit_failed;
}

int Env::fail(std::string_view about, const Error& error) const {
  say(std::string(about) + ": " + error.message);
  return exit_failed;
}

int Env::finish(int code) {
  if (const Status status = out.flush(); !status) {
    if (!out.closed()) fail("stdout", status.error());
    return exit_failed;
  }
  return code;
}

ReadBytes Env::read_stdin() const {
  return read_from(in);
}

ReadBytes Env::read_from(int fd) const {
  return [fd, &flag = stop](std::span<char> bytes) -> Result<std::size_t> {
    while (!flag.load()) {
      if (ready(fd, wake_up_ms)) return read_some(fd, bytes);
    }
    return Error{Code::cancelled, "stopped on request"};
  };
}

bool readable_now(int fd) {
  return ready(fd, 0);
}

std::string with_commas(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string as_bytes_text(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> units{"bytes", "KB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return std::to_string(bytes) + " bytes";
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 999.95 && unit + 1 < units.size()) {
    value /= 1000;
    ++unit;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", value, units[unit]);
  return text.data();
}

}  // namespace fristad
