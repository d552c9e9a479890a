#pragma once

// What the oracle and the fast core of PDQ share: sizes, the positions that are sampled and the DCT's
// coefficients. They must be the same numbers in both; all arithmetic on pixels is written twice.
//
// Thread-safety: constants and pure functions.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace fristad::pdq {

inline constexpr int sampled_side_max = 512;  // a larger picture is first sampled to exactly 512x512
inline constexpr int side_min = 5;            // a smaller one has hash 0 and quality 0
inline constexpr std::size_t coarse = 64;     // side of the picture that the DCT sees
inline constexpr std::size_t fine = 16;       // side of the DCT's output
inline constexpr int quality_max = 100;
inline constexpr int quality_divisor = 90;

template <std::size_t Rows, std::size_t Columns>
using Matrix = std::array<std::array<float, Columns>, Rows>;

// Row i is the cosine of frequency i + 1; frequency 0, the mean, is no part of the hash.
const Matrix<fine, coarse>& dct_matrix();

// The width of the box filter along an axis of n samples.
constexpr int window(int n) {
  return (n + 127) / 128;
}

// The sample of an axis of n that stands for coarse sample i: floor((i + 0.5) * n / 64).
constexpr int coarse_position(std::size_t i, int n) {
  return (2 * static_cast<int>(i) + 1) * n / 128;
}

// The pixel of an axis of n that stands for sample x of 512. The reference computes (x * 1.0 * n) / 512 in
// doubles and truncates, which is exact for every n below 2^44: so integers give the same.
constexpr std::int64_t sampled_position(int x, int n) {
  return static_cast<std::int64_t>(x) * n / sampled_side_max;
}

// PDQ is defined for luma 0..255. What lies outside is brought inside, NaN to 0, so that every input has one result.
// As bit patterns, the numbers 0..255 are those up to that of 255: one test that always goes the same way.
inline float clamped(float luma) {
  if (std::bit_cast<std::uint32_t>(luma) <= std::bit_cast<std::uint32_t>(255.0f)) [[likely]]
    return luma;
  return luma > 0 ? 255.0f : 0.0f;
}

}  // namespace fristad::pdq
