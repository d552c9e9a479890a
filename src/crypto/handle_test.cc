#include "crypto/handle.h"

#include <gtest/gtest.h>

#include <set>

namespace fristad {
namespace {

Key counting_key() {
  Key key;
  for (std::size_t i = 0; i < 32; ++i) key.bytes()[i] = static_cast<std::uint8_t>(i);
  return key;
}

TEST(Handle, IsTheBlockOfFips197) {
  // Appendix C.3.
  EXPECT_EQ(seal_handle(counting_key(), 0x0011223344556677, 0x8899aabbccddeeff), "8ea2b7ca516745bfeafc49904b496089");
  EXPECT_EQ(open_handle(counting_key(), "8ea2b7ca516745bfeafc49904b496089", 0x8899aabbccddeeff), 0x0011223344556677u);
}

TEST(Handle, OpensInItsContextOnly) {
  const Key key = counting_key();
  std::set<std::string> texts;
  for (const std::uint64_t value : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    for (const std::uint64_t context : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
      const std::string text = seal_handle(key, value, context);
      EXPECT_EQ(text.size(), 32u);
      EXPECT_EQ(open_handle(key, text, context), value);
      EXPECT_FALSE(open_handle(key, text, context ^ 2));
      EXPECT_FALSE(open_handle(Key(), text, context));
      texts.insert(text);
    }
  }
  EXPECT_EQ(texts.size(), 9u);
}

TEST(Handle, RefusesWhatIsMadeUp) {
  const Key key = counting_key();
  std::string text = seal_handle(key, 7, 1);
  for (char& digit : text) {
    const char before = digit;
    digit = digit == '0' ? '1' : '0';
    EXPECT_FALSE(open_handle(key, text, 1));
    digit = before;
  }
  for (const char* other : {"", "7", "8ea2b7ca516745bfeafc49904b49608", "8ea2b7ca516745bfeafc49904b49608g"}) {
    EXPECT_FALSE(open_handle(key, other, 1)) << other;
  }
}

}  // namespace
}  // namespace fristad
