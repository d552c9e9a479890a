#include "match/hash_text.h"

#include <gtest/gtest.h>

#include "base/hex.h"

namespace fristad {
namespace {

const std::string digits = "0123456789abcdefABCDEF0123456789abcdef0123456789abcdef0123456789";

TEST(Query, TellsTheKindByNameOrLength) {
  EXPECT_STREQ(parse_query(digits)->kind(), "pdq");
  EXPECT_STREQ(parse_query("pdq:" + digits)->kind(), "pdq");
  EXPECT_STREQ(parse_query(digits.substr(0, 32))->kind(), "md5");
  EXPECT_STREQ(parse_query(digits.substr(0, 40))->kind(), "sha1");
  const auto sha256 = parse_query("sha256:" + digits);
  ASSERT_TRUE(sha256);
  EXPECT_STREQ(sha256->kind(), "sha256");
  EXPECT_EQ(sha256->digest_bytes().size(), 32u);
  EXPECT_EQ(to_hex(sha256->digest_bytes()), "0123456789abcdefabcdef0123456789abcdef0123456789abcdef0123456789");
}

TEST(Query, RefusesEverythingElse) {
  for (const std::string& text :
       {std::string(), std::string(":"), digits + "0", digits.substr(1), "md5:" + digits, "MD5:" + digits.substr(0, 32),
        "sha512:" + digits, std::string(64, 'g'), std::string(32, ' '), std::string("sha256:")}) {
    const auto query = parse_query(text);
    ASSERT_FALSE(query) << text;
    EXPECT_EQ(query.error().code, Code::invalid_argument);
  }
}

}  // namespace
}  // namespace fristad
