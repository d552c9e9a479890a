#include "api/hma/answer.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

TEST(HmaAnswerTest, WritesJsonAsFlaskDoes) {
  EXPECT_EQ(flask_text(Json::object({{"name", "A"}, {"matching_enabled_ratio", 1.0}})),
            R"({"matching_enabled_ratio":1.0,"name":"A"})");
  EXPECT_EQ(flask_text(Json(0.25)), "0.25");
  EXPECT_EQ(flask_text(Json(0.0)), "0.0");
  EXPECT_EQ(flask_text(Json(100'000.0)), "100000.0");
  EXPECT_EQ(flask_text(Json(1e-6)), "1e-06");
  EXPECT_EQ(flask_text(Json(Json::Array{1, "-", Json(), true, Json::object()})), R"([1,"-",null,true,{}])");
  EXPECT_EQ(hma_json(200, Json::object()).body, "{}\n");
}

TEST(HmaAnswerTest, ErrorsAreMessages) {
  const Response absent = hma_error({Code::not_found, "bank 'X' not found"});
  EXPECT_EQ(absent.status, 404);
  EXPECT_EQ(absent.body, "{\"message\":\"bank 'X' not found\"}\n");
  const Response fault = hma_error({Code::internal, "what went wrong inside"});
  EXPECT_EQ(fault.status, 500);
  EXPECT_EQ(fault.body.find("inside"), std::string::npos);
}

TEST(HmaAnswerTest, ComplaintsAreThoseOfPydantic) {
  const Response missing = hma_missing("signal");
  EXPECT_EQ(missing.status, 422);
  EXPECT_EQ(missing.body, R"([{"type":"missing","loc":["signal"],"msg":"Field required","input":{},)"
                          R"("url":"https://errors.pydantic.dev/2/v/missing"}])");
}

TEST(HmaAnswerTest, PagesAreThoseOfWerkzeug) {
  EXPECT_EQ(hma_page(404).body,
            "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL "
            "was not found on the server. If you entered the URL manually please check your spelling and try again."
            "</p>\n");
  EXPECT_EQ(hma_page(431).status, 431);
}

}  // namespace
}  // namespace fristad
