#pragma once

// A hash as a person types it or a program sends it.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "fristad/hash.h"
#include "fristad/result.h"
#include "fristad/segment.h"

namespace fristad {

struct Query {
  std::optional<DigestKind> digest;  // none: a PDQ hash
  PdqHash pdq;
  std::array<std::uint8_t, 32> bytes{};  // the digest, in the first digest_size(*digest)

  std::span<const std::uint8_t> digest_bytes() const { return std::span(bytes).first(digest_size(*digest)); }
  const char* kind() const { return digest ? to_string(*digest) : "pdq"; }
};

// "pdq:…", "md5:…", "sha1:…", "sha256:…", each with its hex digits. Without a name 64 digits are PDQ, 32 are MD5, 40
// SHA-1. Error: invalid_argument, which does not repeat the text.
Result<Query> parse_query(std::string_view text);

}  // namespace fristad
