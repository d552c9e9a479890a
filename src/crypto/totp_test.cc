#include "crypto/totp.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

const Bytes secret = as_bytes("12345678901234567890");

TEST(Totp, GivesTheCodesOfRfc6238) {
  // Appendix B, the rows of SHA-1: eight digits there, of which six are the last six.
  EXPECT_EQ(totp_code(secret, totp_step(59'000)), "287082");
  EXPECT_EQ(totp_code(secret, totp_step(1'111'111'109'000)), "081804");
  EXPECT_EQ(totp_code(secret, totp_step(1'111'111'111'000)), "050471");
  EXPECT_EQ(totp_code(secret, totp_step(1'234'567'890'000)), "005924");
  EXPECT_EQ(totp_code(secret, totp_step(2'000'000'000'000)), "279037");
  EXPECT_EQ(totp_code(secret, totp_step(20'000'000'000'000)), "353130");
}

TEST(Totp, GivesTheCodesOfRfc4226) {
  // Appendix D: there the steps count from 0.
  const std::array<const char*, 10> codes{"755224", "287082", "359152", "969429", "338314",
                                          "254676", "287922", "162583", "399871", "520489"};
  for (std::size_t i = 0; i < codes.size(); ++i) EXPECT_EQ(totp_code(secret, static_cast<std::int64_t>(i)), codes[i]);
}

TEST(Totp, TakesTheStepBeforeAndAfterAndNoOther) {
  const std::int64_t now_ms = 1'800'000'000'000;
  const std::int64_t now = totp_step(now_ms);
  for (std::int64_t away = -5; away <= 5; ++away) {
    const auto step = accepted_totp(secret, totp_code(secret, now + away), now_ms, 0);
    EXPECT_EQ(step.has_value(), away >= -1 && away <= 1) << away;
    EXPECT_EQ(step.value_or(now + away), now + away);
  }
}

TEST(Totp, TakesNoCodeTwiceNorAnEarlierOne) {
  const std::int64_t now_ms = 1'800'000'000'000;
  const std::int64_t now = totp_step(now_ms);
  EXPECT_TRUE(accepted_totp(secret, totp_code(secret, now), now_ms, now - 1));
  EXPECT_FALSE(accepted_totp(secret, totp_code(secret, now), now_ms, now));
  EXPECT_FALSE(accepted_totp(secret, totp_code(secret, now - 1), now_ms, now));
  EXPECT_TRUE(accepted_totp(secret, totp_code(secret, now + 1), now_ms, now));
}

TEST(Totp, RefusesWhatIsNoCode) {
  const std::int64_t now_ms = 59'000;
  for (const char* text : {"", "28708", "2870820", "287083", " 287082", "94287082", "28708a"}) {
    EXPECT_FALSE(accepted_totp(secret, text, now_ms, 0)) << text;
  }
  EXPECT_FALSE(accepted_totp(as_bytes("12345678901234567891"), "287082", now_ms, 0));
}

}  // namespace
}  // namespace fristad
