#include "fristad/image.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <new>
#include <string>
#include <string_view>

#include "hash/jpeg.h"
#include "hash/png.h"

namespace fristad {
namespace {

using namespace std::string_view_literals;

bool starts_with(std::span<const std::uint8_t> bytes, std::string_view magic, std::size_t offset = 0) {
  return bytes.size() >= offset + magic.size() &&
         std::equal(magic.begin(), magic.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset),
                    [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

// What a file is that is not hashed, so that people needn't guess.
const char* name_of_other(std::span<const std::uint8_t> bytes) {
  struct Magic {
    std::string_view bytes;
    std::size_t offset;
    const char* name;
  };
  static constexpr std::array magics{
      Magic{"GIF8"sv, 0, "a GIF image, which this version doesn't hash"},
      Magic{"WEBP"sv, 8, "a WebP image, which this version doesn't hash"},
      Magic{"BM"sv, 0, "a BMP image, which this version doesn't hash"},
      Magic{"II*\0"sv, 0, "a TIFF image, which this version doesn't hash"},
      Magic{"MM\0*"sv, 0, "a TIFF image, which this version doesn't hash"},
      Magic{"ftypavif"sv, 4, "an AVIF image, which this version doesn't hash"},
      Magic{"ftyphei"sv, 4, "a HEIF image, which this version doesn't hash"},
      Magic{"ftypmif1"sv, 4, "a HEIF image, which this version doesn't hash"},
      Magic{"ftyp"sv, 4, "not an image: an MP4 or QuickTime file"},
      Magic{"%PDF"sv, 0, "not an image: a PDF document"},
      Magic{"PK\3\4"sv, 0, "not an image: a ZIP archive or an office document"},
  };
  for (const Magic& magic : magics) {
    if (starts_with(bytes, magic.bytes, magic.offset)) return magic.name;
  }
  const auto head = bytes.first(std::min<std::size_t>(bytes.size(), 512));
  const bool is_text = std::all_of(head.begin(), head.end(), [](std::uint8_t byte) {
    return byte >= 0x20 || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
  });
  return is_text ? "not an image: text" : "not an image: an unknown kind of file";
}

struct Workspace {
  pdq::PdqStream stream;
  PngWorkspace png;
};

Result<ImageHash> hash_by_format(std::span<const std::uint8_t> bytes, const ImageLimits& limits) {
  // Kept for each thread: what it holds costs more to allocate than a small image costs to hash.
  static thread_local Workspace workspace;
  switch (image_format(bytes)) {
    case ImageFormat::jpeg: return hash_jpeg(bytes, limits, workspace.stream);
    case ImageFormat::png: return hash_png(bytes, limits, workspace.stream, workspace.png);
    case ImageFormat::unknown: break;
  }
  return Error{Code::unsupported, name_of_other(bytes)};
}

}  // namespace

const char* to_string(ImageFormat format) {
  switch (format) {
    case ImageFormat::unknown: return "unknown";
    case ImageFormat::jpeg: return "jpeg";
    case ImageFormat::png: return "png";
  }
  return "unknown";
}

ImageFormat image_format(std::span<const std::uint8_t> bytes) {
  if (starts_with(bytes, "\xff\xd8\xff"sv)) return ImageFormat::jpeg;
  if (starts_with(bytes, "\x89PNG\r\n\x1a\n"sv)) return ImageFormat::png;
  return ImageFormat::unknown;
}

Result<ImageHash> hash_image(std::span<const std::uint8_t> bytes, const ImageLimits& limits) {
  if (bytes.empty()) return Error{Code::damaged, "the file is empty"};
  if (bytes.size() > limits.bytes_max) {
    return Error{Code::too_large, "a file of " + std::to_string(bytes.size()) + " bytes, over the limit of " +
                                      std::to_string(limits.bytes_max)};
  }
  try {
    return hash_by_format(bytes, limits);
  } catch (const std::bad_alloc&) {
    return Error{Code::unavailable, "not enough memory to decode it"};
  }
}

}  // namespace fristad
