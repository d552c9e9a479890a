#pragma once

// How many hashes each token may ask about, in a minute and in a day, and who asks so closely around a match that he
// could be feeling his way to the hash behind it.
//
// A match / no match answer tells one bit. Asking with one bit of a picture changed after another finds the edge of an
// entry's neighbourhood, and from some hundred such edges its hash. So of each asker the hashes that matched are
// remembered (the newest 256), and the different ones that don't match but lie within 63 bits of one of them are
// counted. Pictures in the wild hardly ever do that: two unrelated ones are 128 bits apart, give or take 25. After 64
// in a day the neighbourhood of that match is closed to him until the next day: questions there are refused, and
// it is told in the metrics and in the log.
//
// Thread-safety: all functions may be called from any thread at once. Complexity: a query is compared with 256 hashes.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_set>
#include <vector>

#include "fristad/hash.h"
#include "match/kernels/kernels.h"
#include "people/people.h"

namespace fristad {

// A number for whoever asks: of a token its id, of a person half of his.
std::uint64_t asker_of(const TokenId& token);
std::uint64_t asker_of(const UserId& user);
std::uint64_t asker_of(const Caller& caller);

class Quotas {
 public:
  // Takes `hashes` of what the token may still ask. False: over its limit, nothing was taken. Users have none.
  bool take(const Caller& caller, std::uint64_t hashes, std::int64_t now_ms);
  // When there is more, in seconds from now.
  static std::int64_t retry_s(std::int64_t now_ms) { return 60 - now_ms / 1000 % 60; }

 private:
  struct Used {
    std::int64_t minute = 0;
    std::uint64_t in_minute = 0;
    std::int64_t day = 0;
    std::uint64_t in_day = 0;
  };
  std::mutex mutex_;
  std::map<TokenId, Used> used_;
};

class ProbingDetector {
 public:
  static constexpr std::size_t anchors_max = 256;
  static constexpr int near_bits = 63;
  static constexpr std::size_t misses_max = 64;

  // `asker`: asker_of(). Whether a neighbourhood that is closed to him holds the query: then it must not be answered.
  bool closed(std::uint64_t asker, const PdqHash& query, std::int64_t now_ms);
  // What the answer was. True when this closed a neighbourhood.
  bool note(std::uint64_t asker, const PdqHash& query, bool matched, std::int64_t now_ms);
  // The same for many: those that are closed (empty: none), and how many neighbourhoods were closed.
  std::vector<bool> closed(std::uint64_t asker, std::span<const PdqHash> queries, std::int64_t now_ms);
  std::size_t note(std::uint64_t asker, std::span<const PdqHash> queries, const std::vector<bool>& matched,
                   std::int64_t now_ms);

 private:
  struct Anchor {
    std::unordered_set<std::uint64_t> misses;  // different queries, by a hash of them
    bool closed = false;
  };
  struct Watched {
    std::int64_t day = 0;
    std::vector<PdqHash> anchors = {};  // a ring
    std::vector<Anchor> state = {};     // of each
    std::size_t next = 0;
    std::size_t closed = 0;
  };

  Watched& watched(std::uint64_t asker, std::int64_t now_ms);
  bool note_one(Watched& one, const PdqHash& query, bool matched, std::vector<kernels::ScanHit>& hits);

  std::mutex mutex_;
  std::map<std::uint64_t, Watched> watched_;
};

}  // namespace fristad
