#include "http/admission.h"

#include <gtest/gtest.h>

#include <thread>

namespace fristad {
namespace {

TEST(Admission, CountsInAll) {
  Admission admission(2, 10);
  const Peer a{.address = "192.0.2.1"};
  const Peer local{.address = "127.0.0.1", .loopback = true};
  EXPECT_TRUE(admission.admit(a));
  EXPECT_TRUE(admission.admit(local));
  EXPECT_FALSE(admission.admit(a));
  EXPECT_FALSE(admission.admit(local));
  EXPECT_EQ(admission.open(), 2u);
  admission.leave(local);
  EXPECT_TRUE(admission.admit(a));
}

TEST(Admission, CountsEachAddress) {
  Admission admission(100, 2);
  const Peer a{.address = "192.0.2.1"};
  const Peer b{.address = "192.0.2.2"};
  EXPECT_TRUE(admission.admit(a));
  EXPECT_TRUE(admission.admit(a));
  EXPECT_FALSE(admission.admit(a));
  EXPECT_TRUE(admission.admit(b));
  admission.leave(a);
  EXPECT_TRUE(admission.admit(a));
  const Peer local{.address = "127.0.0.1", .loopback = true};
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(admission.admit(local));
  EXPECT_EQ(admission.open(), 13u);
}

TEST(Admission, TakesAnIpv6NetworkForOne) {
  Admission admission(100, 2);
  EXPECT_TRUE(admission.admit({.address = "2001:db8:1:2::1"}));
  EXPECT_TRUE(admission.admit({.address = "2001:db8:1:2:3::4"}));
  EXPECT_FALSE(admission.admit({.address = "2001:db8:1:2:ffff::"}));
  EXPECT_TRUE(admission.admit({.address = "2001:db8:1:3::1"}));
}

TEST(Admission, WaitsUntilAllHaveLeft) {
  Admission admission(100, 100);
  EXPECT_TRUE(admission.wait_for_none(std::chrono::milliseconds(0)));
  const Peer a{.address = "192.0.2.1"};
  ASSERT_TRUE(admission.admit(a));
  EXPECT_FALSE(admission.wait_for_none(std::chrono::milliseconds(1)));
  const std::jthread other([&] { admission.leave(a); });
  EXPECT_TRUE(admission.wait_for_none(std::chrono::seconds(20)));
}

}  // namespace
}  // namespace fristad
