#include <gtest/gtest.h>

#include "http/client.h"

namespace fristad {
namespace {

std::string shown(std::string_view url) {
  const auto target = HttpTarget::parse(url);
  if (!target) return target.error().code == Code::invalid_argument ? "refused" : "?";
  return std::string(target->tls ? "tls " : "plain ") + target->host + " " + std::to_string(target->port) + " " +
         target->path;
}

TEST(Target, ReadsUrls) {
  EXPECT_EQ(shown("https://hma.example/c/banks?x=1#part"), "tls hma.example 443 /c/banks?x=1");
  EXPECT_EQ(shown("HTTP://a"), "plain a 80 /");
  EXPECT_EQ(shown("http://a:8080?x"), "plain a 8080 /?x");
  EXPECT_EQ(shown("http://[2001:db8::1]:65535/"), "plain 2001:db8::1 65535 /");
  EXPECT_EQ(shown("https://127.0.0.1/a%20b"), "tls 127.0.0.1 443 /a%20b");
  EXPECT_EQ(shown("https://a/b://c"), "tls a 443 /b://c");
}

TEST(Target, RefusesOthers) {
  for (const std::string& url : {std::string(""),
                                 std::string("a"),
                                 std::string("//a"),
                                 std::string("ftp://a"),
                                 std::string("http:/a"),
                                 std::string("http://"),
                                 std::string("http:///a"),
                                 std::string("http://:80"),
                                 std::string("http://u@a"),
                                 std::string("http://u:p@a/"),
                                 std::string("http://a:"),
                                 std::string("http://a:0"),
                                 std::string("http://a:65536"),
                                 std::string("http://a:8x"),
                                 std::string("http://a:-1"),
                                 std::string("http://a b"),
                                 std::string("http://a\n"),
                                 std::string("http://a\\b"),
                                 std::string("http://\xc3\xa5"),
                                 std::string("http://[::1"),
                                 std::string("http://[::1]x"),
                                 std::string("http://a%2eb"),
                                 std::string("http://a\0", 9),
                                 "http://" + std::string(254, 'a'),
                                 "http://a/" + std::string(9000, 'a'),
                                 std::string("javascript://a")}) {
    EXPECT_EQ(shown(url), "refused") << url;
  }
}

}  // namespace
}  // namespace fristad
