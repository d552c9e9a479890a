#include "tests/support/lies.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "base/try.h"
#include "record/exchange.h"

namespace fristad::testing {

SigningKey stranger() {
  Key seed;
  std::ranges::fill(seed.bytes(), std::uint8_t{0x77});
  return SigningKey::from_seed(seed);
}

namespace {

std::vector<Lie> head_lies() {
  const auto note = [](std::string_view name, std::function<void(std::string&)> change) {
    return Lie{.name = name,
               .head = [change = std::move(change)](const LyingLog&, HeadAnswer& answer) { change(answer.head.note); }};
  };
  const auto forged = [](std::string_view name, std::function<std::string(const LyingLog&)> made) {
    return Lie{.name = name, .head = [made = std::move(made)](const LyingLog& log, HeadAnswer& answer) {
                 answer.head = {.note = made(log)};
               }};
  };
  return {
      note("note-without-end", [](std::string& text) { text.pop_back(); }),
      note("note-with-returns", [](std::string& text) { text.replace(text.find('\n'), 1, "\r\n"); }),
      note("note-with-zeros", [](std::string& text) { text.insert(text.find('\n') + 1, "00"); }),
      note("note-with-33-signatures",
           [](std::string& text) {
             for (int i = 0; i < 32; ++i) text += "— n AAAAAAA=\n";
           }),
      // The name and the id of the right key, and not its signature.
      note("note-of-wrong-key",
           [](std::string& text) { text[text.size() - 12] = text[text.size() - 12] == 'A' ? 'B' : 'A'; }),
      note("note-not-utf-8", [](std::string& text) { text.insert(text.find('\n'), "\xc3"); }),
      note("note-empty", [](std::string& text) { text.clear(); }),
      forged("head-of-stranger", [](const LyingLog& log) { return log.signed_head(log.checkpoint(), stranger()); }),
      forged("head-of-another-log",
             [](const LyingLog& log) {
               Checkpoint other = log.checkpoint();
               other.origin = shared_origin_of("us");
               return log.signed_head(other, stranger());
             }),
  };
}

std::vector<Lie> log_lies() {
  std::vector<Lie> lies{
      {.name = "leaf-unsigned", .history = [](LyingLog& log) { log.add_unsigned(); }},
      {.name = "shorter", .history = [](LyingLog& log) { log.cut(log.size() - 4); }},
      {.name = "another-history", .history = [](LyingLog& log) { log.replace_last(); }},
      {.name = "another-tail", .history = [](LyingLog& log) { log.replace_last_and_go_on(); }},
      {.name = "leaves-cut", .leaves = [](auto& leaves) { leaves.pop_back(); }},
      {.name = "leaves-turned", .leaves = [](auto& leaves) { std::ranges::reverse(leaves); }},
      {.name = "leaves-changed", .leaves = [](auto& leaves) { leaves.front()[40] ^= 1; }},
      {.name = "scopes-fewer",
       .scopes =
           [](ScopesAnswer& scopes) {
             for (auto& [scope, last] : scopes.last) last = 1;
           }},
      {.name = "parcels-changed",
       .parcels =
           [](auto& parcels) {
             for (Parcel& parcel : parcels) parcel.content.back() ^= 1;
           }},
      {.name = "parcels-left-out",
       .parcels =
           [](auto& parcels) {
             if (!parcels.empty()) parcels.erase(parcels.begin());
           }},
      {.name = "parcels-held-back", .parcels = [](auto& parcels) { parcels.clear(); }},
      {.name = "parcels-moved",
       .parcels =
           [](auto& parcels) {
             for (Parcel& parcel : parcels) parcel.position = 0;
           }},
  };
  return lies;
}

// That are no answers at all.
std::vector<Lie> byte_lies() {
  const auto instead = [](std::string_view name, Question at, std::string body) {
    return Lie{.name = name, .at = at, .bytes = [body = std::move(body)](Response& answer) { answer.body = body; }};
  };
  const auto endless = [](Response& answer) {
    answer.body.clear();
    answer.stream = [](BodyWriter& out) -> Status {
      const std::string part(std::size_t{1} << 16, 'x');
      for (;;) TRY(out.write(part));
    };
  };
  const auto slow = [](Response& answer) {
    answer.body.clear();
    answer.stream = [](BodyWriter& out) -> Status {
      for (;;) {
        TRY(out.write("x"));
        std::this_thread::sleep_for(std::chrono::seconds(1));
      }
    };
  };
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "{\"head\":";
  // Nobody has asked for it packed, so nobody unpacks it.
  const auto packed = [](Response& answer) {
    answer.headers.set("Content-Encoding", "gzip");
    answer.body = "\x1f\x8b\x08" + std::string(10'000, '\0');
  };
  return {
      instead("head-not-json", Question::head, "nothing"),
      instead("head-deep", Question::head, deep),
      instead("head-too-large", Question::head, std::string(std::size_t{2} << 20, ' ')),
      instead("leaves-too-many", Question::leaves, std::string((leaves_per_answer + 1) * leaf_size, 'x')),
      instead("leaves-broken", Question::leaves, "x"),
      instead("scopes-broken", Question::scopes, "[]"),
      instead("parcels-broken", Question::parcels, std::string(1000, '\xff')),
      instead("parcels-too-large", Question::parcels, std::string(answer_bytes_max + 1, '\0')),
      Lie{.name = "parcels-endless", .at = Question::parcels, .bytes = endless},
      Lie{.name = "head-endless", .at = Question::head, .bytes = endless},
      Lie{.name = "head-slow", .at = Question::head, .bytes = slow},
      Lie{.name = "head-packed", .at = Question::head, .bytes = packed},
  };
}

}  // namespace

const std::vector<Lie>& lies() {
  static const std::vector<Lie> all = [] {
    std::vector<Lie> made;
    for (auto& some : {head_lies(), log_lies(), byte_lies()}) made.insert(made.end(), some.begin(), some.end());
    made.push_back({.name = "head-again", .at = Question::head, .again = true});
    made.push_back({.name = "leaves-again", .at = Question::leaves, .again = true});
    made.push_back({.name = "scopes-again", .at = Question::scopes, .again = true});
    made.push_back({.name = "parcels-again", .at = Question::parcels, .again = true});
    return made;
  }();
  return all;
}

}  // namespace fristad::testing
