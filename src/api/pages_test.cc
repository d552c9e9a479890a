#include "api/pages.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace fristad {
namespace {

Request asked(std::string path, std::vector<std::pair<std::string, std::string>> headers = {}) {
  Request request{.path = std::move(path)};
  for (auto& [name, value] : headers) request.headers.add(name, value);
  return request;
}

TEST(PagesTest, TheTableIsSortedAndWhole) {
  const auto files = page_files();
  ASSERT_FALSE(files.empty());
  EXPECT_TRUE(std::ranges::is_sorted(files, {}, &PageFile::path));
  for (const PageFile& file : files) {
    EXPECT_TRUE(file.path.starts_with('/') && !file.bytes.empty()) << file.path;
    EXPECT_TRUE(file.gzip.starts_with("\x1f\x8b")) << file.path;
  }
}

TEST(PagesTest, EveryAddressOfAPageGivesTheSamePage) {
  const auto home = page_response(asked("/"));
  ASSERT_TRUE(home);
  EXPECT_EQ(home->headers.find("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(home->headers.find("Cache-Control"), "no-cache");
  EXPECT_NE(home->body.find("<title>"), std::string::npos);
  const auto lists = page_response(asked("/lists/0123", {{"Accept", "text/html,*/*"}}));
  ASSERT_TRUE(lists);
  EXPECT_EQ(lists->body, home->body);
  // Nothing that isn't a page is given as one.
  EXPECT_FALSE(page_response(asked("/lists")));
  EXPECT_FALSE(page_response(asked("/lists", {{"Accept", "application/json"}})));
  EXPECT_FALSE(page_response(asked("/api/v1/nothing", {{"Accept", "text/html"}})));
  EXPECT_FALSE(page_response(asked("/health/nothing", {{"Accept", "text/html"}})));
}

TEST(PagesTest, NothingForeignRunsInAPage) {
  for (const PageFile& file : page_files()) {
    const auto response = page_response(asked(std::string(file.path)));
    ASSERT_TRUE(response);
    const std::string_view policy = response->headers.find("Content-Security-Policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'"));
    EXPECT_EQ(policy.find("unsafe"), std::string_view::npos);
    EXPECT_EQ(response->headers.find("Referrer-Policy"), "no-referrer");
    if (!file.path.ends_with(".html")) continue;
    // What the policy forbids isn't there in the first place.
    EXPECT_EQ(file.bytes.find("style=\""), std::string_view::npos);
    EXPECT_EQ(file.bytes.find("<script>"), std::string_view::npos);
    EXPECT_EQ(file.bytes.find("http"), std::string_view::npos) << file.bytes;
  }
}

TEST(PagesTest, AssetsAreKeptForGoodAndComeCompressed) {
  const auto files = page_files();
  const auto script = std::ranges::find_if(
      files, [](const PageFile& file) { return file.path.starts_with("/assets/") && file.path.ends_with(".js"); });
  ASSERT_NE(script, files.end());
  const auto packed = page_response(asked(std::string(script->path), {{"Accept-Encoding", "gzip, br"}}));
  ASSERT_TRUE(packed);
  EXPECT_EQ(packed->headers.find("Content-Encoding"), "gzip");
  EXPECT_NE(packed->headers.find("Cache-Control").find("immutable"), std::string_view::npos);
  EXPECT_LT(packed->body.size(), script->bytes.size());
  const auto plain = page_response(asked(std::string(script->path)));
  EXPECT_EQ(plain->body, script->bytes);
  EXPECT_FALSE(plain->headers.has("Content-Encoding"));
  const auto same = page_response(asked(std::string(script->path), {{"If-None-Match", std::string(script->etag)}}));
  EXPECT_EQ(same->status, 304);
  EXPECT_TRUE(same->body.empty());
}

}  // namespace
}  // namespace fristad
