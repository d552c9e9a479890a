#pragma once

// Pictures for tests, the demo and benchmarks: made from a seed, changed, and written as JPEG or PNG of every kind.
// Nothing here is shipped. Failures of the codecs are bugs of the caller and end the program with a message.
//
// Thread-safety: pure functions.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace fristad::support {

using Bytes = std::vector<std::uint8_t>;

// RGB, 8 bit, rows without padding.
struct Image {
  int width = 0;
  int height = 0;
  Bytes pixels;

  Image() = default;
  Image(int w, int h) : width(w), height(h), pixels(3 * static_cast<std::size_t>(w) * static_cast<std::size_t>(h)) {}
  void resize(int w, int h) {
    width = w;
    height = h;
    pixels.resize(3 * static_cast<std::size_t>(w) * static_cast<std::size_t>(h));
  }
  [[nodiscard]] std::uint8_t* at(int x, int y) {
    return &pixels[3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x))];
  }
  [[nodiscard]] const std::uint8_t* at(int x, int y) const {
    return &pixels[3 * (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x))];
  }
};

// A picture with the statistics of a photo: soft light, shapes with edges, texture and grain. As JPEG it has about as
// many bytes as a photo of its size. The same seed gives the same picture everywhere.
Image make_photo(int width, int height, std::uint64_t seed);

Image resized(const Image& image, int width, int height);  // bilinear
Image mirrored(const Image& image);                        // left and right exchanged
Image rotated_90(const Image& image);                      // clockwise
Image cropped(const Image& image, int left, int top, int width, int height);
// Block letters of a 5x7 font; knows upper-case letters and spaces. `scale` is the side of a dot in pixels.
void draw_text(Image& image, std::string_view text, int left, int top, int scale);

enum class JpegColour { grey, ycbcr, rgb, cmyk, ycck };
struct JpegOptions {
  int quality = 90;
  JpegColour colour = JpegColour::ycbcr;
  int sampling_h = 2;  // luma samples for each chroma sample; 2 and 2 is 4:2:0, 2 and 1 is 4:2:2, 1 and 1 is 4:4:4
  int sampling_v = 2;
  bool progressive = false;
  int restart_rows = 0;        // restart marker after so many rows of blocks
  bool adobe_inverted = true;  // of CMYK and YCCK: written as Photoshop does, with the Adobe marker and inverted
};
Bytes to_jpeg(const Image& image, const JpegOptions& options);

enum class PngColour : std::uint8_t { grey = 0, rgb = 2, palette = 3, grey_alpha = 4, rgba = 6 };
inline constexpr int png_filter_mixed = 5;
struct PngOptions {
  PngColour colour = PngColour::rgb;
  int depth = 8;
  int filter = png_filter_mixed;  // 0..4: that filter in every row; mixed: as libpng thinks best
  bool interlaced = false;
  bool transparent = false;  // with a tRNS chunk (grey, RGB, palette)
  int compression = 6;
  std::size_t idat_bytes = 8192;
};
Bytes to_png(const Image& image, const PngOptions& options);

// Decodes a JPEG or a PNG to RGB by the plain calls of libjpeg and libpng; empty when it can't. `image` keeps its
// memory, so that measuring it doesn't measure the allocator.
void decode(std::span<const std::uint8_t> bytes, Image& image);
Image decoded(std::span<const std::uint8_t> bytes);

}  // namespace fristad::support
