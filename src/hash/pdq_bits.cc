#include "hash/pdq_bits.h"

#include <algorithm>
#include <cstdlib>

namespace fristad::pdq {
namespace {

Matrix<coarse, fine> transposed(const Matrix<fine, coarse>& m) {
  Matrix<coarse, fine> turned;
  for (std::size_t i = 0; i < fine; ++i) {
    for (std::size_t k = 0; k < coarse; ++k) turned[k][i] = m[i][k];
  }
  return turned;
}

template <std::size_t N>
int gradients(const float* u, const float* v) {
  int sum = 0;
  for (std::size_t j = 0; j < N; ++j) sum += std::abs(static_cast<int>((u[j] - v[j]) * 100.0f / 255.0f));
  return sum;
}

int quality(const Matrix<coarse, coarse>& picture) {
  int sum = 0;
  for (std::size_t i = 0; i < coarse; ++i) {
    if (i + 1 < coarse) sum += gradients<coarse>(picture[i].data(), picture[i + 1].data());
    sum += gradients<coarse - 1>(picture[i].data(), picture[i].data() + 1);
  }
  return std::min(quality_max, sum / quality_divisor);
}

// The bits of the values above their lower median.
PdqHash thresholded(const Matrix<fine, fine>& b) {
  std::array<float, fine * fine> values;
  for (std::size_t i = 0; i < fine; ++i) std::copy(b[i].begin(), b[i].end(), &values[fine * i]);
  const auto middle = values.begin() + values.size() / 2 - 1;
  std::nth_element(values.begin(), middle, values.end());
  const float limit = *middle;
  PdqHash hash;
  for (std::size_t i = 0; i < fine; ++i) {
    std::uint64_t bits = 0;
    for (std::size_t j = 0; j < fine; ++j) bits |= static_cast<std::uint64_t>(b[i][j] > limit) << j;
    hash.words[i / 4] |= bits << (16 * (i % 4));
  }
  return hash;
}

// Bit (i, j) of the hash of a transposed picture is bit (j, i).
PdqHash transposed(const PdqHash& hash) {
  PdqHash turned;
  for (std::size_t i = 0; i < fine; ++i) {
    for (std::size_t j = 0; j < fine; ++j) {
      const std::size_t from = fine * i + j;
      const std::size_t to = fine * j + i;
      turned.words[to / 64] |= (hash.words[from / 64] >> (from % 64) & 1) << (to % 64);
    }
  }
  return turned;
}

// The eight orientations are four patterns of signs, each also transposed: mirroring changes the sign of odd
// frequencies, which stand at even indices.
struct Signs {
  float even_i_even_j, even_i_odd_j, odd_i_even_j, odd_i_odd_j;
};

PdqHash thresholded(const Matrix<fine, fine>& b, const Signs& signs) {
  Matrix<fine, fine> turned;
  for (std::size_t i = 0; i < fine; ++i) {
    const float even = i % 2 == 0 ? signs.even_i_even_j : signs.odd_i_even_j;
    const float odd = i % 2 == 0 ? signs.even_i_odd_j : signs.odd_i_odd_j;
    for (std::size_t j = 0; j < fine; ++j) turned[i][j] = (j % 2 == 0 ? even : odd) * b[i][j];
  }
  return thresholded(turned);
}

}  // namespace

Matrix<fine, fine> frequencies(const Matrix<coarse, coarse>& picture) {
  const Matrix<fine, coarse>& d = dct_matrix();
  static const Matrix<coarse, fine> d_transposed = transposed(d);
  Matrix<fine, fine> b;
  for (std::size_t i = 0; i < fine; ++i) {
    std::array<float, coarse> row{};
    for (std::size_t k = 0; k < coarse; ++k) {
      for (std::size_t j = 0; j < coarse; ++j) row[j] += d[i][k] * picture[k][j];
    }
    std::array<float, fine> sums{};
    for (std::size_t k = 0; k < coarse; ++k) {
      for (std::size_t j = 0; j < fine; ++j) sums[j] += row[k] * d_transposed[k][j];
    }
    b[i] = sums;
  }
  return b;
}

PdqResult result_of(const Matrix<coarse, coarse>& picture) {
  const Matrix<fine, fine> b = frequencies(picture);
  PdqResult result;
  result.quality = quality(picture);
  const auto set = [&result](Orientation orientation, const PdqHash& hash) {
    result.dihedral[static_cast<std::size_t>(orientation)] = hash;
  };
  const PdqHash original = thresholded(b);
  const PdqHash flipped_x = thresholded(b, {-1, -1, 1, 1});
  const PdqHash flipped_y = thresholded(b, {-1, 1, -1, 1});
  const PdqHash rotated_180 = thresholded(b, {1, -1, -1, 1});
  set(Orientation::original, original);
  set(Orientation::rotated_90, transposed(flipped_y));
  set(Orientation::rotated_180, rotated_180);
  set(Orientation::rotated_270, transposed(flipped_x));
  set(Orientation::flipped_x, flipped_x);
  set(Orientation::flipped_y, flipped_y);
  set(Orientation::transposed, transposed(original));
  set(Orientation::antitransposed, transposed(rotated_180));
  result.hash = original;
  return result;
}

}  // namespace fristad::pdq
