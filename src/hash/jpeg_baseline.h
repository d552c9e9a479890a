#pragma once

// The luma of plain baseline JPEGs, by a decoder of our own that leaves out everything else: chroma is skipped bit by
// bit, nothing is upsampled or converted, no row is kept. About 1.5 times as fast as libjpeg-turbo.
//
// Plain means: Huffman-coded, sequential, 8 bit, grey or YCbCr, one scan, luma at full resolution, and without any
// flaw. At whatever else, and at the first thing that looks wrong, it stops; libjpeg-turbo then decides what the file
// is and what to say about it. So this decoder needs no errors of its own, and must only never be wrong about a good
// file: its rows are those of libjpeg-turbo, bit by bit, which tests check.
//
// Thread-safety: pure functions.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace fristad::jpeg {

// Takes the rows of a picture, from the first to the last.
struct RowSink {
  // Told the width and height; whether the picture shall be decoded.
  std::function<bool(int width, int height)> begin;
  // Whether one of these rows is wanted; others may be left out.
  std::function<bool(int first, int last)> wants;
  // The luma of pixel x is luma[pixel_stride * x].
  std::function<void(int y, const std::uint8_t* luma)> add;
};
inline constexpr std::size_t pixel_stride = 8;

// False: the file is not plain, or not sound; what the sink was given counts for nothing.
bool decode_baseline(std::span<const std::uint8_t> bytes, const RowSink& sink);

}  // namespace fristad::jpeg
