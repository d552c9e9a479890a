#pragma once

// Unpredictable bytes, handed in: production passes system_random(), tests pass a seeded generator.

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "fristad/result.h"

namespace fristad {

// Fills the span, or fails with unavailable. May be called from many threads at once.
using Random = std::function<Status(std::span<std::uint8_t>)>;

Random system_random();

template <std::size_t size>
Result<std::array<std::uint8_t, size>> random_array(const Random& random) {
  std::array<std::uint8_t, size> bytes{};
  if (Status filled = random(bytes); !filled) return std::move(filled).error();
  return bytes;
}

}  // namespace fristad
