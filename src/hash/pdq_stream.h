#pragma once

// The fast core of PDQ: hashes a picture that arrives row by row, without ever holding it.
//
//   PdqStream stream;
//   stream.begin(width, height);
//   for (int y = 0; y < height; ++y) {
//     decode row y;
//     while (stream.row_wanted() == y) stream.add_row([&](std::size_t x) { return luma of pixel x; });
//   }
//   PdqResult result = stream.finish();
//
// Blurring is four passes of running sums. Two run along the rows: there 16 rows go side by side in the lanes of
// vectors. Two run down the columns: there 4 columns do. The rows of one group flow through all passes while they
// are in the cache, and the last two passes keep only what the 64x64 samples need. As every single sum is still taken
// in the published order, the result is the oracle's, bit for bit, whatever the picture.
//
// Memory: about 130 kB in one object, no allocation. A large object: keep it and begin() again.
// Thread-safety: not thread-safe; distinct objects are independent.

#include <array>
#include <cstddef>
#include <type_traits>

#include "fristad/hash.h"
#include "hash/luma.h"
#include "hash/pdq_math.h"

namespace fristad::pdq {

class PdqStream {
 public:
  // Starts a new picture. Width and height of 1 or more; below 5 the result is fixed and no row is wanted.
  void begin(int width, int height);

  // The row of the picture to add next, never above the last one, but perhaps the same again (where a low picture is
  // sampled to 512 rows); the picture's height when no more is wanted.
  [[nodiscard]] int row_wanted() const { return row_wanted_; }

  // Adds that row: luma_at(x) is the luma 0..255 of its pixel x, asked for at most 512 times, x never falling. If
  // luma_at(a, b, c, d) gives those of four pixels, most are asked for in that way.
  template <class LumaAt>
  void add_row(LumaAt luma_at);

  // After the last row.
  [[nodiscard]] PdqResult finish();

 private:
  using Vector = FourLumas;
  static constexpr std::size_t quad = 4;  // lanes of a vector
  static constexpr std::size_t quads = 4;
  static constexpr std::size_t lanes = quads * quad;  // rows that go through together
  static constexpr std::size_t block = 64;            // columns that go through together
  static constexpr std::size_t side_max = sampled_side_max;
  static constexpr std::size_t window_max = window(sampled_side_max);

  // The rows of a group, interleaved by fours: [q][x] are sample x of rows 4q..4q+3. The 4 more keep the four from
  // competing for the same cache sets.
  template <std::size_t N>
  using Strip = std::array<std::array<Vector, N + 4>, quads>;

  // The running sums of a pass along the rows.
  using Sums = std::array<Vector, quads>;

  void row_added();
  void interleave_rows();
  void process_group(int rows);
  template <bool Inner>
  void filter_along(int first, int last, Sums& state);
  template <bool Inner>
  void filter_down(int first, int last, int rows);
  template <bool Inner>
  void filter_along_to_coarse(int first, int last, Sums& state);
  void filter_down_to_coarse(int rows);

  int width_ = 0;  // of the picture
  int height_ = 0;
  int columns_ = 0;  // of what is sampled from it
  int rows_ = 0;
  int row_wanted_ = 0;
  int group_first_ = 0;  // sampled row in the first lane
  int lanes_filled_ = 0;
  std::size_t coarse_rows_ = 0;          // of picture_ that are done
  std::size_t coarse_columns_done_ = 0;  // of the group's coarse_columns_
  std::array<std::uint32_t, side_max> column_positions_{};
  std::array<int, coarse + 1> coarse_positions_{};  // in the sampled columns; the last is never reached

  alignas(64) std::array<std::array<float, side_max>, lanes> luma_rows_{};  // as they came
  Strip<side_max> samples_{};                                               // luma, interleaved
  Strip<block> once_filtered_{};                                            // what the first pass gives, of one block
  Strip<side_max> twice_filtered_{};                                        // what the second gives
  Strip<coarse> coarse_columns_{};                                          // what the third gives
  Matrix<coarse, coarse> picture_{};                                        // what the fourth gives

  // Of each pass down the columns: the running sums, and the last rows that went into them.
  std::array<Vector, side_max / quad> sums_{};
  std::array<std::array<Vector, window_max>, side_max / quad> last_rows_{};
  alignas(64) std::array<float, coarse> coarse_sums_{};
  alignas(64) Matrix<window_max, coarse> coarse_last_rows_{};
};

template <class LumaAt>
void PdqStream::add_row(LumaAt luma_at) {
  const auto columns = static_cast<std::size_t>(columns_);
  float* const row = luma_rows_[static_cast<std::size_t>(lanes_filled_)].data();
  const auto position = [&](std::size_t x) { return std::size_t{column_positions_[x]}; };
  const auto at = [&](std::size_t x) { return luma_at(position(x)); };
  const auto four_at = [&](std::size_t x) {
    if constexpr (std::is_invocable_v<LumaAt, std::size_t, std::size_t, std::size_t, std::size_t>) {
      return luma_at(position(x), position(x + 1), position(x + 2), position(x + 3));
    } else {
      return Vector{at(x), at(x + 1), at(x + 2), at(x + 3)};
    }
  };
  std::size_t x = 0;
  for (; x + quad <= columns; x += quad) {
    const Vector four = four_at(x);
    __builtin_memcpy(row + x, &four, sizeof four);
  }
  for (; x < columns; ++x) row[x] = at(x);
  row_added();
}

}  // namespace fristad::pdq
