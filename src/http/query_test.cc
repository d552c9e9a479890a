#include "http/query.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

TEST(Query, DecodesPercents) {
  EXPECT_EQ(percent_decode("a%2Fb%2f+%c3%A5", Plus::is_plus).value(), "a/b/+\xc3\xa5");
  EXPECT_EQ(percent_decode("a+b", Plus::is_space).value(), "a b");
  EXPECT_EQ(percent_decode("%2541", Plus::is_plus).value(), "%41");  // once, not twice
  EXPECT_EQ(percent_decode("%00", Plus::is_plus).value(), std::string(1, '\0'));
  for (const std::string_view bad : {"%", "a%4", "%g1", "%1g", "%%41", "% 1", "%+1"}) {
    ASSERT_FALSE(percent_decode(bad, Plus::is_plus)) << bad;
    EXPECT_EQ(percent_decode(bad, Plus::is_plus).error().code, Code::invalid_argument);
  }
}

TEST(Query, SplitsMembers) {
  EXPECT_EQ(parse_query("").value(), Members());
  EXPECT_EQ(parse_query("list=se%2Fcovers&limit=20").value(), (Members{{"list", "se/covers"}, {"limit", "20"}}));
  EXPECT_EQ(parse_query("a&&b=&=c&a=d=e%26").value(), (Members{{"a", ""}, {"b", ""}, {"", "c"}, {"a", "d=e&"}}));
}

TEST(Query, RefusesHostileOnes) {
  for (const std::string_view bad : {"a=%zz", "%=b", "a=%ff", "a=%00", "a=%ed%a0%80"}) {
    ASSERT_FALSE(parse_query(bad)) << bad;
    EXPECT_EQ(parse_query(bad).error().code, Code::invalid_argument);
  }
  std::string many = "a";
  for (std::size_t i = 1; i < query_members_max; ++i) many += "&a";
  EXPECT_TRUE(parse_query(many));
  EXPECT_EQ(parse_query(many + "&a").error().code, Code::too_large);
}

}  // namespace
}  // namespace fristad
