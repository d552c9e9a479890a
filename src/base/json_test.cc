#include "base/json.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>

#include "tests/support/seed.h"

namespace fristad {
namespace {

std::string canonical_of(std::string_view text) {
  const auto value = parse_json(text, {.reals = true});
  return value ? canonical(*value) : value.error().message;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Json, GivesThePublishedCanonicalForms) {
  const std::string folder = FRISTAD_TEST_DATA "/jcs/";
  for (const std::string name : {"arrays", "french", "structures", "unicode", "values", "weird"}) {
    const std::string input = read_file(folder + "input/" + name + ".json");
    const std::string output = read_file(folder + "output/" + name + ".json");
    ASSERT_FALSE(output.empty()) << name;
    EXPECT_EQ(canonical_of(input), output) << name;
    EXPECT_TRUE(parse_canonical(output, {.reals = true})) << name;
  }
}

// RFC 8785, appendix B.
TEST(Json, WritesNumbersAsEcmaScriptDoes) {
  const std::vector<std::pair<std::uint64_t, std::string>> published{
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0xc340000000000000, "-9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef4f, "999999999999999900000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0x41b3de4355555554, "333333333.33333325"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
      {0x43143ff3c1cb0959, "1424953923781206.2"},
  };
  for (const auto& [bits, text] : published) EXPECT_EQ(canonical(Json(std::bit_cast<double>(bits))), text);
}

TEST(Json, OrdersNamesByUtf16) {
  EXPECT_EQ(canonical_of(R"({"\ufb33":1,"\ud83d\ude00":2,"\u00e9":3,"a":4,"ab":5,"":6,"\ud7ff":7})"),
            "{\"\":6,\"a\":4,\"ab\":5,\"\u00e9\":3,\"\ud7ff\":7,\"\U0001F600\":2,\"\ufb33\":1}");
}

TEST(Json, RefusesWhatTwoProgramsMightReadDifferently) {
  const std::vector<std::string> wrong{"",
                                       " ",
                                       "{",
                                       "[1,]",
                                       "[1 2]",
                                       "{\"a\":1,\"a\":2}",
                                       "{\"a\":1,}",
                                       "{a:1}",
                                       "01",
                                       "-",
                                       "1.",
                                       ".5",
                                       "1e",
                                       "+1",
                                       "-0",
                                       "1.0",
                                       "1e2",
                                       "9007199254740992",
                                       "-9007199254740992",
                                       "99999999999999999999",
                                       "nul",
                                       "tru",
                                       "NaN",
                                       "Infinity",
                                       "\"\\x\"",
                                       "\"\\u12\"",
                                       "\"\\ud800\"",
                                       "\"\\ud800\\u0041\"",
                                       "\"\\udc00\"",
                                       "\"a",
                                       "\"\t\"",
                                       "\"\xff\"",
                                       "\"\xed\xa0\x80\"",
                                       "\"\xc0\x80\"",
                                       "1 1",
                                       "{}x",
                                       "\xef\xbb\xbf{}",
                                       "[\"a\"",
                                       "{\"a\"}",
                                       "{\"a\":}",
                                       "'a'",
                                       "\"\\",
                                       "\"\\u",
                                       "-a"};
  for (const std::string& text : wrong) {
    const auto value = parse_json(text, {});
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, Code::damaged) << text;
  }
  EXPECT_TRUE(parse_json("9007199254740991", {}));
  EXPECT_TRUE(parse_json("-9007199254740991", {}));
}

TEST(Json, TakesOnlyTheCanonicalFormWhereThatIsAsked) {
  EXPECT_TRUE(parse_canonical(R"({"a":[1,true,null,"\n\u001fé/"],"b":{}})", {}));
  for (const std::string text :
       {"{ }", "{\"b\":1,\"a\":2}", "\"\\u0041\"", "\"\\/\"", "\"\\u000A\"", "[1, 2]", "1\n"}) {
    EXPECT_FALSE(parse_canonical(text, {})) << text;
  }
}

TEST(Json, KeepsItsLimits) {
  EXPECT_EQ(parse_json(std::string(5, ' ') + "1", {.bytes_max = 5}).error().code, Code::too_large);
  const std::string deep = std::string(17, '[') + std::string(17, ']');
  EXPECT_EQ(parse_json(deep, {}).error().code, Code::too_large);
  EXPECT_TRUE(parse_json(deep, {.depth_max = 17}));
  EXPECT_EQ(parse_json(std::string(100'000, '['), {}).error().code, Code::too_large);
}

Json random_value(std::mt19937_64& rng, int depth) {
  switch (rng() % (depth > 3 ? 4 : 6)) {
    case 0: return {};
    case 1: return {rng() % 2 == 0};
    case 2: return {static_cast<std::int64_t>(rng() >> 12) * (rng() % 2 == 0 ? 1 : -1)};
    case 3: {
      std::string text;
      const std::vector<std::string> pieces{"a", "\"", "\\", "\n", "\x01", "\u00e9", "\u2028", "\U0001F600", "\ufb33"};
      for (std::uint64_t i = rng() % 5; i > 0; --i) text += pieces[rng() % pieces.size()];
      return {text};
    }
    case 4: {
      Json::Array items;
      for (std::uint64_t i = rng() % 4; i > 0; --i) items.push_back(random_value(rng, depth + 1));
      return {items};
    }
    default: {
      Json::Object members;
      for (std::uint64_t i = rng() % 4; i > 0; --i) {
        members.emplace(std::string(1, static_cast<char>('a' + rng() % 26)), random_value(rng, depth + 1));
      }
      return {members};
    }
  }
}

TEST(Json, ReadsWhatItWrote) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 rng(seed);
  for (int i = 0; i < 2000; ++i) {
    const Json value = random_value(rng, 0);
    const auto again = parse_canonical(canonical(value), {});
    ASSERT_TRUE(again) << canonical(value);
    ASSERT_EQ(*again, value);
  }
}

}  // namespace
}  // namespace fristad
