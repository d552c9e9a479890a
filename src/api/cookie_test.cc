#include "api/cookie.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

TEST(CookieTest, IsFoundAmongOthers) {
  EXPECT_EQ(session_cookie("fristad_session=abc"), "abc");
  EXPECT_EQ(session_cookie("a=b; fristad_session=abc; c=d"), "abc");
  EXPECT_EQ(session_cookie("a=fristad_session=abc;;; ;"), "");
  EXPECT_EQ(session_cookie(""), "");
  EXPECT_EQ(session_cookie("fristad_session=" + std::string(300, 'a')), "");
}

TEST(CookieTest, IsNotForScriptsNorOtherSites) {
  EXPECT_EQ(set_session_cookie("abc", true), "fristad_session=abc; Path=/; HttpOnly; SameSite=Strict; Secure");
  EXPECT_EQ(set_session_cookie("", false), "fristad_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
}

}  // namespace
}  // namespace fristad
