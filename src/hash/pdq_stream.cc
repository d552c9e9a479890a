#include "hash/pdq_stream.h"

#include <algorithm>

#include "hash/pdq_bits.h"

namespace fristad {
namespace pdq {
namespace {

template <class Vector>
void transpose(Vector (&m)[4]) {
  const Vector low01 = __builtin_shufflevector(m[0], m[1], 0, 4, 1, 5);
  const Vector high01 = __builtin_shufflevector(m[0], m[1], 2, 6, 3, 7);
  const Vector low23 = __builtin_shufflevector(m[2], m[3], 0, 4, 1, 5);
  const Vector high23 = __builtin_shufflevector(m[2], m[3], 2, 6, 3, 7);
  m[0] = __builtin_shufflevector(low01, low23, 0, 1, 4, 5);
  m[1] = __builtin_shufflevector(low01, low23, 2, 3, 6, 7);
  m[2] = __builtin_shufflevector(high01, high23, 0, 1, 4, 5);
  m[3] = __builtin_shufflevector(high01, high23, 2, 3, 6, 7);
}

// The window of a box filter around sample i of n: how far it reaches, and how many samples it really holds.
struct Box {
  int n;
  int ahead = (window(n) + 2) / 2 - 1;
  int behind = window(n) - 1 - ahead;

  [[nodiscard]] bool adds(int i) const { return i + ahead < n; }
  [[nodiscard]] bool subtracts(int i) const { return i - behind > 0; }
  [[nodiscard]] int count(int i) const { return std::min(n - 1, i + ahead) - std::max(0, i - behind) + 1; }
};

// A sum divided by a count of 1 to 4. Multiplying by the reciprocal of a power of two is exact, so it is the same.
template <class Vector>
Vector divided(const Vector& sum, int count) {
  static constexpr float reciprocals[] = {0.0f, 1.0f, 0.5f, 0.0f, 0.25f};
  return count == 3 ? sum / 3.0f : sum * reciprocals[count];
}

std::size_t at(int i) {
  return static_cast<std::size_t>(i);
}

}  // namespace

void PdqStream::begin(int width, int height) {
  const bool large = width > sampled_side_max || height > sampled_side_max;
  width_ = width;
  height_ = height;
  columns_ = large ? sampled_side_max : width;
  rows_ = large ? sampled_side_max : height;
  row_wanted_ = std::min(width, height) < side_min ? height : 0;
  group_first_ = 0;
  lanes_filled_ = 0;
  coarse_rows_ = 0;
  sums_.fill(Vector{});
  coarse_sums_.fill(0);
  for (int x = 0; x < columns_; ++x) {
    column_positions_[at(x)] = static_cast<std::uint32_t>(large ? sampled_position(x, width) : x);
  }
  for (std::size_t j = 0; j < coarse; ++j) coarse_positions_[j] = coarse_position(j, columns_);
  coarse_positions_[coarse] = columns_;
}

void PdqStream::row_added() {
  ++lanes_filled_;
  const int next = group_first_ + lanes_filled_;
  if (next == rows_) {
    row_wanted_ = height_;
  } else {
    const bool large = rows_ != height_ || columns_ != width_;
    row_wanted_ = large ? static_cast<int>(sampled_position(next, height_)) : next;
  }
  if (lanes_filled_ == static_cast<int>(lanes)) process_group(lanes_filled_);
}

// luma_rows_ into samples_, four columns of four rows at a time.
void PdqStream::interleave_rows() {
  for (std::size_t q = 0; q < quads; ++q) {
    for (std::size_t x = 0; x < at(columns_); x += quad) {
      Vector four[quad];
      for (std::size_t i = 0; i < quad; ++i) __builtin_memcpy(&four[i], &luma_rows_[q * quad + i][x], sizeof four[i]);
      transpose(four);
      for (std::size_t i = 0; i < quad; ++i) samples_[q][x + i] = four[i];
    }
  }
}

// Takes `rows` more rows through all passes, a block of columns at a time. Beyond the last row there is nothing to add
// to the sums, but they still have rows to give: each pass down the columns is `ahead` rows behind what goes into it.
//
//   samples_ -- along --> once_filtered_ -- down --> twice_filtered_ -- along --> coarse_columns_ -- down --> picture_
void PdqStream::process_group(int rows) {
  const Box across{columns_};
  const Box down{rows_};
  const int top = group_first_ - down.ahead;
  const bool inner_rows = rows == static_cast<int>(lanes) && down.subtracts(top) && down.adds(top + rows - 1);
  interleave_rows();
  Sums first_sums{};
  Sums second_sums{};
  coarse_columns_done_ = 0;
  for (int x = 0; x < across.ahead; ++x) {
    for (std::size_t q = 0; q < quads; ++q) first_sums[q] += samples_[q][at(x)];
  }
  for (int first = 0; first < columns_; first += static_cast<int>(block)) {
    const int last = std::min(columns_, first + static_cast<int>(block));
    const bool inner_columns = first > 0 && last + across.ahead <= columns_;
    inner_columns ? filter_along<true>(first, last, first_sums) : filter_along<false>(first, last, first_sums);
    inner_rows ? filter_down<true>(first, last, rows) : filter_down<false>(first, last, rows);
    inner_columns ? filter_along_to_coarse<true>(first, last, second_sums)
                  : filter_along_to_coarse<false>(first, last, second_sums);
  }
  filter_along_to_coarse<false>(columns_, columns_ + across.ahead, second_sums);
  filter_down_to_coarse(rows);
  group_first_ += rows;
  lanes_filled_ = 0;
}

// Here and below, Inner: every box lies inside the picture, so that all samples of it exist.
template <bool Inner>
void PdqStream::filter_along(int first, int last, Sums& state) {
  const Box box{columns_};
  Sums sums = state;
  for (int x = first; x < last; ++x) {
    const int count = Inner ? window(columns_) : box.count(x);
    for (std::size_t q = 0; q < quads; ++q) {
      if (Inner || box.adds(x)) sums[q] += samples_[q][at(x + box.ahead)];
      if (Inner || box.subtracts(x)) sums[q] -= samples_[q][at(x - box.behind - 1)];
      once_filtered_[q][at(x - first)] = divided(sums[q], count);
    }
  }
  state = sums;
}

// Turns 4 samples of 4 rows at a time into rows, lets them through the running sums of their columns, and turns the
// means back. Lane l then holds row group_first_ + l - ahead.
template <bool Inner>
void PdqStream::filter_down(int first, int last, int rows) {
  const Box box{rows_};
  const std::size_t distance = at(window(rows_));
  for (int x = first; x < last; x += static_cast<int>(quad)) {
    const std::size_t from = at(x - first);
    auto& last_rows = last_rows_[at(x) / quad];
    Vector row[window_max + lanes];  // the last ones of the group before, then those of this one
    std::copy(last_rows.begin(), last_rows.end(), row);
    Vector sum = sums_[at(x) / quad];
    for (std::size_t q = 0; q < quads; ++q) {
      Vector tile[quad];
      std::copy_n(&once_filtered_[q][from], quad, tile);
      transpose(tile);
      for (std::size_t k = 0; k < quad; ++k) {
        const std::size_t lane = quad * q + k;
        const int y = group_first_ + static_cast<int>(lane) - box.ahead;
        const bool inside = Inner || static_cast<int>(lane) < rows;
        row[window_max + lane] = tile[k];
        if (inside && (Inner || box.adds(y))) sum += tile[k];
        if (inside && (Inner || box.subtracts(y))) sum -= row[window_max + lane - distance];
        tile[k] = divided(sum, Inner ? static_cast<int>(distance) : std::max(0, box.count(y)));
      }
      transpose(tile);
      std::copy_n(tile, quad, &twice_filtered_[q][at(x)]);
    }
    sums_[at(x) / quad] = sum;
    std::copy_n(&row[rows], window_max, last_rows.begin());
  }
}

// The third pass is `ahead` columns behind what goes into it, and keeps the 64 columns that are asked for.
template <bool Inner>
void PdqStream::filter_along_to_coarse(int first, int last, Sums& state) {
  const Box box{columns_};
  Sums sums = state;
  for (int added = first; added < last; ++added) {
    const int x = added - box.ahead;
    for (std::size_t q = 0; q < quads; ++q) {
      if (Inner || added < columns_) sums[q] += twice_filtered_[q][at(added)];
      if (Inner || box.subtracts(x)) sums[q] -= twice_filtered_[q][at(x - box.behind - 1)];
    }
    for (; coarse_positions_[coarse_columns_done_] == x; ++coarse_columns_done_) {
      for (std::size_t q = 0; q < quads; ++q) {
        coarse_columns_[q][coarse_columns_done_] = divided(sums[q], box.count(x));
      }
    }
  }
  state = sums;
}

void PdqStream::filter_down_to_coarse(int rows) {
  const Box box{rows_};
  for (std::size_t lane = 0; lane < at(rows); ++lane) {
    const int added = group_first_ + static_cast<int>(lane) - box.ahead;
    const int y = added - box.ahead;
    if (added < 0) continue;
    // The last rows lie in a ring; with a window of its full size the new row takes the place of the one that leaves.
    const auto& leaving = coarse_last_rows_[at(added + static_cast<int>(window_max) - window(rows_)) % window_max];
    const std::array<float, coarse> left = leaving;
    if (added < box.n) {
      auto& row = coarse_last_rows_[at(added) % window_max];
      const auto& columns = coarse_columns_[lane / quad];
      for (std::size_t j = 0; j < coarse; ++j) {
        row[j] = columns[j][lane % quad];
        coarse_sums_[j] += row[j];
      }
    }
    if (box.subtracts(y)) {
      for (std::size_t j = 0; j < coarse; ++j) coarse_sums_[j] -= left[j];
    }
    for (; coarse_rows_ < coarse && coarse_position(coarse_rows_, rows_) == y; ++coarse_rows_) {
      const auto count = static_cast<float>(box.count(y));
      for (std::size_t j = 0; j < coarse; ++j) picture_[coarse_rows_][j] = coarse_sums_[j] / count;
    }
  }
}

PdqResult PdqStream::finish() {
  if (std::min(width_, height_) < side_min) return {};
  if (lanes_filled_ > 0) process_group(lanes_filled_);
  const int rows_behind = 2 * Box{rows_}.ahead;
  if (rows_behind > 0) process_group(rows_behind);
  return result_of(picture_);
}

}  // namespace pdq

PdqResult pdq_from_luma(const LumaView& luma) {
  static thread_local pdq::PdqStream stream;
  stream.begin(luma.width, luma.height);
  for (int y; (y = stream.row_wanted()) < luma.height;) {
    const float* row = luma.pixels + y * luma.stride;
    stream.add_row([row](std::size_t x) { return pdq::clamped(row[x]); });
  }
  return stream.finish();
}

}  // namespace fristad
