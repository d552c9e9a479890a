#include "crypto/base32.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

TEST(Base32, WritesTheExamplesOfRfc4648WithoutPadding) {
  const std::vector<std::pair<std::string_view, std::string_view>> examples{{"", ""},
                                                                            {"f", "MY"},
                                                                            {"fo", "MZXQ"},
                                                                            {"foo", "MZXW6"},
                                                                            {"foob", "MZXW6YQ"},
                                                                            {"fooba", "MZXW6YTB"},
                                                                            {"foobar", "MZXW6YTBOI"}};
  for (const auto& [plain, text] : examples) {
    EXPECT_EQ(to_base32(as_bytes(plain)), text);
    const auto back = from_base32(text);
    ASSERT_TRUE(back) << text;
    EXPECT_EQ(as_text(*back), plain);
  }
  EXPECT_EQ(as_text(from_base32("mzxw6ytboi").value()), "foobar") << "typed by hand";
}

TEST(Base32, RefusesEveryOtherText) {
  for (const char* text : {"M", "MZX", "MZXW6Y", "MY======", "MZ", "M1", "M8", "MZXW 6", "MZXW0", "MY\n"}) {
    EXPECT_FALSE(from_base32(text)) << text;
  }
}

}  // namespace
}  // namespace fristad
