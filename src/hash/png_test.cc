#include "hash/png.h"

#include <gtest/gtest.h>
#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>

#include "tests/support/image_maker.h"
#include "tests/support/seed.h"

namespace fristad {
namespace {

using support::Bytes;
using support::Image;
using support::PngColour;
using support::PngOptions;

std::vector<PngOptions> kinds() {
  std::vector<PngOptions> all;
  const auto add = [&all](PngColour colour, std::initializer_list<int> depths) {
    for (const int depth : depths) all.push_back({.colour = colour, .depth = depth});
  };
  add(PngColour::grey, {1, 2, 4, 8, 16});
  add(PngColour::rgb, {8, 16});
  add(PngColour::palette, {1, 2, 4, 8});
  add(PngColour::grey_alpha, {8, 16});
  add(PngColour::rgba, {8, 16});
  return all;
}

std::string name_of(const PngOptions& options) {
  return "colour type " + std::to_string(static_cast<int>(options.colour)) + " depth " + std::to_string(options.depth) +
         " filter " + std::to_string(options.filter) + (options.interlaced ? " interlaced" : "") +
         (options.transparent ? " transparent" : "");
}

Result<ImageHash> by_libpng(const Bytes& bytes) {
  pdq::PdqStream stream;
  const auto png = parse_png(bytes, {});
  if (!png) return png.error();
  return hash_png_by_libpng(bytes, *png, stream);
}

void expect_as_libpng(const Bytes& bytes, const std::string& what) {
  const auto image = hash_image(bytes, {});
  const auto oracle = by_libpng(bytes);
  ASSERT_TRUE(image.has_value()) << what << ": " << image.error().message;
  ASSERT_TRUE(oracle.has_value()) << what << ": " << oracle.error().message;
  EXPECT_EQ(image->pdq.dihedral, oracle->pdq.dihedral) << what;
  EXPECT_EQ(image->pdq.quality, oracle->pdq.quality) << what;
}

TEST(Png, EveryKindAndFilterAsLibpng) {
  for (const auto& [width, height] : {std::pair{101, 77}, std::pair{617, 40}, std::pair{530, 60}}) {
    const Image photo = support::make_photo(width, height, 21);
    for (PngOptions options : kinds()) {
      for (options.filter = 0; options.filter <= support::png_filter_mixed; ++options.filter) {
        expect_as_libpng(support::to_png(photo, options), name_of(options));
      }
    }
  }
}

TEST(Png, EveryWidthAsLibpng) {
  for (int width = 1; width < 40; ++width) {
    const Image photo = support::make_photo(width, 20, 22);
    for (const PngOptions& options : kinds()) expect_as_libpng(support::to_png(photo, options), name_of(options));
  }
}

TEST(Png, NoiseUnderEveryFilterAsLibpng) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 60; ++i) {
    Image noise(1 + static_cast<int>(random() % 300), 5 + static_cast<int>(random() % 60));
    for (std::uint8_t& byte : noise.pixels) byte = static_cast<std::uint8_t>(random());
    PngOptions options = kinds()[random() % kinds().size()];
    options.filter = static_cast<int>(random() % 6);
    options.compression = 1;
    expect_as_libpng(support::to_png(noise, options), name_of(options));
  }
}

// Neither interlacing nor transparency nor the cutting into chunks changes the picture.
TEST(Png, SamePictureSameHash) {
  const Image photo = support::make_photo(300, 200, 23);
  for (const PngOptions& plain : kinds()) {
    const auto expected = hash_image(support::to_png(photo, plain), {});
    ASSERT_TRUE(expected.has_value()) << name_of(plain);
    PngOptions interlaced = plain;
    interlaced.interlaced = true;
    PngOptions pieces = plain;
    pieces.idat_bytes = 100;
    PngOptions transparent = plain;
    transparent.transparent = plain.colour != PngColour::grey_alpha && plain.colour != PngColour::rgba;
    for (const PngOptions& options : {interlaced, pieces, transparent}) {
      const auto image = hash_image(support::to_png(photo, options), {});
      ASSERT_TRUE(image.has_value()) << name_of(options) << ": " << image.error().message;
      EXPECT_EQ(image->pdq.dihedral, expected->pdq.dihedral) << name_of(options);
    }
  }
}

// Grey, RGB, with alpha and of 16 bits: the same picture, so the same hash.
TEST(Png, AlphaIsIgnoredAndDepthIsRounded) {
  Image grey = support::make_photo(400, 300, 24);
  for (std::size_t i = 0; i < grey.pixels.size(); i += 3) grey.pixels[i + 1] = grey.pixels[i + 2] = grey.pixels[i];
  const auto expected = hash_image(support::to_png(grey, {.colour = PngColour::rgb}), {});
  const auto rgba = hash_image(support::to_png(grey, {.colour = PngColour::rgba}), {});
  EXPECT_EQ(rgba->pdq.dihedral, expected->pdq.dihedral);
  const auto level = hash_image(support::to_png(grey, {.colour = PngColour::grey}), {});
  const auto level_alpha = hash_image(support::to_png(grey, {.colour = PngColour::grey_alpha}), {});
  EXPECT_EQ(level->pdq.dihedral, level_alpha->pdq.dihedral);
  EXPECT_LE(distance(level->pdq.hash, expected->pdq.hash), 2);
  const auto deep = hash_image(support::to_png(grey, {.colour = PngColour::grey, .depth = 16}), {});
  EXPECT_LE(distance(deep->pdq.hash, expected->pdq.hash), 6);
}

TEST(Png, PaletteIsLookedUp) {
  const Image photo = support::make_photo(400, 300, 25);
  const auto palette = hash_image(support::to_png(photo, {.colour = PngColour::palette}), {});
  const auto indices = hash_image(support::to_png(photo, {.colour = PngColour::grey}), {});
  EXPECT_GT(distance(palette->pdq.hash, indices->pdq.hash), 60);
}

// The offset of the first chunk of this type; it points at the length.
std::size_t find_chunk(const Bytes& bytes, std::string_view type) {
  const auto found = std::search(bytes.begin(), bytes.end(), type.begin(), type.end());
  return static_cast<std::size_t>(found - bytes.begin()) - 4;
}

std::size_t content_bytes(const Bytes& bytes, std::size_t chunk) {
  return static_cast<std::size_t>(bytes[chunk]) << 24 | static_cast<std::size_t>(bytes[chunk + 1]) << 16 |
         static_cast<std::size_t>(bytes[chunk + 2]) << 8 | bytes[chunk + 3];
}

void put_big_endian(std::uint8_t* to, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
}

void repair_checksum(Bytes& bytes, std::size_t chunk) {
  const std::size_t size = content_bytes(bytes, chunk);
  put_big_endian(&bytes[chunk + 8 + size], libdeflate_crc32(0, &bytes[chunk + 4], size + 4));
}

Bytes small_png() {
  return support::to_png(support::make_photo(120, 90, 26), {.idat_bytes = 1u << 20});
}

void expect_error(const Bytes& bytes, Code code, const std::string& words) {
  const auto image = hash_image(bytes, {});
  ASSERT_FALSE(image.has_value()) << words;
  EXPECT_EQ(image.error().code, code) << image.error().message;
  EXPECT_NE(image.error().message.find(words), std::string::npos) << image.error().message;
}

TEST(Png, ErrorsSayWhatIsWrong) {
  const Bytes good = small_png();
  Bytes bytes = good;
  bytes[find_chunk(bytes, "IDAT") + 20] ^= 1;
  expect_error(bytes, Code::damaged, "wrong checksum of the IDAT chunk");
  repair_checksum(bytes, find_chunk(bytes, "IDAT"));
  expect_error(bytes, Code::damaged, "corrupt");

  bytes = good;
  bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(find_chunk(bytes, "IDAT")), bytes.end() - 12);
  expect_error(bytes, Code::damaged, "no IDAT chunk");

  const auto with_header = [&good](std::size_t offset, std::uint32_t value) {
    Bytes changed = good;
    put_big_endian(&changed[16 + offset], value);
    repair_checksum(changed, 8);
    return changed;
  };
  expect_error(with_header(0, 0), Code::damaged, "impossible size");
  expect_error(with_header(4, 0), Code::damaged, "impossible size");
  expect_error(with_header(4, 0x80000000), Code::damaged, "impossible size");
  expect_error(with_header(4, 180), Code::damaged, "its size needs");
  expect_error(with_header(4, 60), Code::damaged, "more than");
  expect_error(with_header(0, 50'000'000), Code::too_large, "over the limit");
  expect_error(with_header(8, 0x03020000), Code::damaged, "no such colour type and depth");
  expect_error(with_header(8, 0x08030000), Code::damaged, "no palette");
  expect_error(with_header(8, 0x08050000), Code::damaged, "no such colour type and depth");
  expect_error(with_header(8, 0x08020100), Code::unsupported, "unknown compression");

  bytes = good;
  std::memcpy(&bytes[find_chunk(bytes, "IDAT") + 4], "IDAX", 4);
  repair_checksum(bytes, find_chunk(bytes, "IDAX"));
  expect_error(bytes, Code::unsupported, "IDAX");
}

TEST(Png, UnknownFilterIsDamaged) {
  const Image photo = support::make_photo(30, 30, 27);
  Bytes bytes = support::to_png(photo, {.filter = 0, .compression = 0, .idat_bytes = 1u << 20});
  const std::size_t chunk = find_chunk(bytes, "IDAT");
  bytes[chunk + 8 + 2 + 5] = 9;  // the first row's filter, behind the headers of zlib and of a stored block
  put_big_endian(&bytes[chunk + 8 + content_bytes(bytes, chunk) - 4],
                 libdeflate_adler32(1, &bytes[chunk + 8 + 2 + 5], 30 * 91));
  repair_checksum(bytes, chunk);
  expect_error(bytes, Code::damaged, "row 0 names an unknown filter");
}

TEST(Png, IndicesBeyondThePaletteAreBlack) {
  const Image photo = support::make_photo(90, 90, 28);
  Bytes bytes = support::to_png(photo, {.colour = PngColour::palette});
  // Shortens the palette to 3 colours.
  const std::size_t chunk = find_chunk(bytes, "PLTE");
  const std::size_t size = content_bytes(bytes, chunk);
  bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(chunk + 8 + 9),
              bytes.begin() + static_cast<std::ptrdiff_t>(chunk + 8 + size));
  put_big_endian(&bytes[chunk], 9);
  repair_checksum(bytes, chunk);
  expect_as_libpng(bytes, "short palette");
}

TEST(Png, CutAnywhereIsDamagedUnlessThePictureIsWhole) {
  const Bytes whole = small_png();
  const auto expected = hash_image(whole, {});
  const std::size_t data = find_chunk(whole, "IDAT");
  const std::size_t data_end = data + 12 + content_bytes(whole, data);
  for (std::size_t size = 8; size < whole.size(); size += size < data + 30 || size > data_end - 30 ? 1 : 97) {
    const auto image = hash_image(std::span(whole).first(size), {});
    if (size < data_end) {
      ASSERT_FALSE(image.has_value()) << size;
      EXPECT_EQ(image.error().code, Code::damaged) << image.error().message;
    } else {
      ASSERT_TRUE(image.has_value()) << size << ": " << image.error().message;
      EXPECT_EQ(image->pdq.hash, expected->pdq.hash);
    }
  }
}

TEST(Png, HugeHeadersAllocateNothing) {
  Bytes bytes = small_png();
  put_big_endian(&bytes[16], 46'000);
  put_big_endian(&bytes[20], 46'000);
  repair_checksum(bytes, 8);
  expect_error(bytes, Code::too_large, "46000 x 46000 pixels");
}

TEST(Png, FlippedBytesNeverCrash) {
  for (PngOptions options : kinds()) {
    options.interlaced = options.depth == 8;
    const Bytes whole = support::to_png(support::make_photo(40, 30, 29), options);
    for (std::size_t i = 8; i < whole.size(); i += 3) {
      Bytes broken = whole;
      broken[i] ^= static_cast<std::uint8_t>(1u << (i % 8));
      for (std::size_t chunk = 8; chunk + 12 <= broken.size();) {  // checksums would hide everything behind them
        const std::size_t size = content_bytes(broken, chunk);
        if (size > broken.size() - chunk - 12) break;
        repair_checksum(broken, chunk);
        chunk += 12 + size;
      }
      const auto image = hash_image(broken, {.pixels_max = 1 << 20});
      if (!image) {
        EXPECT_FALSE(image.error().message.empty());
      }
    }
  }
}

}  // namespace
}  // namespace fristad
