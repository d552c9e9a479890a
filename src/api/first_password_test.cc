#include "api/first_password.h"

#include <gtest/gtest.h>

#include <set>

namespace fristad {
namespace {

TEST(FirstPasswordTest, HasFiveGroupsAndIsNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto password = first_password(system_random());
    ASSERT_TRUE(password);
    ASSERT_EQ(password->size(), 24u);
    for (std::size_t at = 0; at < 24; ++at) {
      if (at % 5 == 4) {
        EXPECT_EQ((*password)[at], '-');
      } else {
        EXPECT_EQ(std::string_view("01ilou-").find((*password)[at]), std::string_view::npos);
      }
    }
    EXPECT_TRUE(seen.insert(*password).second);
  }
}

TEST(FirstPasswordTest, SaysWhenThereIsNothingToDrawFrom) {
  const Random none = [](std::span<std::uint8_t>) -> Status { return Error{Code::unavailable, "none"}; };
  EXPECT_EQ(first_password(none).error().code, Code::unavailable);
}

}  // namespace
}  // namespace fristad
