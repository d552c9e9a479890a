#include "fristad/image.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/support/image_maker.h"

namespace fristad {
namespace {

using namespace std::string_view_literals;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST(Image, FormatIsToldByTheFirstBytes) {
  const support::Image photo = support::make_photo(30, 20, 31);
  EXPECT_EQ(image_format(support::to_jpeg(photo, {})), ImageFormat::jpeg);
  EXPECT_EQ(image_format(support::to_png(photo, {})), ImageFormat::png);
  EXPECT_EQ(image_format(bytes_of("\xff\xd8")), ImageFormat::unknown);
  EXPECT_EQ(image_format({}), ImageFormat::unknown);
  EXPECT_STREQ(to_string(ImageFormat::jpeg), "jpeg");
  EXPECT_STREQ(to_string(ImageFormat::png), "png");
}

TEST(Image, WhatIsNoImageIsNamed) {
  struct Case {
    std::string_view bytes;
    Code code;
    std::string_view words;
  };
  for (const Case& wrong :
       {Case{"", Code::damaged, "the file is empty"},
        Case{"Dear Sir,\nplease find", Code::unsupported, "not an image: text"},
        Case{"\x01\x02\x03", Code::unsupported, "not an image: an unknown kind"},
        Case{"GIF89a\x01", Code::unsupported, "GIF"}, Case{"RIFF\0\0\0\0WEBPVP8 "sv, Code::unsupported, "WebP"},
        Case{"\0\0\0\x18"
             "ftypisom"sv,
             Code::unsupported, "MP4"},
        Case{"\0\0\0\x18"
             "ftypheic"sv,
             Code::unsupported, "HEIF"},
        Case{"PK\x03\x04", Code::unsupported, "ZIP"}, Case{"\xff\xd8\xff", Code::damaged, "JPEG"},
        Case{"\x89PNG\r\n\x1a\n", Code::damaged, "PNG"}}) {
    const auto image = hash_image(bytes_of(wrong.bytes), {});
    ASSERT_FALSE(image.has_value()) << wrong.words;
    EXPECT_EQ(image.error().code, wrong.code) << image.error().message;
    EXPECT_NE(image.error().message.find(wrong.words), std::string::npos) << image.error().message;
  }
}

TEST(Image, LimitOfBytes) {
  const auto jpeg = support::to_jpeg(support::make_photo(30, 20, 32), {});
  EXPECT_TRUE(hash_image(jpeg, {.bytes_max = jpeg.size()}).has_value());
  EXPECT_EQ(hash_image(jpeg, {.bytes_max = jpeg.size() - 1}).error().code, Code::too_large);
}

TEST(Image, LimitOfPixels) {
  const support::Image photo = support::make_photo(30, 20, 33);
  for (const auto& bytes : {support::to_jpeg(photo, {}), support::to_png(photo, {})}) {
    EXPECT_TRUE(hash_image(bytes, {.pixels_max = 600}).has_value());
    EXPECT_EQ(hash_image(bytes, {.pixels_max = 599}).error().code, Code::too_large);
  }
}

// What a copy goes through on the net leaves it within the distance at which copies are found.
TEST(Image, AlteredCopiesAreNear) {
  const support::Image photo = support::make_photo(900, 700, 34);
  const auto original = hash_image(support::to_jpeg(photo, {}), {});
  const auto distance_of = [&](const support::Image& image, int quality, Orientation orientation) {
    const auto copy = hash_image(support::to_jpeg(image, {.quality = quality}), {});
    return distance(copy->pdq.hash, original->pdq.dihedral[static_cast<std::size_t>(orientation)]);
  };
  EXPECT_LE(distance_of(photo, 40, Orientation::original), 31);
  EXPECT_LE(distance_of(support::resized(photo, 500, 390), 85, Orientation::original), 31);
  EXPECT_LE(distance_of(support::mirrored(photo), 85, Orientation::flipped_y), 31);
  EXPECT_LE(distance_of(support::rotated_90(photo), 85, Orientation::rotated_270), 31);  // clockwise
  EXPECT_GT(distance_of(support::make_photo(900, 700, 35), 85, Orientation::original), 60);
}

}  // namespace
}  // namespace fristad
