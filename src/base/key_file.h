#pragma once

// Key files: the 32 bytes that seal an index or the keys of a node, as 64 hex digits and a newline, readable by their
// owner only.
//
// Thread-safety: any thread.

#include <array>
#include <cstdint>
#include <string>

#include "base/random.h"
#include "fristad/result.h"

namespace fristad {

// Errors: not_found; permission_denied, if others may read the file; damaged, if it holds no key.
Result<std::array<std::uint8_t, 32>> read_key_file(const std::string& path);

// Makes a file with a new key. Error: already_exists; a key is never overwritten.
Status write_key_file(const std::string& path, const Random& random);

}  // namespace fristad
