#pragma once

// The payload of a record: who says what, when, to whom. One canonical JSON text (RFC 8785); docs/format/record.md
// lists its members.
//
// Thread-safety: plain values and pure functions. Complexity: one pass.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "fristad/result.h"
#include "record/leaf.h"

namespace fristad {

inline constexpr std::size_t payload_bytes_max = std::size_t{1} << 20;
inline constexpr std::size_t items_max = 1000;
inline constexpr std::size_t item_bytes_max = std::size_t{1} << 14;

struct Payload {
  std::string kind = {};      // "list.created"
  int schema = 1;             // version of the body's schema
  std::string scope = {};     // who may read: "private", "alliance", "public", or 32 hex digits of a scope record
  std::int64_t sequence = 0;  // counted from 1 within the scope
  std::string under = {};     // the membership state that it was written under; empty before there is an alliance
  std::int64_t at_ms = 0;     // UTC milliseconds, as its author says: informs, never orders
  std::string actor = {};     // the person; only in private records
  Json body = {};
};

// Checks and encodes. `items` are canonical JSON texts of the caller's own making, which decode_item() would take.
// Errors: invalid_argument (names the member), too_large, permission_denied (imagery).
Result<Content> encode_payload(const Payload& payload, std::vector<std::string> items = {});

// Decodes the text of a payload, without items. Errors: damaged, too_large, permission_denied (imagery).
Result<Payload> decode_payload(std::string_view text);

// Decodes one item. Same errors.
Result<Json> decode_item(std::string_view text);

// Refuses a text that carries, or could carry, a picture: image bytes in hex or base64, data: URLs, long base64, long
// arrays of bytes. Hashes and names pass. Error: permission_denied.
Status refuse_imagery(const Json& value);

// The same on the text of a JSON value, without decoding it: may be stricter.
Status refuse_imagery_in_text(std::string_view canonical_text);

}  // namespace fristad
