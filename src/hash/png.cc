#include "hash/png.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

#include "base/try.h"
#include "hash/luma.h"

namespace fristad {
namespace {

constexpr std::size_t rows_bytes_max = 512u << 20;  // larger ones go through libpng
constexpr std::size_t kept_bytes_max = 32u << 20;

Error damaged(std::string message) {
  return Error{Code::damaged, "PNG: " + std::move(message)};
}
Error out_of_memory() {
  return Error{Code::unavailable, "PNG: not enough memory to unpack it"};
}

// All picture data as one piece: where it lies, if it is one chunk; else copied together.
Result<std::span<const std::uint8_t>> joined(const Png& png, PngWorkspace& workspace) {
  if (png.data.size() == 1) return png.data.front();
  std::size_t size = 0;
  for (const auto& piece : png.data) size += piece.size();
  std::uint8_t* const packed = workspace.packed(size);
  if (packed == nullptr) return out_of_memory();
  std::size_t end = 0;
  for (const auto& piece : png.data) {
    if (!piece.empty()) std::memcpy(packed + end, piece.data(), piece.size());
    end += piece.size();
  }
  return std::span<const std::uint8_t>(packed, size);
}

Status inflate(std::span<const std::uint8_t> packed, std::span<std::uint8_t> rows, libdeflate_decompressor* inflater) {
  std::size_t unpacked = 0;
  switch (libdeflate_zlib_decompress(inflater, packed.data(), packed.size(), rows.data(), rows.size(), &unpacked)) {
    case LIBDEFLATE_SUCCESS: break;
    case LIBDEFLATE_INSUFFICIENT_SPACE:
      return damaged("its data unpack to more than the " + std::to_string(rows.size()) + " bytes of its size");
    default: return damaged("its picture data are corrupt or end early");
  }
  if (unpacked == rows.size()) return {};
  return damaged("its data unpack to " + std::to_string(unpacked) + " bytes, its size needs " +
                 std::to_string(rows.size()));
}

// Samples of 16 bits to 8, rounded; exactly v * 255 / 65535.
std::uint8_t rounded(const std::uint8_t* sample) {
  const unsigned value = static_cast<unsigned>(sample[0]) << 8 | sample[1];
  return static_cast<std::uint8_t>((value * 255 + 32895) >> 16);
}

// The luma of pixels of three or four channels. Behind each there is a byte: a channel, the next row or unfilter_slack.
template <std::size_t PixelBytes>
struct RgbAt {
  const std::uint8_t* row;
  const std::uint8_t* pixel(std::size_t x) const { return row + PixelBytes * x; }
  float operator()(std::size_t x) const { return luma_of_rgb(pixel(x)); }
  FourLumas operator()(std::size_t a, std::size_t b, std::size_t c, std::size_t d) const {
    return luma_of_four_rgb(pixel(a), pixel(b), pixel(c), pixel(d));
  }
};

// Adds a row to the stream; one way to find a pixel's luma for each kind of PNG.
void add_row(const Png& png, const std::array<float, 256>& levels, const std::uint8_t* row, pdq::PdqStream& stream) {
  const auto depth = static_cast<std::size_t>(png.depth);
  const std::size_t step = png.pixel_bytes();
  if (png.channels() == 3 && depth == 8) {
    stream.add_row(RgbAt<3>{row});
  } else if (png.channels() == 4 && depth == 8) {
    stream.add_row(RgbAt<4>{row});
  } else if (png.channels() >= 3) {
    stream.add_row([=](std::size_t x) {
      const std::uint8_t* pixel = row + step * x;
      return luma_of_rgb(rounded(pixel), rounded(pixel + 2), rounded(pixel + 4));
    });
  } else if (depth == 16) {
    stream.add_row([=](std::size_t x) { return static_cast<float>(rounded(row + step * x)); });
  } else if (depth == 8) {
    stream.add_row([=, &levels](std::size_t x) { return levels[row[step * x]]; });
  } else {
    const unsigned mask = (1u << depth) - 1;
    stream.add_row([=, &levels](std::size_t x) {
      const std::size_t bit = depth * x;
      return levels[row[bit / 8] >> (8 - depth - bit % 8) & mask];
    });
  }
}

// The luma of each value of a sample: of a palette its colours, of grey the levels spread over 0..255.
std::array<float, 256> levels_of(const Png& png) {
  if (png.colour == Png::Colour::palette) return png.palette_luma;
  std::array<float, 256> levels{};
  const int top = (1 << std::min(png.depth, 8)) - 1;
  for (int i = 0; i <= top; ++i) levels[static_cast<std::size_t>(i)] = static_cast<float>(i * 255 / top);
  return levels;
}

Status hash_rows(const Png& png, std::uint8_t* rows, const std::uint8_t* zeros, pdq::PdqStream& stream) {
  const std::array<float, 256> levels = levels_of(png);
  const std::size_t row_bytes = png.row_bytes();
  const std::uint8_t* above = zeros;
  const int height = static_cast<int>(png.height);
  stream.begin(static_cast<int>(png.width), height);
  for (int y = 0; y < height;) {
    std::uint8_t* const next = rows + static_cast<std::size_t>(y) * (row_bytes + 1);
    const int done = unfilter(png.pixel_bytes(), row_bytes, height - y, next, above);
    if (done == 0) return damaged("row " + std::to_string(y) + " names an unknown filter");
    for (const int end = y + done; y < end; ++y) {
      above = rows + static_cast<std::size_t>(y) * (row_bytes + 1) + 1;
      while (stream.row_wanted() == y) add_row(png, levels, above, stream);
    }
  }
  return {};
}

}  // namespace

PngWorkspace::PngWorkspace() : inflater_(libdeflate_alloc_decompressor()) {}
PngWorkspace::~PngWorkspace() {
  libdeflate_free_decompressor(inflater_);
}

std::uint8_t* PngWorkspace::reserve(Buffer& buffer, std::size_t& bytes, std::size_t size) {
  if (bytes < size) {
    buffer.reset();
    buffer.reset(new (std::nothrow) std::uint8_t[size]);
    bytes = buffer == nullptr ? 0 : size;
  }
  return buffer.get();
}

void PngWorkspace::trim() {
  if (packed_bytes_ + rows_bytes_ <= kept_bytes_max) return;
  packed_.reset();
  rows_.reset();
  packed_bytes_ = 0;
  rows_bytes_ = 0;
}

Result<ImageHash> hash_png(std::span<const std::uint8_t> bytes, const ImageLimits& limits, pdq::PdqStream& stream,
                           PngWorkspace& workspace) {
  const Png png = TRY(parse_png(bytes, limits));
  const std::size_t size = png.height * (png.row_bytes() + 1);
  if (png.interlaced || size > rows_bytes_max) return hash_png_by_libpng(bytes, png, stream);

  const auto packed = TRY(joined(png, workspace));
  // Before the rows a row of zeros, above the first; behind them what unfilter may read too far.
  const std::size_t zeros_bytes = png.row_bytes() + unfilter_slack;
  std::uint8_t* const memory = workspace.rows(zeros_bytes + size + unfilter_slack);
  if (memory == nullptr || workspace.inflater() == nullptr) return out_of_memory();
  std::memset(memory, 0, zeros_bytes);
  std::uint8_t* const rows = memory + zeros_bytes;
  std::memset(rows + size, 0, unfilter_slack);
  Status status = inflate(packed, {rows, size}, workspace.inflater());
  if (status) status = hash_rows(png, rows, memory, stream);
  workspace.trim();
  TRY(std::move(status));
  return ImageHash{.pdq = stream.finish(), .format = ImageFormat::png, .width = png.width, .height = png.height};
}

}  // namespace fristad
