#pragma once

// Luma of 8-bit pixels, as PDQ defines it: floating point, not rounded. Pure functions.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace fristad {

// What each value of a channel adds to luma; a look-up is faster than converting and multiplying one by one.
constexpr std::array<float, 256> luma_share(float weight) {
  std::array<float, 256> share{};
  for (std::size_t i = 0; i < share.size(); ++i) share[i] = weight * static_cast<float>(i);
  return share;
}
inline constexpr std::array<float, 256> luma_of_red = luma_share(0.299f);
inline constexpr std::array<float, 256> luma_of_green = luma_share(0.587f);
inline constexpr std::array<float, 256> luma_of_blue = luma_share(0.114f);

inline float luma_of_rgb(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  return luma_of_red[red] + luma_of_green[green] + luma_of_blue[blue];
}

inline float luma_of_rgb(const std::uint8_t* rgb) {
  return luma_of_rgb(rgb[0], rgb[1], rgb[2]);
}

// The same of four pixels at once: the same operations on the same numbers. Reads the byte behind each.
using FourLumas = float __attribute__((vector_size(16)));
inline FourLumas luma_of_four_rgb(const std::uint8_t* first, const std::uint8_t* second, const std::uint8_t* third,
                                  const std::uint8_t* fourth) {
  using Words = std::int32_t __attribute__((vector_size(16)));
  static_assert(std::endian::native == std::endian::little, "red is the lowest byte of a word");
  const auto word = [](const std::uint8_t* pixel) {
    std::int32_t bytes = 0;
    std::memcpy(&bytes, pixel, sizeof bytes);
    return bytes;
  };
  const Words words{word(first), word(second), word(third), word(fourth)};
  const auto red = __builtin_convertvector(words & 255, FourLumas);
  const auto green = __builtin_convertvector(words >> 8 & 255, FourLumas);
  const auto blue = __builtin_convertvector(words >> 16 & 255, FourLumas);
  return 0.299f * red + 0.587f * green + 0.114f * blue;
}

// Light is what neither the ink nor the black takes away: R = (255 - C) * (255 - K) / 255, rounded, and so on.
inline float luma_of_cmyk(const std::uint8_t* cmyk) {
  const auto light = [cmyk](int ink) {
    return static_cast<std::uint8_t>(((255 - cmyk[ink]) * (255 - cmyk[3]) + 127) / 255);
  };
  return luma_of_rgb(light(0), light(1), light(2));
}

}  // namespace fristad
