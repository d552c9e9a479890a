#include "crypto/bech32.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace fristad {
namespace {

TEST(Bech32, WritesTheRecipientOfTheSpecification) {
  // age's own example of an identity is 32 bytes of 0x42.
  const std::vector<std::uint8_t> identity(32, 0x42);
  std::string text = to_bech32("age-secret-key-", identity);
  std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  EXPECT_EQ(text, "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX");
  EXPECT_EQ(from_bech32("age-secret-key-", text).value(), identity);
}

TEST(Bech32, ReadsTheValidTextsOfBip173) {
  EXPECT_EQ(from_bech32("a", "A12UEL5L").value().size(), 0u);
  EXPECT_EQ(from_bech32("a", "a12uel5l").value().size(), 0u);
  EXPECT_EQ(from_bech32("abcdef", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw").value().size(), 20u);
  EXPECT_EQ(to_bech32("a", {}), "a12uel5l");
}

TEST(Bech32, RefusesTheInvalidTextsOfBip173) {
  for (const auto& [prefix, text] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"pzry9x0s0muk", "pzry9x0s0muk"},  // no separator
           {"", "1pzry9x0s0muk"},             // wrong checksum for an empty prefix
           {"x", "x1b4n0q5v"},                // a character outside the alphabet
           {"li", "li1dgmt3"},                // a checksum too short
           {"a", "A1G7SGD8"},                 // checksum made with the prefix in upper case
           {"a", "a12UEL5L"},                 // mixed case
           {"a", "a12uel5q"}}) {
    EXPECT_FALSE(from_bech32(prefix, text)) << text;
  }
  EXPECT_EQ(from_bech32("b", "a12uel5l").error().code, Code::invalid_argument);
  EXPECT_EQ(from_bech32("a", "a1" + std::string(300, 'q')).error().code, Code::too_large);
}

TEST(Bech32, FindsEveryMistypedCharacter) {
  const std::vector<std::uint8_t> bytes{0, 1, 2, 250, 251, 252, 253, 254, 255};
  const std::string text = to_bech32("key", bytes);
  for (std::size_t i = 4; i < text.size(); ++i) {
    for (const char c : std::string_view("qpzry9x8gf2tvdw0s3jn54khce6mua7l1b")) {
      if (c == text[i]) continue;
      std::string wrong = text;
      wrong[i] = c;
      EXPECT_FALSE(from_bech32("key", wrong)) << wrong;
    }
  }
}

TEST(Bech32, RefusesBitsLeftOver) {
  for (std::size_t size = 0; size < 12; ++size) {
    const std::vector<std::uint8_t> bytes(size, 0xff);
    EXPECT_EQ(from_bech32("x", to_bech32("x", bytes)).value(), bytes);
  }
  // With their right checksums: one group of five bits holds no byte, three hold one with a group to spare, and what is
  // left of two has to be zero.
  for (const char* text : {"a1q3g6mn3", "a1qqqd87cpp", "a1llttal5m"}) {
    const auto bytes = from_bech32("a", text);
    ASSERT_FALSE(bytes) << text;
    EXPECT_NE(bytes.error().message.find("left over"), std::string::npos) << bytes.error().message;
  }
  EXPECT_EQ(from_bech32("a", "a1lu9cgf6y").value(), std::vector<std::uint8_t>{0xff});
}

}  // namespace
}  // namespace fristad
