#pragma once

// The secrets of a node, and the file that they lie in: sealed under the key of the credential file, which lies
// elsewhere.
//
// Thread-safety: plain values and pure functions.

#include <string>
#include <string_view>

#include "base/random.h"
#include "crypto/secret.h"
#include "crypto/sign.h"
#include "fristad/result.h"
#include "record/journal.h"

namespace fristad {

struct NodeKeys {
  Key record;  // seeds of signing keys
  Key log;
  Key witness;
  Key tls;
  Key data;   // seals the keys of records
  Key index;  // seals the match index

  static Result<NodeKeys> generate(const Random& random);
  // One line of JSON: secret, to be sealed or encrypted, and wiped.
  std::string text() const;
  static Result<NodeKeys> parse(std::string_view text);

  JournalKeys for_journal() const;
};

// Errors: those of `random` and of the file.
Status write_node_keys(const std::string& path, const NodeKeys& keys, const Key& credential, const Random& random);
// Errors: not_found, permission_denied (another credential), damaged.
Result<NodeKeys> read_node_keys(const std::string& path, const Key& credential);

}  // namespace fristad
