#pragma once

// The primitives that the rest of the room is built from, by OpenSSL where it is the faster one, by libsodium
// elsewhere. Nothing outside the room should need them.
//
// They fail only where the library itself is broken or out of memory, and then end the program: going on with a wrong
// key or without a signature would be worse. Exceptions are named.
//
// Thread-safety: pure functions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "crypto/digest.h"
#include "crypto/secret.h"
#include "fristad/result.h"

namespace fristad {

inline constexpr std::size_t aead_tag_size = 16;
using AeadNonce = std::array<std::uint8_t, 12>;

// ChaCha20-Poly1305 (RFC 8439). `sealed` is plain.size() + 16 bytes, the tag at its end. The spans don't overlap.
void aead_seal(const Key& key, const AeadNonce& nonce, Bytes plain, Bytes associated, std::span<std::uint8_t> sealed);

// False if the bytes were changed or sealed otherwise; then `plain` (sealed.size() - 16 bytes) is all zero.
[[nodiscard]] bool aead_open(const Key& key, const AeadNonce& nonce, Bytes sealed, Bytes associated,
                             std::span<std::uint8_t> plain);

// RFC 5869 with SHA-256.
Key hkdf_sha256(Bytes secret, Bytes salt, std::string_view info);

// RFC 2104 with SHA-256.
Digest hmac_sha256(const Key& key, std::string_view message);

// RFC 7914 with r = 8, p = 1 and N = 2^work_factor; takes 2^(work_factor + 10) bytes of memory.
// Errors: unavailable (memory).
Result<Key> scrypt(std::string_view passphrase, Bytes salt, int work_factor);

// A point of Curve25519 in its 32 bytes (RFC 7748).
using Point = std::array<std::uint8_t, 32>;

Point x25519_base(const Key& scalar);
// False if the result is zero, which only a point chosen by an attacker gives.
[[nodiscard]] bool x25519(const Key& scalar, const Point& point, Key& shared);

// What libsodium asks for before its first use; cheap after that.
void start_sodium();

}  // namespace fristad
