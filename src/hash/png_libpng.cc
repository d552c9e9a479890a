#include <png.h>

#include <csetjmp>
#include <cstring>
#include <new>
#include <string>

#include "hash/luma.h"
#include "hash/png.h"

namespace fristad {
namespace {

constexpr std::size_t picture_bytes_max = 512u << 20;

// Everything that a long jump may leave behind; it has no destructor.
struct Decoder {
  png_structp png;
  png_infop info;
  std::span<const std::uint8_t> bytes;
  std::size_t offset;
  std::uint8_t* memory;  // one row, or when interlaced all of them
  std::size_t row_bytes;
  pdq::PdqStream* stream;
  char message[128];
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto& decoder = *static_cast<Decoder*>(png_get_error_ptr(png));
  std::strncpy(decoder.message, message, sizeof decoder.message - 1);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep to, png_size_t size) {
  auto& decoder = *static_cast<Decoder*>(png_get_io_ptr(png));
  if (size > decoder.bytes.size() - decoder.offset) png_error(png, "the file ends early");
  std::memcpy(to, decoder.bytes.data() + decoder.offset, size);
  decoder.offset += size;
}

void add_row(const Decoder& decoder, const std::uint8_t* row, bool grey) {
  if (grey) {
    decoder.stream->add_row([row](std::size_t x) { return static_cast<float>(row[x]); });
  } else {
    decoder.stream->add_row([row](std::size_t x) { return luma_of_rgb(row + 3 * x); });
  }
}

// All calls of libpng; the chunks are known to be sound. False: decoder.message says what was wrong.
bool decode(Decoder& decoder, const Png& file) {
  if (setjmp(png_jmpbuf(decoder.png)) != 0) return false;  // NOLINT(cert-err52-cpp): the only way out of libpng
  png_structp png = decoder.png;
  png_infop info = decoder.info;
  png_set_read_fn(png, &decoder, read_bytes);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  // Nothing but the picture: no text, colour profile or time is even looked at.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_read_info(png, info);
  png_set_expand(png);    // palettes to RGB, less than 8 bits to 8
  png_set_scale_16(png);  // rounds
  png_set_strip_alpha(png);
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);

  const bool grey = (png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR) == 0;
  if (png_get_rowbytes(png, info) != decoder.row_bytes) png_error(png, "rows of an unexpected size");
  const int height = static_cast<int>(file.height);
  decoder.stream->begin(static_cast<int>(file.width), height);
  for (int pass = 0; pass < passes; ++pass) {
    for (int y = 0; y < height; ++y) {
      std::uint8_t* const row =
          decoder.memory + (file.interlaced ? static_cast<std::size_t>(y) * decoder.row_bytes : 0);
      png_read_row(png, row, nullptr);
      if (pass != passes - 1) continue;
      while (decoder.stream->row_wanted() == y) add_row(decoder, row, grey);
    }
  }
  return true;
}

}  // namespace

Result<ImageHash> hash_png_by_libpng(std::span<const std::uint8_t> bytes, const Png& png, pdq::PdqStream& stream) {
  const bool grey = png.colour == Png::Colour::grey || png.colour == Png::Colour::grey_alpha;
  const std::size_t row_bytes = png.width * std::size_t{grey ? 1u : 3u};
  const std::size_t size = row_bytes * (png.interlaced ? png.height : 1);
  if (size > picture_bytes_max) {
    return Error{Code::too_large, "PNG: interlaced, and " + std::to_string(size) + " bytes unpacked; the limit is " +
                                      std::to_string(picture_bytes_max)};
  }
  const std::unique_ptr<std::uint8_t[]> memory(new (std::nothrow) std::uint8_t[size]());
  if (memory == nullptr) return Error{Code::unavailable, "PNG: not enough memory to unpack it"};

  Decoder decoder{};
  decoder.bytes = bytes;
  decoder.memory = memory.get();
  decoder.row_bytes = row_bytes;
  decoder.stream = &stream;
  decoder.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &decoder, on_error, on_warning);
  if (decoder.png != nullptr) decoder.info = png_create_info_struct(decoder.png);
  const bool created = decoder.info != nullptr;
  const bool done = created && decode(decoder, png);
  png_destroy_read_struct(&decoder.png, &decoder.info, nullptr);
  if (!created) return Error{Code::unavailable, "PNG: not enough memory to unpack it"};
  if (!done) {
    const bool out_of_memory = std::strstr(decoder.message, "memory") != nullptr;
    return Error{out_of_memory ? Code::unavailable : Code::damaged, std::string("PNG: ") + decoder.message};
  }
  return ImageHash{.pdq = stream.finish(), .format = ImageFormat::png, .width = png.width, .height = png.height};
}

}  // namespace fristad
