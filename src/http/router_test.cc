#include "http/router.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

Router router_of(const std::vector<std::pair<Method, std::string>>& patterns) {
  Router router;
  for (const auto& [method, pattern] : patterns) {
    router.add({.method = method, .pattern = pattern, .handler = [](Request&) { return Response(); }});
  }
  return router;
}

const Router& table() {
  static const Router router = router_of({{Method::get, "/"},
                                          {Method::get, "/lists"},
                                          {Method::post, "/lists"},
                                          {Method::get, "/lists/{list}"},
                                          {Method::del, "/lists/{list}"},
                                          {Method::get, "/lists/new"},
                                          {Method::put, "/lists/own"},
                                          {Method::get, "/lists/{list}/entries/{entry}"},
                                          {Method::get, "/lists/{list}/own/{x}/deep"},
                                          {Method::get, "/web/{file...}"},
                                          {Method::get, "/web/index"},
                                          {Method::head, "/web/index"},
                                          {Method::get, "/{any}/{thing}/entries"}});
  return router;
}

std::string found(Method method, std::string_view path) {
  const Router::Found found = table().find(method, path);
  if (found.route == nullptr) {
    std::string allow = "-";
    for (const std::string& name : found.allow) allow += " " + name;
    return allow;
  }
  std::string text = found.route->pattern;
  for (const auto& [name, value] : found.parameters) text.append(" ").append(name).append("=").append(value);
  return text;
}

TEST(Router, FindsByPartsAndMethod) {
  EXPECT_EQ(found(Method::get, "/"), "/");
  EXPECT_EQ(found(Method::get, "/lists"), "/lists");
  EXPECT_EQ(found(Method::get, "/lists/a"), "/lists/{list} list=a");
  EXPECT_EQ(found(Method::get, "/lists/new"), "/lists/new");
  EXPECT_EQ(found(Method::get, "/lists/a/entries/b c"), "/lists/{list}/entries/{entry} list=a entry=b c");
  EXPECT_EQ(found(Method::get, "/web/a"), "/web/{file...} file=a");
  EXPECT_EQ(found(Method::get, "/web/a/b/c"), "/web/{file...} file=a/b/c");
  EXPECT_EQ(found(Method::get, "/web/index"), "/web/index");
}

TEST(Router, GoesBackWhereTextLedAstray) {
  EXPECT_EQ(found(Method::del, "/lists/new"), "/lists/{list} list=new");
  EXPECT_EQ(found(Method::get, "/lists/own"), "/lists/{list} list=own");
  EXPECT_EQ(found(Method::get, "/lists/a/entries"), "/{any}/{thing}/entries any=lists thing=a");
  EXPECT_EQ(found(Method::get, "/web/index/b"), "/web/{file...} file=index/b");
}

TEST(Router, SaysWhatThereIs) {
  EXPECT_EQ(found(Method::put, "/lists"), "- GET HEAD POST");
  EXPECT_EQ(found(Method::patch, "/lists/own"), "- DELETE GET HEAD PUT");
  EXPECT_EQ(found(Method::get, "/other"), "-");
  EXPECT_EQ(found(Method::get, "/web"), "-");
  EXPECT_EQ(found(Method::get, "/lists/a/b"), "-");
}

TEST(Router, GivesHeadToGet) {
  EXPECT_EQ(found(Method::head, "/lists/a"), "/lists/{list} list=a");
  EXPECT_EQ(table().find(Method::head, "/web/index").route->method, Method::head);
  EXPECT_EQ(table().find(Method::get, "/web/index").route->method, Method::get);
}

TEST(Router, SurvivesMoving) {
  Router first = router_of({{Method::get, "/a/{b}"}});
  const Router second = std::move(first);
  ASSERT_NE(second.find(Method::get, "/a/x").route, nullptr);
  EXPECT_EQ(second.routes().size(), 1u);
}

#ifndef NDEBUG
TEST(RouterDeathTest, RefusesBugs) {
  for (const char* bad :
       {"", "a", "/a/", "//", "/a/{}", "/{a", "/{a}b", "/b{a}", "/{a...}/b", "/{a}/{a}", "/.", "/a/.."}) {
    EXPECT_DEATH(router_of({{Method::get, bad}}), "is_pattern") << bad;
  }
  EXPECT_DEATH(router_of({{Method::get, "/{a}"}, {Method::get, "/{b}"}}), "none_of");
}
#endif

TEST(DecodePath, Decodes) {
  EXPECT_EQ(decode_path("/", false).value(), "/");
  EXPECT_EQ(decode_path("/a/b%20c", false).value(), "/a/b c");
  EXPECT_EQ(decode_path("/%c3%a5+", false).value(), "/\xc3\xa5+");
  EXPECT_EQ(decode_path("/%2541", false).value(), "/%41");
  EXPECT_EQ(decode_path("/...", false).value(), "/...");
  EXPECT_EQ(decode_path("/.a", false).value(), "/.a");
}

TEST(DecodePath, MergesSlashesOnlyWhenAsked) {
  EXPECT_EQ(decode_path("//status", true).value(), "/status");
  EXPECT_EQ(decode_path("/a///b", true).value(), "/a/b");
  EXPECT_EQ(decode_path("//", true).value(), "/");
  EXPECT_FALSE(decode_path("//status", false));
  EXPECT_FALSE(decode_path("/a//b", false));
  EXPECT_FALSE(decode_path("/a/", true));
}

TEST(DecodePath, RefusesHostileOnes) {
  for (const std::string_view bad :
       {"",      "a",     "*",    "/a/",  "/..",  "/a/../b", "/%2e%2e/b", "/.%2E", "/%2e", "/.",       "/a%2fb",
        "/a%2F", "/a%00", "/%0a", "/%7f", "/%ff", "/%c3",    "/%",        "/%2",   "/%zz", "/a/%2e./b"}) {
    const auto path = decode_path(bad, true);
    ASSERT_FALSE(path) << bad;
    EXPECT_EQ(path.error().code, Code::invalid_argument);
  }
}

}  // namespace
}  // namespace fristad
