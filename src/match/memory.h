#pragma once

// A run of memory pages: anonymous, or the content of a file. Owns the mapping.
//
// Not thread-safe to create and destroy; the bytes are the owner's to share.

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

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

 private:
  explicit Memory(std::span<std::uint8_t> bytes) : bytes_(bytes) {}

  std::span<std::uint8_t> bytes_;
};

}  // namespace fristad
