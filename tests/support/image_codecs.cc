#include <cstdio>  // before jpeglib.h, which needs it and doesn't say so

#include <jpeglib.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "tests/support/image_maker.h"

namespace fristad::support {
namespace {

std::size_t at(int i) {
  return static_cast<std::size_t>(i);
}

// CMYK as printers separate it: black is the part that all inks share.
void to_cmyk(const std::uint8_t* rgb, std::uint8_t* cmyk) {
  const int black = 255 - std::max({rgb[0], rgb[1], rgb[2]});
  for (int c = 0; c < 3; ++c) {
    const int light = 255 - black;
    cmyk[c] = static_cast<std::uint8_t>(light == 0 ? 0 : 255 - (rgb[c] * 255 + light / 2) / light);
  }
  cmyk[3] = static_cast<std::uint8_t>(black);
}

std::uint8_t grey_of(const std::uint8_t* rgb) {
  return static_cast<std::uint8_t>(std::lround(0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]));
}

}  // namespace

Bytes to_jpeg(const Image& image, const JpegOptions& options) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* out = nullptr;
  unsigned long out_bytes = 0;
  jpeg_mem_dest(&jpeg, &out, &out_bytes);
  jpeg.image_width = static_cast<JDIMENSION>(image.width);
  jpeg.image_height = static_cast<JDIMENSION>(image.height);
  const bool inks = options.colour == JpegColour::cmyk || options.colour == JpegColour::ycck;
  const bool grey = options.colour == JpegColour::grey;
  jpeg.input_components = inks ? 4 : grey ? 1 : 3;
  jpeg.in_color_space = inks ? JCS_CMYK : grey ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  switch (options.colour) {
    case JpegColour::grey: break;
    case JpegColour::ycbcr: break;
    case JpegColour::rgb: jpeg_set_colorspace(&jpeg, JCS_RGB); break;
    case JpegColour::cmyk: jpeg_set_colorspace(&jpeg, JCS_CMYK); break;
    case JpegColour::ycck: jpeg_set_colorspace(&jpeg, JCS_YCCK); break;
  }
  if (inks && !options.adobe_inverted) jpeg.write_Adobe_marker = FALSE;
  jpeg_set_quality(&jpeg, options.quality, TRUE);
  if (jpeg.num_components > 1) {
    jpeg.comp_info[0].h_samp_factor = options.sampling_h;
    jpeg.comp_info[0].v_samp_factor = options.sampling_v;
    if (jpeg.num_components == 4) {
      jpeg.comp_info[3].h_samp_factor = options.sampling_h;
      jpeg.comp_info[3].v_samp_factor = options.sampling_v;
    }
  }
  if (options.progressive) jpeg_simple_progression(&jpeg);
  jpeg.restart_in_rows = options.restart_rows;
  jpeg_start_compress(&jpeg, TRUE);
  Bytes row(4 * at(image.width));
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const std::uint8_t* rgb = image.at(x, y);
      if (inks) {
        to_cmyk(rgb, &row[4 * at(x)]);
        if (options.adobe_inverted) {
          for (std::size_t c = 0; c < 4; ++c) row[4 * at(x) + c] = static_cast<std::uint8_t>(255 - row[4 * at(x) + c]);
        }
      } else if (grey) {
        row[at(x)] = grey_of(rgb);
      } else {
        std::memcpy(&row[3 * at(x)], rgb, 3);
      }
    }
    JSAMPROW rows[] = {row.data()};
    jpeg_write_scanlines(&jpeg, rows, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  Bytes bytes(out, out + out_bytes);
  std::free(out);
  return bytes;
}

namespace {

// The samples of one row as PNG stores them, packed; `rgb` is read at stride 3.
struct PngRow {
  const PngOptions& options;
  int channels;

  [[nodiscard]] std::size_t bytes(int width) const { return (at(width * channels * options.depth) + 7) / 8; }

  void pack(const Image& image, int y, Bytes& row) const {
    std::fill(row.begin(), row.end(), std::uint8_t{0});
    std::size_t sample = 0;
    const auto put = [&](int value) {  // 8 bit in, `depth` bit out
      if (options.depth == 16) {
        row[2 * sample] = static_cast<std::uint8_t>(value);
        row[2 * sample + 1] = static_cast<std::uint8_t>(value * 7 + 31);  // low bytes that matter for rounding
      } else if (options.depth == 8) {
        row[sample] = static_cast<std::uint8_t>(value);
      } else {
        const auto depth = static_cast<std::size_t>(options.depth);
        const auto bits = static_cast<unsigned>(value >> (8 - depth));
        row[sample * depth / 8] |= static_cast<std::uint8_t>(bits << (8 - depth - sample * depth % 8));
      }
      ++sample;
    };
    for (int x = 0; x < image.width; ++x) {
      const std::uint8_t* rgb = image.at(x, y);
      const int alpha = (x * 5 + y * 3) & 255;
      switch (options.colour) {
        case PngColour::grey: put(grey_of(rgb)); break;
        case PngColour::grey_alpha:
          put(grey_of(rgb));
          put(alpha);
          break;
        case PngColour::palette: put(grey_of(rgb)); break;  // the palette gives each grey a colour of its own
        case PngColour::rgb:
          put(rgb[0]);
          put(rgb[1]);
          put(rgb[2]);
          break;
        case PngColour::rgba:
          put(rgb[0]);
          put(rgb[1]);
          put(rgb[2]);
          put(alpha);
          break;
      }
    }
  }
};

void append(png_structp png, png_bytep data, png_size_t size) {
  auto* bytes = static_cast<Bytes*>(png_get_io_ptr(png));
  bytes->insert(bytes->end(), data, data + size);
}

[[noreturn]] void fail(png_structp, png_const_charp message) {
  std::fprintf(stderr, "image_maker: %s\n", message);
  std::abort();
}

int channels_of(PngColour colour) {
  switch (colour) {
    case PngColour::grey: return 1;
    case PngColour::palette: return 1;
    case PngColour::grey_alpha: return 2;
    case PngColour::rgb: return 3;
    case PngColour::rgba: return 4;
  }
  return 0;
}

}  // namespace

Bytes to_png(const Image& image, const PngOptions& options) {
  Bytes bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, fail, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(png, &bytes, append, nullptr);
  png_set_compression_level(png, options.compression);
  png_set_compression_buffer_size(png, options.idat_bytes);
  png_set_IHDR(png, info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height), options.depth,
               static_cast<int>(options.colour), options.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (options.colour == PngColour::palette) {
    const int entries = 1 << options.depth;
    std::array<png_color, 256> palette{};
    for (int i = 0; i < entries; ++i) {
      const int level = i * 255 / (entries - 1);
      // Scrambled, so that an image of raw palette indices looks different.
      palette[at(i)] = {static_cast<png_byte>(255 - level), static_cast<png_byte>((level * 97) & 255),
                        static_cast<png_byte>(level / 2)};
    }
    png_set_PLTE(png, info, palette.data(), entries);
    if (options.transparent) {
      const std::array<png_byte, 2> alpha{0, 128};
      png_set_tRNS(png, info, alpha.data(), 2, nullptr);
    }
  } else if (options.transparent) {
    png_color_16 colour{};
    png_set_tRNS(png, info, nullptr, 0, &colour);
  }
  png_set_filter(png, PNG_FILTER_TYPE_BASE,
                 options.filter == png_filter_mixed ? PNG_ALL_FILTERS : PNG_FILTER_NONE << options.filter);
  png_write_info(png, info);
  const PngRow packer{options, channels_of(options.colour)};
  Bytes row(packer.bytes(image.width));
  const int passes = options.interlaced ? png_set_interlace_handling(png) : 1;
  for (int pass = 0; pass < passes; ++pass) {
    for (int y = 0; y < image.height; ++y) {
      packer.pack(image, y, row);
      png_write_row(png, row.data());
    }
  }
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

Image decoded(std::span<const std::uint8_t> bytes) {
  Image image;
  decode(bytes, image);
  return image;
}

void decode(std::span<const std::uint8_t> bytes, Image& image) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()) != 0) {
    // Alpha goes over black, which for tests is as good as any colour.
    png.format = PNG_FORMAT_RGB;
    image.resize(static_cast<int>(png.width), static_cast<int>(png.height));
    const png_color black{};
    if (png_image_finish_read(&png, &black, image.pixels.data(), 0, nullptr) == 0) image.resize(0, 0);
    return;
  }
  if (bytes.size() < 2 || bytes[0] != 0xff || bytes[1] != 0xd8) return image.resize(0, 0);
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, bytes.data(), bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  jpeg.out_color_space = JCS_RGB;
  jpeg_start_decompress(&jpeg);
  image.resize(static_cast<int>(jpeg.output_width), static_cast<int>(jpeg.output_height));
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW rows[] = {image.at(0, static_cast<int>(jpeg.output_scanline))};
    jpeg_read_scanlines(&jpeg, rows, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
}

}  // namespace fristad::support
