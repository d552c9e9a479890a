#include "api/fields.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

Json parsed(std::string_view text) {
  return *parse_json(text, {});
}

TEST(FieldsTest, ReadsWhatIsThere) {
  const Json body = parsed(R"({"title":"Known","limit":31,"on":true,"tags":["a","b"],"nothing":null})");
  Fields in(body);
  EXPECT_EQ(*in.text("title", 5), "Known");
  EXPECT_EQ(*in.integer("limit", 0, 31), 31);
  EXPECT_TRUE(*in.flag("on"));
  EXPECT_EQ(*in.texts("tags", 2, 1), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(*in.maybe_text("nothing", 5));
  EXPECT_FALSE(*in.maybe_integer("absent", 0, 1));
  EXPECT_TRUE(in.end());
}

TEST(FieldsTest, RefusesWhatIsWrongAndNeverSaysTheValue) {
  const Json body = parsed(R"({"title":"a secret","limit":32,"tags":[1],"more":1})");
  Fields in(body);
  const auto refused = [](const auto& result) {
    EXPECT_FALSE(result);
    EXPECT_EQ(result.error().message.find("secret"), std::string::npos);
    return result.error().code;
  };
  EXPECT_EQ(refused(in.text("title", 7)), Code::invalid_argument);
  EXPECT_EQ(refused(in.integer("title", 0, 1)), Code::invalid_argument);
  EXPECT_EQ(refused(in.integer("limit", 0, 31)), Code::invalid_argument);
  EXPECT_EQ(refused(in.flag("limit")), Code::invalid_argument);
  EXPECT_EQ(refused(in.text("absent", 9)), Code::invalid_argument);
  EXPECT_EQ(refused(in.texts("tags", 5, 5)), Code::invalid_argument);
  EXPECT_EQ(refused(in.array("tags", 0)), Code::too_large);
  EXPECT_EQ(refused(in.end()), Code::invalid_argument);
  Fields none(*body.find("limit"));
  EXPECT_EQ(refused(none.text("title", 7)), Code::invalid_argument);
  EXPECT_EQ(refused(none.end()), Code::invalid_argument);
}

}  // namespace
}  // namespace fristad
