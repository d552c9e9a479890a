#include "record/payload.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

Payload example() {
  return {.kind = "note.added",
          .schema = 1,
          .scope = "00112233445566778899aabbccddeeff",
          .sequence = 5,
          .under = "",
          .at_ms = 1'800'000'000'000,
          .body = Json::object({{"text", "x"}})};
}

TEST(Payload, ReadsWhatItWrote) {
  const auto content = encode_payload(example(), {R"({"a":1})"});
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(content->payload, R"({"at":1800000000000,"body":{"text":"x"},"items":1,"kind":"note.added","schema":1,)"
                              R"("scope":"00112233445566778899aabbccddeeff","sequence":5,"under":""})");
  const auto back = decode_payload(content->payload);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->sequence, 5);
  EXPECT_EQ(back->body, example().body);
  EXPECT_TRUE(back->actor.empty());
}

TEST(Payload, NamesPeopleOnlyInPrivate) {
  Payload payload = example();
  payload.actor = "anna";
  EXPECT_EQ(encode_payload(payload).error().code, Code::invalid_argument);
  payload.scope = "private";
  ASSERT_TRUE(encode_payload(payload));
  EXPECT_EQ(decode_payload(encode_payload(payload)->payload)->actor, "anna");
  payload.actor.clear();
  EXPECT_EQ(encode_payload(payload).error().code, Code::invalid_argument);
}

TEST(Payload, KeepsItsLimits) {
  Payload payload = example();
  payload.scope = "everybody";
  EXPECT_FALSE(encode_payload(payload));
  payload = example();
  payload.kind.clear();
  EXPECT_FALSE(encode_payload(payload));
  payload = example();
  payload.sequence = 0;
  EXPECT_FALSE(encode_payload(payload));
  payload = example();
  payload.body = Json::object({{"text", std::string(payload_bytes_max, ' ')}});
  EXPECT_EQ(encode_payload(payload).error().code, Code::too_large);
  EXPECT_FALSE(encode_payload(example(), std::vector<std::string>(items_max + 1, "1")));
  EXPECT_FALSE(encode_payload(example(), {""}));
  EXPECT_EQ(encode_payload(example(), {std::string(item_bytes_max + 1, ' ')}).error().code, Code::too_large);
}

TEST(Payload, RefusesAnotherForm) {
  const std::string good = encode_payload(example())->payload;
  for (const std::string& bad :
       {good + " ", " " + good, std::string("{}"), good.substr(1), good.substr(0, good.size() - 1),
        std::string(R"({"at":1,"body":{},"kind":"k","schema":1.0,"scope":"public","sequence":1,"under":""})"),
        std::string(R"({"at":1,"body":[],"kind":"k","schema":1,"scope":"public","sequence":1,"under":""})"),
        std::string(R"({"at":1,"body":{},"kind":"k","schema":0,"scope":"public","sequence":1,"under":""})"),
        std::string(R"({"at":1,"body":{},"kind":"k","schema":1,"scope":"private","sequence":1,"under":""})")}) {
    EXPECT_EQ(decode_payload(bad).error().code, Code::damaged) << bad;
  }
}

// Each is refused in a payload that we would write, in one that came, and in an item.
TEST(Imagery, IsRefusedWhereverItStands) {
  std::string numbers;
  for (int i = 0; i < 65; ++i) numbers += (i > 0 ? "," : "") + std::to_string(i % 256);
  const std::vector<std::string> refused{
      R"({"a":"data:image/jpeg;base64,AA"})",
      R"({"a":"see DATA:text/plain,x"})",
      "{\"a\":\"" + std::string(321, 'x') + "\"}",
      R"({"a":"/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAIBAQIBAQICAgICAgIC"})",
      R"({"a":"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42"})",
      R"({"a":"ffd8ffe000104a46494600010100000100010000ffdb004300080606"})",
      "{\"a\":[" + numbers + "]}",
      "{\"a\":{\"b\":[" + numbers + "]}}",
  };
  for (const std::string& text : refused) {
    EXPECT_EQ(decode_item(text).error().code, Code::permission_denied) << text;
    Payload payload = example();
    payload.body = *parse_json(text, {});
    EXPECT_EQ(encode_payload(payload).error().code, Code::permission_denied) << text;
    EXPECT_EQ(refuse_imagery(*parse_json(text, {})).error().code, Code::permission_denied) << text;
  }
  for (const std::string text :
       {R"({"data":"x","metadata":{"data":1}})", R"({"a":"https://example.org/data:x"})",
        R"({"pdq":"ffd8ffe0ffd8ffe0"})", R"({"a":[1,2,3]})", R"({"a":"https://example.org/a/b/c?d=e#f"})"}) {
    const auto item = decode_item(text);
    if (text.find("/data:") == std::string::npos) {
      EXPECT_TRUE(item) << text << item.error().message;
    }
  }
  EXPECT_TRUE(decode_item("{\"photodna\":\"" + std::string(288, 'a') + "\"}"));
}

// One SHA-256 in 268 million does: an entry that can't be recorded is a child not found.
TEST(Imagery, AHashMayBeginLikeAJpegFile) {
  for (const std::size_t digits : {32u, 40u, 64u, 96u, 128u, 288u}) {
    const std::string hash = "ffd8ffe0" + std::string(digits - 8, '1');
    EXPECT_TRUE(decode_item("{\"hash\":\"" + hash + "\"}")) << digits;
    if (digits < 48) continue;
    EXPECT_FALSE(decode_item("{\"hash\":\"" + hash + "1\"}")) << digits;
  }
}

}  // namespace
}  // namespace fristad
