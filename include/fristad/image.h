#pragma once

// From the bytes of an image file to its PDQ hash.
//
// Formats: JPEG (baseline and progressive; grey, YCbCr, RGB, CMYK, YCCK) and PNG (every colour type,
// bit depth and interlacing). The picture is hashed as it is stored: no EXIF rotation, no colour
// profile; alpha is ignored and 16-bit samples are scaled to 8 (docs/format/hash.md says why).
//
// These functions decode foreign bytes in the calling process. Programs that hash files of unknown origin
// use ImageHasher (fristad/sandbox.h), which does the same in a process that can do no harm.
//
//   fristad::Result<fristad::ImageHash> image = fristad::hash_image(bytes, {});
//   if (image) std::cout << image->pdq.hash.to_hex() << ' ' << image->pdq.quality << '\n';
//
// Thread-safety: pure functions.

#include <cstddef>
#include <cstdint>
#include <span>

#include "fristad/hash.h"
#include "fristad/result.h"

namespace fristad {

enum class ImageFormat : std::uint8_t { unknown, jpeg, png };
const char* to_string(ImageFormat format);

struct ImageLimits {
  std::uint64_t bytes_max = 256u << 20;   // of the file
  std::uint64_t pixels_max = 256u << 20;  // width x height; checked before anything is allocated
  int scans_max = 500;                    // passes of a progressive JPEG
};

struct ImageHash {
  PdqResult pdq;
  ImageFormat format = ImageFormat::unknown;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

// Tells the format by the first bytes, whatever the file is called.
ImageFormat image_format(std::span<const std::uint8_t> bytes);

// Errors: unsupported (no image format that is known here), damaged (truncated, lying about its
// size, corrupt), too_large (over a limit). Never crashes, whatever the bytes: it is fuzzed.
// Memory: the file's bytes again for baseline JPEG; 2 bytes for every coefficient of progressive ones; the
// unpacked rows for PNG, up to 512 MiB, and O(width) above. Some of it is kept for the thread's next image.
Result<ImageHash> hash_image(std::span<const std::uint8_t> bytes, const ImageLimits& limits);

}  // namespace fristad
