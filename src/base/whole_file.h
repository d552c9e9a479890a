#pragma once

// Small files as a whole: keys, settings, checkpoints, tiles.
//
// Thread-safety: any thread. Errors name the path and say what to do.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fristad/result.h"

namespace fristad {

// Errors: not_found, permission_denied, too_large, unavailable.
Result<std::string> read_file(const std::string& path, std::size_t bytes_max);

enum class FileAccess { owner_only, everybody_reads };
enum class FileExists { replace, refuse };

// The file appears complete under its name, or not at all; when this returns it is on disk.
// Errors: already_exists, permission_denied, unavailable (disk full).
Status write_file(const std::string& path, std::string_view content, FileAccess access, FileExists exists);

// Makes what was renamed, made or removed in a folder last.
Status sync_folder(const std::string& path);

// The folder and those above it; those made here can be read by their owner alone.
Status make_folders(const std::string& path);

// Appends to a file, which is made if it isn't there, and waits until that is on disk.
Status append_to_file(const std::string& path, std::string_view content);

}  // namespace fristad
