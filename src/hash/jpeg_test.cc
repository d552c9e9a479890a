#include "hash/jpeg.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "hash/luma.h"
#include "tests/support/image_maker.h"

namespace fristad {
namespace {

using support::Bytes;
using support::Image;
using support::JpegColour;
using support::JpegOptions;

std::vector<float> luma_of(const Image& image) {
  std::vector<float> luma;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) luma.push_back(luma_of_rgb(&image.pixels[i]));
  return luma;
}

PdqResult reference_of(const Image& image) {
  const std::vector<float> luma = luma_of(image);
  return pdq_reference({luma.data(), image.width, image.height, image.width});
}

struct Kind {
  const char* name;
  JpegOptions options;
};

std::vector<Kind> kinds() {
  return {
      {"grey", {.colour = JpegColour::grey}},
      {"4:2:0", {}},
      {"4:2:2", {.sampling_h = 2, .sampling_v = 1}},
      {"4:4:0", {.sampling_h = 1, .sampling_v = 2}},
      {"4:1:1", {.sampling_h = 4, .sampling_v = 1}},
      {"4:4:4", {.sampling_h = 1, .sampling_v = 1}},
      {"progressive", {.progressive = true}},
      {"progressive grey", {.colour = JpegColour::grey, .progressive = true}},
      {"RGB", {.colour = JpegColour::rgb, .sampling_h = 1, .sampling_v = 1}},
      {"CMYK", {.colour = JpegColour::cmyk, .sampling_h = 1, .sampling_v = 1}},
      {"CMYK as printed", {.colour = JpegColour::cmyk, .sampling_h = 1, .sampling_v = 1, .adobe_inverted = false}},
      {"YCCK", {.colour = JpegColour::ycck}},
      {"progressive YCCK", {.colour = JpegColour::ycck, .progressive = true}},
      {"restart markers", {.restart_rows = 1}},
      {"progressive with restart markers", {.progressive = true, .restart_rows = 3}},
  };
}

// Every kind gives the hash of the picture that went in, up to what compression changes.
TEST(Jpeg, EveryKindIsHashed) {
  for (const auto& [width, height] : {std::pair{600, 400}, std::pair{1040, 700}}) {
    const Image photo = support::make_photo(width, height, 11);
    const PdqResult original = reference_of(photo);
    for (Kind& kind : kinds()) {
      kind.options.quality = 97;
      const auto image = hash_image(support::to_jpeg(photo, kind.options), {});
      ASSERT_TRUE(image.has_value()) << kind.name << ": " << image.error().message;
      EXPECT_EQ(image->format, ImageFormat::jpeg);
      EXPECT_EQ(static_cast<int>(image->width), width);
      EXPECT_EQ(static_cast<int>(image->height), height);
      EXPECT_LE(distance(image->pdq.hash, original.hash), 8) << kind.name;
      EXPECT_EQ(image->pdq.quality, 100) << kind.name;
    }
  }
}

// The same coefficients, arranged otherwise, are the same picture.
TEST(Jpeg, ArrangementMakesNoDifference) {
  const Image photo = support::make_photo(700, 900, 12);
  const auto baseline = hash_image(support::to_jpeg(photo, {}), {});
  for (const JpegOptions& options : {JpegOptions{.progressive = true}, JpegOptions{.restart_rows = 2}}) {
    EXPECT_EQ(hash_image(support::to_jpeg(photo, options), {})->pdq.dihedral, baseline->pdq.dihedral);
  }
}

TEST(Jpeg, ExtremeSizes) {
  for (const auto& [width, height] : {std::pair{1, 1}, std::pair{4, 700}, std::pair{5, 5}, std::pair{65500, 8},
                                      std::pair{8, 65500}, std::pair{513, 5}}) {
    const Bytes bytes = support::to_jpeg(support::make_photo(width, height, 13), {.sampling_h = 1, .sampling_v = 1});
    const auto image = hash_image(bytes, {});
    ASSERT_TRUE(image.has_value()) << width << "x" << height << ": " << image.error().message;
    if (std::min(width, height) < 5) {
      EXPECT_EQ(image->pdq.hash, PdqHash{});
    } else {
      EXPECT_LE(distance(image->pdq.hash, reference_of(support::decoded(bytes)).hash), 8) << width << "x" << height;
    }
  }
}

TEST(Jpeg, CutAnywhereIsDamaged) {
  const Image photo = support::make_photo(320, 240, 14);
  for (Kind& kind : kinds()) {
    const Bytes whole = support::to_jpeg(photo, kind.options);
    const std::size_t step = std::max<std::size_t>(1, whole.size() / 60);
    for (std::size_t size = 1; size + 4 < whole.size(); size += step) {
      const auto image = hash_image(std::span(whole).first(size), {});
      ASSERT_FALSE(image.has_value()) << kind.name << " cut to " << size << " of " << whole.size();
      EXPECT_TRUE(image.error().code == Code::damaged || size < 4) << image.error().message;
    }
  }
}

TEST(Jpeg, SaysHowFarItCame) {
  const Bytes whole = support::to_jpeg(support::make_photo(400, 400, 15), {});
  const auto image = hash_image(std::span(whole).first(whole.size() / 2), {});
  ASSERT_FALSE(image.has_value());
  EXPECT_NE(image.error().message.find(" of 400"), std::string::npos) << image.error().message;
}

TEST(Jpeg, OnlyTheEndMarkerMissingIsAccepted) {
  const Image photo = support::make_photo(320, 240, 16);
  Bytes bytes = support::to_jpeg(photo, {});
  const auto whole = hash_image(bytes, {});
  bytes.resize(bytes.size() - 2);
  const auto cut = hash_image(bytes, {});
  ASSERT_TRUE(cut.has_value()) << cut.error().message;
  EXPECT_EQ(cut->pdq.hash, whole->pdq.hash);
  // Of a progressive file a scan could be missing too.
  bytes = support::to_jpeg(photo, {.progressive = true});
  bytes.resize(bytes.size() - 2);
  EXPECT_EQ(hash_image(bytes, {}).error().code, Code::damaged);
}

TEST(Jpeg, WhatFollowsThePictureIsIgnored) {
  Bytes bytes = support::to_jpeg(support::make_photo(320, 240, 17), {});
  const auto whole = hash_image(bytes, {});
  bytes.insert(bytes.end(), 10'000, 0xab);
  EXPECT_EQ(hash_image(bytes, {})->pdq.hash, whole->pdq.hash);
}

// The position of the frame header, which holds the size.
std::size_t frame_header(const Bytes& bytes) {
  for (std::size_t i = 2; i + 4 < bytes.size();) {
    if (bytes[i + 1] == 0xc0 || bytes[i + 1] == 0xc2) return i;
    i += 2 + (static_cast<std::size_t>(bytes[i + 2]) << 8 | bytes[i + 3]);
  }
  ADD_FAILURE() << "no frame header";
  return 0;
}

void set_size(Bytes& bytes, unsigned width, unsigned height) {
  const std::size_t header = frame_header(bytes);
  bytes[header + 5] = static_cast<std::uint8_t>(height >> 8);
  bytes[header + 6] = static_cast<std::uint8_t>(height);
  bytes[header + 7] = static_cast<std::uint8_t>(width >> 8);
  bytes[header + 8] = static_cast<std::uint8_t>(width);
}

TEST(Jpeg, LyingSizes) {
  for (const bool progressive : {false, true}) {
    Bytes bytes = support::to_jpeg(support::make_photo(320, 240, 18), {.progressive = progressive});
    set_size(bytes, 320, 400);
    EXPECT_EQ(hash_image(bytes, {}).error().code, Code::damaged);
    set_size(bytes, 0, 240);
    EXPECT_EQ(hash_image(bytes, {}).error().code, Code::damaged);
    // 2 gigapixels: refused before anything of that size is allocated.
    set_size(bytes, 44000, 50000);
    const auto image = hash_image(bytes, {});
    EXPECT_EQ(image.error().code, Code::too_large);
    EXPECT_NE(image.error().message.find("44000 x 50000"), std::string::npos) << image.error().message;
  }
}

TEST(Jpeg, TooManyScans) {
  const Bytes bytes = support::to_jpeg(support::make_photo(64, 64, 19), {.progressive = true});
  EXPECT_TRUE(hash_image(bytes, {.scans_max = 10}).has_value());
  EXPECT_EQ(hash_image(bytes, {.scans_max = 3}).error().code, Code::too_large);
}

TEST(Jpeg, FlippedBytesNeverCrash) {
  const Image photo = support::make_photo(96, 96, 20);
  for (const Kind& kind : kinds()) {
    const Bytes whole = support::to_jpeg(photo, kind.options);
    for (std::size_t i = 0; i < whole.size(); i += 29) {
      Bytes broken = whole;
      broken[i] ^= static_cast<std::uint8_t>(1u << (i % 8));
      const auto image = hash_image(broken, {.pixels_max = 1 << 20});
      if (!image) {
        EXPECT_FALSE(image.error().message.empty());
      }
    }
  }
}

}  // namespace
}  // namespace fristad
