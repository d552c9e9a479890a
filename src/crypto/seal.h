#pragma once

// Small values, encrypted and authenticated: payloads, keys, fields. Files have src/match/seal.h and crypto/age.h.
//
//   fristad::Key key = fristad::derive_key(root, "payloads of the record");
//   auto sealed = fristad::seal(key, plain, fristad::as_bytes("record 17"), random);
//   auto opened = fristad::open(key, *sealed, fristad::as_bytes("record 17"));    // only there and only so
//
// `associated` isn't kept in the sealed value: it says where the value belongs, so that it can't be moved elsewhere.
// Name in it the key too (its number, or what it is for), and never try several keys on one value: a value can be made
// that opens under two keys.
//
// What is opened stands in ordinary memory: whoever needs it wiped wipes it. docs/format/sealed.md has the layouts.
//
// Thread-safety: pure functions. Complexity: about 1 us and 1 ns a byte; key_from_passphrase() is slow on purpose.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "fristad/result.h"

namespace fristad {

// What seal() adds: a nonce of 24 bytes in front and a tag of 16 at the end. seal_once() adds the tag alone.
inline constexpr std::size_t seal_overhead = 40;
inline constexpr std::size_t seal_once_overhead = 16;

// XChaCha20-Poly1305 with a random nonce: one key may seal as many values as it likes. Errors: those of `random`.
Result<std::vector<std::uint8_t>> seal(const Key& key, Bytes plain, Bytes associated, const Random& random);

// Errors: damaged (changed, cut, sealed under another key or for another place: nobody can tell which).
Result<std::vector<std::uint8_t>> open(const Key& key, Bytes sealed, Bytes associated);

// For a key that seals one value ever, such as the random key of one record: ChaCha20-Poly1305 (RFC 8439) with a nonce
// of zeros. A nonce has to differ between values under one key, and there is one value: nothing has to be stored or
// drawn. Sealing a second value with the key shows the exclusive or of both, so don't.
std::vector<std::uint8_t> seal_once(const Key& fresh, Bytes plain, Bytes associated);

// Errors: as open().
Result<std::vector<std::uint8_t>> open_once(const Key& key, Bytes sealed, Bytes associated);

inline constexpr std::size_t passphrase_size_max = 1024;
using PassphraseSalt = std::array<std::uint8_t, 16>;

// Argon2id version 1.3 (RFC 9106) with 64 MiB, 3 passes and 1 lane: about 0.1 s. The bytes of the passphrase count:
// normalise it where it is typed. Errors: invalid_argument (empty), too_large (over 1,024 bytes), unavailable (memory).
Result<Key> key_from_passphrase(std::string_view passphrase, const PassphraseSalt& salt);

// A key as it is kept where a passphrase guards it: 88 bytes. Errors: those of key_from_passphrase() and `random`.
Result<std::vector<std::uint8_t>> wrap_key(const Key& key, std::string_view passphrase, const Random& random);
// Errors: those of key_from_passphrase(), permission_denied (another passphrase, or the bytes were changed: nobody can
// tell which), damaged (not 88 bytes).
Result<Key> unwrap_key(Bytes wrapped, std::string_view passphrase);

// A key for one purpose: BLAKE2b-256, keyed with `from`, over "fristad key 1 " and the purpose. From it neither `from`
// nor the key for another purpose can be told. Two purposes are never the same text.
Key derive_key(const Key& from, std::string_view purpose);

}  // namespace fristad
