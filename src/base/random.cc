#include "base/random.h"

#include <sys/random.h>

#include <cerrno>

#include "base/file.h"

namespace fristad {

Random system_random() {
  return [](std::span<std::uint8_t> bytes) -> Status {
    while (!bytes.empty()) {
      const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
      if (got < 0 && errno != EINTR) return os_error("no random bytes", errno);
      if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
    return {};
  };
}

}  // namespace fristad
