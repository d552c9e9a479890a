#include "node/conformance_tools.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/hex.h"
#include "fristad/hash.h"

namespace fristad {
namespace {

TEST(ConformanceTools, HashAsTheLibraryDoes) {
  std::vector<std::uint8_t> luma(64 * 80);
  std::vector<float> pixels;
  for (std::size_t i = 0; i < luma.size(); ++i) {
    luma[i] = static_cast<std::uint8_t>(i * i / 97 % 256);
    pixels.push_back(luma[i]);
  }
  const auto hashed = conformance_tools().pdq(luma, 80, 64);
  ASSERT_TRUE(hashed) << hashed.error().message;
  const PdqResult known = pdq_reference({.pixels = pixels.data(), .width = 80, .height = 64, .stride = 80});
  EXPECT_EQ(*hashed, known.hash.to_hex() + " " + std::to_string(known.quality));
  EXPECT_EQ(conformance_tools().pdq(luma, 80, 63).error().code, Code::invalid_argument);
}

// What members on any machine have to answer, to the bit.
TEST(ConformanceTools, PicturesAreHashedAsTheyAlwaysWere) {
  constexpr Nonce nonce{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  const auto answers = conformance_answers(nonce, conformance_tools());
  ASSERT_TRUE(answers) << answers.error().message;
  EXPECT_EQ(answers->sections.size(), 10U);
  EXPECT_EQ(to_hex(answers->sections.at("pdq")), "408482aeece7df95c4bedc8a3c76db3b917401e0f7c3864d76a51ab5ba292d53");
}

}  // namespace
}  // namespace fristad
