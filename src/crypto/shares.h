#pragma once

// A key in several hands: any `needed` of its shares give it back, fewer say nothing about it (Shamir 1979, over
// GF(2^8)).
//
//   auto shares = fristad::split_key(key, {.needed = 2, .total = 3}, fristad::system_random());
//   auto again = fristad::join_shares({{(*shares)[0], (*shares)[2]}});
//
// A share is a line of text to be printed and typed, whose checksum finds a mistyped share:
//
//   fristad-share-1-<number>-<needed>-<set>-<eight groups of eight hex digits>-<checksum>
//
// `set` is the same for all shares of one splitting, and follows from the key: so shares of different keys, and forged
// ones, are found when they are joined. docs/format/sealed.md has every byte.
//
// Thread-safety: pure functions. Complexity: microseconds; times don't depend on the key.

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "crypto/secret.h"
#include "fristad/result.h"

namespace fristad {

inline constexpr int shares_max = 8;

struct SharePlan {
  int needed = 2;
  int total = 3;
};

// The shares, numbered from 1. Each is a secret, for the caller to wipe(). Errors: invalid_argument (a plan that isn't
// 2 <= needed <= total <= 8), those of `random`.
Result<std::vector<std::string>> split_key(const Key& key, SharePlan plan, const Random& random);

// The key, from at least as many of its shares as are needed; all that are given have to be right. Blanks around a
// share and upper case are accepted. Errors, which name the share by its place among those given: damaged (mistyped),
// invalid_argument (too few, the same one twice, from different sets, or forged), unsupported (another version),
// too_large.
Result<Key> join_shares(std::span<const std::string> shares);

}  // namespace fristad
