#pragma once

// Bytes that are wiped when they are no longer needed, and never copied by accident.
//
//   fristad::Result<fristad::Key> key = fristad::Key::generate(fristad::system_random());
//   use(key->bytes());                        // wiped when `key` goes
//
// Wiping keeps a key out of memory that is reused, not out of swap or core dumps: the service manager's
// settings see to those.
//
// Thread-safety: plain values, like std::array.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "base/random.h"
#include "base/try.h"
#include "fristad/result.h"

namespace fristad {

// Overwrites with zeros in a way that no compiler leaves out.
void wipe(std::span<std::uint8_t> bytes);
// All of the text's memory, then makes it empty.
void wipe(std::string& text);

// Whether both are equal, in a time that doesn't tell where they differ. Spans of different sizes never are.
bool equal_secrets(std::span<const std::uint8_t> one, std::span<const std::uint8_t> other);

// `size` bytes, all zero at first.
template <std::size_t size>
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::span<const std::uint8_t, size> bytes) { std::ranges::copy(bytes, bytes_.begin()); }
  ~Secret() { wipe(bytes_); }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  // What was moved from is all zero.
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { wipe(other.bytes_); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      wipe(other.bytes_);
    }
    return *this;
  }

  // Errors: those of `random`.
  static Result<Secret> generate(const Random& random) {
    Secret secret;
    TRY(random(secret.bytes_));
    return secret;
  }

  Secret copy() const { return Secret(bytes()); }

  std::span<const std::uint8_t, size> bytes() const { return bytes_; }
  std::span<std::uint8_t, size> bytes() { return bytes_; }

  friend bool operator==(const Secret& one, const Secret& other) { return equal_secrets(one.bytes_, other.bytes_); }

 private:
  std::array<std::uint8_t, size> bytes_{};
};

// A key of any of the ciphers here.
using Key = Secret<32>;

}  // namespace fristad
