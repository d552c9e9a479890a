#include "api/quotas.h"

namespace fristad {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::size_t askers_max = 10'000;

std::uint64_t folded(const PdqHash& hash) {
  std::uint64_t value = 0;
  for (const std::uint64_t word : hash.words) value = (value ^ word) * 0x9E37'79B9'7F4A'7C15u;
  return value;
}

std::uint64_t number_of(std::span<const std::uint8_t, 8> bytes) {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  return number;
}

}  // namespace

std::uint64_t asker_of(const TokenId& token) {
  return number_of(token);
}
std::uint64_t asker_of(const UserId& user) {
  return number_of(std::span(user).first<8>());
}
std::uint64_t asker_of(const Caller& caller) {
  return caller.kind == CallerKind::token ? asker_of(caller.token) : asker_of(caller.user);
}

bool Quotas::take(const Caller& caller, std::uint64_t hashes, std::int64_t now_ms) {
  if (caller.kind != CallerKind::token || (caller.hashes_per_minute == 0 && caller.hashes_per_day == 0)) return true;
  const std::scoped_lock lock(mutex_);
  Used& used = used_[caller.token];
  if (const std::int64_t minute = now_ms / minute_ms; used.minute != minute) {
    used.minute = minute;
    used.in_minute = 0;
  }
  if (const std::int64_t day = now_ms / day_ms; used.day != day) {
    used.day = day;
    used.in_day = 0;
  }
  // A batch larger than a minute's worth passes when nothing else was asked: otherwise it never could.
  if (caller.hashes_per_minute != 0 && used.in_minute != 0 && used.in_minute + hashes > caller.hashes_per_minute) {
    return false;
  }
  if (caller.hashes_per_day != 0 && used.in_day + hashes > caller.hashes_per_day) return false;
  used.in_minute += hashes;
  used.in_day += hashes;
  return true;
}

ProbingDetector::Watched& ProbingDetector::watched(std::uint64_t asker, std::int64_t now_ms) {
  if (watched_.size() >= askers_max && !watched_.contains(asker)) watched_.erase(watched_.begin());
  Watched& one = watched_[asker];
  if (const std::int64_t day = now_ms / day_ms; one.day != day) one = {.day = day};
  return one;
}

bool ProbingDetector::note_one(Watched& one, const PdqHash& query, bool matched, std::vector<kernels::ScanHit>& hits) {
  hits.clear();
  if (!one.anchors.empty()) kernels::active().scan(one.anchors, 0, {&query, 1}, near_bits, hits);
  if (matched) {
    // Variants of one picture share an anchor: else a run of them would push the others out.
    if (!hits.empty()) return false;
    if (one.anchors.size() < anchors_max) {
      one.anchors.push_back(query);
      one.state.emplace_back();
      return false;
    }
    // What is closed stays closed; if all are, nothing new is let in.
    for (std::size_t tried = 0; tried < anchors_max; ++tried) {
      const std::size_t at = one.next++ % anchors_max;
      if (one.state[at].closed) continue;
      one.anchors[at] = query;
      one.state[at] = {};
      break;
    }
    return false;
  }
  bool closed_one = false;
  for (const kernels::ScanHit& hit : hits) {
    Anchor& anchor = one.state[hit.position];
    if (anchor.closed) continue;
    anchor.misses.insert(folded(query));
    if (anchor.misses.size() < misses_max) continue;
    anchor.closed = true;
    anchor.misses.clear();
    ++one.closed;
    closed_one = true;
  }
  return closed_one;
}

std::vector<bool> ProbingDetector::closed(std::uint64_t asker, std::span<const PdqHash> queries, std::int64_t now_ms) {
  const std::scoped_lock lock(mutex_);
  const Watched& one = watched(asker, now_ms);
  if (one.closed == 0) return {};
  std::vector<kernels::ScanHit> hits;
  kernels::active().scan(one.anchors, 0, queries, near_bits, hits);
  std::vector<bool> closed;
  for (const kernels::ScanHit& hit : hits) {
    if (!one.state[hit.position].closed) continue;
    closed.resize(queries.size());
    closed[hit.query] = true;
  }
  return closed;
}

bool ProbingDetector::closed(std::uint64_t asker, const PdqHash& query, std::int64_t now_ms) {
  return !closed(asker, std::span(&query, 1), now_ms).empty();
}

bool ProbingDetector::note(std::uint64_t asker, const PdqHash& query, bool matched, std::int64_t now_ms) {
  const std::scoped_lock lock(mutex_);
  std::vector<kernels::ScanHit> hits;
  return note_one(watched(asker, now_ms), query, matched, hits);
}

std::size_t ProbingDetector::note(std::uint64_t asker, std::span<const PdqHash> queries,
                                  const std::vector<bool>& matched, std::int64_t now_ms) {
  const std::scoped_lock lock(mutex_);
  Watched& one = watched(asker, now_ms);
  std::vector<kernels::ScanHit> hits;
  std::size_t closed = 0;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    // Without anchors only a match changes anything.
    if (one.anchors.empty() && !matched[i]) continue;
    if (note_one(one, queries[i], matched[i], hits)) ++closed;
  }
  return closed;
}

}  // namespace fristad
