#include "base/utc_text.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

TEST(UtcTextTest, TellsTheSecond) {
  EXPECT_EQ(utc_text(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(utc_text(-1), "1969-12-31T23:59:59Z");
  EXPECT_EQ(utc_text(951'782'399'999), "2000-02-28T23:59:59Z");
  EXPECT_EQ(utc_text(951'868'799'000), "2000-02-29T23:59:59Z");
  EXPECT_EQ(utc_text(1'773'065'100'000), "2026-03-09T14:05:00Z");
}

TEST(UtcTextTest, TellsTheMillisecond) {
  EXPECT_EQ(utc_text_ms(1'773'065'100'007), "2026-03-09T14:05:00.007Z");
  EXPECT_EQ(utc_text_ms(-1), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace fristad
