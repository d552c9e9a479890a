#pragma once

// How files and their hashes are written in JSON, the same in every command.

#include <optional>
#include <string_view>

#include "base/json_writer.h"
#include "fristad/hash.h"

namespace fristad {

// "path", and "path_hex" beside it where the path is not UTF-8: then "path" shows U+FFFD for the wrong bytes.
void write_path(JsonWriter& json, std::string_view path);

// "md5", "sha1", "sha256": null where there are none.
void write_digests(JsonWriter& json, const std::optional<Digests>& digests);

}  // namespace fristad
