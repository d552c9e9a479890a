#pragma once

// A run of memory pages: anonymous, or the content of a file. Owns the mapping.
//
// Not thread-safe to create and destroy; the bytes are the owner's to share.

#include <string.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "fristad/result.h"

namespace fristad {

class Memory {
 public:
  // Zeroed pages, large ones where the system has them (random reads in gigabytes spend their time in the page tables
  // otherwise), left out of core dumps. Error: unavailable.
  static Result<Memory> anonymous(std::size_t size);

  // The first `size` bytes of an open file, which may be closed afterwards. Error: unavailable.
  static Result<Memory> map_read_only(int file, std::size_t size);
  static Result<Memory> map_shared(int file, std::size_t size);

  Memory() = default;
  ~Memory();
  Memory(Memory&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Memory& operator=(Memory&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  std::span<std::uint8_t> bytes() const { return bytes_; }

  // Overwrites all bytes with zeros; not of a read-only mapping.
  void wipe() {
    if (!bytes_.empty()) ::explicit_bzero(bytes_.data(), bytes_.size());
  }

 private:
  explicit Memory(std::span<std::uint8_t> bytes) : bytes_(bytes) {}

  std::span<std::uint8_t> bytes_;
};

// A vector that leaves nothing of its content behind in memory that it gives back.
template <class T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() = default;
  template <class U>
  WipingAllocator(const WipingAllocator<U>&) {}

  T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* at, std::size_t count) {
    ::explicit_bzero(static_cast<void*>(at), count * sizeof(T));
    std::allocator<T>().deallocate(at, count);
  }
  friend bool operator==(const WipingAllocator&, const WipingAllocator&) { return true; }
};
template <class T>
using WipedVector = std::vector<T, WipingAllocator<T>>;

}  // namespace fristad
