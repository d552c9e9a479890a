#pragma once

// Luma of 8-bit pixels, as PDQ defines it: floating point, not rounded. Pure functions.

#include <array>
#include <cstddef>
#include <cstdint>

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

// Light is what neither the ink nor the black takes away: R = (255 - C) * (255 - K) / 255, rounded, and so on.
inline float luma_of_cmyk(const std::uint8_t* cmyk) {
  const auto light = [cmyk](int ink) {
    return static_cast<std::uint8_t>(((255 - cmyk[ink]) * (255 - cmyk[3]) + 127) / 255);
  };
  return luma_of_rgb(light(0), light(1), light(2));
}

}  // namespace fristad
