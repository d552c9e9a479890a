#include "hash/pdq_reference.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

// The oracle: written to be read beside docs/format/hash.md, one function for each step of the algorithm, every sum
// in the published order. Rounding is part of the result here, so nothing in this file may be reordered.

namespace fristad {
namespace pdq {
namespace {

struct Picture {
  int width = 0;
  int height = 0;
  std::vector<float> pixels;

  Picture(int w, int h) : width(w), height(h), pixels(static_cast<std::size_t>(w) * static_cast<std::size_t>(h)) {}
  float& at(int x, int y) {
    return pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)];
  }
};

Picture sampled(const LumaView& luma) {
  const bool large = luma.width > sampled_side_max || luma.height > sampled_side_max;
  Picture picture(large ? sampled_side_max : luma.width, large ? sampled_side_max : luma.height);
  for (int y = 0; y < picture.height; ++y) {
    const float* row = luma.pixels + (large ? sampled_position(y, luma.height) : y) * luma.stride;
    for (int x = 0; x < picture.width; ++x) {
      picture.at(x, y) = clamped(row[large ? sampled_position(x, luma.width) : x]);
    }
  }
  return picture;
}

// The mean over a window that slides along n values, `stride` apart; at the ends over those that exist.
void box(const float* in, float* out, int n, int stride, int window_width) {
  const int ahead = (window_width + 2) / 2 - 1;
  const int behind = window_width - 1 - ahead;
  float sum = 0;
  int count = 0;
  for (int right = 0; right < ahead; ++right, ++count) sum += in[right * stride];
  for (int i = 0; i < n; ++i) {
    if (i + ahead < n) {
      sum += in[(i + ahead) * stride];
      ++count;
    }
    if (i - behind > 0) {
      sum -= in[(i - behind - 1) * stride];
      --count;
    }
    out[i * stride] = sum / static_cast<float>(count);
  }
}

void blur(Picture& picture) {
  Picture other(picture.width, picture.height);
  for (int pass = 0; pass < 2; ++pass) {
    for (int y = 0; y < picture.height; ++y) {
      box(&picture.at(0, y), &other.at(0, y), picture.width, 1, window(picture.width));
    }
    for (int x = 0; x < picture.width; ++x) {
      box(&other.at(x, 0), &picture.at(x, 0), picture.height, picture.width, window(picture.height));
    }
  }
}

void decimate(Picture& picture, Matrix<coarse, coarse>& a) {
  for (std::size_t i = 0; i < coarse; ++i) {
    for (std::size_t j = 0; j < coarse; ++j) {
      a[i][j] = picture.at(coarse_position(j, picture.width), coarse_position(i, picture.height));
    }
  }
}

int gradient(float u, float v) {
  return std::abs(static_cast<int>((u - v) * 100 / 255));
}

int gradient_sum(const Matrix<coarse, coarse>& a) {
  int sum = 0;
  for (std::size_t i = 0; i < coarse; ++i) {
    for (std::size_t j = 0; j < coarse; ++j) {
      if (i + 1 < coarse) sum += gradient(a[i][j], a[i + 1][j]);
      if (j + 1 < coarse) sum += gradient(a[i][j], a[i][j + 1]);
    }
  }
  return sum;
}

void transform(const Matrix<coarse, coarse>& a, Matrix<fine, fine>& b) {
  const Matrix<fine, coarse>& d = dct_matrix();
  Matrix<fine, coarse> da{};
  for (std::size_t i = 0; i < fine; ++i) {
    for (std::size_t j = 0; j < coarse; ++j) {
      for (std::size_t k = 0; k < coarse; ++k) da[i][j] += d[i][k] * a[k][j];
    }
  }
  for (std::size_t i = 0; i < fine; ++i) {
    for (std::size_t j = 0; j < fine; ++j) {
      for (std::size_t k = 0; k < coarse; ++k) b[i][j] += da[i][k] * d[j][k];
    }
  }
}

// Torben's median: halves the interval that must hold it until one value is left. Of 256 values it is the 128th.
float median(const Matrix<fine, fine>& b) {
  const int half = fine * fine / 2;
  float low = b[0][0];
  float high = b[0][0];
  for (const auto& row : b) {
    low = std::min(low, *std::min_element(row.begin(), row.end()));
    high = std::max(high, *std::max_element(row.begin(), row.end()));
  }
  for (;;) {
    const float guess = (low + high) / 2;
    int less = 0;
    int greater = 0;
    float greatest_below = low;
    float least_above = high;
    for (const auto& row : b) {
      for (const float value : row) {
        if (value < guess) {
          ++less;
          greatest_below = std::max(greatest_below, value);
        } else if (value > guess) {
          ++greater;
          least_above = std::min(least_above, value);
        }
      }
    }
    if (less <= half && greater <= half) {
      const int equal = static_cast<int>(fine * fine) - less - greater;
      if (less >= half) return greatest_below;
      return less + equal >= half ? guess : least_above;
    }
    if (less > greater) {
      high = greatest_below;
    } else {
      low = least_above;
    }
  }
}

PdqHash thresholded(const Matrix<fine, fine>& b) {
  const float limit = median(b);
  PdqHash hash;
  for (std::size_t i = 0; i < fine; ++i) {
    for (std::size_t j = 0; j < fine; ++j) {
      const std::size_t k = fine * i + j;
      if (b[i][j] > limit) hash.words[k / 64] |= std::uint64_t{1} << (k % 64);
    }
  }
  return hash;
}

// Mirroring a picture changes the sign of its odd frequencies, which stand at even indices, and turning it by a
// quarter exchanges rows and columns besides.
Matrix<fine, fine> oriented(const Matrix<fine, fine>& b, Orientation orientation) {
  Matrix<fine, fine> turned{};
  for (std::size_t i = 0; i < fine; ++i) {
    for (std::size_t j = 0; j < fine; ++j) {
      const bool i_odd = i % 2 != 0;
      const bool j_odd = j % 2 != 0;
      const float value = b[i][j];
      switch (orientation) {
        case Orientation::original: turned[i][j] = value; break;
        case Orientation::rotated_90: turned[j][i] = j_odd ? value : -value; break;
        case Orientation::rotated_180: turned[i][j] = i_odd != j_odd ? -value : value; break;
        case Orientation::rotated_270: turned[j][i] = i_odd ? value : -value; break;
        case Orientation::flipped_x: turned[i][j] = i_odd ? value : -value; break;
        case Orientation::flipped_y: turned[i][j] = j_odd ? value : -value; break;
        case Orientation::transposed: turned[j][i] = value; break;
        case Orientation::antitransposed: turned[j][i] = i_odd != j_odd ? -value : value; break;
      }
    }
  }
  return turned;
}

}  // namespace

Stages reference_stages(const LumaView& luma) {
  Stages stages;
  Picture picture = sampled(luma);
  blur(picture);
  decimate(picture, stages.picture);
  transform(stages.picture, stages.frequencies);
  stages.gradient_sum = gradient_sum(stages.picture);
  return stages;
}

}  // namespace pdq

PdqResult pdq_reference(const LumaView& luma) {
  PdqResult result;
  if (luma.width < pdq::side_min || luma.height < pdq::side_min) return result;
  const pdq::Stages stages = pdq::reference_stages(luma);
  result.quality = std::min(pdq::quality_max, stages.gradient_sum / pdq::quality_divisor);
  for (std::size_t i = 0; i < orientation_count; ++i) {
    result.dihedral[i] = pdq::thresholded(pdq::oriented(stages.frequencies, static_cast<Orientation>(i)));
  }
  result.hash = result.dihedral[0];
  return result;
}

}  // namespace fristad
