// What is text: JSON, payloads, and what is refused in them; and pictures' hashes.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alliance/conformance_ask.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/try.h"
#include "crypto/lines.h"
#include "record/leaf.h"
#include "record/payload.h"

namespace fristad {
namespace {

constexpr std::string_view base64_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view hex_letters = "0123456789abcdef";

// ---- json ----

// What has to be escaped, what must not be, and keys whose order in UTF-16 isn't that of their bytes.
constexpr std::array<std::string_view, 16> pieces{"a",
                                                  "Z",
                                                  "7",
                                                  " ",
                                                  "\"",
                                                  "\\",
                                                  "/",
                                                  "\n",
                                                  "\t",
                                                  "\x01",
                                                  "\x7f",
                                                  "\xc3\xa9",
                                                  "\xe2\x82\xac",
                                                  "\xe2\x80\xa8",
                                                  "\xf0\x9f\x98\x80",
                                                  "\xef\xac\xb3"};

std::string text_of(Questioner& ask) {
  std::string text;
  for (std::uint64_t left = ask.number(8); left > 0; --left) text += ask.one_of(pieces);
  return text;
}

Json json_of(Questioner& ask, int depth) {
  constexpr std::uint64_t exact = (std::uint64_t{1} << 53) - 1;
  switch (ask.number(depth > 0 ? 6 : 4)) {
    case 0: return {};
    case 1: return ask.number(2) == 1;
    case 2: return static_cast<std::int64_t>(ask.number(2 * exact + 1)) - static_cast<std::int64_t>(exact);
    case 3: return text_of(ask);
    case 4: {
      Json::Array items;
      for (std::uint64_t left = ask.number(4); left > 0; --left) items.push_back(json_of(ask, depth - 1));
      return items;
    }
    default: break;
  }
  Json::Object members;
  for (std::uint64_t left = ask.number(4); left > 0; --left) {
    const std::string name = text_of(ask);
    members.insert_or_assign(name, json_of(ask, depth - 1));
  }
  return members;
}

Json object_of(Questioner& ask) {
  Json body = Json::object();
  for (std::uint64_t left = 1 + ask.number(3); left > 0; --left) {
    const std::string name = ask.text(1 + ask.number(8));
    body.members()->insert_or_assign(name, json_of(ask, 2));
  }
  return body;
}

// One in each line.
constexpr std::string_view json_texts =
    "\n 1\n1 \n01\n-0\n1.0\n1e3\n+1\nnul\n"
    "9007199254740991\n-9007199254740991\n9007199254740992\n-9007199254740992\n"
    "\"\\u0041\"\n\"\\u00e9\"\n\"\\/\"\n\"\\u001F\"\n\"\\u001f\"\n\"\x1f\"\n\"\x7f\"\n"
    "\"\\ud83d\"\n\"\\ud83d\\ude00\"\n\"\xed\xa0\xbd\"\n\"\xc3\"\n\"\xc0\x80\"\n\xef\xbb\xbf"
    "1\n"
    "[1,]\n{\"a\":1,}\n{\"a\":1,\"a\":1}\n{\"b\":1,\"a\":1}\n"
    "{\"\xef\xac\xb3\":1,\"\xf0\x9f\x98\x80\":2}\n{\"\xf0\x9f\x98\x80\":2,\"\xef\xac\xb3\":1}\n"
    "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]\n[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]\n";

void read_json(AnswerSheet& answers, std::string_view text) {
  answers.verdict(parse_canonical(text, {}).has_value());
  const auto read = parse_json(text, {});
  answers.verdict(read.has_value());
  if (read) answers.say(canonical(*read));
}

}  // namespace

void ask_json(Questioner& ask, AnswerSheet& answers) {
  std::string_view texts = json_texts;
  while (const auto text = take_line(texts)) read_json(answers, *text);
  for (int i = 0; i < 24; ++i) {
    const std::string text = canonical(json_of(ask, 3));
    read_json(answers, text);
    for (int bends = 0; bends < 4; ++bends) read_json(answers, ask.bent(text));
  }
}

// ---- payload ----

namespace {

std::vector<std::string> items_of(Questioner& ask) {
  std::vector<std::string> items;
  if (ask.number(2) == 0) return items;
  for (std::uint64_t left = 1 + ask.number(9); left > 0; --left) items.push_back(canonical(object_of(ask)));
  return items;
}

void commit_content(Questioner& ask, AnswerSheet& answers, const Content& content) {
  const Salt salt = ask.bytes<32>();
  answers.say(content.payload);
  for (const std::string& item : content.items) answers.say(item);
  answers.say(commit(content, salt));
  if (content.items.empty()) return;
  // The same chunk when some of its items have been erased.
  std::vector<OpenItem> open{{.text = content.payload, .salt = item_salt(salt, 0)}};
  for (const std::string& item : content.items) {
    const Salt own = item_salt(salt, static_cast<std::uint32_t>(open.size()));
    if (ask.number(2) == 0) {
      open.push_back({.text = item, .salt = own});
    } else {
      open.push_back({.text = {}, .salt = {}, .leaf_if_erased = item_leaf(item, own)});
    }
  }
  answers.say(commit_chunk(open));
}

}  // namespace

void ask_payload(Questioner& ask, AnswerSheet& answers) {
  for (int i = 0; i < 24; ++i) {
    const std::array<std::string, 5> scopes{"private", "alliance", "public", to_hex(ask.bytes<16>()), ask.text(8)};
    Payload payload;
    payload.kind = ask.text(ask.number(24)) + ".made";
    payload.schema = static_cast<int>(ask.number(8));  // 0 is none
    payload.scope = ask.one_of(scopes);
    payload.sequence = static_cast<std::int64_t>(ask.number(16));
    payload.under = ask.number(2) == 0 ? "" : to_hex(ask.bytes<32>());
    payload.at_ms = static_cast<std::int64_t>(ask.number(std::uint64_t{1} << 42));
    // A person in private records and nowhere else; once in a while the other way.
    if ((payload.scope == "private") != (ask.number(8) == 0)) payload.actor = ask.text(6);
    payload.body = object_of(ask);
    const auto content = encode_payload(payload, items_of(ask));
    answers.verdict(content.has_value());
    if (!content) continue;
    commit_content(ask, answers, *content);
    answers.verdict(decode_payload(content->payload).has_value());
    for (int bends = 0; bends < 2; ++bends) {
      answers.verdict(decode_payload(ask.bent(content->payload)).has_value());
    }
    for (const std::string& item : content->items) answers.verdict(decode_item(ask.bent(item)).has_value());
  }
}

// ---- imagery ----

namespace {

void judge(AnswerSheet& answers, Json value) {
  answers.verdict(refuse_imagery(Json::object({{"a", std::move(value)}})).has_value());
}

}  // namespace

void ask_imagery(Questioner& ask, AnswerSheet& answers) {
  // Sizes around those from which on each rule holds.
  for (int i = 0; i < 24; ++i) judge(answers, ask.text(308 + ask.number(24), base64_letters));
  constexpr std::array<std::string_view, 13> starts{
      "/9j/",   "_9j_",    "iVBORw0KGgo", "R0lGODlh", "R0lGODdh",    "UklGR",           "SUkqAA",
      "TU0AKg", "ffd8ffe", "AAAAIGZ0eXB", "0badcafe", "AAAAGGZ0eXB", "89504e470d0a1a0a"};
  constexpr std::array<std::size_t, 8> hash_sizes{32, 40, 64, 65, 96, 128, 200, 288};
  for (const std::string_view start : starts) {
    for (int i = 0; i < 4; ++i) {
      judge(answers, std::string(start) + ask.text(40 + ask.number(16) - start.size(), base64_letters));
      judge(answers, std::string(start) + ask.text(ask.one_of(hash_sizes) - start.size(), hex_letters));
    }
  }
  constexpr std::array<std::string_view, 6> links{"data:", "DaTa:", "data:,", "data: ", "metadata:", "dat\u0430:"};
  constexpr std::array<std::string_view, 6> rests{"", "a", " a", ",", ";", "/"};
  for (int i = 0; i < 24; ++i) {
    std::string text = ask.text(ask.number(3));
    text += ask.one_of(links);
    text += ask.one_of(rests);
    judge(answers, std::move(text));
  }
  for (int i = 0; i < 24; ++i) {
    const std::uint64_t below = 200 + ask.number(1000);
    Json::Array numbers;
    for (std::uint64_t left = 60 + ask.number(20); left > 0; --left) {
      numbers.emplace_back(static_cast<std::int64_t>(ask.number(below)));
    }
    judge(answers, std::move(numbers));
  }
}

// ---- pdq ----

// Smooth from corner to corner, bent in the middle, and a little noise: what a hash sees of a picture.
Status ask_pdq(Questioner& ask, AnswerSheet& answers, const PdqOf& pdq) {
  for (int i = 0; i < 6; ++i) {
    const std::uint64_t width = 64 + ask.number(65);
    const std::uint64_t height = 64 + ask.number(33);
    // From almost flat, where the quality says so, to several waves.
    const std::uint64_t strength = std::uint64_t{16} << ask.number(7);
    const std::uint64_t right = ask.number(strength);
    const std::uint64_t down = ask.number(strength);
    const std::uint64_t bend = ask.number(strength);
    const std::uint64_t noise = 1 + ask.number(16);
    std::vector<std::uint8_t> luma;
    luma.reserve(width * height);
    for (std::uint64_t y = 0; y < height; ++y) {
      for (std::uint64_t x = 0; x < width; ++x) {
        const std::uint64_t at = right * x / width + down * y / height + bend * x * y / (width * height);
        const std::uint64_t wave = at % 512;  // up, and down again
        luma.push_back(
            static_cast<std::uint8_t>(((wave < 256 ? wave : 511 - wave) * 7 + 8 * (ask.byte() % noise)) / 8));
      }
    }
    answers.say(TRY(pdq(luma, static_cast<int>(width), static_cast<int>(height))));
  }
  return {};
}

}  // namespace fristad
