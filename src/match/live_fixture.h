#pragma once

// For tests of the live index: random entries, the obvious way of finding them, and folders to save to.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "fristad/live_index.h"
#include "tests/support/hash_sets.h"
#include "tests/support/seed.h"

namespace fristad::testing {

inline const SealKey live_key{1, 2, 3};

// A folder of its own for each test.
struct TemporaryFolder {
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "fristad-live-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path;
};

inline LiveIndex made(const LiveIndexOptions& options) {
  auto index = LiveIndex::create(options);
  EXPECT_TRUE(index);
  return *std::move(index);
}

template <std::size_t size>
std::array<std::uint8_t, size> random_digest(Rng& rng) {
  std::array<std::uint8_t, size> digest;
  for (auto& byte : digest) byte = static_cast<std::uint8_t>(rng());
  return digest;
}

// Every kind of entry: with and without each hash, but never with none.
inline LiveEntry random_entry(EntryHandle handle, Rng& rng) {
  LiveEntry entry{.handle = handle};
  const std::uint64_t kinds = rng() % 15 + 1;
  if ((kinds & 1) != 0) entry.pdq = random_hash(rng);
  if ((kinds & 2) != 0) entry.md5 = random_digest<16>(rng);
  if ((kinds & 4) != 0) entry.sha1 = random_digest<20>(rng);
  if ((kinds & 8) != 0) entry.sha256 = random_digest<32>(rng);
  return entry;
}

// The obvious way.
struct Oracle {
  std::map<EntryHandle, LiveEntry> entries;

  std::vector<LiveMatch> match(const PdqHash& query, int limit) const {
    std::vector<LiveMatch> found;
    for (const auto& [handle, entry] : entries) {
      if (!entry.pdq) continue;
      const int d = distance(*entry.pdq, query);
      if (d <= limit) found.push_back({handle, static_cast<std::uint32_t>(d)});
    }
    return found;
  }
  template <class Digest>
  std::vector<EntryHandle> find(std::optional<Digest> LiveEntry::*kind, const Digest& digest) const {
    std::vector<EntryHandle> found;
    for (const auto& [handle, entry] : entries) {
      if (entry.*kind == digest) found.push_back(handle);
    }
    return found;
  }
};

// Asks for what is there, for what is near it, and for something unknown.
inline void compare(const LiveIndex& index, const Oracle& oracle, Rng& rng) {
  MatchScratch scratch;
  std::vector<LiveMatch> matches;
  std::vector<EntryHandle> handles;
  std::vector<PdqHash> queries{random_hash(rng)};
  for (int i = 0; i < 4 && !oracle.entries.empty(); ++i) {
    auto at = oracle.entries.lower_bound(rng() % (oracle.entries.rbegin()->first + 1));
    const LiveEntry& entry = at->second;
    if (entry.pdq) queries.push_back(flipped(*entry.pdq, static_cast<int>(rng() % 40), rng));
    if (entry.md5) {
      index.find(DigestKind::md5, *entry.md5, handles);
      ASSERT_EQ(handles, oracle.find(&LiveEntry::md5, *entry.md5));
    }
    if (entry.sha1) {
      index.find(DigestKind::sha1, *entry.sha1, handles);
      ASSERT_EQ(handles, oracle.find(&LiveEntry::sha1, *entry.sha1));
    }
    if (entry.sha256) {
      index.find(DigestKind::sha256, *entry.sha256, handles);
      ASSERT_EQ(handles, oracle.find(&LiveEntry::sha256, *entry.sha256));
    }
  }
  LiveBatchMatches batch;
  index.match_batch(queries, limit_default, scratch, batch);
  ASSERT_EQ(batch.starts.size(), queries.size() + 1);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const auto expected = oracle.match(queries[i], limit_default);
    index.match(queries[i], limit_default, scratch, matches);
    ASSERT_EQ(matches, expected);
    ASSERT_TRUE(std::ranges::equal(batch.of(i), expected));
  }
}

}  // namespace fristad::testing
