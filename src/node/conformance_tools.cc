#include "node/conformance_tools.h"

#include <cstddef>
#include <string>
#include <vector>

#include "fristad/hash.h"

namespace fristad {
namespace {

Result<std::string> pdq_of(std::span<const std::uint8_t> luma, int width, int height) {
  if (width <= 0 || height <= 0 || luma.size() != static_cast<std::size_t>(width) * static_cast<std::size_t>(height)) {
    return Error{Code::invalid_argument, "the picture has another size than it says"};
  }
  const std::vector<float> pixels(luma.begin(), luma.end());
  const PdqResult result = pdq_from_luma({.pixels = pixels.data(), .width = width, .height = height, .stride = width});
  return result.hash.to_hex() + " " + std::to_string(result.quality);
}

}  // namespace

ConformanceTools conformance_tools() {
  return {.pdq = pdq_of};
}

}  // namespace fristad
