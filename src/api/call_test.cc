#include "api/call.h"

#include <gtest/gtest.h>

#include "api/api_impl.h"

namespace fristad {
namespace {

class FakeBody : public BodyReader {
 public:
  explicit FakeBody(std::string text) : text_(std::move(text)) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    const std::size_t count = std::min(buffer.size(), text_.size());
    std::copy_n(text_.begin(), count, buffer.begin());
    text_.erase(0, count);
    return count;
  }

 private:
  std::string text_;
};

class CallTest : public ::testing::Test {
 protected:
  Call call(std::string body = "") {
    body_ = std::make_unique<FakeBody>(std::move(body));
    request_.body = body_.get();
    return {*reinterpret_cast<Api::Impl*>(room_.data()), request_, route_};
  }

  // Nothing here looks into the API: only its place is needed.
  alignas(Api::Impl) std::array<std::byte, sizeof(Api::Impl)> room_{};
  ApiRoute route_;
  Request request_;
  std::unique_ptr<FakeBody> body_;
};

TEST_F(CallTest, TheBodyIsAnObject) {
  EXPECT_EQ(*(*call(R"({"a":1})").body())->find("a")->integer(), 1);
  EXPECT_TRUE((*call("").body())->members()->empty());
  for (const std::string wrong : {"[]", "1", "{", "{\"a\":1.5}", "{\"a\":1,\"a\":2}"}) {
    EXPECT_EQ(call(wrong).body().error().code, Code::invalid_argument) << wrong;
  }
  EXPECT_EQ(call("{\"a\":\"" + std::string(200, 'x') + "\"}").body(100).error().code, Code::invalid_argument);
}

TEST_F(CallTest, AnIdThatIsNoneNamesNothing) {
  request_.parameters = {{"list", "00112233445566778899aabbccddeeff"}, {"user", "x"}, {"entry", "17"}, {"no", "-1"}};
  EXPECT_TRUE(call().id("list"));
  EXPECT_EQ(call().id("user").error().code, Code::not_found);
  EXPECT_EQ(*call().number("entry"), 17);
  EXPECT_EQ(call().number("no").error().code, Code::not_found);
  EXPECT_EQ(call().number("list").error().code, Code::not_found);
}

TEST_F(CallTest, NumbersOfTheQueryHaveTheirRange) {
  request_.query = "count=20&cursor=x&big=99999999999999999999";
  EXPECT_EQ(*call().query_number("count", 1, 100, 50), 20);
  EXPECT_EQ(*call().query_number("absent", 1, 100, 50), 50);
  EXPECT_EQ(call().query_number("count", 30, 100, 50).error().code, Code::invalid_argument);
  EXPECT_EQ(call().query_number("cursor", 0, 100, 50).error().code, Code::invalid_argument);
  EXPECT_EQ(call().query_number("big", 0, INT64_MAX, 50).error().code, Code::invalid_argument);
}

TEST_F(CallTest, IfMatchIsAnEtagOfOurs) {
  EXPECT_FALSE(*call().if_revision());
  request_.headers.set("If-Match", etag(7));
  EXPECT_EQ(**call().if_revision(), 7u);
  for (const std::string wrong : {"7", "\"7\"", "W/\"r7\"", "\"r\"", "\"r-1\"", "\"r99999999999\""}) {
    request_.headers.set("If-Match", wrong);
    EXPECT_EQ(call().if_revision().error().code, Code::invalid_argument) << wrong;
  }
  EXPECT_EQ(*number_of_cursor("12"), 12);
  EXPECT_FALSE(number_of_cursor("1 "));
}

}  // namespace
}  // namespace fristad
