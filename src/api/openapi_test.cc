#include "api/openapi.h"

#include <gtest/gtest.h>

#include <set>

#include "api/api_impl.h"
#include "api/schemas.h"
#include "base/json.h"

namespace fristad {
namespace {

std::vector<ApiRoute> all_routes() {
  std::vector<ApiRoute> all;
  for (const auto& some : {alliance_routes(), alliance_letter_routes(), alliance_list_routes(), alliance_vote_routes(),
                           approval_routes(), audit_routes(), entry_routes(), list_routes(), match_routes(),
                           me_routes(), node_routes(), session_routes(), token_routes(), user_routes()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

// Every "$ref" in a document.
void collect(const Json& value, std::set<std::string>& refs) {
  if (const Json* const ref = value.find("$ref")) refs.insert(*ref->text());
  if (value.members() != nullptr) {
    for (const auto& [name, member] : *value.members()) collect(member, refs);
  }
  if (value.array() != nullptr) {
    for (const Json& item : *value.array()) collect(item, refs);
  }
}

TEST(OpenapiTest, SaysWhatThereIs) {
  const auto document = parse_json(openapi_document(all_routes()), {.bytes_max = 1 << 22, .depth_max = 32});
  ASSERT_TRUE(document) << document.error().message;
  const Json* const schemas = document->find("components")->find("schemas");
  std::set<std::string> refs;
  collect(*document, refs);
  for (const std::string& ref : refs) {
    EXPECT_NE(schemas->find(ref.substr(ref.rfind('/') + 1)), nullptr) << ref;
  }
  for (const ApiRoute& route : all_routes()) {
    const Json* const path = document->find("paths")->find(std::string(route.pattern));
    ASSERT_NE(path, nullptr) << route.pattern;
    EXPECT_FALSE(route.summary.empty());
    EXPECT_NE(route.handle, nullptr);
  }
}

// "No hash, URL or identifier ever stands in a URL": what a path or query may hold are ids that the node made up,
// numbers, and words of ours.
TEST(OpenapiTest, NothingSecretHasAPlaceInAnAddress) {
  const std::set<std::string_view> parameters{"list",    "entry", "approval", "user",   "token",
                                              "session", "log",   "position", "member", "reader"};
  const std::set<std::string_view> queries{"cursor", "count", "state", "purpose", "limit", "kind"};
  for (const ApiRoute& route : all_routes()) {
    for (std::string_view rest = route.pattern; rest.find('{') != std::string_view::npos;) {
      rest.remove_prefix(rest.find('{') + 1);
      EXPECT_TRUE(parameters.contains(rest.substr(0, rest.find('}')))) << route.pattern;
    }
    for (std::string_view rest = route.query; !rest.empty();) {
      const std::string_view name = rest.substr(0, rest.find(','));
      EXPECT_TRUE(queries.contains(name)) << route.pattern;
      rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    }
  }
}

TEST(SchemaTest, ShapesBecomeSchemas) {
  EXPECT_EQ(schema_of({"X", "a:text b?:int[] c:one(x|y) d:Y e?:text/null"}),
            R"({"type":"object","properties":{"a":{"type":"string"},"b":{"type":"array","items":{"type":"integer"}},)"
            R"("c":{"type":"string","enum":["x","y"]},"d":{"$ref":"#/components/schemas/Y"},)"
            R"("e":{"type":["string","null"]}},"additionalProperties":false,"required":["a","c","d"]})");
  std::set<std::string_view> names;
  for (const Shape& shape : shapes()) EXPECT_TRUE(names.insert(shape.name).second) << shape.name;
}

}  // namespace
}  // namespace fristad
