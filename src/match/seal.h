#pragma once

// Encrypts a file so that any change, cut or foreign key is noticed before a byte of it is used.
//
// The content is cut into chunks of 1 MiB, each encrypted with ChaCha20-Poly1305 (RFC 8439) under a key derived for
// this file, with the chunk's number and whether it is the last as nonce (the STREAM construction), and the file's
// header as associated data. docs/format/segment.md has the layout.
//
// Thread-safety: pure functions.

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "fristad/result.h"
#include "fristad/segment.h"
#include "match/memory.h"

namespace fristad {

// Whether the bytes begin like a sealed file.
bool is_sealed(std::span<const std::uint8_t> bytes);

// Tells one sealed file from every other: random, and authenticated with every chunk. A file that opens and has the id
// that write_sealed() gave out holds exactly what was written then.
using SealId = std::array<std::uint8_t, 32>;

// Of a file with this much content.
std::uint64_t sealed_size(std::uint64_t content_bytes);

// The id of a sealed file, of which the beginning suffices; none if it isn't one that this key opens.
inline constexpr std::size_t seal_header_size = 88;
std::optional<SealId> seal_id(std::span<const std::uint8_t> sealed, const SealKey& key);

// Writes `content`, sealed, to an open file. Error: unavailable (disk full).
Result<SealId> write_sealed(int file, std::span<const std::uint8_t> content, const SealKey& key);

// The content of a sealed file. Errors: permission_denied (another key), damaged, unsupported, unavailable.
Result<Memory> open_sealed(std::span<const std::uint8_t> sealed, const SealKey& key, int threads);

}  // namespace fristad
