#include "hash/jpeg_baseline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>  // jpeglib.h needs it and doesn't say so

#include <jpeglib.h>

#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "hash/jpeg.h"
#include "hash/jpeg_idct.h"
#include "tests/support/image_maker.h"
#include "tests/support/seed.h"

namespace fristad {
namespace {

using support::Bytes;
using support::Image;
using support::JpegColour;
using support::JpegOptions;

using Rows = std::vector<std::vector<std::uint8_t>>;

// Keeps all rows.
bool decode_rows(std::span<const std::uint8_t> bytes, Rows& rows) {
  return jpeg::decode_baseline(bytes, {.begin =
                                           [&](int width, int height) {
                                             rows.assign(static_cast<std::size_t>(height),
                                                         std::vector<std::uint8_t>(static_cast<std::size_t>(width)));
                                             return true;
                                           },
                                       .wants = [](int, int) { return true; },
                                       .add =
                                           [&](int y, const std::uint8_t* luma) {
                                             auto& row = rows[static_cast<std::size_t>(y)];
                                             for (std::size_t x = 0; x < row.size(); ++x)
                                               row[x] = luma[jpeg::pixel_stride * x];
                                           }});
}

Rows by_libjpeg(const Bytes& bytes) {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, bytes.data(), bytes.size());
  jpeg_read_header(&jpeg, TRUE);
  jpeg.out_color_space = JCS_GRAYSCALE;
  jpeg_start_decompress(&jpeg);
  Rows rows(jpeg.output_height, std::vector<std::uint8_t>(jpeg.output_width));
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row[] = {rows[jpeg.output_scanline].data()};
    jpeg_read_scanlines(&jpeg, row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return rows;
}

TEST(JpegBaseline, EveryPixelAsLibjpeg) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 150; ++i) {
    Image image =
        support::make_photo(1 + static_cast<int>(random() % 200), 1 + static_cast<int>(random() % 200), random());
    if (i % 5 == 0) {  // the hardest case for every table: noise at full contrast
      for (std::uint8_t& byte : image.pixels) byte = random() % 2 == 0 ? 0 : 255;
    }
    JpegOptions options;
    options.quality = 1 + static_cast<int>(random() % 100);
    options.colour = random() % 4 == 0 ? JpegColour::grey : JpegColour::ycbcr;
    options.sampling_h = 1 << random() % 3;
    options.sampling_v = options.sampling_h == 4 ? 1 : 1 << random() % 2;
    options.restart_rows = random() % 3 == 0 ? 1 + static_cast<int>(random() % 3) : 0;
    const Bytes bytes = support::to_jpeg(image, options);
    Rows rows;
    ASSERT_TRUE(decode_rows(bytes, rows)) << i;
    ASSERT_EQ(rows, by_libjpeg(bytes)) << i << ": " << image.width << "x" << image.height << " quality "
                                       << options.quality << " sampling " << options.sampling_h << "x"
                                       << options.sampling_v;
  }
}

TEST(JpegBaseline, LeavesTheRestToLibjpeg) {
  const Image photo = support::make_photo(100, 80, 1);
  for (const JpegOptions& options :
       {JpegOptions{.progressive = true}, JpegOptions{.colour = JpegColour::rgb, .sampling_h = 1, .sampling_v = 1},
        JpegOptions{.colour = JpegColour::cmyk}, JpegOptions{.colour = JpegColour::ycck}}) {
    Rows rows;
    EXPECT_FALSE(decode_rows(support::to_jpeg(photo, options), rows));
  }
  const Bytes whole = support::to_jpeg(photo, {.restart_rows = 1});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Rows rows;
    EXPECT_FALSE(decode_rows(std::span(whole).first(size), rows)) << size;
  }
}

// Broken files: where the fast decoder says that all is well, libjpeg-turbo must see the same picture.
TEST(JpegBaseline, NeverAcceptsWhatLibjpegSeesOtherwise) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  pdq::PdqStream stream;
  const Bytes whole = support::to_jpeg(support::make_photo(120, 90, 2), {.restart_rows = 2});
  int accepted = 0;
  for (int i = 0; i < 1000; ++i) {
    Bytes broken = whole;
    // Half of the time in the headers, which are short.
    const std::size_t reach = i % 2 == 0 ? 700 : broken.size();
    broken[random() % reach] = static_cast<std::uint8_t>(random());
    const auto fast = hash_jpeg(broken, {}, stream);
    const auto slow = hash_jpeg_by_libjpeg(broken, {}, stream);
    ASSERT_EQ(fast.has_value(), slow.has_value()) << i << ": " << (fast ? slow.error().message : "");
    if (!fast) continue;
    ++accepted;
    ASSERT_EQ(fast->width, slow->width);
    ASSERT_EQ(fast->height, slow->height);
    EXPECT_LE(distance(fast->pdq.hash, slow->pdq.hash), 8) << i;
  }
  EXPECT_GT(accepted, 30);
}

TEST(JpegIdct, AsTheDefinition) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 200; ++i) {
    std::int16_t coefficients[64] = {};
    const int count = 1 + static_cast<int>(random() % 64);
    for (int k = 0; k < count; ++k) {
      coefficients[random() % 64] = static_cast<std::int16_t>(static_cast<int>(random() % 601) - 300);
    }
    std::uint8_t pixels[64];
    jpeg::inverse_dct(coefficients, pixels);
    for (int y = 0; y < 8; ++y) {
      for (int x = 0; x < 8; ++x) {
        double sum = 0;
        for (int v = 0; v < 8; ++v) {
          for (int u = 0; u < 8; ++u) {
            const double scale = (u == 0 ? std::sqrt(0.5) : 1) * (v == 0 ? std::sqrt(0.5) : 1) / 4;
            sum += scale * coefficients[8 * v + u] * std::cos((2 * x + 1) * u * std::numbers::pi / 16) *
                   std::cos((2 * y + 1) * v * std::numbers::pi / 16);
          }
        }
        EXPECT_NEAR(pixels[8 * x + y], std::clamp(sum + 128, 0.0, 255.0), 1.01) << x << ' ' << y;
      }
    }
  }
}

TEST(JpegIdct, TheMeanAlone) {
  for (int mean = -2100; mean < 2100; ++mean) {
    std::int16_t coefficients[64] = {static_cast<std::int16_t>(mean)};
    std::uint8_t whole[64];
    std::uint8_t alone[64];
    jpeg::inverse_dct(coefficients, whole);
    jpeg::inverse_dct_of_mean(coefficients[0], alone);
    ASSERT_TRUE(std::equal(std::begin(whole), std::end(whole), std::begin(alone))) << mean;
  }
}

}  // namespace
}  // namespace fristad
