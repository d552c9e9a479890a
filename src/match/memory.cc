#include "match/memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace fristad {
namespace {

Result<std::span<std::uint8_t>> map(std::size_t size, int protection, int flags, int file) {
  if (size == 0) return std::span<std::uint8_t>{};
  void* const at = ::mmap(nullptr, size, protection, flags, file, 0);
  if (at == MAP_FAILED) {
    return Error{Code::unavailable, "cannot get " + std::to_string(size >> 20) + " MiB of memory (" +
                                        std::strerror(errno) + "); free some or use a smaller segment"};
  }
  return std::span(static_cast<std::uint8_t*>(at), size);
}

}  // namespace

Result<Memory> Memory::anonymous(std::size_t size) {
  auto bytes = map(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (!bytes) return bytes.error();
  if (size > 0) {
    // Both are advice: without them everything works, slower or with more in a dump.
    (void)::madvise(bytes->data(), size, MADV_HUGEPAGE);
    (void)::madvise(bytes->data(), size, MADV_DONTDUMP);
  }
  return Memory(*bytes);
}

Result<Memory> Memory::map_read_only(int file, std::size_t size) {
  auto bytes = map(size, PROT_READ, MAP_SHARED, file);
  if (!bytes) return bytes.error();
  return Memory(*bytes);
}

Result<Memory> Memory::map_shared(int file, std::size_t size) {
  auto bytes = map(size, PROT_READ | PROT_WRITE, MAP_SHARED, file);
  if (!bytes) return bytes.error();
  return Memory(*bytes);
}

Memory::~Memory() {
  if (!bytes_.empty()) (void)::munmap(bytes_.data(), bytes_.size());
}

}  // namespace fristad
