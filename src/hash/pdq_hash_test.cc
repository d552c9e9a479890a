#include <gtest/gtest.h>

#include <set>
#include <string>

#include "fristad/hash.h"

namespace fristad {
namespace {

constexpr const char* example = "d8f8f0cee0f4a84f0637022a078f67f0b36e2ed596621e1d33e6339c4e9c9b22";

TEST(PdqHash, TextIsTheNumber) {
  const auto hash = PdqHash::from_hex(example);
  ASSERT_TRUE(hash.has_value()) << hash.error().message;
  EXPECT_EQ(hash->words[0], 0x33e6339c4e9c9b22u);
  EXPECT_EQ(hash->words[3], 0xd8f8f0cee0f4a84fu);
  EXPECT_EQ(hash->to_hex(), example);
}

TEST(PdqHash, AcceptsUpperCase) {
  std::string upper = example;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  ASSERT_TRUE(PdqHash::from_hex(upper).has_value());
  EXPECT_EQ(PdqHash::from_hex(upper)->to_hex(), example);
}

TEST(PdqHash, RefusesEverythingElse) {
  const std::string hash = example;
  for (const std::string& text : {std::string(), hash.substr(1), hash + "0", hash.substr(1) + " ", hash.substr(1) + "g",
                                  "0x" + hash.substr(2), std::string(64, '\0')}) {
    const auto result = PdqHash::from_hex(text);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().code, Code::invalid_argument);
  }
}

TEST(PdqHash, DistanceCountsBits) {
  const PdqHash zero;
  PdqHash one;
  for (int bit = 0; bit < 256; ++bit) {
    EXPECT_EQ(distance(zero, one), bit);
    one.words[static_cast<std::size_t>(bit / 64)] |= std::uint64_t{1} << (bit % 64);
  }
  EXPECT_EQ(distance(one, one), 0);
  EXPECT_EQ(distance(one, zero), 256);
}

TEST(Orientation, NamesAreDistinct) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < orientation_count; ++i) names.insert(to_string(static_cast<Orientation>(i)));
  EXPECT_EQ(names.size(), orientation_count);
}

}  // namespace
}  // namespace fristad
