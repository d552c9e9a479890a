#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>

namespace fristad::testing {

// Another seed in every run; FRISTAD_TEST_SEED repeats the one that a failure printed.
inline std::uint64_t chosen_seed() {
  if (const char* given = std::getenv("FRISTAD_TEST_SEED")) return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

}  // namespace fristad::testing
