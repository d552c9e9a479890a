#include "api/metrics.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

TEST(MetricsTest, CountsByRouteAndClass) {
  Metrics metrics;
  metrics.add_route(Method::post, "/api/v1/match");
  metrics.done({.method = Method::post, .route = "/api/v1/match", .status = 200, .duration_us = 700});
  metrics.done({.method = Method::post, .route = "/api/v1/match", .status = 204, .duration_us = 1000});
  metrics.done({.method = Method::post, .route = "/api/v1/match", .status = 499, .duration_us = 9'000'000});
  metrics.done({.method = Method::get, .route = "", .status = 404, .duration_us = 1});
  metrics.queries = 12;
  std::string text;
  metrics.write(text);
  const auto has = [&](std::string_view line) { return text.find(std::string(line) + "\n") != std::string::npos; };
  EXPECT_TRUE(has(R"(fristad_http_requests_total{method="POST",route="/api/v1/match",status="2xx"} 2)")) << text;
  EXPECT_TRUE(has(R"(fristad_http_requests_total{method="POST",route="/api/v1/match",status="gone"} 1)"));
  EXPECT_TRUE(has(R"(fristad_http_requests_total{method="",route="",status="4xx"} 1)"));
  EXPECT_TRUE(has(R"(fristad_http_request_seconds_bucket{method="POST",route="/api/v1/match",le="0.0005"} 0)"));
  EXPECT_TRUE(has(R"(fristad_http_request_seconds_bucket{method="POST",route="/api/v1/match",le="0.001"} 2)"));
  EXPECT_TRUE(has(R"(fristad_http_request_seconds_bucket{method="POST",route="/api/v1/match",le="+Inf"} 3)"));
  EXPECT_TRUE(has(R"(fristad_http_request_seconds_sum{method="POST",route="/api/v1/match"} 9.0017)"));
  EXPECT_TRUE(has("fristad_match_queries_total 12"));
}

}  // namespace
}  // namespace fristad
