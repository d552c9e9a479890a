// The fast core against the oracle: not nearly, but bit for bit.

#include "hash/pdq_stream.h"

#include <gtest/gtest.h>

#include "tests/support/seed.h"

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "hash/pdq_bits.h"
#include "hash/pdq_reference.h"

namespace fristad {
namespace {

using Random = std::mt19937_64;

struct Luma {
  int width;
  int height;
  std::ptrdiff_t stride;
  std::vector<float> pixels;

  Luma(int w, int h, std::ptrdiff_t padding = 0)
      : width(w), height(h), stride(w + padding), pixels(static_cast<std::size_t>(stride * h), -7.0f) {}
  float& at(int x, int y) { return pixels[static_cast<std::size_t>(y * stride + x)]; }
  [[nodiscard]] LumaView view() const { return {pixels.data(), width, height, stride}; }
};

void expect_equal(const Luma& luma, const std::string& what) {
  const PdqResult fast = pdq_from_luma(luma.view());
  const PdqResult slow = pdq_reference(luma.view());
  EXPECT_EQ(fast.hash, slow.hash) << what;
  EXPECT_EQ(fast.dihedral, slow.dihedral) << what;
  EXPECT_EQ(fast.quality, slow.quality) << what;
}

struct Content {
  const char* name;
  std::function<float(int x, int y, const Luma& luma, Random& random)> at;
};

float unit(Random& random) {
  return static_cast<float>(random() >> 40) / static_cast<float>(1u << 24);
}

const std::vector<Content>& contents() {
  static const std::vector<Content> all = {
      {"noise", [](int, int, const Luma&, Random& random) { return static_cast<float>(random() % 256); }},
      {"fractional noise", [](int, int, const Luma&, Random& random) { return 255 * unit(random); }},
      {"bright noise", [](int, int, const Luma&, Random& random) { return 230 + 25 * unit(random); }},
      {"flat", [](int, int, const Luma&, Random&) { return 199.7f; }},
      {"black", [](int, int, const Luma&, Random&) { return 0.0f; }},
      {"columns", [](int x, int, const Luma&, Random&) { return x / 7 % 2 == 0 ? 254.9f : 0.3f; }},
      {"rows", [](int, int y, const Luma&, Random&) { return y / 5 % 2 == 0 ? 255.0f : 0.0f; }},
      {"gradient",
       [](int x, int y, const Luma& luma, Random&) {
         return 255 * static_cast<float>(x + y) / static_cast<float>(luma.width + luma.height);
       }},
      // 51 levels are exactly 20 per cent of white: the quality's truncation stands on its edge.
      {"steps of 51",
       [](int x, int y, const Luma& luma, Random&) {
         return static_cast<float>(51 * ((6 * x / luma.width + 6 * y / luma.height) % 6));
       }},
      {"smooth",
       [](int x, int y, const Luma& luma, Random&) {
         const float u = static_cast<float>(x) / static_cast<float>(luma.width);
         const float v = static_cast<float>(y) / static_cast<float>(luma.height);
         return 127 + 60 * std::sin(9 * u) * std::cos(7 * v) + 40 * std::sin(23 * u + 11 * v);
       }},
  };
  return all;
}

void fill(Luma& luma, const Content& content, Random& random) {
  for (int y = 0; y < luma.height; ++y) {
    for (int x = 0; x < luma.width; ++x) luma.at(x, y) = content.at(x, y, luma, random);
  }
}

TEST(PdqStream, EqualsTheOracleOnRandomPictures) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  // Mostly small sides, where the edges are, but also those above 512.
  const auto side = [&random] {
    const int most = std::array{20, 20, 140, 140, 140, 270, 270, 400, 520, 1200}[random() % 10];
    return 1 + static_cast<int>(random() % static_cast<std::uint64_t>(most));
  };
  for (int i = 0; i < 2000 && !::testing::Test::HasFailure(); ++i) {
    Luma luma(side(), side(), static_cast<std::ptrdiff_t>(random() % 3));
    const Content& content = contents()[static_cast<std::size_t>(i) % contents().size()];
    fill(luma, content, random);
    expect_equal(luma,
                 std::string(content.name) + " " + std::to_string(luma.width) + "x" + std::to_string(luma.height));
  }
}

TEST(PdqStream, EqualsTheOracleAtEverySizeWhereSomethingChanges) {
  Random random(1);
  const std::vector<int> sides = {1,   4,   5,   6,   7,   63,  64,  65,  127, 128,
                                  129, 255, 256, 257, 384, 385, 511, 512, 513, 1025};
  for (const int width : sides) {
    for (const int height : sides) {
      Luma luma(width, height);
      fill(luma, contents()[1], random);
      expect_equal(luma, std::to_string(width) + "x" + std::to_string(height));
    }
  }
}

TEST(PdqStream, HasOneResultForNumbersThatAreNoLuma) {
  Random random(2);
  Luma luma(200, 300);
  fill(luma, contents()[0], random);
  luma.at(3, 4) = std::numeric_limits<float>::quiet_NaN();
  luma.at(30, 40) = std::numeric_limits<float>::infinity();
  luma.at(50, 60) = -std::numeric_limits<float>::infinity();
  luma.at(70, 80) = 1e30f;
  expect_equal(luma, "not luma");
  Luma legal = luma;
  legal.at(3, 4) = 0;
  legal.at(30, 40) = 255;
  legal.at(50, 60) = 0;
  legal.at(70, 80) = 255;
  EXPECT_EQ(pdq_from_luma(luma.view()).hash, pdq_from_luma(legal.view()).hash);
}

// The object is used again and again; nothing of one picture may stay for the next.
TEST(PdqStream, StartsAfresh) {
  Random random(3);
  pdq::PdqStream stream;
  for (int i = 0; i < 50; ++i) {
    Luma luma(5 + static_cast<int>(random() % 700), 5 + static_cast<int>(random() % 700));
    fill(luma, contents()[1], random);
    stream.begin(luma.width, luma.height);
    // Sometimes a picture is abandoned in the middle.
    const int end = i % 3 == 0 ? luma.height / 2 : luma.height;
    for (int y = 0; y < end; ++y) {
      while (stream.row_wanted() == y) {
        stream.add_row([&](std::size_t x) { return luma.at(static_cast<int>(x), y); });
      }
    }
    if (end == luma.height) {
      EXPECT_EQ(stream.finish().dihedral, pdq_reference(luma.view()).dihedral) << luma.width << "x" << luma.height;
    }
  }
}

TEST(PdqStream, TooSmallPicturesHaveHashZero) {
  Luma luma(4, 900);
  const PdqResult result = pdq_from_luma(luma.view());
  EXPECT_EQ(result.hash, PdqHash{});
  EXPECT_EQ(result.quality, 0);
}

// What PDQ promises by design, and what both implementations could get wrong together.
TEST(Pdq, HalfOfTheBitsAreSet) {
  Random random(4);
  for (int i = 0; i < 20; ++i) {
    Luma luma(300, 200);
    fill(luma, contents()[0], random);
    EXPECT_EQ(distance(pdq_from_luma(luma.view()).hash, PdqHash{}), 128);
  }
}

TEST(Pdq, DihedralHashesAreThoseOfTheTurnedPicture) {
  Random random(5);
  Luma luma(512, 512);
  Luma coarse(8, 8);  // smooth, so that the sampling positions, which aren't symmetric, hardly matter
  fill(coarse, contents()[0], random);
  const auto smooth = [&](int x, int y) {
    const float u = static_cast<float>(x) * 7 / 512;
    const float v = static_cast<float>(y) * 7 / 512;
    const int i = static_cast<int>(u);
    const int j = static_cast<int>(v);
    const float fu = u - static_cast<float>(i);
    const float fv = v - static_cast<float>(j);
    return (coarse.at(i, j) * (1 - fu) + coarse.at(i + 1, j) * fu) * (1 - fv) +
           (coarse.at(i, j + 1) * (1 - fu) + coarse.at(i + 1, j + 1) * fu) * fv;
  };
  const auto turned = [&](Orientation orientation) {
    const int last = 511;
    for (int y = 0; y <= last; ++y) {
      for (int x = 0; x <= last; ++x) {
        switch (orientation) {
          case Orientation::original: luma.at(x, y) = smooth(x, y); break;
          case Orientation::rotated_90: luma.at(x, y) = smooth(last - y, x); break;
          case Orientation::rotated_180: luma.at(x, y) = smooth(last - x, last - y); break;
          case Orientation::rotated_270: luma.at(x, y) = smooth(y, last - x); break;
          case Orientation::flipped_x: luma.at(x, y) = smooth(x, last - y); break;
          case Orientation::flipped_y: luma.at(x, y) = smooth(last - x, y); break;
          case Orientation::transposed: luma.at(x, y) = smooth(y, x); break;
          case Orientation::antitransposed: luma.at(x, y) = smooth(last - y, last - x); break;
        }
      }
    }
    return pdq_from_luma(luma.view());
  };
  const PdqResult original = turned(Orientation::original);
  for (std::size_t i = 0; i < orientation_count; ++i) {
    const auto orientation = static_cast<Orientation>(i);
    EXPECT_LE(distance(turned(orientation).hash, original.dihedral[i]), 60) << to_string(orientation);
  }
}

}  // namespace
}  // namespace fristad
