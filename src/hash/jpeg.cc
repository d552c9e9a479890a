#include "hash/jpeg.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>  // jpeglib.h needs it and doesn't say so

#include <jerror.h>
#include <jpeglib.h>

#include <climits>
#include <string>

#include "hash/jpeg_baseline.h"
#include "hash/luma.h"

namespace fristad {
namespace {

constexpr int rows_at_once = 4;  // of what libjpeg gives, 1, 2 or 4 at a time

// Everything that a long jump may leave behind. It has no destructor: the jump goes from deep in libjpeg to decode(),
// and nothing of C++ lies between.
struct Decoder {
  jpeg_decompress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg_progress_mgr progress;
  std::jmp_buf jump;
  const ImageLimits* limits;
  pdq::PdqStream* stream;
  Code code;
  char message[JMSG_LENGTH_MAX];
};

Decoder& decoder_of(j_common_ptr jpeg) {
  return *static_cast<Decoder*>(jpeg->client_data);
}

[[noreturn]] void give_up(Decoder& decoder, Code code) {
  decoder.code = code;
  std::longjmp(decoder.jump, 1);
}

Code code_of(int message) {
  switch (message) {
    case JERR_OUT_OF_MEMORY: return Code::unavailable;
    case JERR_NO_BACKING_STORE:
    case JERR_IMAGE_TOO_BIG:
    case JERR_WIDTH_OVERFLOW: return Code::too_large;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_SOF_UNSUPPORTED: return Code::unsupported;
    default: return Code::damaged;
  }
}

[[noreturn]] void on_error(j_common_ptr jpeg) {
  jpeg->err->format_message(jpeg, decoder_of(jpeg).message);
  give_up(decoder_of(jpeg), code_of(jpeg->err->msg_code));
}

// Warnings after which the picture is still whole.
bool is_harmless(j_common_ptr jpeg) {
  switch (jpeg->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_ICC:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR: return true;
    case JWRN_JPEG_EOF:
      // Missing entropy-coded data cause a warning of their own. But of several scans the last may be missing unseen.
      return !jpeg_has_multiple_scans(&decoder_of(jpeg).jpeg);
    default: return false;
  }
}

void on_message(j_common_ptr jpeg, int level) {
  if (level >= 0 || is_harmless(jpeg)) return;
  jpeg->err->format_message(jpeg, decoder_of(jpeg).message);
  give_up(decoder_of(jpeg), Code::damaged);
}

void on_progress(j_common_ptr jpeg) {
  Decoder& decoder = decoder_of(jpeg);
  if (decoder.jpeg.input_scan_number <= decoder.limits->scans_max) return;
  std::snprintf(decoder.message, sizeof decoder.message, "more than the limit of %d scans", decoder.limits->scans_max);
  give_up(decoder, Code::too_large);
}

void check_size(Decoder& decoder) {
  const std::uint64_t pixels = std::uint64_t{decoder.jpeg.image_width} * decoder.jpeg.image_height;
  if (pixels <= decoder.limits->pixels_max) return;
  std::snprintf(decoder.message, sizeof decoder.message, "%u x %u pixels, over the limit of %llu pixels",
                decoder.jpeg.image_width, decoder.jpeg.image_height,
                static_cast<unsigned long long>(decoder.limits->pixels_max));
  give_up(decoder, Code::too_large);
}

// Between rows nothing is skipped: only above 16,384 rows would a whole row of blocks fall between two samples.
template <class LumaAt>
void read_rows(Decoder& decoder, JSAMPARRAY rows, LumaAt luma_at) {
  jpeg_decompress_struct& jpeg = decoder.jpeg;
  pdq::PdqStream& stream = *decoder.stream;
  while (jpeg.output_scanline < jpeg.output_height) {
    const int first = static_cast<int>(jpeg.output_scanline);
    const int count = static_cast<int>(jpeg_read_scanlines(&jpeg, rows, rows_at_once));
    for (int i = 0; i < count; ++i) {
      const JSAMPLE* row = rows[i];
      while (stream.row_wanted() == first + i) {
        stream.add_row([row, luma_at](std::size_t x) { return luma_at(row, x); });
      }
    }
  }
}

// All calls of libjpeg. False: decoder.code and decoder.message say what was wrong.
bool decode(Decoder& decoder, std::span<const std::uint8_t> bytes) {
  jpeg_decompress_struct& jpeg = decoder.jpeg;
  jpeg.err = jpeg_std_error(&decoder.errors);
  decoder.errors.error_exit = on_error;
  decoder.errors.emit_message = on_message;
  decoder.progress.progress_monitor = on_progress;
  jpeg.client_data = &decoder;
  if (setjmp(decoder.jump) != 0) return false;  // NOLINT(cert-err52-cpp): the only way out of libjpeg

  jpeg_create_decompress(&jpeg);
  jpeg.progress = &decoder.progress;
  // Of progressive files all coefficients are kept: 2 bytes for each of up to 4 samples a pixel.
  const std::uint64_t memory_max = 8 * decoder.limits->pixels_max + (64u << 20);
  jpeg.mem->max_memory_to_use = static_cast<long>(std::min<std::uint64_t>(memory_max, LONG_MAX));
  jpeg_mem_src(&jpeg, bytes.data(), bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  check_size(decoder);
  const bool inks = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
  jpeg.out_color_space = inks ? JCS_CMYK : JCS_GRAYSCALE;
  jpeg_start_decompress(&jpeg);

  decoder.stream->begin(static_cast<int>(jpeg.output_width), static_cast<int>(jpeg.output_height));
  const JDIMENSION samples = jpeg.output_width * static_cast<JDIMENSION>(jpeg.output_components);
  const JSAMPARRAY rows =
      jpeg.mem->alloc_sarray(reinterpret_cast<j_common_ptr>(&jpeg), JPOOL_IMAGE, samples, rows_at_once);
  if (!inks) {
    read_rows(decoder, rows, [](const JSAMPLE* row, std::size_t x) { return static_cast<float>(row[x]); });
  } else {
    const JSAMPLE inversion = jpeg.saw_Adobe_marker ? 255 : 0;
    read_rows(decoder, rows, [inversion](const JSAMPLE* row, std::size_t x) {
      std::uint8_t cmyk[4];
      for (std::size_t i = 0; i < 4; ++i) cmyk[i] = row[4 * x + i] ^ inversion;
      return luma_of_cmyk(cmyk);
    });
  }
  jpeg_finish_decompress(&jpeg);
  return true;
}

// What libjpeg said, and how far it had come.
Error error_of(const Decoder& decoder) {
  std::string message = std::string("JPEG: ") + decoder.message;
  const jpeg_decompress_struct& jpeg = decoder.jpeg;
  if (decoder.code == Code::damaged && jpeg.output_height > 0) {
    message += " (in row " + std::to_string(jpeg.output_scanline) + " of " + std::to_string(jpeg.output_height) +
               (jpeg.input_scan_number > 1 ? ", scan " + std::to_string(jpeg.input_scan_number) : "") + ")";
  }
  return Error{decoder.code, std::move(message)};
}

}  // namespace

Result<ImageHash> hash_jpeg(std::span<const std::uint8_t> bytes, const ImageLimits& limits, pdq::PdqStream& stream) {
  ImageHash image{.pdq = {}, .format = ImageFormat::jpeg};
  const jpeg::RowSink sink{
      .begin =
          [&](int width, int height) {
            image.width = static_cast<std::uint32_t>(width);
            image.height = static_cast<std::uint32_t>(height);
            stream.begin(width, height);
            return std::uint64_t{image.width} * image.height <= limits.pixels_max;
          },
      .wants = [&](int first, int last) { return first <= stream.row_wanted() && stream.row_wanted() <= last; },
      .add =
          [&](int y, const std::uint8_t* luma) {
            while (stream.row_wanted() == y) {
              stream.add_row([luma](std::size_t x) { return static_cast<float>(luma[jpeg::pixel_stride * x]); });
            }
          },
  };
  if (!jpeg::decode_baseline(bytes, sink)) return hash_jpeg_by_libjpeg(bytes, limits, stream);
  image.pdq = stream.finish();
  return image;
}

Result<ImageHash> hash_jpeg_by_libjpeg(std::span<const std::uint8_t> bytes, const ImageLimits& limits,
                                       pdq::PdqStream& stream) {
  Decoder decoder{};
  decoder.limits = &limits;
  decoder.stream = &stream;
  const bool done = decode(decoder, bytes);
  ImageHash image{
      .pdq = {}, .format = ImageFormat::jpeg, .width = decoder.jpeg.image_width, .height = decoder.jpeg.image_height};
  const Error error = done ? Error{} : error_of(decoder);
  jpeg_destroy_decompress(&decoder.jpeg);
  if (!done) return error;
  image.pdq = stream.finish();
  return image;
}

}  // namespace fristad
