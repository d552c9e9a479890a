#include "match/live_head.h"

#include <algorithm>

namespace fristad {

std::span<const std::uint8_t> digest_of(const LiveEntry& entry, DigestKind kind) {
  const auto bytes = [](const auto& digest) {
    return digest ? std::span<const std::uint8_t>(*digest) : std::span<const std::uint8_t>();
  };
  switch (kind) {
    case DigestKind::md5: return bytes(entry.md5);
    case DigestKind::sha1: return bytes(entry.sha1);
    case DigestKind::sha256: return bytes(entry.sha256);
  }
  return {};
}

// All memory is taken at once: what a reader looks at never moves.
LiveHead::LiveHead() : handles_(capacity), hashes_(capacity), entries_(capacity), removed_(capacity) {}

void LiveHead::append(const LiveEntry& entry) {
  const std::size_t row = size_.load(std::memory_order_relaxed);
  handles_[row] = entry.handle;
  hashes_[row] = entry.pdq.value_or(PdqHash{});
  entries_[row] = entry;
  size_.store(row + 1, std::memory_order_release);
}

void LiveHead::match(const PdqHash& query, int limit, MatchScratch::Buffers& scratch,
                     std::vector<LiveMatch>& out) const {
  scratch.hits.clear();
  kernels::active().scan(std::span(hashes_).first(size()), 0, {&query, 1}, limit, scratch.hits);
  for (const kernels::ScanHit& hit : scratch.hits) {
    if (entries_[hit.position].pdq && !removed_[hit.position]) out.push_back({handles_[hit.position], hit.distance});
  }
}

void LiveHead::find(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<EntryHandle>& out) const {
  const std::size_t rows = size();
  for (std::size_t row = 0; row < rows; ++row) {
    if (std::ranges::equal(digest_of(entries_[row], kind), digest) && !removed_[row]) out.push_back(handles_[row]);
  }
}

// A handle may stand here twice: removed, and added again.
std::optional<std::size_t> LiveHead::row_of(EntryHandle handle) const {
  const auto handles = std::span(handles_).first(size());
  for (auto at = handles.begin(); (at = std::find(at, handles.end(), handle)) != handles.end(); ++at) {
    const auto row = static_cast<std::size_t>(at - handles.begin());
    if (!removed_[row]) return row;
  }
  return std::nullopt;
}

bool LiveHead::remove(EntryHandle handle) {
  const auto row = row_of(handle);
  return row && removed_.set(*row);
}

WipedVector<LiveEntry> LiveHead::entries() const {
  WipedVector<LiveEntry> live;
  const std::size_t rows = size();
  live.reserve(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    if (!removed_[row]) live.push_back(entries_[row]);
  }
  std::ranges::sort(live, {}, &LiveEntry::handle);
  return live;
}

}  // namespace fristad
