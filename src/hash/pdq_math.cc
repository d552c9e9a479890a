#include "hash/pdq_math.h"

#include <cmath>
#include <numbers>

namespace fristad::pdq {

const Matrix<fine, coarse>& dct_matrix() {
  static const Matrix<fine, coarse> matrix = [] {
    Matrix<fine, coarse> cosines{};
    for (std::size_t i = 0; i < fine; ++i) {
      for (std::size_t k = 0; k < coarse; ++k) {
        const double angle = std::numbers::pi / 2 / coarse * static_cast<double>((i + 1) * (2 * k + 1));
        cosines[i][k] = static_cast<float>(std::sqrt(2.0 / coarse) * std::cos(angle));
      }
    }
    return cosines;
  }();
  return matrix;
}

}  // namespace fristad::pdq
