#include "api/hma/fetch.h"

#include <gtest/gtest.h>

#include "api/hma/hma_fixture.h"
#include "tests/support/http_server.h"

namespace fristad {
namespace {

using testing::HmaNode;
using testing::TestServer;

std::string said(const HttpAnswer& answer) {
  return std::to_string(answer.status) + " " + answer.body;
}
std::string message(int status, const std::string& text) {
  return std::to_string(status) + " {\"message\":\"" + text + "\"}\n";
}
const std::string unsafe = message(400, "Invalid or unsafe URL provided");

Route gives(std::string pattern, std::string type, std::string body, int status = 200) {
  return {.method = Method::get, .pattern = std::move(pattern), .handler = [type, body, status](Request&) {
            Response response{.status = status, .body = body};
            response.headers.add("Content-Type", type);
            return response;
          }};
}
Route leads(std::string pattern, std::string where) {
  return {.method = Method::get, .pattern = std::move(pattern), .handler = [where](Request&) {
            Response response{.status = 302};
            response.headers.add("Location", where);
            return response;
          }};
}

TEST(HmaFetchTest, RedirectsAreReadAsBrowsersDo) {
  const HttpTarget from = *HttpTarget::parse("https://a.example:444/b/c?d");
  const auto leads_to = [&](std::string_view location) {
    const auto to = redirected(from, location);
    return to ? (to->tls ? "https " : "http ") + to->host + " " + std::to_string(to->port) + " " + to->path
              : std::string("refused");
  };
  EXPECT_EQ(leads_to("http://b.example/x"), "http b.example 80 /x");
  EXPECT_EQ(leads_to("//b.example/x"), "https b.example 443 /x");
  EXPECT_EQ(leads_to("/x?y=http://z"), "https a.example 444 /x?y=http://z");
  EXPECT_EQ(leads_to("x"), "https a.example 444 /b/x");
  EXPECT_EQ(leads_to("x?u=http://z.example"), "https a.example 444 /b/x?u=http://z.example");
  EXPECT_EQ(leads_to("ftp://a.example/x"), "refused");
  EXPECT_EQ(leads_to("http://user@a.example/"), "refused");
}

class HmaUrlTest : public ::testing::Test {
 protected:
  HmaUrlTest() : media_(routes()) {
    node_.start({.open = true,
                 .url_hosts = {"127.0.0.1", "*.media.example"},
                 .url_bytes_max = 4u << 20,
                 .may_fetch = [this](const std::string& address) {
                   ++asked_;
                   return address == "127.0.0.1" && asked_ <= allowed_;
                 }});
  }
  static std::vector<Route> routes() {
    std::vector<Route> all{gives("/photo", "image/jpeg", testing::photo_bytes()),
                           gives("/film", "VIDEO/mp4", ""),
                           gives("/text", "text/html", "x"),
                           gives("/nameless", "application/octet-stream", testing::photo_bytes()),
                           gives("/large", "image/png", std::string(5u << 20, 'x')),
                           gives("/broken", "image/png", "no picture"),
                           gives("/gone", "text/plain", "", 404),
                           leads("/moved", "/photo"),
                           leads("/away", "http://evil.example/photo"),
                           leads("/private", "http://10.0.0.1/photo"),
                           leads("/file", "file:///etc/passwd"),
                           leads("/circle", "circle"),
                           leads("/nowhere", "")};
    return all;
  }
  std::string here(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(media_.port()) + path; }
  std::string hashed(const std::string& path, const std::string& more = "") {
    return said(node_.get("/h/hash?url=" + here(path) + more));
  }

  TestServer media_;
  HmaNode node_;
  std::atomic<int> asked_ = 0;
  std::atomic<int> allowed_ = 1'000'000;
};

TEST_F(HmaUrlTest, AUrlIsHashedByItsContentType) {
  const std::string photo = said(node_.post_form("/h/hash", {{"photo", testing::photo_bytes(), "a.jpg"}}));
  EXPECT_TRUE(photo.starts_with("200 {\"pdq\":\""));
  EXPECT_EQ(hashed("/photo"), photo);
  EXPECT_EQ(hashed("/moved"), photo);
  EXPECT_EQ(hashed("/film"), "200 {\"video_md5\":\"d41d8cd98f00b204e9800998ecf8427e\"}\n");
  EXPECT_EQ(hashed("/nameless", "&content_type=photo"), photo);
  EXPECT_EQ(hashed("/photo", "&types=pdq"), photo);
  EXPECT_EQ(hashed("/text"),
            message(400,
                    "unsupported url ContentType: 'text/html', if you know the expected type, provide it with the "
                    "content_type query param"));
  EXPECT_EQ(hashed("/photo", "&content_type=x"), message(400, "no such content_type: 'x'"));
  EXPECT_EQ(hashed("/photo", "&types=video_md5"), message(400, "signal type 'video_md5' doesn't exist or is disabled"));
  EXPECT_TRUE(hashed("/broken").starts_with("400 {\"message\":\"Failed to hash the file: "));
}

TEST_F(HmaUrlTest, AUrlIsLookedUpAndAdded) {
  node_.bank("A");
  const HttpAnswer added =
      node_.post("/c/bank/A/content?url=" + here("/photo"), R"({"metadata":{"content_id":"c"},"note":"n"})");
  ASSERT_EQ(added.status, 200) << added.body;
  const auto parsed = parse_json(added.body, {});
  const std::int64_t id = *parsed->find("id")->integer();
  const std::string number = std::to_string(id);
  const std::string matches = "{\"A\":[{\"bank_content_id\":" + number + ",\"distance\":\"0\"}]}";
  EXPECT_EQ(said(node_.get("/m/lookup?url=" + here("/photo"))), "200 {\"pdq\":" + matches + "}\n");
  EXPECT_EQ(said(node_.get("/m/lookup?signal_type=pdq&url=" + here("/photo"))), "200 " + matches + "\n");
  EXPECT_EQ(said(node_.get("/m/lookup?signal_type=video_md5&url=" + here("/photo"))), "200 {}\n");
  EXPECT_EQ(said(node_.get("/m/lookup?url=" + here("/film"))), "200 {\"video_md5\":{}}\n");
  const std::string shown = node_.get("/c/bank/A/content/" + number).body;
  EXPECT_NE(shown.find(R"("content_id":"c")"), std::string::npos) << shown;
  EXPECT_NE(shown.find(R"("note":"n")"), std::string::npos);
  // FetLife sends an empty form.
  EXPECT_EQ(node_.send({.method = Method::post, .target = "/c/bank/A/content?url=" + here("/photo")}).status, 200);
}

TEST_F(HmaUrlTest, WhatIsUnsafeIsNotFetched) {
  EXPECT_EQ(said(node_.get("/h/hash?url=ftp://127.0.0.1/x")), unsafe);
  EXPECT_EQ(said(node_.get("/h/hash?url=file:///etc/passwd")), unsafe);
  EXPECT_EQ(said(node_.get("/h/hash?url=http://evil.example/x")), unsafe);
  EXPECT_EQ(said(node_.get("/h/hash?url=http://user@127.0.0.1/x")), unsafe);
  EXPECT_EQ(said(node_.get("/h/hash?url=")), unsafe);
  EXPECT_EQ(asked_, 0) << "none of them was connected to";
  EXPECT_EQ(hashed("/away"), unsafe);
  EXPECT_EQ(hashed("/private"), unsafe);
  EXPECT_EQ(hashed("/file"), unsafe);
}

TEST_F(HmaUrlTest, EveryConnectionIsAskedFor) {
  allowed_ = 0;
  EXPECT_EQ(hashed("/photo"), unsafe);
  // The name means another address by the time of the redirect.
  asked_ = 0;
  allowed_ = 1;
  EXPECT_EQ(hashed("/moved"), unsafe);
  EXPECT_EQ(asked_, 2);
}

TEST_F(HmaUrlTest, FailuresAreToldInHmasWords) {
  EXPECT_EQ(hashed("/gone"), message(400, "Failed to fetch URL: status 404"));
  EXPECT_EQ(hashed("/circle"), message(400, "Failed to fetch URL: too many redirects"));
  EXPECT_EQ(hashed("/large"), message(413, "Content too large"));
  EXPECT_TRUE(said(node_.get("/h/hash?url=http://127.0.0.1:1/x")).starts_with("400 {\"message\":\"Failed to fetch "));
}

TEST(HmaUrlDefaultTest, NoHostIsAllowedAndNoPrivateAddress) {
  HmaNode node;
  EXPECT_EQ(said(node.get("/h/hash?url=https://github.com/x")), unsafe);
  node.start({.open = true, .url_hosts = {"127.0.0.1", "localhost"}});
  EXPECT_EQ(said(node.get("/h/hash?url=http://127.0.0.1:" + std::to_string(node.server->port()) + "/status")), unsafe);
  EXPECT_EQ(said(node.get("/h/hash?url=http://localhost:" + std::to_string(node.server->port()) + "/status")), unsafe);
}

}  // namespace
}  // namespace fristad
