#include "record/payload.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/hex.h"
#include "base/try.h"

namespace fristad {
namespace {

// The longest run of letters that a hash is written with: a PhotoDNA hash has 144 bytes, 288 hex digits. A picture of
// that few bytes shows nothing.
constexpr std::size_t run_max = 320;
// Numbers next to one another that could each be a byte.
constexpr std::size_t byte_array_max = 64;
constexpr std::size_t magic_run_min = 48;

constexpr JsonLimits payload_limits{.bytes_max = payload_bytes_max};
constexpr JsonLimits item_limits{.bytes_max = item_bytes_max, .depth_max = 8};

Error imagery(std::string_view what) {
  return {Code::permission_denied, "refused: the record carries " + std::string(what) +
                                       ". Only hashes and metadata are recorded, never imagery"};
}

// Each byte of each entry is looked at, so it is a table.
constexpr std::array<bool, 256> base64_letters = [] {
  std::array<bool, 256> table{};
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=";
  for (const char c : letters) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool is_base64_letter(char c) {
  return base64_letters[static_cast<unsigned char>(c)];
}

// How JPEG, PNG, GIF, WebP, BMP, TIFF and HEIF begin, in base64 and in hex.
bool begins_like_an_image(std::string_view run) {
  constexpr std::array<std::string_view, 12> magic{"/9j/",        "_9j_",        "iVBORw0KGgo", "R0lGODlh",
                                                   "R0lGODdh",    "UklGR",       "SUkqAA",      "TU0AKg",
                                                   "AAAAIGZ0eXB", "AAAAGGZ0eXB", "ffd8ffe",     "89504e470d0a1a0a"};
  return std::ranges::any_of(magic, [&](std::string_view start) { return run.starts_with(start); });
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// As long as MD5, SHA-1, SHA-256 and PDQ, SHA-384, SHA-512 or PhotoDNA in hex. One hash in 268 million begins like a
// JPEG file; no picture has so few bytes.
bool is_hash(std::string_view run) {
  constexpr std::array<std::size_t, 6> digits{32, 40, 64, 96, 128, 288};
  return std::ranges::find(digits, run.size()) != digits.end() &&
         std::ranges::all_of(run, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

}  // namespace

Status refuse_imagery_in_text(std::string_view text) {
  std::size_t numbers = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const std::size_t start = i;
    while (i < text.size() && is_base64_letter(text[i])) ++i;
    const char c = i < text.size() ? text[i] : '\0';
    const std::size_t run = i - start;
    const std::string_view letters = text.substr(start, run);
    if (run > run_max) return imagery("a long run of base64 or hex");
    if (run >= magic_run_min && begins_like_an_image(letters) && !is_hash(letters))
      return imagery("the beginning of an image file");
    if (c == ':' && letters.size() >= 4) {
      std::string scheme(letters.substr(letters.size() - 4));
      std::ranges::transform(scheme, scheme.begin(), [](char letter) { return static_cast<char>(letter | 0x20); });
      const char after = i + 1 < text.size() ? text[i + 1] : '\0';
      // A member named "data" has a quotation mark before its colon.
      if (scheme == "data" && (is_base64_letter(after) || after == ',' || after == ';')) return imagery("a data: URL");
    }
    const bool small_number = run > 0 && run <= 3 && std::ranges::all_of(letters, is_digit);
    if ((c == ',' || c == ']') && small_number) {
      if (++numbers > byte_array_max) return imagery("a long array of bytes");
    } else if (c != '[') {
      numbers = 0;
    }
  }
  return {};
}

Status refuse_imagery(const Json& value) {
  return refuse_imagery_in_text(canonical(value));
}

Result<Content> encode_payload(const Payload& payload, std::vector<std::string> items) {
  const auto wrong = [&](std::string_view what) {
    return Error{Code::invalid_argument, "record of kind " + payload.kind + ": " + std::string(what)};
  };
  const bool is_private = payload.scope == "private";
  std::array<std::uint8_t, 16> scope_id{};
  if (!is_private && payload.scope != "alliance" && payload.scope != "public" && !from_hex(payload.scope, scope_id)) {
    return wrong("a scope is private, alliance, public or the id of a scope record");
  }
  if (payload.kind.empty() || payload.kind.size() > 64) return wrong("a kind has 1 to 64 letters");
  if (payload.schema < 1 || payload.sequence < 1) return wrong("schema and sequence count from 1");
  if (is_private == payload.actor.empty()) return wrong("the person stands in private records, and only there");
  if (items.size() > items_max) return wrong("at most 1,000 items in a chunk");
  if (payload.body.members() == nullptr) return wrong("the body is an object");

  Json text = Json::object({{"at", payload.at_ms},
                            {"body", payload.body},
                            {"kind", payload.kind},
                            {"schema", payload.schema},
                            {"scope", payload.scope},
                            {"sequence", payload.sequence},
                            {"under", payload.under}});
  if (is_private) text.members()->emplace("actor", payload.actor);
  if (!items.empty()) text.members()->emplace("items", static_cast<std::int64_t>(items.size()));
  Content content{.payload = canonical(text), .items = std::move(items)};
  if (content.payload.size() > payload_bytes_max) {
    return Error{Code::too_large,
                 "a record of kind " + payload.kind + " has over " + std::to_string(payload_bytes_max) + " bytes"};
  }
  TRY(refuse_imagery_in_text(content.payload));
  for (const std::string& item : content.items) {
    if (item.empty()) return wrong("an item is empty");
    if (item.size() > item_bytes_max) {
      return Error{Code::too_large, "an item has over " + std::to_string(item_bytes_max) + " bytes"};
    }
    TRY(refuse_imagery_in_text(item));
  }
  return content;
}

Result<Payload> decode_payload(std::string_view text) {
  const Json value = TRY(parse_canonical(text, payload_limits));
  TRY(refuse_imagery_in_text(text));
  const auto missing = [](std::string_view name) {
    return Error{Code::damaged, "a payload without a proper \"" + std::string(name) + "\""};
  };
  const auto text_of = [&](std::string_view name) -> Result<std::string> {
    const Json* const member = value.find(name);
    if (member == nullptr || member->text() == nullptr) return missing(name);
    return *member->text();
  };
  const auto integer_of = [&](std::string_view name) -> Result<std::int64_t> {
    const Json* const member = value.find(name);
    if (member == nullptr || member->integer() == nullptr) return missing(name);
    return *member->integer();
  };
  Payload payload;
  payload.kind = TRY(text_of("kind"));
  const std::int64_t schema = TRY(integer_of("schema"));
  if (schema < 1 || schema > std::numeric_limits<int>::max()) return missing("schema");
  payload.schema = static_cast<int>(schema);
  payload.scope = TRY(text_of("scope"));
  payload.sequence = TRY(integer_of("sequence"));
  payload.under = TRY(text_of("under"));
  payload.at_ms = TRY(integer_of("at"));
  if (payload.scope == "private") payload.actor = TRY(text_of("actor"));
  const Json* const body = value.find("body");
  if (body == nullptr || body->members() == nullptr) return missing("body");
  payload.body = *body;
  return payload;
}

Result<Json> decode_item(std::string_view text) {
  Json item = TRY(parse_canonical(text, item_limits));
  TRY(refuse_imagery_in_text(text));
  return item;
}

}  // namespace fristad
