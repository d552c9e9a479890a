#pragma once

// Time, handed in: production passes system_clock(), tests pass what they like.

#include <cstdint>
#include <functional>

namespace fristad {

struct Clock {
  std::function<std::int64_t()> utc_ms;     // milliseconds since 1970-01-01 UTC
  std::function<std::int64_t()> steady_ms;  // for durations: never jumps
};

Clock system_clock();

}  // namespace fristad
