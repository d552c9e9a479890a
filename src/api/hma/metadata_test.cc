#include "api/hma/metadata.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

Result<std::string> context_from(const std::string& sent) {
  Json::Object metadata;
  const Status added = add_metadata(metadata, *parse_json(sent, {.reals = true}));
  if (!added) return added.error();
  return context_of(metadata);
}

TEST(HmaMetadataTest, KeepsWhatIsKnownAndTheRestInJson) {
  EXPECT_EQ(context_from(R"({"content_uri":"u","content_id":"c","json":{"a":1.5}})").value_or("?"),
            R"({"content_id":"c","content_uri":"u","json":{"a":1.5}})");
  EXPECT_EQ(context_from(R"({"content_id":null,"collab":{"X":["1"]}})").value_or("?"), "");
  EXPECT_EQ(context_from(R"({"reporter":"r","json":{"b":1}})").value_or("?"), R"({"json":{"b":1,"reporter":"r"}})");
}

TEST(HmaMetadataTest, RefusesInHmasWords) {
  EXPECT_EQ(context_from("[]").error().message, "metadata should be a json object");
  EXPECT_EQ(context_from(R"({"content_id":7})").error().message,
            "Invalid metadata: content_id: Input should be a valid string");
  EXPECT_EQ(context_from(R"({"json":7})").error().message,
            "Invalid metadata: json: Input should be a valid dictionary");
  EXPECT_EQ(context_from(R"({"content_id":")" + std::string(9000, 'x') + "\"}").error().message,
            "Invalid metadata: it is over 8 KiB");
}

TEST(HmaMetadataTest, ShowsWhatIsUnsetAsNull) {
  EXPECT_EQ(canonical(shown_metadata(R"({"content_id":"c"})", true)),
            R"({"collab":null,"content_id":"c","content_uri":null,"json":null})");
  EXPECT_EQ(canonical(shown_metadata(R"({"content_id":"c"})", false)),
            R"({"content_id":"c","content_uri":null,"json":null})");
  EXPECT_EQ(canonical(shown_metadata(R"({"case":"7"})", false)),
            R"({"content_id":null,"content_uri":null,"json":{"case":"7"}})");
  EXPECT_TRUE(shown_metadata("", true).is_null());
  EXPECT_TRUE(shown_metadata("no JSON", true).is_null());
}

TEST(HmaMetadataTest, NotesAreShort) {
  std::string umlauts;
  for (int i = 0; i < 255; ++i) umlauts += "\u00e4";
  EXPECT_EQ(note_of(Json(umlauts)).value_or(""), umlauts);
  EXPECT_EQ(note_of(Json(umlauts + "x")).error().message, "note must be at most 255 characters");
  EXPECT_EQ(note_of(Json("\xff")).error().message, "note should be a string");
  EXPECT_EQ(note_of(Json(7)).error().message, "note should be a string");
  EXPECT_EQ(note_of(Json()).value_or("?"), "");
}

}  // namespace
}  // namespace fristad
