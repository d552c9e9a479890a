#include "base/hex.h"

#include <gtest/gtest.h>

#include <array>

namespace fristad {
namespace {

TEST(Hex, RoundTripsEveryByte) {
  for (int value = 0; value < 256; ++value) {
    const std::array<std::uint8_t, 1> bytes{static_cast<std::uint8_t>(value)};
    std::array<std::uint8_t, 1> back{};
    ASSERT_TRUE(from_hex(to_hex(bytes), back));
    EXPECT_EQ(back, bytes);
  }
}

TEST(Hex, AcceptsBothCases) {
  std::array<std::uint8_t, 2> bytes{};
  ASSERT_TRUE(from_hex("aBF0", bytes));
  EXPECT_EQ(to_hex(bytes), "abf0");
}

TEST(Hex, RefusesWhatIsNotExactlyThatManyDigits) {
  std::array<std::uint8_t, 2> bytes{};
  for (const char* text : {"", "abf", "abf0a", "abf00a", "abg0", "ab 0", "0xab", "\xff\xff\xff\xff"}) {
    EXPECT_FALSE(from_hex(text, bytes)) << text;
  }
}

}  // namespace
}  // namespace fristad
