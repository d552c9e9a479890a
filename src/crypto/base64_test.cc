#include "crypto/base64.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/seed.h"

namespace fristad {
namespace {

TEST(Base64, WritesTheExamplesOfRfc4648) {
  const std::vector<std::pair<std::string_view, std::string_view>> examples{{"", ""},
                                                                            {"f", "Zg=="},
                                                                            {"fo", "Zm8="},
                                                                            {"foo", "Zm9v"},
                                                                            {"foob", "Zm9vYg=="},
                                                                            {"fooba", "Zm9vYmE="},
                                                                            {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : examples) {
    EXPECT_EQ(to_base64(as_bytes(plain)), text);
    const auto back = from_base64(text);
    ASSERT_TRUE(back) << text;
    EXPECT_EQ(as_text(*back), plain);
    const std::string bare = to_base64(as_bytes(plain), Padding::refused);
    EXPECT_EQ(bare, text.substr(0, text.find('=')));
    ASSERT_TRUE(from_base64(bare, Padding::refused)) << bare;
  }
}

TEST(Base64, RefusesEveryOtherText) {
  for (const char* text : {"Zg", "Zg=", "Zg===", "Z===", "Zh==", "Zm9=", "Zm9v=", "Zm9v====", "Zm9v\n", " Zm9v", "Zm9-",
                           "Zm_v", "=", "==", "====", "Zg==Zg==", "Z", "Zm9vY"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
  for (const char* text : {"Zg==", "Zm8=", "Zh", "Zm9", "Z", "Zm9v="}) {
    EXPECT_FALSE(from_base64(text, Padding::refused)) << text;
  }
}

TEST(Base64, IsTheOnlyTextOfItsBytes) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 rng(seed);
  std::string noise;
  for (int round = 0; round < 20'000; ++round) {
    noise.resize(rng() % 9);
    for (char& c : noise) c = "AQgwBZ/+= "[rng() % 10];
    for (const Padding padding : {Padding::required, Padding::refused}) {
      if (const auto bytes = from_base64(noise, padding)) {
        ASSERT_EQ(to_base64(*bytes, padding), noise);
      }
    }
  }
}

TEST(Base64, HasAnAlphabetForAddresses) {
  const std::vector<std::uint8_t> bytes{0xfb, 0xff, 0xfe, 0x01};
  EXPECT_EQ(to_base64url(bytes), "-__-AQ");
  EXPECT_EQ(from_base64url("-__-AQ"), bytes);
  for (const char* text : {"+__-AQ", "-/_-AQ", "-__-AQ==", "-__-AR", "-__-A", "-__-A Q"}) {
    EXPECT_FALSE(from_base64url(text)) << text;
  }
}

TEST(Base64, FillsAnArrayOfTheRightSizeOnly) {
  EXPECT_TRUE(array_from_base64<3>("Zm9v"));
  EXPECT_FALSE(array_from_base64<2>("Zm9v"));
  EXPECT_FALSE(array_from_base64<4>("Zm9v"));
  EXPECT_FALSE(array_from_base64<3>("Zm9vZm9v"));
}

}  // namespace
}  // namespace fristad
