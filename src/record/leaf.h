#pragma once

// The leaf of a record: what a log shows of it. docs/format/record.md is the specification.
//
// A leaf has always the same size and layout. It shows no kind, size, scope or date; what was recorded is bound to it
// by the commitment, which nobody can test without the salt. So when payload and salt are erased the proof stays and
// says nothing.
//
// Thread-safety: plain values and pure functions.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.h"
#include "crypto/sign.h"
#include "fristad/result.h"

namespace fristad {

using RecordId = std::array<std::uint8_t, 16>;  // 12 random bytes, and 4 that name the author
using Salt = std::array<std::uint8_t, 32>;      // random

struct Leaf {
  RecordId record{};
  std::uint32_t revision = 0;
  Digest previous{};  // the Merkle leaf hash of the revision before; zero in the first
  Digest commitment{};
  Signature signature{};
};

inline constexpr std::uint8_t leaf_version = 1;
inline constexpr std::size_t leaf_size = 1 + 16 + 4 + 32 + 32 + 64;
using LeafBytes = std::array<std::uint8_t, leaf_size>;

// The last bytes of every record's id: of whose log it is. (The first are what people type of it.) So nobody's record
// takes the place of another member's, whichever of the two comes first.
using AuthorTag = std::array<std::uint8_t, 4>;
AuthorTag author_tag(std::string_view member);
AuthorTag author_tag(const RecordId& id);

LeafBytes encode_leaf(const Leaf& leaf);
// Errors: damaged (size), unsupported (another version).
Result<Leaf> decode_leaf(Bytes bytes);

// Signs all that stands before the signature, as a leaf of the log of that origin: it's worth nothing in another.
Signature sign_leaf(const Leaf& leaf, std::string_view origin, const SigningKey& key);
bool verify_leaf(const Leaf& leaf, std::string_view origin, const PublicKey& key);

// A record as its author wrote it: the payload and, in a chunk, its items. Each is one canonical JSON text.
struct Content {
  std::string payload;
  std::vector<std::string> items = {};
};

// Of a record without items: SHA-256 over a tag, the salt and the payload. Of a chunk: over a tag and the root of a
// tree whose leaves are the payload and the items, each with a salt of its own that follows from `salt`.
Digest commit(const Content& content, const Salt& salt);

// The same when items were erased: what stands in their place is their leaf.
struct OpenItem {
  std::string text = {};       // empty: erased
  Salt salt{};                 // of this item; zero if erased
  Digest leaf_if_erased = {};  // zero otherwise
};
Digest commit_chunk(std::span<const OpenItem> payload_and_items);

// Salt `index` of a chunk: 0 is the payload's, i + 1 that of item i.
Salt item_salt(const Salt& salt, std::uint32_t index);
Digest item_leaf(std::string_view text, const Salt& salt);

}  // namespace fristad
