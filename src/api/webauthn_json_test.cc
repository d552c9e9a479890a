#include "api/webauthn_json.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

TEST(WebauthnJsonTest, Base64urlAsInRfc4648) {
  const std::vector<std::pair<std::string, std::string>> pairs{
      {"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xFB\xFF\xFE", "-__-"}};
  for (const auto& [plain, text] : pairs) {
    EXPECT_EQ(base64url(as_bytes(plain)), text);
    const auto bytes = from_base64url(text);
    ASSERT_TRUE(bytes) << text;
    EXPECT_EQ(as_text(*bytes), plain);
  }
  for (const std::string_view wrong : {"Zg==", "+/+/", "Z", "Zm9v\n", "Zh"})
    EXPECT_FALSE(from_base64url(wrong)) << wrong;
}

TEST(WebauthnJsonTest, ReadsAnAssertion) {
  const Json body =
      *parse_json(R"({"credential":"AQ","client_data_json":"e30","authenticator_data":"Ag","signature":"AwQ"})", {});
  Fields in(body);
  const auto answer = read_assertion(in);
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->signature.size(), 2u);
  EXPECT_TRUE(in.end());
  Fields again(body);
  EXPECT_TRUE(read_registration(again));
  EXPECT_FALSE(again.end());
  const Json none = Json::object({{"client_data_json", "e30"}});
  Fields missing(none);
  EXPECT_EQ(read_registration(missing).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace fristad
