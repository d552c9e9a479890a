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
#include <span>

#include "fristad/result.h"
#include "fristad/segment.h"
#include "match/memory.h"

namespace fristad {

// Whether the bytes begin like a sealed file.
bool is_sealed(std::span<const std::uint8_t> bytes);

// Writes `content`, sealed, to an open file. Error: unavailable (disk full).
Status write_sealed(int file, std::span<const std::uint8_t> content, const SealKey& key);

// The content of a sealed file. Errors: permission_denied (another key), damaged, unsupported, unavailable.
Result<Memory> open_sealed(std::span<const std::uint8_t> sealed, const SealKey& key, int threads);

}  // namespace fristad
