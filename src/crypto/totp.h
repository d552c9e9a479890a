#pragma once

// Codes of an authenticator app: TOTP of RFC 6238 with SHA-1, steps of 30 seconds and 6 digits, the only kind that all
// apps know.
//
//   const auto step = fristad::accepted_totp(secret, code, clock.utc_ms(), last_step);
//   if (!step) return refused;
//   last_step = *step;                  // no code is taken twice
//
// Six digits are quickly guessed: whoever takes codes counts the failures.
//
// Thread-safety: pure functions. Complexity: a few microseconds.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/digest.h"

namespace fristad {

// As long as the output of SHA-1: RFC 4226, section 4.
inline constexpr std::size_t totp_secret_size = 20;
inline constexpr std::int64_t totp_step_ms = 30'000;

// The number of the step that a time lies in, counted from 1970.
inline std::int64_t totp_step(std::int64_t utc_ms) {
  return utc_ms / totp_step_ms;
}

// Six digits.
std::string totp_code(Bytes secret, std::int64_t step);

// The step that the code is of: this one, the one before or the one after (clocks differ), and later than `last_step`;
// nothing if it is of none. Which one is told in the same time.
std::optional<std::int64_t> accepted_totp(Bytes secret, std::string_view code, std::int64_t utc_ms,
                                          std::int64_t last_step);

}  // namespace fristad
