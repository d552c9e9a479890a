// Any bytes as JSON, payload, item, leaf, content of a record, entry and ranges: no crash, and what is taken is what
// would be written.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "material/records.h"
#include "record/payload.h"
#include "record/stored.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fristad;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool reals : {false, true}) {
    const JsonLimits limits{.bytes_max = 65'536, .reals = reals};
    if (const auto value = parse_json(text, limits)) {
      const std::string written = canonical(*value);
      // Escapes become shorter, but numbers can become longer.
      const auto again = parse_canonical(written, {.bytes_max = std::size_t{1} << 24, .reals = reals});
      require(again.has_value());
      require(canonical(*again) == written);
    }
  }
  if (const auto payload = decode_payload(text)) require(payload->body.members() != nullptr);
  static_cast<void>(decode_item(text));
  if (const auto leaf = decode_leaf({data, size})) {
    const LeafBytes bytes = encode_leaf(*leaf);
    require(std::equal(bytes.begin(), bytes.end(), data, data + size));
  }
  if (const auto stored = decode_stored({data, size})) {
    const auto bytes = encode_stored(*stored);
    require(std::equal(bytes.begin(), bytes.end(), data, data + size));
    static_cast<void>(stored->commitment());
  }
  if (const auto entry = EntryBody::from_item(text)) {
    const LiveEntry indexed_entry = indexed(text, 1);
    require(indexed_entry.pdq == entry->pdq && indexed_entry.md5 == entry->md5);
    require(indexed_entry.sha1 == entry->sha1 && indexed_entry.sha256 == entry->sha256);
  }
  if (const auto ranges = parse_ranges(text)) require(!ranges->empty());
  return 0;
}
