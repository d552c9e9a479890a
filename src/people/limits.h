#pragma once

// How long who fails to sign in has to wait: so that passwords can't be guessed, and nobody can lock another out.
//
//   const SignInAttempt attempt = ...;                   // hashes: of the name and address, of the address, of the
//   name if (const std::int64_t wait_ms = limits.wait_ms(attempt, now_ms)) return try_later(wait_ms);
//   ...
//   for (const Digest& who : limits.failed(attempt, now_ms)) keep(who, limits.count(who));
//
// Three things count, each in a window of 15 minutes: one name from one address (10 failures), one address (100), and
// one name from all addresses that it never signed in from (100). What is over its number waits one minute, and twice
// as long with each further failure, up to an hour. The last two don't hold for an address that the name has signed in
// from, else a stranger could keep people out of their own node.
//
// Thread-safety: all functions may be called from any thread at once. Complexity: constant, but forget(), which looks
// at all. Memory: at most 100,000 counts; then some are forgotten early.

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "crypto/digest.h"

namespace fristad {

// For maps whose keys are hashes already.
struct DigestHash {
  std::size_t operator()(const Digest& digest) const;
};

struct SignInAttempt {
  Digest pair{};
  Digest address{};
  Digest name{};
  bool known = false;  // the name has signed in from this address before
};

struct FailureCount {
  std::int64_t count = 0;
  std::int64_t since_ms = 0;  // when the window began
  std::int64_t until_ms = 0;  // when the wait ends; 0: there was none
  std::int64_t wait_ms = 0;   // how long the last wait was
};

class SignInLimits {
 public:
  // 0: go on.
  std::int64_t wait_ms(const SignInAttempt& attempt, std::int64_t now_ms) const;
  // Gives those whose counts changed.
  std::vector<Digest> failed(const SignInAttempt& attempt, std::int64_t now_ms);
  void succeeded(const SignInAttempt& attempt);
  // Drops those that don't matter any more, and gives them.
  std::vector<Digest> forget(std::int64_t now_ms);

  std::optional<FailureCount> count(const Digest& who) const;
  void load(const Digest& who, const FailureCount& count);

 private:
  mutable std::mutex mutex_;
  std::unordered_map<Digest, FailureCount, DigestHash> counts_;
};

}  // namespace fristad
