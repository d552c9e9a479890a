#include "tests/support/image_maker.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <random>

namespace fristad::support {
namespace {

std::size_t at(int i) {
  return static_cast<std::size_t>(i);
}

std::uint8_t to_byte(float value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0.0f, 255.0f));
}

// Smooth noise: random values on a coarse grid, interpolated.
class Noise {
 public:
  Noise(int cells_x, int cells_y, std::mt19937_64& random)
      : columns_(cells_x + 2), values_(at(columns_) * at(cells_y + 2)) {
    std::uniform_real_distribution<float> uniform(-1.0f, 1.0f);
    for (float& value : values_) value = uniform(random);
  }

  // Row y of a picture whose cells are `cell` pixels wide, times `amount`, added to `row`.
  void add_row(std::vector<float>& row, float y, float cell, float amount) const {
    const float v = y / cell;
    const int j = static_cast<int>(v);
    const float fy = smooth(v - static_cast<float>(j));
    const float* upper = &values_[at(j) * at(columns_)];
    const float* lower = upper + columns_;
    const float step = 1.0f / cell;
    for (std::size_t x = 0; x < row.size(); ++x) {
      const float u = static_cast<float>(x) * step;
      const int i = static_cast<int>(u);
      const float fx = smooth(u - static_cast<float>(i));
      const float a = upper[i] + (upper[i + 1] - upper[i]) * fx;
      const float b = lower[i] + (lower[i + 1] - lower[i]) * fx;
      row[x] += (a + (b - a) * fy) * amount;
    }
  }

 private:
  static float smooth(float t) { return t * t * (3 - 2 * t); }

  int columns_;
  std::vector<float> values_;
};

struct Shape {  // an ellipse or a box of one colour, with a little gradient
  float x, y, rx, ry;
  bool round;
  std::array<float, 3> colour;
  float slope;
};

struct Layer {
  Noise noise;
  float cell;
  float amount;
};

}  // namespace

Image make_photo(int width, int height, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<float> uniform(0.0f, 1.0f);
  const float side = static_cast<float>(std::max(width, height));

  // Amplitudes fall with the size of the detail, as in photos, down to details of a few pixels.
  std::vector<Layer> layers;
  for (float cell = side / 3; cell >= 3; cell /= 2) {
    const float amount = std::min(60.0f, 3.4f * std::sqrt(cell));
    layers.push_back({Noise(static_cast<int>(static_cast<float>(width) / cell) + 1,
                            static_cast<int>(static_cast<float>(height) / cell) + 1, random),
                      cell, amount});
  }
  const float tint_cell = side / 4;
  const auto tint = [&] {
    return Noise(static_cast<int>(static_cast<float>(width) / tint_cell) + 1,
                 static_cast<int>(static_cast<float>(height) / tint_cell) + 1, random);
  };
  const Noise red = tint();
  const Noise blue = tint();
  std::vector<Shape> shapes(24);
  for (Shape& shape : shapes) {
    shape.x = uniform(random) * static_cast<float>(width);
    shape.y = uniform(random) * static_cast<float>(height);
    shape.rx = side * (0.02f + 0.13f * uniform(random));
    shape.ry = side * (0.02f + 0.13f * uniform(random));
    shape.round = uniform(random) < 0.6f;
    for (float& channel : shape.colour) channel = 140 * (uniform(random) - 0.5f);
    shape.slope = 60 * (uniform(random) - 0.5f);
  }

  Image image(width, height);
  std::vector<float> light(at(width));
  std::vector<float> warm(at(width));
  std::vector<float> cold(at(width));
  std::array<std::vector<float>, 3> shade{light, light, light};
  std::uint64_t grain_state = seed * 2 + 1;
  for (int y = 0; y < height; ++y) {
    const auto fy = static_cast<float>(y);
    std::fill(light.begin(), light.end(), 120.0f);
    std::fill(warm.begin(), warm.end(), 0.0f);
    std::fill(cold.begin(), cold.end(), 0.0f);
    for (const Layer& layer : layers) layer.noise.add_row(light, fy, layer.cell, layer.amount);
    red.add_row(warm, fy, tint_cell, 30);
    blue.add_row(cold, fy, tint_cell, 30);
    for (auto& channel : shade) std::fill(channel.begin(), channel.end(), 0.0f);
    for (const Shape& shape : shapes) {
      const float dy = (fy - shape.y) / shape.ry;
      if (dy < -1 || dy > 1) continue;
      const float reach = shape.rx * (shape.round ? std::sqrt(1 - dy * dy) : 1.0f);
      const int first = std::max(0, static_cast<int>(shape.x - reach));
      const int last = std::min(width - 1, static_cast<int>(shape.x + reach));
      for (std::size_t c = 0; c < 3; ++c) {
        for (int x = first; x <= last; ++x) shade[c][at(x)] = shape.colour[c] + shape.slope * dy;
      }
    }
    for (int x = 0; x < width; ++x) {
      grain_state = grain_state * 6364136223846793005u + 1442695040888963407u;
      const float grain =
          static_cast<float>(static_cast<int>(grain_state >> 60) + static_cast<int>(grain_state >> 56 & 15) - 15) *
          0.5f;
      const float base = light[at(x)] + grain;
      std::uint8_t* pixel = image.at(x, y);
      pixel[0] = to_byte(base + warm[at(x)] + shade[0][at(x)]);
      pixel[1] = to_byte(base + shade[1][at(x)]);
      pixel[2] = to_byte(base + cold[at(x)] + shade[2][at(x)]);
    }
  }
  return image;
}

Image resized(const Image& image, int width, int height) {
  Image out(width, height);
  const float step_x = static_cast<float>(image.width) / static_cast<float>(width);
  const float step_y = static_cast<float>(image.height) / static_cast<float>(height);
  for (int y = 0; y < height; ++y) {
    const float v =
        std::clamp((static_cast<float>(y) + 0.5f) * step_y - 0.5f, 0.0f, static_cast<float>(image.height - 1));
    const int upper = static_cast<int>(v);
    const int lower = std::min(upper + 1, image.height - 1);
    const float fy = v - static_cast<float>(upper);
    for (int x = 0; x < width; ++x) {
      const float u =
          std::clamp((static_cast<float>(x) + 0.5f) * step_x - 0.5f, 0.0f, static_cast<float>(image.width - 1));
      const int left = static_cast<int>(u);
      const int right = std::min(left + 1, image.width - 1);
      const float fx = u - static_cast<float>(left);
      for (int c = 0; c < 3; ++c) {
        const auto value = [&](int column, int row) { return static_cast<float>(image.at(column, row)[c]); };
        const float above = value(left, upper) * (1 - fx) + value(right, upper) * fx;
        const float below = value(left, lower) * (1 - fx) + value(right, lower) * fx;
        out.at(x, y)[c] = to_byte(above * (1 - fy) + below * fy + 0.5f);
      }
    }
  }
  return out;
}

Image mirrored(const Image& image) {
  Image out(image.width, image.height);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) std::memcpy(out.at(x, y), image.at(image.width - 1 - x, y), 3);
  }
  return out;
}

Image rotated_90(const Image& image) {
  Image out(image.height, image.width);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) std::memcpy(out.at(x, y), image.at(y, image.height - 1 - x), 3);
  }
  return out;
}

Image cropped(const Image& image, int left, int top, int width, int height) {
  Image out(width, height);
  for (int y = 0; y < height; ++y) std::memcpy(out.at(0, y), image.at(left, top + y), 3 * at(width));
  return out;
}

namespace {

// A to Z, seven rows of five dots each, the leftmost dot in the highest of five bits.
constexpr std::array<std::array<std::uint8_t, 7>, 26> font = {{
    {14, 17, 17, 31, 17, 17, 17}, {30, 17, 17, 30, 17, 17, 30}, {14, 17, 16, 16, 16, 17, 14},
    {30, 17, 17, 17, 17, 17, 30}, {31, 16, 16, 30, 16, 16, 31}, {31, 16, 16, 30, 16, 16, 16},
    {14, 17, 16, 23, 17, 17, 15}, {17, 17, 17, 31, 17, 17, 17}, {14, 4, 4, 4, 4, 4, 14},
    {7, 2, 2, 2, 2, 18, 12},      {17, 18, 20, 24, 20, 18, 17}, {16, 16, 16, 16, 16, 16, 31},
    {17, 27, 21, 21, 17, 17, 17}, {17, 25, 21, 19, 17, 17, 17}, {14, 17, 17, 17, 17, 17, 14},
    {30, 17, 17, 30, 16, 16, 16}, {14, 17, 17, 17, 21, 18, 13}, {30, 17, 17, 30, 20, 18, 17},
    {15, 16, 16, 14, 1, 1, 30},   {31, 4, 4, 4, 4, 4, 4},       {17, 17, 17, 17, 17, 17, 14},
    {17, 17, 17, 17, 17, 10, 4},  {17, 17, 17, 21, 21, 27, 17}, {17, 17, 10, 4, 10, 17, 17},
    {17, 17, 10, 4, 4, 4, 4},     {31, 1, 2, 4, 8, 16, 31},
}};

}  // namespace

void draw_text(Image& image, std::string_view text, int left, int top, int scale) {
  for (const char letter : text) {
    if (letter >= 'A' && letter <= 'Z') {
      const auto& rows = font[static_cast<std::size_t>(letter - 'A')];
      for (int y = 0; y < 7 * scale; ++y) {
        for (int x = 0; x < 5 * scale; ++x) {
          const bool dot = (rows[at(y / scale)] >> (4 - x / scale) & 1) != 0;
          const bool inside = left + x >= 0 && left + x < image.width && top + y >= 0 && top + y < image.height;
          if (dot && inside) std::memset(image.at(left + x, top + y), 255, 3);
        }
      }
    }
    left += 6 * scale;
  }
}

}  // namespace fristad::support
