#include "cli/file_json.h"

#include <span>

#include "base/hex.h"
#include "base/text_escape.h"

namespace fristad {

void write_path(JsonWriter& json, std::string_view path) {
  json.member("path", path);
  if (is_utf8(path)) return;
  json.member("path_hex", to_hex({reinterpret_cast<const std::uint8_t*>(path.data()), path.size()}));
}

void write_digests(JsonWriter& json, const std::optional<Digests>& digests) {
  if (digests) {
    json.member("md5", to_hex(digests->md5))
        .member("sha1", to_hex(digests->sha1))
        .member("sha256", to_hex(digests->sha256));
  } else {
    json.member("md5", nullptr).member("sha1", nullptr).member("sha256", nullptr);
  }
}

}  // namespace fristad
