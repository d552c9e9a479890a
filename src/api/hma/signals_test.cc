#include "api/hma/signals.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

const std::string digits(64, 'a');

TEST(HmaSignalsTest, ChecksAsHmaDoes) {
  const auto pdq = hma_query("pdq", digits);
  ASSERT_TRUE(pdq);
  EXPECT_EQ(signal_text(*pdq), digits);
  for (const std::string& wrong : {std::string(64, 'A'), digits + "a", std::string(), " " + digits}) {
    const auto refused = hma_query("pdq", wrong);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message, "invalid PDQ hash");
  }
  const auto md5 = hma_query("video_md5", " D41D8CD98F00B204E9800998ECF8427E\n");
  ASSERT_TRUE(md5);
  EXPECT_EQ(signal_text(*md5), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hma_query("video_md5", "x").error().message, "'x' is not a valid MD5 hash");
}

TEST(HmaSignalsTest, AnEntryHasBoth) {
  EntryBody entry;
  set_signal(entry, *hma_query("pdq", digits));
  set_signal(entry, *hma_query("video_md5", "d41d8cd98f00b204e9800998ecf8427e"));
  EXPECT_EQ(canonical(to_json(signals_of(entry))),
            "{\"pdq\":\"" + digits + "\",\"video_md5\":\"d41d8cd98f00b204e9800998ecf8427e\"}");
  EXPECT_TRUE(signals_of({}).empty());
}

}  // namespace
}  // namespace fristad
