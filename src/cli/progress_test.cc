#include "cli/progress.h"

#include <gtest/gtest.h>

#include "cli/env.h"

namespace fristad {
namespace {

TEST(Progress, TellsRatesPercentAndTimeLeft) {
  ProgressState state{.files = 100, .bytes = 50'000'000, .elapsed_ms = 10'000};
  EXPECT_EQ(progress_line(state), "100 files, 50.0 MB, 10 files/s, 5.0 MB/s, counting");
  state.files_total = 400;
  state.bytes_total = 200'000'000;
  EXPECT_EQ(progress_line(state), "100 files, 50.0 MB, 10 files/s, 5.0 MB/s, 25 %, 30 s left");
  state.files = 500;  // more than were counted
  state.bytes = 300'000'000;
  EXPECT_EQ(progress_line(state), "500 files, 300.0 MB, 50 files/s, 30.0 MB/s, 100 %, 0 s left");
}

TEST(Progress, DividesByNothing) {
  EXPECT_EQ(progress_line({}), "0 files, 0 bytes, 0 files/s, 0 bytes/s, counting");
  EXPECT_EQ(progress_line({.files_total = 5}), "0 files, 0 bytes, 0 files/s, 0 bytes/s, 0 %");
}

TEST(Env, WritesNumbersForPeople) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(123456), "123,456");
  EXPECT_EQ(with_commas(18446744073709551615u), "18,446,744,073,709,551,615");
  EXPECT_EQ(as_bytes_text(999), "999 bytes");
  EXPECT_EQ(as_bytes_text(1000), "1.0 KB");
  EXPECT_EQ(as_bytes_text(999'960), "1.0 MB");
  EXPECT_EQ(as_bytes_text(1'500'000'000), "1.5 GB");
}

}  // namespace
}  // namespace fristad
