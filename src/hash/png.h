#pragma once

// PNG: every colour type, bit depth and interlacing, to luma.
//
// Rows are unpacked by libdeflate and unfiltered here, which is several times faster than libpng; interlaced pictures
// and those with very large rows go through libpng, which in tests also judges the fast way.
//
// Rules. Alpha and tRNS are ignored: the hash is that of the stored colours. Palette indices become the colours of
// the palette, those beyond its end black. 16-bit samples are rounded to 8 bits. A file whose picture is incomplete,
// or whose checksums are wrong, is damaged; a missing IEND after a whole picture is accepted.
//
// Thread-safety: pure functions, but for `workspace`, which is working memory.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fristad/image.h"
#include "hash/pdq_stream.h"

struct libdeflate_decompressor;

namespace fristad {

// What the chunks say.
struct Png {
  enum class Colour : std::uint8_t { grey = 0, rgb = 2, palette = 3, grey_alpha = 4, rgba = 6 };

  std::uint32_t width = 0;
  std::uint32_t height = 0;
  int depth = 0;
  Colour colour = Colour::grey;
  bool interlaced = false;
  std::array<float, 256> palette_luma{};
  std::vector<std::span<const std::uint8_t>> data;  // the contents of the IDAT chunks

  [[nodiscard]] std::size_t channels() const;
  [[nodiscard]] std::size_t row_bytes() const;    // without the byte that names the filter
  [[nodiscard]] std::size_t pixel_bytes() const;  // of a whole pixel, 1 if smaller: the distance that filters look back
};

// Reads and checks all chunks up to the last IDAT; allocates nothing that the header asks for.
Result<Png> parse_png(std::span<const std::uint8_t> bytes, const ImageLimits& limits);

// Undoes the filters of the row at `from`, whose first byte names its filter, and where that is faster of the next row
// too; in place. Gives the number of rows done, 0 if there is no such filter. `rows` are left; `above` is the row
// before, already done, or for the first row zeros. Up to unfilter_slack bytes behind the last row are
// read, and the first of them is written, with what stood there.
inline constexpr std::size_t unfilter_slack = 16;
[[nodiscard]] int unfilter(std::size_t pixel_bytes, std::size_t row_bytes, int rows, std::uint8_t* from,
                           const std::uint8_t* above);

// Working memory that is worth keeping between pictures.
class PngWorkspace {
 public:
  PngWorkspace();
  ~PngWorkspace();
  PngWorkspace(const PngWorkspace&) = delete;
  PngWorkspace& operator=(const PngWorkspace&) = delete;

  // Uninitialised memory; nullptr if there is none. Valid until trim().
  std::uint8_t* packed(std::size_t size) { return reserve(packed_, packed_bytes_, size); }
  std::uint8_t* rows(std::size_t size) { return reserve(rows_, rows_bytes_, size); }
  libdeflate_decompressor* inflater() { return inflater_; }
  // Gives back what a large picture needed.
  void trim();

 private:
  using Buffer = std::unique_ptr<std::uint8_t[]>;
  static std::uint8_t* reserve(Buffer& buffer, std::size_t& bytes, std::size_t size);

  libdeflate_decompressor* inflater_;
  Buffer packed_;
  Buffer rows_;
  std::size_t packed_bytes_ = 0;
  std::size_t rows_bytes_ = 0;
};

Result<ImageHash> hash_png(std::span<const std::uint8_t> bytes, const ImageLimits& limits, pdq::PdqStream& stream,
                           PngWorkspace& workspace);

// The same by libpng, for every kind of PNG. `png` is parse_png's result for these bytes.
Result<ImageHash> hash_png_by_libpng(std::span<const std::uint8_t> bytes, const Png& png, pdq::PdqStream& stream);

}  // namespace fristad
