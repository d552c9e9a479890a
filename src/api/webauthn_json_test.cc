#include "api/webauthn_json.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

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
