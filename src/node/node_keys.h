#pragma once

// The secrets of a node, and the file that they lie in: sealed under the key of the credential file, which lies
// elsewhere.
//
// Thread-safety: plain values and pure functions.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "crypto/secret.h"
#include "crypto/sign.h"
#include "fristad/result.h"
#include "record/journal.h"

namespace fristad {

// Seeds of signing keys that came in place of those before them: see LaterKeys.
struct LaterSeeds {
  Key record;
  Key log;
  Key witness;
  Key tls;
  std::array<std::uint64_t, own_logs> from{};
  bool agreed = false;
  std::string card = {};  // which the others voted for, or are to; of the newest

  static Result<LaterSeeds> generate(const Random& random);
};

struct NodeKeys {
  Key record;  // seeds of the first signing keys
  Key log;
  Key witness;
  Key tls;
  Key data;                            // seals the keys of records
  Key index;                           // seals the match index
  std::vector<LaterSeeds> later = {};  // the oldest first; only the last may not be agreed on

  // Those that are in use: the newest that are agreed on.
  const Key& record_now() const;
  const Key& witness_now() const;
  const Key& tls_now() const;
  const LaterSeeds* waiting() const { return later.empty() || later.back().agreed ? nullptr : &later.back(); }

  static Result<NodeKeys> generate(const Random& random);
  // One line of JSON: secret, to be sealed or encrypted, and wiped.
  std::string text() const;
  static Result<NodeKeys> parse(std::string_view text);

  JournalKeys for_journal() const;
  std::vector<LaterKeys> later_for_journal() const;
};

// Replaces the file as a whole. Errors: those of `random` and of the file.
Status write_node_keys(const std::string& path, const NodeKeys& keys, const Key& credential, const Random& random);
// Errors: not_found, permission_denied (another credential), damaged.
Result<NodeKeys> read_node_keys(const std::string& path, const Key& credential);

}  // namespace fristad
