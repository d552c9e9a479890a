#pragma once

// Passwords of people, as they are kept: Argon2id version 1.3 (RFC 9106), one lane, by libsodium.
//
//   const std::string hash = TRY(fristad::hash_password(password, {}));   // "$argon2id$v=19$m=65536,t=3,p=1$..."
//   if (!fristad::is_password_of(hash, attempt)) return refused;
//
// The bytes count: normalise what was typed where it is typed. The salt is libsodium's own random bytes.
//
// Thread-safety: pure functions. Complexity: as PasswordCost says; the default takes 64 MiB and about 0.1 s. Whoever
// lets strangers ask bounds how many run at once.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"
#include "fristad/result.h"

namespace fristad {

struct PasswordCost {
  std::uint64_t memory_bytes = std::uint64_t{64} << 20;  // from 8 KiB
  std::uint64_t operations = 3;                          // passes over it, from 1
};

inline constexpr std::size_t password_bytes_max = 1024;

// Text of under 128 bytes that says its own cost. Errors: too_large (over 1,024 bytes), unavailable (memory).
Result<std::string> hash_password(std::string_view password, const PasswordCost& cost);

// Whether the hash is of this password; false too for what is no hash, and where memory is missing.
[[nodiscard]] bool is_password_of(std::string_view hash, std::string_view password);

// Whether it was made at another cost: hash anew, once the password is known to be right.
[[nodiscard]] bool needs_rehash(std::string_view hash, const PasswordCost& cost);

// A hash of no password: for names that don't exist, so that they take as long as those that do. Costs nothing to
// make. Errors: those of `random`.
Result<std::string> hash_of_nobody(const PasswordCost& cost, const Random& random);

}  // namespace fristad
