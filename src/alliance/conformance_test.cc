#include "alliance/conformance.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/hex.h"

namespace fristad {
namespace {

constexpr Nonce one_nonce{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
constexpr Nonce other_nonce{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17};

// No picture's hash, but of all of it.
Result<std::string> hash_of(std::span<const std::uint8_t> luma, int width, int height) {
  EXPECT_EQ(luma.size(), static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  return to_hex(sha256(luma)) + " " + std::to_string(width);
}

ConformanceAnswers answers_to(const Nonce& nonce, PdqOf pdq = hash_of) {
  auto answers = conformance_answers(nonce, {.pdq = std::move(pdq)});
  EXPECT_TRUE(answers) << answers.error().message;
  return answers.value_or(ConformanceAnswers());
}

TEST(Conformance, FollowsFromTheNonceAlone) {
  const ConformanceAnswers answers = answers_to(one_nonce);
  EXPECT_EQ(answers, answers_to(one_nonce));
  EXPECT_EQ(answers.sections.size(), 10U);
  const ConformanceAnswers others = answers_to(other_nonce);
  EXPECT_EQ(differences(answers, others).size(), answers.sections.size()) << "in every section";
}

// What this program answers is what others expect. A line that changes means that a format has, or the questions: then
// programs of before and after don't admit one another's candidates.
TEST(Conformance, AnswersAsItAlwaysHas) {
  const std::vector<std::pair<std::string, std::string>> known{
      {"card", "f3b05381e3b4265288671f01d85ece011ed5097f9f1fee25e34334905472c5b2"},
      {"epoch", "0e918abca84daa633d02439c1496715aa17d03ff1f164ac33f314d549a12db9b"},
      {"imagery", "92c5f72c93707b5d11bddff3af32dd1a63ae40f4908db3f9a31906974e4d7e39"},
      {"json", "bea695abd8f241df2bafd5bf3d8a338e9901c73783d6dadaea62aa6e3125946a"},
      {"leaf", "eb74081b4119966f02fbd13a47d3202f63a4a7b7b3e9a72c04b4eda8ffd9902c"},
      {"note", "5b67cf6a7da19bd960bbc652ddb845e539bcd0c9ea3a32b843df0fcfd9af7961"},
      {"payload", "54ee96501112f5da21717db3e08544b580723054724dcd8d0c8394033ec07160"},
      {"pdq", "76f187f610c77b01569e909b2f0a63a3c02aea2387e225643f7cc0137368b96d"},
      {"statement", "b2e06064e5998851868dfac428f2c0dd0d3adf7f034ae61d7cd41769ffee013c"},
      {"tree", "0fdc60ab0892382b3dede0c2e5d799bba21b8b6b5e2d127b742b46df39fb3066"},
  };
  const ConformanceAnswers answers = answers_to(one_nonce);
  EXPECT_EQ(answers.sections.size(), known.size());
  for (const auto& [name, digest] : answers.sections) {
    const auto at = std::ranges::find(known, name, &std::pair<std::string, std::string>::first);
    EXPECT_EQ(to_hex(digest), at == known.end() ? "" : at->second) << name;
  }
}

TEST(Conformance, AsksForPicturesWhereTheyCanBeHashed) {
  const ConformanceAnswers with = answers_to(one_nonce);
  const ConformanceAnswers without = answers_to(one_nonce, {});
  EXPECT_EQ(differences(with, without), std::vector<std::string>{"pdq"});
  EXPECT_TRUE(differences(without, with).empty());
  const ConformanceAnswers otherwise = answers_to(
      one_nonce, [](std::span<const std::uint8_t>, int, int) -> Result<std::string> { return std::string("0 0"); });
  EXPECT_EQ(differences(with, otherwise), std::vector<std::string>{"pdq"});
  const auto failed =
      conformance_answers(one_nonce, {.pdq = [](std::span<const std::uint8_t>, int, int) -> Result<std::string> {
                            return Error{Code::unavailable, "no memory"};
                          }});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::unavailable);
}

TEST(Conformance, PicturesAreSmallAndOfSeveralSizes) {
  std::set<std::pair<int, int>> sizes;
  answers_to(one_nonce, [&](std::span<const std::uint8_t> luma, int width, int height) -> Result<std::string> {
    EXPECT_TRUE(width >= 64 && width <= 128 && height >= 64 && height <= 96) << width << "x" << height;
    sizes.emplace(width, height);
    return to_hex(sha256(luma));
  });
  EXPECT_GT(sizes.size(), 3U);
}

TEST(Conformance, NamesWhatDiffersOrIsMissing) {
  const ConformanceAnswers ours{{{"card", {1}}, {"leaf", {2}}, {"tree", {3}}}};
  ConformanceAnswers theirs = ours;
  EXPECT_TRUE(differences(ours, theirs).empty());
  theirs.sections["newer"] = {4};
  EXPECT_TRUE(differences(ours, theirs).empty()) << "newer programs may have more";
  theirs.sections["tree"] = {4};
  theirs.sections.erase("card");
  EXPECT_EQ(differences(ours, theirs), (std::vector<std::string>{"card", "tree"}));
  EXPECT_EQ(differences(ours, {}).size(), 3U);
}

TEST(Conformance, ComesBackAsItWas) {
  for (const ConformanceAnswers& answers :
       {answers_to(one_nonce), ConformanceAnswers(), ConformanceAnswers{{{"unknown_here", {1}}}}}) {
    const auto read = ConformanceAnswers::from_json(answers.to_json());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, answers);
  }
}

TEST(Conformance, RefusesAnotherForm) {
  const std::string digest(64, 'a');
  const auto refused = [](const Json& json) {
    const auto read = ConformanceAnswers::from_json(json);
    return !read && read.error().code == Code::invalid_argument;
  };
  EXPECT_FALSE(refused(Json::object({{std::string(32, 'z'), digest}})));
  for (const std::string& name : {std::string(), std::string(33, 'z'), std::string("Leaf"), std::string("leaf2"),
                                  std::string("le af"), std::string("le-af"), std::string("\xc3\xa5")}) {
    EXPECT_TRUE(refused(Json::object({{name, digest}}))) << name;
  }
  for (const Json& value :
       {Json(), Json(1), Json(true), Json(digest.substr(1)), Json(digest + "a"), Json(std::string(64, 'A')),
        Json(std::string(64, 'g')), Json(Json::Array{digest}), Json::object()}) {
    EXPECT_TRUE(refused(Json::object({{"leaf", value}}))) << canonical(value);
  }
  for (const Json& whole : {Json(), Json(digest), Json(Json::Array{})}) EXPECT_TRUE(refused(whole));
  Json many = Json::object();
  while (many.members()->size() < conformance_sections_max) {
    many.members()->emplace(
        "s" + std::string(many.members()->size() % 26 + 1, 'a') + std::string(many.members()->size() / 26, 'b'),
        digest);
  }
  EXPECT_FALSE(refused(many));
  many.members()->emplace("more", digest);
  EXPECT_TRUE(refused(many));
}

}  // namespace
}  // namespace fristad
