#include "api/hma/hma.h"

#include <gtest/gtest.h>

#include "api/hma/hma_fixture.h"
#include "api/hma/hma_impl.h"
#include "tests/support/http_server.h"
#include "tests/support/raw_connection.h"

namespace fristad {
namespace {

using testing::HmaNode;

const std::string hash_a = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";

std::string said(const HttpAnswer& answer) {
  return std::to_string(answer.status) + " " + answer.body;
}
std::string message(int status, const std::string& text) {
  return std::to_string(status) + " {\"message\":\"" + text + "\"}\n";
}

// ---- Who comes in ----

TEST(HmaDoorOfRoutesTest, EveryRouteAsksForItsRight) {
  HmaNode node(HmaOptions{});
  const std::string matcher = node.token({TokenScope::match});
  const std::string curator = node.token({TokenScope::banks});
  const std::string stranger = node.token({TokenScope::metrics});
  const Router router = node.hma->router();
  for (const Route& route : router.routes()) {
    const std::string pattern = route.pattern;
    std::string path = pattern;
    for (const std::string name :
         {"{bank_name}", "{content_id}", "{api_name}", "{exchange_name}", "{signal_type_name}"}) {
      if (const auto at = path.find(name); at != std::string::npos) path.replace(at, name.size(), "7");
    }
    const bool open = !pattern.starts_with("/m/") && !pattern.starts_with("/h/") && !pattern.starts_with("/c/");
    const bool curating = pattern.starts_with("/c/");
    const bool details = pattern == "/m/raw_lookup";
    const auto status_with = [&](const std::string& token) {
      node.bearer = token;
      return node.send({.method = route.method, .target = path, .body = {}}).status;
    };
    SCOPED_TRACE(std::string(to_text(route.method)) + " " + pattern);
    EXPECT_EQ(status_with("") == 401, !open);
    EXPECT_EQ(status_with("fristad_no_such_token") == 401, !open);
    EXPECT_EQ(status_with(stranger) == 403, !open);
    EXPECT_EQ(status_with(matcher) == 403, curating || details);
    const int curators = status_with(curator);
    EXPECT_NE(curators, 401);
    EXPECT_NE(curators, 403);
    EXPECT_LT(curators, 500);
  }
}

TEST(HmaDoorOfRoutesTest, HostAndOriginAreChecked) {
  HmaNode node({.open = true, .hosts = {"hma.example"}});
  const auto with = [&](const std::string& name, const std::string& value) {
    HttpCall call{.target = "/c/banks"};
    call.headers.add(name, value);
    return node.send(std::move(call));
  };
  const std::string own = "http://127.0.0.1:" + std::to_string(node.server->port());
  EXPECT_EQ(with("Origin", own).status, 200);
  EXPECT_EQ(said(with("Origin", "https://evil.example")), message(403, "the request comes from another site's page"));
  EXPECT_EQ(with("Origin", "null").status, 403);
  EXPECT_EQ(node.get("/status").status, 200);
}

TEST(HmaDoorOfRoutesTest, AnUnknownHostIsRefusedEverywhere) {
  HmaNode node;
  for (const std::string path : {"/status", "/c/banks", "/site-map"}) {
    testing::RawConnection raw(node.server->port());
    ASSERT_TRUE(raw.send("GET " + path + " HTTP/1.1\r\nHost: rebound.example\r\n\r\n"));
    const auto answer = raw.read_answer();
    EXPECT_EQ(answer.status, 403) << path;
    EXPECT_NE(answer.body.find("isn't known by that Host"), std::string::npos);
  }
}

TEST(HmaDoorOfRoutesTest, WithoutATokenOnlyWhereItIsOpen) {
  HmaNode node(HmaOptions{});
  const HttpAnswer refused = node.get("/c/banks");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.headers.find("WWW-Authenticate"), "Bearer");
  node.start({.open = true});
  EXPECT_EQ(said(node.get("/c/banks")), "200 []\n");
  // A token that is sent all the same counts.
  node.bearer = node.token({TokenScope::match});
  EXPECT_EQ(said(node.get("/c/banks")), message(403, "the token lacks the right \\\"curate_banks\\\""));
}

// ---- Core ----

TEST(HmaCoreTest, TellsItsStatus) {
  HmaNode node;
  const HttpAnswer status = node.get("/status");
  EXPECT_EQ(said(status), "200 I-AM-ALIVE");
  EXPECT_EQ(status.headers.find("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(said(node.get("//status")), "200 I-AM-ALIVE");
  EXPECT_EQ(said(node.get("/status/live")), "200 I-AM-ALIVE");
  const HttpAnswer root = node.get("/");
  EXPECT_EQ(root.status, 302);
  EXPECT_EQ(root.headers.find("Location"), "/status");
}

TEST(HmaCoreTest, TellsItsRoutes) {
  HmaNode node;
  const HttpAnswer answer = node.get("/site-map");
  EXPECT_EQ(answer.status, 200);
  const auto rules = parse_json(answer.body, {});
  ASSERT_TRUE(rules);
  std::vector<std::string> texts;
  for (const Json& rule : *rules->array()) texts.push_back(*rule.text());
  EXPECT_TRUE(std::ranges::is_sorted(texts));
  EXPECT_NE(std::ranges::find(texts, "/c/bank/<bank_name>/content/<int:content_id>"), texts.end());
  EXPECT_NE(std::ranges::find(texts, "/m/raw_lookup"), texts.end());
  const auto document = parse_json(node.get("/openapi/openapi.json").body, {});
  ASSERT_TRUE(document);
  EXPECT_EQ(*document->find("info")->find("title")->text(), "Open Media Match API");
  EXPECT_NE(document->find("paths")->find("/c/bank/{bank_name}")->find("delete"), nullptr);
}

TEST(HmaCoreTest, WhatIsNotThereIsAPage) {
  HmaNode node;
  const HttpAnswer absent = node.get("/ui");
  EXPECT_EQ(absent.status, 404);
  EXPECT_TRUE(absent.body.starts_with("<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n"))
      << absent.body;
  EXPECT_EQ(node.send(Method::post, "/dev/factory_reset", "{}").status, 404);
  const HttpAnswer wrong_method = node.send(Method::put, "/c/banks", "{}");
  EXPECT_EQ(wrong_method.status, 405);
  EXPECT_EQ(wrong_method.headers.find("Allow"), "GET, HEAD, POST");
  EXPECT_NE(wrong_method.body.find("The method is not allowed for the requested URL."), std::string::npos);
  EXPECT_EQ(node.get("/c/bank/X/content/one").status, 404);
}

TEST(HmaCoreTest, RoutesAreCounted) {
  HmaNode node;
  node.get("/c/bank/NONE");
  const auto counted = [&] {
    std::string text;
    node.api->impl().metrics.write(text);
    return text.find("route=\"/c/bank/{bank_name}\",status=\"4xx\"} 1") != std::string::npos;
  };
  testing::TestServer::wait_until(counted);
  EXPECT_TRUE(counted());
}

// ---- Banks ----

TEST(HmaBankRoutesTest, AreMadeShownChangedAndDeleted) {
  HmaNode node;
  EXPECT_EQ(said(node.get("/c/banks")), "200 []\n");
  EXPECT_EQ(said(node.post("/c/banks", R"({"name":"TEST_BANK"})")),
            "201 {\"matching_enabled_ratio\":1.0,\"name\":\"TEST_BANK\"}\n");
  EXPECT_EQ(said(node.get("/c/bank/TEST_BANK")), "200 {\"matching_enabled_ratio\":1.0,\"name\":\"TEST_BANK\"}\n");
  EXPECT_EQ(said(node.get("//c/bank/TEST_BANK")), "200 {\"matching_enabled_ratio\":1.0,\"name\":\"TEST_BANK\"}\n");
  EXPECT_EQ(said(node.get("/c/bank/X")), message(404, "bank 'X' not found"));
  EXPECT_EQ(said(node.post("/c/banks", R"({"name":"TEST_BANK"})")), message(403, "Bank already exists"));
  EXPECT_EQ(said(node.post("/c/banks", R"({"name":"test"})")),
            message(400, "Bank names must be UPPER_WITH_UNDERSCORE"));
  EXPECT_EQ(said(node.post("/c/banks", R"({"name":"A","enabled_ratio":"0.5","matching_enabled_ratio":0.1})")),
            "201 {\"matching_enabled_ratio\":0.5,\"name\":\"A\"}\n");
  EXPECT_EQ(said(node.get("/c/banks")),
            "200 [{\"matching_enabled_ratio\":0.5,\"name\":\"A\"},"
            "{\"matching_enabled_ratio\":1.0,\"name\":\"TEST_BANK\"}]\n");

  EXPECT_EQ(said(node.put("/c/bank/A", R"({"name":"B","enabled_ratio":0.25})")),
            "200 {\"matching_enabled_ratio\":0.25,\"name\":\"B\"}\n");
  EXPECT_EQ(said(node.get("/c/bank/A")), message(404, "bank 'A' not found"));
  EXPECT_EQ(said(node.put("/c/bank/B", R"({"enabled":"false"})")),
            "200 {\"matching_enabled_ratio\":0.0,\"name\":\"B\"}\n");
  EXPECT_EQ(node.material->list(node.list_named("B"))->body.state, ListState::disabled);
  EXPECT_EQ(said(node.put("/c/bank/B", R"({"enabled":true,"enabled_ratio":0.75})")),
            "200 {\"matching_enabled_ratio\":0.75,\"name\":\"B\"}\n");
  EXPECT_EQ(node.material->list(node.list_named("B"))->body.state, ListState::enabled);
  EXPECT_EQ(said(node.put("/c/bank/X", "{}")), message(404, "Bank not found"));
  EXPECT_EQ(said(node.put("/c/bank/B", R"({"name":"b"})")), message(400, "Bank names must be UPPER_WITH_UNDERSCORE"));
  EXPECT_EQ(said(node.put("/c/bank/B", R"({"name":"TEST_BANK"})")), message(403, "Bank name already exists"));
  EXPECT_EQ(said(node.get("/c/bank/B")), "200 {\"matching_enabled_ratio\":0.75,\"name\":\"B\"}\n");

  EXPECT_EQ(said(node.remove("/c/bank/B")), message(200, "Done"));
  EXPECT_EQ(said(node.remove("/c/bank/B")), message(200, "Done"));
  EXPECT_EQ(said(node.get("/c/bank/B")), message(404, "bank 'B' not found"));
  EXPECT_EQ(node.post("/c/banks", R"({"name":"B"})").status, 201) << "the name is free again";
}

TEST(HmaBankRoutesTest, BodiesAreReadAsPydanticDoes) {
  HmaNode node;
  const auto type_of = [](const HttpAnswer& answer) {
    const auto parsed = parse_json(answer.body, {});
    if (answer.status != 422 || !parsed) return std::to_string(answer.status) + " " + answer.body;
    return *parsed->array()->front().find("type")->text();
  };
  EXPECT_EQ(type_of(node.post("/c/banks", "{}")), "missing");
  EXPECT_EQ(type_of(node.post("/c/banks", "no json")), "model_type");
  EXPECT_EQ(type_of(node.post("/c/banks", "[]")), "model_type");
  EXPECT_EQ(type_of(node.send({.method = Method::post, .target = "/c/banks", .body = R"({"name":"A"})"})),
            "model_type");
  EXPECT_EQ(type_of(node.post("/c/banks", R"({"name":7})")), "string_type");
  EXPECT_EQ(type_of(node.post("/c/banks", R"({"name":"A","enabled":"perhaps"})")), "bool_parsing");
  EXPECT_EQ(type_of(node.post("/c/banks", R"({"name":"A","enabled_ratio":"half"})")), "float_parsing");
  EXPECT_EQ(said(node.post("/c/banks", R"({"name":"A","enabled":false})")),
            "201 {\"matching_enabled_ratio\":0.0,\"name\":\"A\"}\n")
      << "HMA ignores that, and its bank matches";
  EXPECT_EQ(node.material->list(node.list_named("A"))->body.state, ListState::disabled);
}

TEST(HmaBankRoutesTest, OnesOfOthersAreShownAndNotChanged) {
  HmaNode node;
  node.bank("THEIRS");
  const ListId list = node.list_named("THEIRS");
  // As if another member's log had brought it.
  {
    const auto connection = node.store().connect();
    ASSERT_TRUE((*connection)->execute("UPDATE list SET place = $2 WHERE id = $1", {Bytes(list), Place{7, 0}.value()}));
  }
  node.bank("OURS");  // the lists are read anew
  EXPECT_EQ(node.get("/c/bank/THEIRS").status, 200);
  const std::string refused = message(403, "bank 'THEIRS' is another member's list: only its owner changes it");
  EXPECT_EQ(said(node.put("/c/bank/THEIRS", R"({"enabled":false})")), refused);
  EXPECT_EQ(said(node.remove("/c/bank/THEIRS")), refused);
  EXPECT_EQ(said(node.post("/c/bank/THEIRS/signal", R"({"pdq":")" + hash_a + "\"}")), refused);
  EXPECT_EQ(said(node.post("/c/bank/THEIRS/content?url=http://a", "")), refused);
  EXPECT_EQ(said(node.remove("/c/bank/THEIRS/content/1")), refused);
  EXPECT_EQ(said(node.put("/c/bank/THEIRS/content/1", "{}")), refused);
}

// ---- Exchanges and settings ----

TEST(HmaConfigRoutesTest, ThereAreNoExchanges) {
  HmaNode node;
  EXPECT_EQ(said(node.get("/c/exchanges/apis")), "200 []\n");
  EXPECT_EQ(said(node.get("/c/exchanges")), "200 []\n");
  EXPECT_EQ(said(node.get("/c/exchanges/api/ncmec")), message(400, "no such Exchange API 'ncmec'"));
  EXPECT_EQ(said(node.post("/c/exchanges/api/ncmec", R"({"credential_json":{}})")),
            message(400, "no such Exchange API 'ncmec'"));
  EXPECT_EQ(said(node.get("/c/exchanges/api/ncmec/schema")), message(404, "no such Exchange API 'ncmec'"));
  const auto make = [&](const std::string& body) { return said(node.post("/c/exchanges", body)); };
  EXPECT_EQ(make("{}"), message(400, "bank is required"));
  EXPECT_EQ(make(R"({"bank":"a"})"), message(400, "Field `bank` must match /^[A-Z0-9_]+$/"));
  EXPECT_EQ(make(R"({"bank":"A","api_json":[]})"), message(400, "Field `api_json` must be object"));
  EXPECT_EQ(make(R"({"bank":"A"})"), message(400, "Field `api_type` is required"));
  EXPECT_EQ(make(R"({"bank":"A","api":"ncmec","api_json":{}})"), message(400, "No such exchange type 'ncmec'"));
  const std::string absent = message(404, "Exchange 'X' not found");
  EXPECT_EQ(said(node.get("/c/exchange/X")), absent);
  EXPECT_EQ(said(node.get("/c/exchange/X/status")), absent);
  EXPECT_EQ(said(node.put("/c/exchange/X", R"({"enabled":false})")), absent);
  EXPECT_EQ(said(node.post("/c/exchange/X/credentials", "{}")), absent);
  EXPECT_EQ(said(node.remove("/c/exchange/X")), message(200, "Exchange deleted"));
}

TEST(HmaConfigRoutesTest, TypesAreFixed) {
  HmaNode node;
  EXPECT_EQ(said(node.get("/c/signal_type")),
            "200 [{\"enabled_ratio\":1.0,\"name\":\"pdq\"},{\"enabled_ratio\":1.0,\"name\":\"video_md5\"}]\n");
  EXPECT_EQ(said(node.get("/c/content_type")),
            "200 [{\"enabled\":true,\"name\":\"photo\"},{\"enabled\":true,\"name\":\"video\"}]\n");
  EXPECT_EQ(node.put("/c/signal_type/pdq", R"({"enabled_ratio":1.0})").status, 204);
  EXPECT_EQ(node.put("/c/signal_type/pdq", R"({"enabled_ratio":0.0})").status, 501);
  EXPECT_EQ(said(node.put("/c/signal_type/x", R"({"enabled_ratio":1})")), message(400, "No such signal type 'x'"));
  EXPECT_EQ(said(node.put("/c/signal_type/pdq", "{}")), message(400, "enabled_ratio is required"));
}

TEST(HmaConfigRoutesTest, TellsHowFreshTheIndexIs) {
  HmaNode node;
  EXPECT_EQ(said(node.get("/c/signal_type/index?signal_type=pdq")),
            "200 {\"pdq\":{\"db_size\":0,\"index_built_to\":-1,\"index_out_of_date\":false,\"index_size\":0,"
            "\"newest_db_item\":-1}}\n");
  EXPECT_EQ(said(node.get("/m/index/status?signal_type=pdq")),
            "200 {\"pdq\":{\"built_to\":-1,\"present\":false,\"size\":0}}\n");
  node.bank("A");
  node.content("A", R"({"pdq":")" + hash_a + "\"}");
  EXPECT_EQ(said(node.get("/c/signal_type/index?signal_type=pdq")),
            "200 {\"pdq\":{\"db_size\":1,\"index_built_to\":1800000000,\"index_out_of_date\":false,\"index_size\":1,"
            "\"newest_db_item\":1800000000}}\n");
  EXPECT_EQ(said(node.get("/m/index/status")),
            "200 {\"pdq\":{\"built_to\":1800000000,\"present\":true,\"size\":1},"
            "\"video_md5\":{\"built_to\":1800000000,\"present\":true,\"size\":1}}\n");
  EXPECT_EQ(said(node.get("/m/index/status?signal_type=x")), message(400, "No such signal type 'x'"));
  EXPECT_EQ(said(node.get("/c/signal_type/index?signal_type=x")), message(400, "No such signal type 'x'"));
}

}  // namespace
}  // namespace fristad
