#include "http/syntax.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

TEST(Syntax, ComparesWithoutCase) {
  EXPECT_TRUE(equal_fold("Content-Length", "cONTENT-lENGTH"));
  EXPECT_FALSE(equal_fold("a", "ab"));
  EXPECT_FALSE(equal_fold("a[", "a{"));  // only letters have cases
}

TEST(Syntax, KnowsTokensAndValues) {
  EXPECT_TRUE(is_token("X-a_b.1~"));
  for (const std::string_view bad : {"", "a b", "a:", "a\t", "\xc3\xa5", "a(b)"}) EXPECT_FALSE(is_token(bad)) << bad;
  EXPECT_FALSE(is_token(std::string_view("a\0", 2)));
  EXPECT_TRUE(is_field_value("a\tb \xc3\xa5"));
  for (const char bad : {'\0', '\r', '\n', '\x1b', '\x7f'}) EXPECT_FALSE(is_field_value(std::string(1, bad)));
}

TEST(Syntax, LooksIntoLists) {
  EXPECT_TRUE(list_has("keep-alive ,\tClose", "close"));
  EXPECT_TRUE(list_has(",,close", "close"));
  EXPECT_FALSE(list_has("closed, not-close", "close"));
  EXPECT_FALSE(list_has("", "close"));
}

TEST(Syntax, ReadsParameters) {
  const auto parsed = parse_parameterized(R"(form-data; name="a \"b\" c:\d"; FileName=x.png ;)");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->value, "form-data");
  EXPECT_EQ(*parsed->find("NAME"), R"(a "b" c:\d)");
  EXPECT_EQ(*parsed->find("filename"), "x.png");
  EXPECT_EQ(parsed->find("other"), nullptr);
  EXPECT_EQ(*parse_parameterized("a;b=\"\"")->find("b"), "");
}

TEST(Syntax, RefusesOtherParameters) {
  std::string many = "a";
  for (int i = 0; i < 17; ++i) many += ";p" + std::to_string(i) + "=1";
  for (const std::string& bad : {std::string(""), std::string(";a=b"), std::string("a;b"), std::string("a;b="),
                                 std::string("a;=b"), std::string("a;b=\"c"), std::string("a;b=c d"),
                                 std::string("a;b=c;B=d"), std::string("a;b=\"c\"d"), std::string("a\n;b=c"), many}) {
    const auto parsed = parse_parameterized(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, Code::damaged);
  }
}

}  // namespace
}  // namespace fristad
