#include "api/hma/door.h"

#include <gtest/gtest.h>

#include <vector>

namespace fristad {
namespace {

TEST(HmaDoorTest, KnowsItsOwnHosts) {
  const std::vector<std::string> hosts{"hma.example", "two.example:5100"};
  for (const char* host : {"localhost", "LOCALHOST:5100", "127.0.0.1:80", "[::1]", "[::1]:5100", "hma.example",
                           "hma.example:8080", "two.example:5100"}) {
    EXPECT_TRUE(is_host_of_ours(host, hosts)) << host;
  }
  for (const char* host : {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "two.example",
                           "two.example:80", "[::2]", "[", "127.0.0.2", "hma.example.evil"}) {
    EXPECT_FALSE(is_host_of_ours(host, hosts)) << host;
  }
}

TEST(HmaDoorTest, AnOriginIsOursOrForeign) {
  EXPECT_TRUE(is_origin_of("http://localhost:5100", "localhost:5100"));
  EXPECT_TRUE(is_origin_of("https://hma.example", "HMA.example"));
  for (const char* origin : {"null", "http://localhost", "http://evil.example", "file://localhost:5100", ""}) {
    EXPECT_FALSE(is_origin_of(origin, "localhost:5100")) << origin;
  }
}

TEST(HmaDoorTest, AStarStandsForWhatIsBelow) {
  const std::vector<std::string> listed{"cdn.example", "*.media.example"};
  EXPECT_TRUE(is_listed_host("cdn.example", listed));
  EXPECT_TRUE(is_listed_host("CDN.Example", listed));
  EXPECT_TRUE(is_listed_host("a.b.media.example", listed));
  EXPECT_FALSE(is_listed_host("media.example", listed));
  EXPECT_FALSE(is_listed_host("evilmedia.example", listed));
  EXPECT_FALSE(is_listed_host("a.cdn.example", listed));
  EXPECT_FALSE(is_listed_host("cdn.example", {}));
}

}  // namespace
}  // namespace fristad
