#include "http/message.h"

#include <gtest/gtest.h>

#include <cstring>

namespace fristad {
namespace {

TEST(Message, FindsHeadersWithoutCase) {
  Headers headers;
  headers.add("Accept", "a");
  headers.add("accept", "b");
  EXPECT_EQ(headers.find("ACCEPT"), "a");
  EXPECT_EQ(headers.find("Host"), "");
  EXPECT_FALSE(headers.has("Host"));
  headers.set("aCCept", "c");
  EXPECT_EQ(headers.fields(), (std::vector<std::pair<std::string, std::string>>{{"aCCept", "c"}}));
}

TEST(Message, GivesParametersAndQueryValues) {
  Request request;
  request.parameters = {{"list", "a"}};
  request.query = "x=1&x=2&y=%41";
  EXPECT_EQ(request.parameter("list"), "a");
  EXPECT_EQ(request.parameter("other"), "");
  EXPECT_EQ(request.query_value("x").value(), "1");
  EXPECT_EQ(request.query_value("y").value(), "A");
  EXPECT_EQ(request.query_value("z").value(), "");
  request.query = "x=1&y=%4";
  EXPECT_EQ(request.query_value("x").error().code, Code::invalid_argument);
}

TEST(Message, ReadsTheWholeBody) {
  struct Pieces : BodyReader {
    int left = 3;
    bool fails = false;
    Result<std::size_t> read(std::span<char> buffer) override {
      if (left == 0) return fails ? Result<std::size_t>(Error{Code::too_large, "x"}) : Result<std::size_t>(0);
      --left;
      std::memset(buffer.data(), 'a' + left, 2);
      return 2;
    }
  } pieces;
  Request request;
  request.body = &pieces;
  EXPECT_EQ(request.read_all().value(), "ccbbaa");
  pieces.left = 1;
  pieces.fails = true;
  EXPECT_EQ(request.read_all().error().code, Code::too_large);
}

TEST(Message, MakesResponses) {
  EXPECT_EQ(Response::text(404, "no").headers.find("content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(Response::json(201, "{}").headers.find("content-type"), "application/json");
  EXPECT_EQ(Response::json(201, "{}").status, 201);
  EXPECT_EQ(to_text(Method::del), "DELETE");
}

}  // namespace
}  // namespace fristad
