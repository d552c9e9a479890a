#include "base/log.h"

#include <gtest/gtest.h>

#include <string>

namespace fristad {
namespace {

TEST(LogTest, WritesALineOfJsonForWhatMatters) {
  std::string lines;
  const Clock clock{.utc_ms = [] { return std::int64_t{1'773'065'100'007}; }, .steady_ms = [] { return 0; }};
  const Log log(clock, LogLevel::info, [&](std::string_view line) { lines += line; });
  log.debug("dropped");
  log.info("request", {{"route", "/api/v1/match"}, {"status", 200}});
  log.error("a \"quote\"\n");
  EXPECT_EQ(lines,
            "{\"time\":\"2026-03-09T14:05:00.007Z\",\"level\":\"info\",\"event\":\"request\",\"route\":"
            "\"/api/v1/match\",\"status\":200}\n"
            "{\"time\":\"2026-03-09T14:05:00.007Z\",\"level\":\"error\",\"event\":\"a \\\"quote\\\"\\n\"}\n");
}

}  // namespace
}  // namespace fristad
