#pragma once

// Key files: the 32 bytes that seal an index, as 64 hex digits and a newline, readable by their owner only.

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "fristad/result.h"
#include "fristad/segment.h"

namespace fristad {

// Errors: not_found; permission_denied, if others may read the file; damaged, if it holds no key.
Result<SealKey> read_key_file(const std::string& path);

// Makes a file with a new key. Error: already_exists; a key is never overwritten.
Status write_key_file(const std::string& path, const std::function<Status(std::span<std::uint8_t>)>& random);

}  // namespace fristad
