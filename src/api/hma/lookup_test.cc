#include "api/hma/lookup.h"

#include <gtest/gtest.h>

#include "api/hma/hma_fixture.h"
#include "fristad/image.h"
#include "tests/support/image_maker.h"

namespace fristad {
namespace {

using testing::HmaNode;

const std::string md5_a = "d41d8cd98f00b204e9800998ecf8427e";

std::string said(const HttpAnswer& answer) {
  return std::to_string(answer.status) + " " + answer.body;
}
std::string message(int status, const std::string& text) {
  return std::to_string(status) + " {\"message\":\"" + text + "\"}\n";
}
std::string pdq_json(const PdqHash& hash) {
  return R"({"pdq":")" + hash.to_hex() + "\"}";
}
std::string match(std::int64_t id, const std::string& distance) {
  return "{\"bank_content_id\":" + std::to_string(id) + ",\"distance\":\"" + distance + "\"}";
}

class HmaLookupTest : public ::testing::Test {
 protected:
  std::string lookup(const PdqHash& hash, const std::string& more = "") {
    return said(node_.get("/m/lookup?signal_type=pdq&signal=" + hash.to_hex() + more));
  }
  std::string raw(const PdqHash& hash, const std::string& more = "") {
    return said(node_.get("/m/raw_lookup?signal_type=pdq&signal=" + hash.to_hex() + more));
  }

  testing::Rng rng_{5};
  HmaNode node_;
};

TEST_F(HmaLookupTest, TellsBanksAndDistances) {
  const PdqHash hash = testing::random_hash(rng_);
  const PdqHash near = testing::flipped(hash, 26, rng_);
  node_.bank("B");
  node_.bank("A");
  const std::int64_t b = node_.content("B", pdq_json(hash));
  const std::int64_t a_far = node_.content("A", pdq_json(near));
  const std::int64_t a = node_.content("A", pdq_json(hash));
  EXPECT_EQ(lookup(hash),
            "200 {\"A\":[" + match(a, "0") + "," + match(a_far, "26") + "],\"B\":[" + match(b, "0") + "]}\n");
  EXPECT_EQ(lookup(hash, "&banks=B,NONE"), "200 {\"B\":[" + match(b, "0") + "]}\n");
  EXPECT_EQ(lookup(hash, "&banks=NONE"), "200 {}\n");
  EXPECT_EQ(lookup(testing::random_hash(rng_)), "200 {}\n");
  EXPECT_EQ(lookup(testing::flipped(hash, 40, rng_), "&banks=B"), "200 {}\n");
  EXPECT_EQ(raw(near, "&banks=A&include_distance=true"),
            "200 {\"matches\":[" + match(a_far, "0") + "," + match(a, "26") + "]}\n");
  EXPECT_EQ(raw(hash, "&banks=B"), "200 {\"matches\":[" + std::to_string(b) + "]}\n");
  EXPECT_EQ(raw(hash, "&banks=NONE"), "200 {\"matches\":[]}\n");
  EXPECT_EQ(raw(testing::random_hash(rng_)), "200 {\"matches\":[]}\n");
}

TEST_F(HmaLookupTest, DigestsHaveNoDistance) {
  node_.bank("A");
  const std::int64_t id = node_.content("A", R"({"video_md5":")" + md5_a + "\"}");
  EXPECT_EQ(said(node_.get("/m/lookup?signal_type=video_md5&signal=D41D8CD98F00B204E9800998ECF8427E")),
            "200 {\"A\":[" + match(id, "-") + "]}\n");
  EXPECT_EQ(said(node_.get("/m/raw_lookup?signal_type=video_md5&include_distance=1&signal=" + md5_a)),
            "200 {\"matches\":[" + match(id, "-") + "]}\n");
}

TEST_F(HmaLookupTest, RefusesInHmasWords) {
  const std::string hash(64, 'a');
  const auto refused = [&](const std::string& target) { return said(node_.get(target)); };
  for (const std::string route : {"/m/raw_lookup", "/m/lookup"}) {
    EXPECT_EQ(refused(route + "?signal_type=x&signal=" + hash), message(400, "No such SignalType 'x'"));
    EXPECT_EQ(refused(route + "?signal_type=pdq&signal=" + std::string(64, 'A')),
              message(400, "invalid signal: invalid PDQ hash"));
    EXPECT_EQ(refused(route + "?signal_type=video_md5&signal=1"),
              message(400, "invalid signal: '1' is not a valid MD5 hash"));
  }
  EXPECT_EQ(node_.get("/m/raw_lookup?signal_type=pdq").status, 422);
  EXPECT_EQ(node_.get("/m/raw_lookup?signal=" + hash).status, 422);
  EXPECT_EQ(node_.get("/m/raw_lookup?signal_type=pdq&include_distance=perhaps&signal=" + hash).status, 422);
  EXPECT_EQ(refused("/m/lookup"), message(400, "Either url or both signal and signal_type are required"));
  EXPECT_EQ(refused("/m/lookup?signal=" + hash),
            message(400, "Either url or both signal and signal_type are required"));
  EXPECT_EQ(refused("/m/lookup?url=http://a.example/x"), message(400, "Invalid or unsafe URL provided"));
}

TEST_F(HmaLookupTest, ABankAnswersByTheTossOfACoin) {
  const PdqHash hash = testing::random_hash(rng_);
  node_.bank("A");
  node_.bank("B");
  const std::int64_t a = node_.content("A", pdq_json(hash));
  const std::int64_t b = node_.content("B", pdq_json(hash));
  const std::string both = "200 {\"A\":[" + match(a, "0") + "],\"B\":[" + match(b, "0") + "]}\n";
  ASSERT_EQ(node_.put("/c/bank/A", R"({"enabled_ratio":0.5})").status, 200);
  ASSERT_EQ(node_.put("/c/bank/B", R"({"enabled_ratio":0.5})").status, 200);
  int answered = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string seed = "&seed=" + std::to_string(i);
    const std::string answer = lookup(hash, seed);
    EXPECT_TRUE(answer == both || answer == "200 {}\n") << "one toss for all banks: " << answer;
    EXPECT_EQ(lookup(hash, seed), answer) << "the same seed, the same toss";
    answered += answer == both ? 1 : 0;
  }
  EXPECT_GT(answered, 60);
  EXPECT_LT(answered, 140);
  EXPECT_EQ(lookup(hash, "&seed=1&bypass_coinflip=true"), both);
  int without_seed = 0;
  for (int i = 0; i < 100; ++i) without_seed += lookup(hash) == both ? 1 : 0;
  EXPECT_GT(without_seed, 0);
  EXPECT_LT(without_seed, 100);

  ASSERT_EQ(node_.put("/c/bank/A", R"({"enabled":false})").status, 200);
  ASSERT_EQ(node_.put("/c/bank/B", R"({"enabled":true})").status, 200);
  EXPECT_EQ(lookup(hash), "200 {\"B\":[" + match(b, "0") + "]}\n");
  EXPECT_EQ(lookup(hash, "&bypass_coinflip=true"), both);
  const std::string all = raw(hash);
  EXPECT_NE(all.find(std::to_string(a)), std::string::npos) << all;
  EXPECT_NE(all.find(std::to_string(b)), std::string::npos) << all;
  // What rests stays unanswered, whatever is bypassed.
  ASSERT_EQ(node_.put("/c/bank/B/content/" + std::to_string(b), R"({"disable_until_ts":0})").status, 200);
  EXPECT_EQ(lookup(hash, "&bypass_coinflip=true"), "200 {\"A\":[" + match(a, "0") + "]}\n");
}

TEST_F(HmaLookupTest, WhatIsOnlyObservedOrAllowedIsNotTold) {
  const PdqHash hash = testing::random_hash(rng_);
  node_.bank("A");
  const ListId list = node_.list_named("A");
  const EntryBody harmless{.pdq = hash, .classification = Classification::not_illegal};
  ASSERT_TRUE(node_.material->add_entries("tester", list, {&harmless, 1}));
  EXPECT_EQ(lookup(hash), "200 {}\n");
  EXPECT_NE(raw(hash), "200 {\"matches\":[]}\n");

  const PdqHash allowed = testing::random_hash(rng_);
  node_.content("A", pdq_json(allowed));
  EXPECT_NE(lookup(allowed), "200 {}\n");
  const auto allow = node_.material->create_list("tester", {.title = "Not these", .purpose = Purpose::allow});
  const EntryBody entry{.pdq = allowed};
  ASSERT_TRUE(node_.material->add_entries("tester", *allow, {&entry, 1}));
  EXPECT_EQ(lookup(allowed), "200 {}\n");
  EXPECT_EQ(lookup(allowed, "&bypass_coinflip=true"), "200 {}\n");
  EXPECT_EQ(raw(allowed), "200 {\"matches\":[]}\n");
  EXPECT_EQ(said(node_.get("/c/bank/NOT_THESE")), message(404, "bank 'NOT_THESE' not found")) << "it is no bank";
}

TEST_F(HmaLookupTest, AMatchOnlyTokenLearnsNoDistance) {
  const PdqHash hash = testing::random_hash(rng_);
  node_.bank("A");
  const std::int64_t id = node_.content("A", pdq_json(hash));
  node_.bearer = node_.token({TokenScope::match});
  EXPECT_EQ(lookup(testing::flipped(hash, 9, rng_)), "200 {\"A\":[" + match(id, "-") + "]}\n");
  EXPECT_EQ(node_.get("/m/raw_lookup?signal_type=pdq&signal=" + hash.to_hex()).status, 403);
}

TEST_F(HmaLookupTest, ATokenHasItsQuotaAndIsWatched) {
  const PdqHash hash = testing::random_hash(rng_);
  node_.bank("A");
  node_.content("A", pdq_json(hash));
  const auto small = node_.people->add_token(
      "tester",
      {.name = "small", .scopes = {TokenScope::match}, .ends_ms = node_.now_ms() + 1'000'000, .hashes_per_minute = 2});
  ASSERT_TRUE(small);
  node_.bearer = small->second;
  EXPECT_TRUE(lookup(hash).starts_with("200"));
  EXPECT_TRUE(lookup(hash).starts_with("200"));
  const HttpAnswer refused = node_.get("/m/lookup?signal_type=pdq&signal=" + hash.to_hex());
  EXPECT_EQ(said(refused), message(429, "the token's quota of hashes is used up"));
  EXPECT_NE(refused.headers.find("Retry-After"), "");

  node_.bearer = node_.token({TokenScope::match});
  EXPECT_TRUE(lookup(hash).starts_with("200"));
  int refusals = 0;
  for (int i = 0; i < 100; ++i)
    refusals += lookup(testing::flipped(hash, 33 + i % 20, rng_)).starts_with("429") ? 1 : 0;
  EXPECT_GT(refusals, 0) << "who feels his way is stopped here too";
}

// ---- Files ----

TEST_F(HmaLookupTest, AFileIsHashedAndLookedUp) {
  const std::string photo = testing::photo_bytes();
  const auto direct = hash_image({reinterpret_cast<const std::uint8_t*>(photo.data()), photo.size()}, {});
  ASSERT_TRUE(direct);
  EXPECT_EQ(said(node_.post_form("/h/hash", {{"photo", photo, "a.jpg"}})), "200 " + pdq_json(direct->pdq.hash) + "\n");
  EXPECT_EQ(said(node_.post_form("/h/hash?types=pdq", {{"photo", photo, "a.jpg"}})),
            "200 " + pdq_json(direct->pdq.hash) + "\n");
  EXPECT_EQ(said(node_.post_form("/h/hash", {{"video", "", "a.mp4"}})), "200 {\"video_md5\":\"" + md5_a + "\"}\n");
  EXPECT_EQ(said(node_.post_form("/m/lookup", {{"photo", photo, "a.jpg"}})), "200 {\"pdq\":{}}\n");
  node_.bank("A");
  const std::int64_t id = node_.content("A", pdq_json(direct->pdq.hash));
  const std::int64_t film = node_.content("A", R"({"video_md5":")" + md5_a + "\"}");
  EXPECT_EQ(said(node_.post_form("/m/lookup", {{"photo", photo, "a.jpg"}})),
            "200 {\"pdq\":{\"A\":[" + match(id, "0") + "]}}\n");
  EXPECT_EQ(said(node_.post_form("/m/lookup?banks=B", {{"photo", photo, "a.jpg"}})), "200 {\"pdq\":{}}\n");
  EXPECT_EQ(said(node_.post_form("/m/lookup", {{"video", "", "a.mp4"}})),
            "200 {\"video_md5\":{\"A\":[" + match(film, "-") + "]}}\n");
  ASSERT_EQ(node_.put("/c/bank/A", R"({"enabled":false})").status, 200);
  EXPECT_EQ(said(node_.post_form("/m/lookup", {{"photo", photo, "a.jpg"}})), "200 {\"pdq\":{}}\n");
  EXPECT_EQ(said(node_.post_form("/m/lookup?bypass_coinflip=true", {{"photo", photo, "a.jpg"}})),
            "200 {\"pdq\":{\"A\":[" + match(id, "0") + "]}}\n");
}

TEST_F(HmaLookupTest, AFlatPhotoHasNoHash) {
  support::Image flat(64, 64);
  std::ranges::fill(flat.pixels, std::uint8_t{120});
  const support::Bytes bytes = support::to_png(flat, {});
  const std::string text(bytes.begin(), bytes.end());
  EXPECT_EQ(said(node_.post_form("/h/hash", {{"photo", text, "a.png"}})), "200 {\"pdq\":\"\"}\n");
  EXPECT_EQ(said(node_.post_form("/m/lookup", {{"photo", text, "a.png"}})),
            message(400, "invalid signal: invalid PDQ hash"));
  node_.bank("A");
  EXPECT_EQ(said(node_.post_form("/c/bank/A/content", {{"photo", text, "a.png"}})),
            message(400, "Invalid pdq signal: invalid PDQ hash"));
}

TEST_F(HmaLookupTest, FilesAreRefusedInHmasWords) {
  for (const std::string route : {"/h/hash", "/m/lookup"}) {
    EXPECT_EQ(said(node_.post(route, "{}")), message(400, "Missing multipart/form-data file upload"));
    EXPECT_EQ(said(node_.post_form(route, {{"photo", "x"}})), message(400, "Missing multipart/form-data file upload"));
    EXPECT_EQ(said(node_.post_form(route, {{"video", "x", "a"}, {"photo", "y", "b"}})),
              message(400, "Only one file allowed per request"));
    EXPECT_EQ(said(node_.post_form(route, {{"file", "x", "a"}})), message(400, "no such content_type: 'file'"));
    EXPECT_TRUE(said(node_.post_form(route, {{"photo", "no picture", "a"}}))
                    .starts_with("400 {\"message\":\"Failed to hash the file: "));
    EXPECT_EQ(said(node_.post_form(route, {{"photo", std::string(33u << 20, 'x'), "a"}})),
              message(413, "Content too large"));
  }
  EXPECT_EQ(node_.get("/h/hash").status, 422);
  EXPECT_EQ(said(node_.get("/h/hash?url=http://a.example/x")), message(400, "Invalid or unsafe URL provided"));
}

TEST_F(HmaLookupTest, SignalsAreCompared) {
  const PdqHash hash = testing::random_hash(rng_);
  const std::string near = testing::flipped(hash, 9, rng_).to_hex();
  const std::string far = testing::flipped(hash, 40, rng_).to_hex();
  const auto compared = [&](const std::string& body) { return said(node_.post("/m/compare", body)); };
  EXPECT_EQ(compared(R"({"pdq":[")" + hash.to_hex() + R"(",")" + near + R"("]})"),
            "200 {\"pdq\":[true,{\"distance\":9}]}\n");
  EXPECT_EQ(compared(R"({"pdq":[")" + hash.to_hex() + R"(",")" + far + R"("]})"),
            "200 {\"pdq\":[false,{\"distance\":40}]}\n");
  EXPECT_EQ(compared(R"({"video_md5":[")" + md5_a + R"(",")" + md5_a + R"("]})"), "200 {\"video_md5\":[true,{}]}\n");
  EXPECT_EQ(compared("[]"), message(400, "Request input was not a dict"));
  EXPECT_EQ(compared(R"({"pdq":"x"})"), message(400, "Comparison hashes for pdq was not a list"));
  EXPECT_EQ(compared(R"({"pdq":["x"]})"), message(400, "Comparison hash list length must be exactly 2"));
  EXPECT_EQ(compared(R"({"pdq":["x","y"]})"), message(400, "Invalid pdq hash: invalid PDQ hash"));
  EXPECT_EQ(compared(R"({"x":["x","y"]})"), message(400, "No such SignalType 'x'"));
}

}  // namespace
}  // namespace fristad
