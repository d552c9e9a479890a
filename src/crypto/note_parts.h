#pragma once

// What notes and checkpoints share: names, and lines with signatures. For note.cc and checkpoint.cc.

#include <cstdint>
#include <string>
#include <string_view>

#include "crypto/note.h"

namespace fristad {

// 1 to 255 bytes of UTF-8 without control characters, blanks or plus signs.
bool is_note_name(std::string_view name);
Error bad_note_name();

inline constexpr std::string_view cosignature_start = "cosignature/v1\n";
// What a witness signs.
std::string cosigned_message(std::string_view text, std::uint64_t unix_seconds);

// A whole line; `signature` is what follows the key's id.
std::string signature_line(const NoteKey& key, Bytes signature);

}  // namespace fristad
