#pragma once

// How the content of a record lies in the database: salt, payload and items in one sealed value, under a key of its own
// that is itself sealed under the node's data key. Where the key is gone, so is the content.
//
// Thread-safety: pure functions.

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "crypto/secret.h"
#include "fristad/result.h"
#include "record/kinds.h"
#include "record/leaf.h"

namespace fristad {

// Either whole: a salt and a content; or a chunk of which items were erased: the payload and the items one by one.
struct Stored {
  Salt salt{};
  Content content;
  std::vector<OpenItem> open = {};  // the payload first; empty: whole

  Digest commitment() const { return open.empty() ? commit(content, salt) : commit_chunk(open); }
  std::string_view payload() const { return open.empty() ? content.payload : open.front().text; }
  // Texts of the items; empty where erased.
  std::vector<std::string> items() &&;
  // Without these items: nothing that is left tells more about them than their leaves do. Error: invalid_argument.
  Status erase_items(std::span<const std::uint32_t> items);
};

// As it is sealed, and as it travels to readers. Errors: damaged (not laid out so, too many items).
std::vector<std::uint8_t> encode_stored(const Stored& stored);
Result<Stored> decode_stored(Bytes bytes);

struct SealedContent {
  std::vector<std::uint8_t> key;  // of this record, sealed under the data key
  std::vector<std::uint8_t> bytes;
};

// `place` is bound to both: a row can't be exchanged for another. Errors: those of `random`.
Result<SealedContent> seal_stored(const Stored& stored, Place place, const Key& data_key, const Random& random);

// Errors: damaged.
Result<Stored> open_stored(Bytes key, Bytes sealed, Place place, const Key& data_key);

}  // namespace fristad
