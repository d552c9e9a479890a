#include "api/hma/shadow.h"

#include <gtest/gtest.h>

#include "api/hma/hma_fixture.h"
#include "api/hma/hma_impl.h"
#include "fristad/image.h"
#include "tests/support/http_server.h"

namespace fristad {
namespace {

using testing::HmaNode;

std::string said(const HttpAnswer& answer) {
  return std::to_string(answer.status) + " " + answer.body;
}

TEST(HmaShadowTest, AnswersDifferInBanksAndDistances) {
  const HmaBag ours{{"A", "0"}, {"A", "26"}, {"B", "-"}};
  const auto compare = [&](const HmaBag& theirs) {
    const HmaDifference found = difference(ours, theirs);
    return std::to_string(found.more) + " " + std::to_string(found.fewer);
  };
  EXPECT_EQ(compare(ours), "0 0");
  EXPECT_EQ(compare({}), "3 0");
  EXPECT_EQ(compare({{"A", "0"}, {"A", "26"}, {"B", "-"}, {"C", "1"}}), "0 1");
  EXPECT_EQ(compare({{"A", "0"}, {"A", "27"}, {"B", "-"}}), "1 1");
  EXPECT_EQ(compare({{"A", "0"}, {"A", "0"}, {"A", "26"}, {"B", "-"}}), "0 1") << "as often as they come";
}

TEST(HmaShadowTest, ReadsTheAnswersOfHma) {
  const auto banks = [](const std::string& text) { return bag_of_banks(*parse_json(text, {})); };
  EXPECT_EQ(banks(R"({"A":[{"bank_content_id":4,"distance":"0"}]})"), (HmaBag{{"A", "0"}}));
  EXPECT_EQ(banks("{}"), HmaBag{});
  EXPECT_EQ(banks("[]"), std::nullopt);
  EXPECT_EQ(banks(R"({"message":"no"})"), std::nullopt);
  EXPECT_EQ(banks(R"({"A":[{"bank_content_id":4}]})"), std::nullopt);
  const auto raw = [](const std::string& text) { return bag_of_matches(*parse_json(text, {})); };
  EXPECT_EQ(raw(R"({"matches":[1,2]})"), (HmaBag{{"", ""}, {"", ""}}));
  EXPECT_EQ(raw(R"({"matches":[{"bank_content_id":4,"distance":"7"}]})"), (HmaBag{{"", "7"}}));
  EXPECT_EQ(raw("{}"), std::nullopt);
}

// The HMA in front is another node with the drop-in: it writes down what it is asked.
class HmaInFrontTest : public ::testing::Test {
 protected:
  HmaInFrontTest() {
    node_.bank("A");
    node_.start({.open = true,
                 .url_hosts = {"cdn.example"},
                 .shadow = "http://127.0.0.1:" + std::to_string(theirs_.server->port()) + "/"});
  }
  std::string counted() const {
    const Metrics& metrics = node_.api->impl().metrics;
    return std::to_string(metrics.shadow_same) + " " + std::to_string(metrics.shadow_more) + " " +
           std::to_string(metrics.shadow_fewer) + " " + std::to_string(metrics.shadow_failed);
  }
  std::string ask(const PdqHash& hash, const std::string& more = "") {
    return said(node_.get("/m/lookup?signal_type=pdq&signal=" + hash.to_hex() + more));
  }
  // Straight to ours, whatever answers.
  void add_here(const PdqHash& hash) {
    const EntryBody entry{.pdq = hash};
    ASSERT_TRUE(node_.material->add_entries("tester", node_.list_named("A"), {&entry, 1}));
  }

  testing::Rng rng_{3};
  HmaNode theirs_;
  HmaNode node_;
};

TEST_F(HmaInFrontTest, HmaAnswersAndOursIsCompared) {
  theirs_.bank("A");
  const PdqHash both = testing::random_hash(rng_);
  const PdqHash ours = testing::random_hash(rng_);
  const PdqHash only_theirs = testing::random_hash(rng_);
  const std::int64_t id = theirs_.content("A", R"({"pdq":")" + both.to_hex() + "\"}");
  theirs_.content("A", R"({"pdq":")" + only_theirs.to_hex() + "\"}");
  add_here(both);
  add_here(ours);
  EXPECT_EQ(ask(both), "200 {\"A\":[{\"bank_content_id\":" + std::to_string(id) + ",\"distance\":\"0\"}]}\n");
  EXPECT_EQ(counted(), "1 0 0 0");
  EXPECT_EQ(ask(ours), "200 {}\n");
  EXPECT_EQ(counted(), "1 1 0 0");
  EXPECT_TRUE(ask(only_theirs).starts_with("200 {\"A\":"));
  EXPECT_EQ(counted(), "1 1 1 0");
  const std::string raw = "/m/raw_lookup?signal_type=pdq&signal=" + both.to_hex();
  EXPECT_EQ(said(node_.get(raw)), "200 {\"matches\":[" + std::to_string(id) + "]}\n");
  EXPECT_EQ(said(node_.get(raw + "&include_distance=true")),
            "200 {\"matches\":[{\"bank_content_id\":" + std::to_string(id) + ",\"distance\":\"0\"}]}\n");
  EXPECT_EQ(counted(), "3 1 1 0");
  node_.get("/m/raw_lookup?signal_type=pdq&signal=" + ours.to_hex());
  EXPECT_EQ(counted(), "3 2 1 0");
  std::string text;
  node_.api->impl().metrics.write(text);
  EXPECT_NE(text.find("fristad_hma_shadow_same_total 3\n"), std::string::npos);
  EXPECT_NE(text.find("fristad_hma_shadow_fewer_total 1\n"), std::string::npos);
  node_.stop();
  EXPECT_NE(node_.logged().find("hma_shadow"), std::string::npos);
  EXPECT_EQ(node_.logged().find(both.to_hex().substr(0, 8)), std::string::npos);
}

TEST_F(HmaInFrontTest, LuckIsNotCompared) {
  theirs_.bank("A");
  const PdqHash hash = testing::random_hash(rng_);
  add_here(hash);
  HmaBanks names(*node_.journal, *node_.material);
  ASSERT_TRUE(names.change("tester", "A", {}, 500'000));
  for (int i = 0; i < 20; ++i) ask(hash);
  EXPECT_EQ(counted(), "20 0 0 0");
}

TEST_F(HmaInFrontTest, WritesAndErrorsAreHmas) {
  EXPECT_EQ(said(node_.post("/c/banks", R"({"name":"NEW"})")),
            "201 {\"matching_enabled_ratio\":1.0,\"name\":\"NEW\"}\n");
  EXPECT_EQ(said(node_.get("/c/banks")), said(theirs_.get("/c/banks")));
  EXPECT_EQ(node_.material->lists()->size(), 1u) << "nothing was made here";
  const PdqHash hash = testing::random_hash(rng_);
  const HttpAnswer added = node_.post("/c/bank/NEW/signal", R"({"pdq":")" + hash.to_hex() + "\"}");
  EXPECT_EQ(added.status, 200);
  EXPECT_TRUE(said(theirs_.get("/m/lookup?signal_type=pdq&signal=" + hash.to_hex())).starts_with("200 {\"NEW\":"));
  EXPECT_EQ(node_.get("/c/bank/NONE").status, 404);
  EXPECT_EQ(node_.get("/m/lookup?signal_type=x&signal=y").status, 400);
  EXPECT_EQ(node_.get("/m/raw_lookup").status, 422);
  EXPECT_EQ(said(node_.get("/status")), "200 I-AM-ALIVE");
  EXPECT_EQ(said(node_.remove("/c/bank/NEW")), "200 {\"message\":\"Done\"}\n");
  EXPECT_EQ(counted(), "0 0 0 0");
}

TEST_F(HmaInFrontTest, FilesStayHere) {
  theirs_.bank("A");
  const std::string photo = testing::photo_bytes();
  const auto direct = hash_image({reinterpret_cast<const std::uint8_t*>(photo.data()), photo.size()}, {});
  ASSERT_TRUE(direct);
  const std::string pdq = direct->pdq.hash.to_hex();
  const HttpAnswer added = node_.post_form("/c/bank/A/content", {{"photo", photo, "a.jpg"}, {"note", "with a note"}});
  ASSERT_EQ(added.status, 200) << added.body;
  EXPECT_NE(added.body.find("\"signals\":{\"pdq\":\"" + pdq + "\"}"), std::string::npos);
  const std::string id = std::to_string(*parse_json(added.body, {})->find("id")->integer());
  EXPECT_NE(theirs_.get("/c/bank/A/content/" + id).body.find("with a note"), std::string::npos);
  EXPECT_EQ(said(node_.post_form("/m/lookup", {{"photo", photo, "a.jpg"}})),
            "200 {\"pdq\":{\"A\":[{\"bank_content_id\":" + id + ",\"distance\":\"0\"}]}}\n");
  EXPECT_EQ(counted(), "0 0 1 0") << "ours doesn't know it yet";
  EXPECT_EQ(said(node_.post_form("/h/hash", {{"photo", photo, "a.jpg"}})), "200 {\"pdq\":\"" + pdq + "\"}\n");
  EXPECT_EQ(
      node_.post_form("/c/bank/A/content", {{"photo", photo, "a.jpg"}, {"metadata", R"({"content_id":"c"})"}}).status,
      501);
  EXPECT_EQ(theirs_.api->impl().metrics.images_hashed, 0u) << "no file ever came there";
}

TEST_F(HmaInFrontTest, AUrlIsPassedOnIfItsHostIsAllowed) {
  EXPECT_EQ(said(node_.get("/h/hash?url=http://evil.example/x")),
            "400 {\"message\":\"Invalid or unsafe URL provided\"}\n");
  // Theirs has no list of hosts, so it refuses; what counts is that it was asked.
  theirs_.start({.open = false});
  node_.start({.open = true,
               .url_hosts = {"cdn.example"},
               .shadow = "http://127.0.0.1:" + std::to_string(theirs_.server->port())});
  EXPECT_EQ(node_.get("/h/hash?url=http://cdn.example/x").status, 401);
  EXPECT_EQ(node_.get("/m/lookup?url=http://cdn.example/x").status, 401);
  EXPECT_EQ(node_.get("/m/lookup?url=http://evil.example/x").status, 400);
  EXPECT_EQ(node_.post("/c/bank/A/content?url=http://evil.example/x", "{}").status, 400);
  EXPECT_EQ(node_.post("/c/bank/A/content?url=http://cdn.example/x", "{}").status, 401);
}

TEST_F(HmaInFrontTest, WithoutHmaThereIsNoAnswer) {
  theirs_.stop();
  const PdqHash hash = testing::random_hash(rng_);
  EXPECT_EQ(ask(hash), "502 {\"message\":\"the HMA behind this address doesn't answer\"}\n");
  EXPECT_EQ(counted(), "0 0 0 1");
  EXPECT_EQ(node_.get("/c/banks").status, 502);
  EXPECT_EQ(said(node_.get("/status/live")), "200 I-AM-ALIVE");
}

TEST_F(HmaInFrontTest, TheDoorIsOurs) {
  node_.start({.shadow = "http://127.0.0.1:" + std::to_string(theirs_.server->port())});
  EXPECT_EQ(node_.get("/c/banks").status, 401);
  node_.bearer = node_.token({TokenScope::match});
  EXPECT_EQ(node_.get("/c/banks").status, 403);
  EXPECT_EQ(ask(testing::random_hash(rng_)), "200 {}\n");
}

TEST(HmaShadowMakeTest, AnAddressIsAUrl) {
  HmaNode node;
  EXPECT_EQ(Hma::make(*node.api, {.shadow = "hma.example"}).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace fristad
