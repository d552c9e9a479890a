#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <cstdlib>
#include <cstring>

#include "hash/png.h"

// The five filters of PNG. Most files hold 8-bit RGB or RGBA: for those a pixel is one vector, since each depends on
// the pixel before it and only its channels can go side by side.

namespace fristad {
namespace {

using Bytes = std::uint8_t __attribute__((vector_size(16)));  // the 3 or 4 channels of a pixel come first
using Wide = std::int16_t __attribute__((vector_size(16)));
using Pairs = std::uint16_t __attribute__((vector_size(16)));
using Words = std::uint32_t __attribute__((vector_size(16)));
using HalfBytes = std::uint8_t __attribute__((vector_size(8)));

// Reads 4 bytes, of which the last belongs to the next pixel when a pixel has 3.
inline Bytes load(const std::uint8_t* pixel) {
  std::uint32_t word = 0;
  std::memcpy(&word, pixel, sizeof word);
  return reinterpret_cast<Bytes>(Words{word, 0, 0, 0});
}

inline void store_word(std::uint8_t* pixel, const Bytes& channels) {
  const std::uint32_t word = reinterpret_cast<Words>(channels)[0];
  std::memcpy(pixel, &word, sizeof word);
}

inline Wide widened(const Bytes& bytes) {
  return reinterpret_cast<Wide>(
      __builtin_shufflevector(bytes, Bytes{}, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
}

inline Bytes narrowed(const Wide& wide) {
  using HalfWords = std::uint32_t __attribute__((vector_size(8)));
  const auto words = reinterpret_cast<HalfWords>(__builtin_convertvector(wide, HalfBytes));
  return reinterpret_cast<Bytes>(Words{words[0], 0, 0, 0});
}

inline Wide absolute(const Wide& v) {
  return v > -v ? v : -v;
}
inline Wide smaller(const Wide& a, const Wide& b) {
  return a < b ? a : b;
}

// The mean of two bytes, rounded up.
inline Bytes mean_up(const Bytes& a, const Bytes& b) {
#ifdef __SSE2__
  return reinterpret_cast<Bytes>(_mm_avg_epu8(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
#else
  // What either has, less half of what differs: it never leaves the byte.
  return (a | b) - reinterpret_cast<Bytes>(reinterpret_cast<Pairs>((a ^ b) & 0xfe) >> 1);
#endif
}

// How each filter predicts a channel from those to the left, above, and left above; and how a row goes from pixel to
// pixel: from a state that stands for the pixel to the left.
struct Plain {
  static Bytes state_of(const Bytes& pixel) { return pixel; }
  static Bytes pixel_of(const Bytes& state) { return state; }
};

struct Sub : Plain {
  static Bytes next(const Bytes& raw, const Bytes& left, const Bytes&, const Bytes&) { return raw + left; }
  static int predict(int left, int, int) { return left; }
};

// The state is the pixel's complement. Down among complements the mean, which is rounded down, is rounded up, and that
// takes one instruction: each pixel waits for the one before, so the length of this chain is what a row costs.
struct Average {
  static Bytes state_of(const Bytes& pixel) { return ~pixel; }
  static Bytes pixel_of(const Bytes& state) { return ~state; }
  static Bytes next(const Bytes& raw, const Bytes& left, const Bytes& above, const Bytes&) {
    return mean_up(left, ~above) - raw;
  }
  static int predict(int left, int above, int) { return (left + above) >> 1; }
};

// The neighbour nearest to left + above - corner; in doubt the first of the three.
struct Paeth : Plain {
  static Bytes next(const Bytes& raw, const Bytes& left_byte, const Bytes& above_byte, const Bytes& corner_byte) {
    const Wide left = widened(left_byte);
    const Wide above = widened(above_byte);
    const Wide corner = widened(corner_byte);
    const Wide to_left = absolute(above - corner);
    const Wide to_above = absolute(left - corner);
    const Wide to_corner = absolute((above - corner) + (left - corner));
    const Wide nearest = smaller(smaller(to_above, to_left), to_corner);
    return raw + narrowed(to_left == nearest ? left : to_above == nearest ? above : corner);
  }
  static int predict(int left, int above, int corner) {
    const int to_left = std::abs(above - corner);
    const int to_above = std::abs(left - corner);
    const int to_corner = std::abs(left + above - 2 * corner);
    if (to_left <= to_above && to_left <= to_corner) return left;
    return to_above <= to_corner ? above : corner;
  }
};

// One row on its way: pixel after pixel, each from the one before and from those above. A pixel of 3 bytes is written
// as 4; the fourth, which belongs to the next, has been read by then, and what stands behind the row is put back.
template <class Filter, std::size_t PixelBytes>
class Row {
 public:
  Row(std::uint8_t* row, std::size_t bytes) : next_(row), end_(row + bytes), behind_(*end_), raw_(load(row)) {}
  ~Row() { *end_ = behind_; }
  Row(const Row&) = delete;
  Row& operator=(const Row&) = delete;

  // Undoes the next pixel, below `above`; returns it.
  Bytes undo(const Bytes& above) {
    left_ = Filter::next(raw_, left_, above, corner_);
    corner_ = above;
    raw_ = load(next_ + PixelBytes);
    const Bytes pixel = Filter::pixel_of(left_);
    store_word(next_, pixel);
    next_ += PixelBytes;
    return pixel;
  }

 private:
  std::uint8_t* next_;
  std::uint8_t* const end_;
  const std::uint8_t behind_;
  Bytes raw_;
  Bytes left_ = Filter::state_of(Bytes{});
  Bytes corner_{};
};

template <class Filter, std::size_t PixelBytes>
void undo_row(std::span<std::uint8_t> row, const std::uint8_t* above) {
  Row<Filter, PixelBytes> pixels(row.data(), row.size());
  for (std::size_t i = 0; i < row.size(); i += PixelBytes) pixels.undo(load(above + i));
}

// Two rows in step, the lower one pixel behind the upper: each alone would keep the processor waiting for its last
// pixel.
template <class Upper, class Lower, std::size_t PixelBytes>
void undo_pair(std::span<std::uint8_t> upper, std::uint8_t* lower, const std::uint8_t* above) {
  Row<Upper, PixelBytes> upper_pixels(upper.data(), upper.size());
  Row<Lower, PixelBytes> lower_pixels(lower, upper.size());
  Bytes last = upper_pixels.undo(load(above));
  for (std::size_t i = PixelBytes; i < upper.size(); i += PixelBytes) {
    const Bytes next = upper_pixels.undo(load(above + i));
    lower_pixels.undo(last);
    last = next;
  }
  lower_pixels.undo(last);
}

template <class Filter>
void undo_bytes(std::size_t pixel_bytes, std::span<std::uint8_t> row, const std::uint8_t* above) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const int left = i < pixel_bytes ? 0 : row[i - pixel_bytes];
    const int corner = i < pixel_bytes ? 0 : above[i - pixel_bytes];
    row[i] = static_cast<std::uint8_t>(row[i] + Filter::predict(left, int{above[i]}, corner));
  }
}

template <class Filter>
void undo(std::size_t pixel_bytes, std::span<std::uint8_t> row, const std::uint8_t* above) {
  switch (pixel_bytes) {
    case 3: return undo_row<Filter, 3>(row, above);
    case 4: return undo_row<Filter, 4>(row, above);
    default: return undo_bytes<Filter>(pixel_bytes, row, above);
  }
}

void add_above(std::span<std::uint8_t> row, const std::uint8_t* above) {
  for (std::size_t i = 0; i < row.size(); ++i) row[i] = static_cast<std::uint8_t>(row[i] + above[i]);
}

template <class Upper, std::size_t PixelBytes>
void undo_pair(std::uint8_t lower_filter, std::span<std::uint8_t> upper, std::uint8_t* lower,
               const std::uint8_t* above) {
  switch (lower_filter) {
    case 1: return undo_pair<Upper, Sub, PixelBytes>(upper, lower, above);
    case 3: return undo_pair<Upper, Average, PixelBytes>(upper, lower, above);
    default: return undo_pair<Upper, Paeth, PixelBytes>(upper, lower, above);
  }
}

template <std::size_t PixelBytes>
void undo_pair(std::uint8_t upper_filter, std::uint8_t lower_filter, std::span<std::uint8_t> upper, std::uint8_t* lower,
               const std::uint8_t* above) {
  switch (upper_filter) {
    case 1: return undo_pair<Sub, PixelBytes>(lower_filter, upper, lower, above);
    case 3: return undo_pair<Average, PixelBytes>(lower_filter, upper, lower, above);
    default: return undo_pair<Paeth, PixelBytes>(lower_filter, upper, lower, above);
  }
}

// Whether a pixel depends on the one to its left, so that a second row in step is worth it.
bool is_serial(std::uint8_t filter) {
  return filter == 1 || filter == 3 || filter == 4;
}

}  // namespace

int unfilter(std::size_t pixel_bytes, std::size_t row_bytes, int rows, std::uint8_t* from, const std::uint8_t* above) {
  const std::uint8_t filter = from[0];
  const std::span<std::uint8_t> row(from + 1, row_bytes);
  std::uint8_t* const next = from + 1 + row_bytes;
  if ((pixel_bytes == 3 || pixel_bytes == 4) && rows > 1 && is_serial(filter) && is_serial(next[0])) {
    if (pixel_bytes == 3) undo_pair<3>(filter, next[0], row, next + 1, above);
    if (pixel_bytes == 4) undo_pair<4>(filter, next[0], row, next + 1, above);
    return 2;
  }
  switch (filter) {
    case 0: return 1;
    case 1: undo<Sub>(pixel_bytes, row, above); return 1;
    case 2: add_above(row, above); return 1;
    case 3: undo<Average>(pixel_bytes, row, above); return 1;
    case 4: undo<Paeth>(pixel_bytes, row, above); return 1;
    default: return 0;
  }
}

}  // namespace fristad
