// Any bytes through the decoders: no crash, no leak, and a hash that says the same twice.

#include <cstdlib>

#include "fristad/image.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fristad::ImageLimits limits{.bytes_max = 1 << 20, .pixels_max = 1 << 20, .scans_max = 20};
  const std::span bytes(data, size);
  const auto first = fristad::hash_image(bytes, limits);
  const auto second = fristad::hash_image(bytes, limits);
  if (first.has_value() != second.has_value()) std::abort();
  if (!first) {
    if (first.error().message.empty() || first.error().code != second.error().code) std::abort();
  } else if (first->pdq.dihedral != second->pdq.dihedral || first->pdq.quality != second->pdq.quality) {
    std::abort();  // something of one picture, or of memory, has leaked into the other
  }
  return 0;
}
