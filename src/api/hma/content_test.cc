#include "api/hma/content.h"

#include <gtest/gtest.h>

#include "api/hma/hma_fixture.h"
#include "fristad/image.h"

namespace fristad {
namespace {

using testing::HmaNode;

const std::string hash_a = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";
const std::string md5_a = "d41d8cd98f00b204e9800998ecf8427e";

std::string said(const HttpAnswer& answer) {
  return std::to_string(answer.status) + " " + answer.body;
}
std::string message(int status, const std::string& text) {
  return std::to_string(status) + " {\"message\":\"" + text + "\"}\n";
}
std::string path_of(const std::string& bank, std::int64_t id) {
  return "/c/bank/" + bank + "/content/" + std::to_string(id);
}
const std::string bank_a = R"("bank":{"matching_enabled_ratio":1.0,"name":"A"})";

TEST(HmaContentTest, RestsInSecondsThereAndMillisecondsHere) {
  for (const std::int64_t seconds : {0, 1, 2, 1'800'000'000}) {
    EXPECT_EQ(disable_until_ts(paused_until_ms(seconds)), seconds);
  }
  EXPECT_EQ(paused_until_ms(0), paused_for_good);
  EXPECT_EQ(paused_until_ms(1), 0);
  EXPECT_EQ(paused_until_ms(1'800'000'000), 1'800'000'000'000);
}

TEST(HmaContentTest, SignalsAreAdded) {
  HmaNode node;
  node.bank("A");
  const HttpAnswer added =
      node.post("/c/bank/A/signal", R"({"pdq":")" + hash_a + R"(","video_md5":" )" + md5_a + R"( ","note":"n"})");
  const auto parsed = parse_json(added.body, {});
  ASSERT_EQ(added.status, 200) << added.body;
  const std::int64_t id = *parsed->find("id")->integer();
  EXPECT_EQ(added.body, "{\"id\":" + std::to_string(id) + ",\"signals\":{\"pdq\":\"" + hash_a + "\",\"video_md5\":\"" +
                            md5_a + "\"}}\n");
  const EntryView entry = *node.material->entry(node.list_named("A"), id);
  EXPECT_EQ(entry.body.pdq->to_hex(), hash_a);
  EXPECT_TRUE(entry.body.md5);
  EXPECT_EQ(entry.body.note, "n");

  const auto refused = [&](const std::string& body) { return said(node.post("/c/bank/A/signal", body)); };
  EXPECT_EQ(refused(R"({"x":"1"})"), message(400, "No such signal type x"));
  EXPECT_EQ(refused(R"({"pdq":"1"})"), message(400, "Invalid pdq signal: invalid PDQ hash"));
  EXPECT_EQ(refused(R"({"video_md5":"1"})"), message(400, "Invalid video_md5 signal: '1' is not a valid MD5 hash"));
  EXPECT_EQ(refused("{}"), message(400, "No signals given"));
  EXPECT_EQ(refused(R"({"pdq":")" + hash_a + R"(","note":7})"), message(400, "note should be a string"));
  EXPECT_EQ(refused("{"), message(400, "The browser (or proxy) sent a request that this server could not understand."));
  EXPECT_EQ(said(node.post("/c/bank/X/signal", "{}")), message(404, "bank 'X' not found"));
  EXPECT_EQ(
      said(node.send({.method = Method::post, .target = "/c/bank/A/signal", .body = "{}"})),
      message(415, "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."));
}

TEST(HmaContentTest, IsShown) {
  HmaNode node;
  node.bank("A");
  node.bank("B");
  const std::int64_t id = node.content("A", R"({"pdq":")" + hash_a + "\"}");
  const std::string number = std::to_string(id);
  EXPECT_EQ(said(node.get(path_of("A", id))),
            "200 {" + bank_a + ",\"disable_until_ts\":1,\"id\":" + number + ",\"original_media_uri\":null}\n");
  EXPECT_EQ(said(node.get(path_of("A", id) + "?include_signals=true")),
            "200 {" + bank_a + ",\"disable_until_ts\":1,\"id\":" + number +
                ",\"original_media_uri\":null,\"signals\":{\"pdq\":\"" + hash_a + "\"}}\n");
  EXPECT_EQ(said(node.get(path_of("X", id))), message(404, "bank 'X' not found"));
  EXPECT_EQ(said(node.get("/c/bank/A/content/1")), message(404, "content '1' not found"));
  EXPECT_EQ(said(node.get(path_of("B", id))), message(404, "content '" + number + "' not found"))
      << "a bank's content isn't another's";
}

TEST(HmaContentTest, IsDeletedOnce) {
  HmaNode node;
  node.bank("A");
  node.bank("B");
  const std::int64_t id = node.content("A", R"({"pdq":")" + hash_a + "\"}");
  EXPECT_EQ(said(node.remove(path_of("B", id))), "200 {\"deleted\":0}\n");
  EXPECT_EQ(said(node.remove(path_of("A", id))), "200 {\"deleted\":1}\n");
  EXPECT_EQ(said(node.remove(path_of("A", id))), "200 {\"deleted\":0}\n");
  EXPECT_EQ(said(node.get(path_of("A", id))), message(404, "content '" + std::to_string(id) + "' not found"));
  EXPECT_EQ(said(node.put(path_of("A", id), "{}")), message(404, "content '" + std::to_string(id) + "' not found"));
  EXPECT_EQ(said(node.get("/m/raw_lookup?signal_type=pdq&signal=" + hash_a)), "200 {\"matches\":[]}\n")
      << "HMA still gives it until its index is built anew";
  EXPECT_EQ(said(node.remove("/c/bank/X/content/1")), message(404, "bank 'X' not found"));
}

TEST(HmaContentTest, RestsUntilATime) {
  HmaNode node;
  node.bank("A");
  const std::int64_t id = node.content("A", R"({"pdq":")" + hash_a + "\"}");
  const std::string path = path_of("A", id);
  const std::string number = std::to_string(id);
  const std::string lookup = "/m/lookup?signal_type=pdq&signal=" + hash_a;
  const std::string found = "200 {\"A\":[{\"bank_content_id\":" + number + ",\"distance\":\"0\"}]}\n";
  const auto shape = [&](const std::string& until, const std::string& note) {
    return "200 {" + bank_a + ",\"collab_metadata\":{},\"disable_until_ts\":" + until + ",\"id\":" + number +
           ",\"note\":" + note + ",\"original_media_uri\":null,\"user_metadata\":null}\n";
  };
  EXPECT_EQ(said(node.get(lookup)), found);
  EXPECT_EQ(said(node.put(path, R"({"disable_until_ts":0})")), shape("0", "null"));
  EXPECT_EQ(said(node.get(lookup)), "200 {}\n");
  EXPECT_EQ(said(node.get("/m/raw_lookup?signal_type=pdq&signal=" + hash_a)), "200 {\"matches\":[" + number + "]}\n");
  const std::int64_t soon_s = node.now_ms() / 1000 + 100;
  EXPECT_EQ(said(node.put(path, R"({"disable_until_ts":")" + std::to_string(soon_s) + R"(","note":"wait"})")),
            shape(std::to_string(soon_s), "\"wait\""));
  EXPECT_EQ(said(node.get(lookup)), "200 {}\n");
  node.wait(100'000);
  EXPECT_EQ(said(node.get(lookup)), found);
  EXPECT_EQ(said(node.put(path, R"({"disable_until_ts":1,"note":null})")), shape("1", "null"));
  EXPECT_EQ(said(node.put(path, "{}")), shape("1", "null"));

  const auto refused = [&](const std::string& body) { return said(node.put(path, body)); };
  EXPECT_EQ(refused(R"({"disable_until_ts":-1})"), message(400, "disable_until_ts must be a non-negative integer"));
  EXPECT_EQ(refused(R"({"disable_until_ts":4102444800})"),
            message(400, "disable_until_ts must be less than 5 years in the future"));
  EXPECT_EQ(refused(R"({"disable_until_ts":"x"})"), message(400, "Invalid int: 'x'"));
  EXPECT_EQ(refused(R"({"note":")" + std::string(256, 'x') + "\"}"),
            message(400, "note must be at most 255 characters"));
  EXPECT_EQ(said(node.put("/c/bank/X/content/1", "{}")), message(404, "bank 'X' not found"));
  EXPECT_EQ(said(node.put("/c/bank/A/content/1", "{}")), message(404, "content '1' not found"));
}

// ---- Files ----

TEST(HmaContentTest, AFileIsAddedWithWhatIsSaidOfIt) {
  HmaNode node;
  node.bank("A");
  const std::string photo = testing::photo_bytes();
  const auto direct = hash_image({reinterpret_cast<const std::uint8_t*>(photo.data()), photo.size()}, {});
  ASSERT_TRUE(direct);
  const std::string pdq = direct->pdq.hash.to_hex();
  const HttpAnswer added =
      node.post_form("/c/bank/A/content", {{"metadata", R"({"content_id":"c1","json":{"b":2},"reporter":"r"})"},
                                           {"photo", photo, "a.jpg"},
                                           {"note", "seen twice"}});
  ASSERT_EQ(added.status, 200) << added.body;
  const std::int64_t id = *parse_json(added.body, {})->find("id")->integer();
  EXPECT_EQ(added.body, "{\"id\":" + std::to_string(id) + ",\"signals\":{\"pdq\":\"" + pdq + "\"}}\n");
  const std::string metadata =
      R"("metadata":{"collab":null,"content_id":"c1","content_uri":null,"json":{"b":2,"reporter":"r"}})";
  EXPECT_EQ(said(node.get(path_of("A", id))), "200 {" + bank_a +
                                                  ",\"disable_until_ts\":1,\"id\":" + std::to_string(id) + "," +
                                                  metadata + ",\"note\":\"seen twice\",\"original_media_uri\":null}\n");
  EXPECT_EQ(said(node.get(path_of("A", id) + "?include_metadata=false")).find("metadata"), std::string::npos);
  const HttpAnswer put = node.put(path_of("A", id), "{}");
  EXPECT_NE(put.body.find(R"("user_metadata":{"content_id":"c1","content_uri":null,"json":{"b":2,"reporter":"r"}})"),
            std::string::npos)
      << put.body;

  // A video's bytes are all that counts.
  const HttpAnswer video = node.post_form("/c/bank/A/content?content_id=q&content_uri=u&note=from+query",
                                          {{"video", "not really a film", "a.mp4"}});
  EXPECT_NE(video.body.find(R"("signals":{"video_md5":")"), std::string::npos) << video.body;
  const std::int64_t video_id = *parse_json(video.body, {})->find("id")->integer();
  const std::string shown = node.get(path_of("A", video_id)).body;
  EXPECT_NE(shown.find(R"("content_id":"q","content_uri":"u")"), std::string::npos) << shown;
  EXPECT_NE(shown.find(R"("note":"from query")"), std::string::npos);
}

TEST(HmaContentTest, AFileIsRefusedInHmasWords) {
  HmaNode node;
  node.bank("A");
  const auto refused = [&](const std::vector<testing::FormPart>& parts, const std::string& query = "") {
    return said(node.post_form("/c/bank/A/content" + query, parts));
  };
  const std::string neither = message(400, "Neither `url` nor multipart file upload was received");
  EXPECT_EQ(said(node.post("/c/bank/A/content", "{}")), neither);
  EXPECT_EQ(said(node.send({.method = Method::post, .target = "/c/bank/A/content"})), neither);
  EXPECT_EQ(refused({{"note", "n"}}), neither);
  EXPECT_EQ(refused({{"file", "x", "a"}}), message(400, "no such content_type: 'file'"));
  HttpCall cut_off{.method = Method::post, .target = "/c/bank/A/content", .body = "--edge\r\n"};
  cut_off.headers.add("Content-Type", "multipart/form-data; boundary=edge");
  EXPECT_EQ(node.send(std::move(cut_off)).status, 400);
  EXPECT_EQ(refused({{"video", "x", "a"}, {"video", "y", "b"}}), message(400, "Only one file allowed per request"));
  EXPECT_EQ(refused({{"video", "x", "a"}}, "?types=pdq"),
            message(400, "signal type 'pdq' doesn't exist or is disabled"));
  EXPECT_EQ(refused({{"video", "x", "a"}}, "?types=,"), message(400, "empty signal type selection"));
  EXPECT_EQ(refused({{"video", "x", "a"}, {"metadata", "{"}}), message(400, "metadata form field must be valid JSON"));
  EXPECT_EQ(refused({{"video", "x", "a"}, {"metadata", "[]"}}), message(400, "metadata should be a json object"));
  EXPECT_EQ(refused({{"video", "x", "a"}, {"metadata", R"({"content_id":1})"}}),
            message(400, "Invalid metadata: content_id: Input should be a valid string"));
  EXPECT_EQ(refused({{"video", "x", "a"}, {"note", std::string(256, 'x')}}),
            message(400, "note must be at most 255 characters"));
  EXPECT_EQ(said(node.post_form("/c/bank/X/content", {{"video", "x", "a"}})), message(404, "bank 'X' not found"));
  EXPECT_EQ(node.material->list(node.list_named("A"))->entries, 0) << "nothing of that was added";
}

TEST(HmaContentTest, NothingOfItStandsInTheLog) {
  HmaNode node;
  node.bank("SECRET_BANK");
  node.content("SECRET_BANK", R"({"pdq":")" + hash_a + "\"}");
  node.get("/m/lookup?signal_type=pdq&signal=" + hash_a);
  node.get("/h/hash?url=http://secret.example/x");
  node.stop();
  for (const std::string secret : {"f8f8f0ce", "SECRET_BANK", "secret.example"}) {
    EXPECT_EQ(node.logged().find(secret), std::string::npos) << node.logged();
  }
}

}  // namespace
}  // namespace fristad
