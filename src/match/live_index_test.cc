#include "fristad/live_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "tests/support/hash_sets.h"
#include "tests/support/seed.h"

namespace fristad {
namespace {

using testing::Rng;

LiveIndex made(const LiveIndexOptions& options) {
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
LiveEntry random_entry(EntryHandle handle, Rng& rng) {
  LiveEntry entry{.handle = handle};
  const std::uint64_t kinds = rng() % 15 + 1;
  if ((kinds & 1) != 0) entry.pdq = testing::random_hash(rng);
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
void compare(const LiveIndex& index, const Oracle& oracle, Rng& rng) {
  MatchScratch scratch;
  std::vector<LiveMatch> matches;
  std::vector<EntryHandle> handles;
  std::vector<PdqHash> queries{testing::random_hash(rng)};
  for (int i = 0; i < 4 && !oracle.entries.empty(); ++i) {
    auto at = oracle.entries.lower_bound(rng() % (oracle.entries.rbegin()->first + 1));
    const LiveEntry& entry = at->second;
    if (entry.pdq) queries.push_back(testing::flipped(*entry.pdq, static_cast<int>(rng() % 40), rng));
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

TEST(LiveIndex, AgreesWithTheOracleAtEveryStepOfARandomHistory) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  Rng rng(seed);
  for (const SegmentLayout layout : {SegmentLayout::fast, SegmentLayout::compact}) {
    LiveIndex index = made({.layout = layout, .background = false});
    Oracle oracle;
    EntryHandle next = 1;
    const auto add = [&](std::size_t count) {
      std::vector<LiveEntry> entries;
      for (std::size_t i = 0; i < count; ++i) {
        // Now and then one that was there before.
        const EntryHandle handle = rng() % 8 == 0 ? rng() % next : next++;
        if (oracle.entries.contains(handle)) continue;
        entries.push_back(random_entry(handle, rng));
        oracle.entries[handle] = entries.back();
      }
      std::ranges::shuffle(entries, rng);
      ASSERT_TRUE(index.add(entries));
    };
    ASSERT_NO_FATAL_FAILURE(add(12'000));
    for (int step = 0; step < 80; ++step) {
      switch (rng() % 8) {
        case 0: ASSERT_NO_FATAL_FAILURE(add(2048 + rng() % 3000)); break;
        case 1: ASSERT_TRUE(index.maintain()); break;
        case 2:
        case 3:
        case 4: {
          std::vector<EntryHandle> handles;
          const std::size_t wanted = rng() % 4 == 0 ? 1500 : rng() % 5;
          for (std::size_t i = 0; i < wanted; ++i) handles.push_back(rng() % (next + 1));
          std::size_t expected = 0;
          for (const EntryHandle handle : handles) expected += oracle.entries.erase(handle);
          ASSERT_EQ(index.remove(handles), expected);
          break;
        }
        default: ASSERT_NO_FATAL_FAILURE(add(rng() % 900)); break;
      }
      SCOPED_TRACE(step);
      ASSERT_NO_FATAL_FAILURE(compare(index, oracle, rng));
      ASSERT_EQ(index.info().entries, oracle.entries.size());
    }
    ASSERT_TRUE(index.maintain());
    EXPECT_LE(index.info().segments, 2u);
    EXPECT_EQ(index.info().heads, 1u);
  }
}

TEST(LiveIndex, RefusesWhatItCannotFindOrHasAlready) {
  LiveIndex index = made({.background = false});
  const PdqHash hash{{1, 2, 3, 4}};
  EXPECT_EQ(index.add({{.handle = 1}}).error().code, Code::invalid_argument);
  ASSERT_TRUE(index.add({{.handle = 1, .pdq = hash}}));
  const Status again = index.add({{.handle = 2, .pdq = hash}, {.handle = 1, .pdq = hash}});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::already_exists);
  EXPECT_NE(again.error().message.find("entry 1 "), std::string::npos) << again.error().message;
  EXPECT_EQ(index.add({{.handle = 3, .pdq = hash}, {.handle = 3, .pdq = hash}}).error().code, Code::already_exists);
  EXPECT_EQ(index.info().entries, 1u) << "of a refused add nothing stays";

  EXPECT_EQ(index.remove({1, 1, 99}), 1u);
  EXPECT_EQ(index.remove({1}), 0u);
  ASSERT_TRUE(index.add({{.handle = 1, .pdq = hash}}));
  EXPECT_EQ(index.info().entries, 1u);
}

TEST(LiveIndex, AnEmptyOneFindsNothing) {
  LiveIndex index = made({});
  MatchScratch scratch;
  std::vector<LiveMatch> matches{{1, 2}};
  LiveBatchMatches batch;
  std::vector<EntryHandle> handles{3};
  const PdqHash query{};
  index.match(query, limit_max, scratch, matches);
  index.match_batch({&query, 1}, limit_max, scratch, batch);
  index.find(DigestKind::md5, std::array<std::uint8_t, 16>{}, handles);
  EXPECT_TRUE(matches.empty());
  EXPECT_TRUE(batch.matches.empty());
  EXPECT_EQ(batch.starts, (std::vector<std::size_t>{0, 0}));
  EXPECT_TRUE(handles.empty());
  ASSERT_TRUE(index.add(std::span<const LiveEntry>()));
}

TEST(LiveIndex, RemovedEntriesGoWhenTheyAreManyAndRoomComesBack) {
  Rng rng(3);
  LiveIndex index = made({.background = false});
  std::vector<LiveEntry> entries;
  std::vector<EntryHandle> gone;
  for (EntryHandle handle = 0; handle < 20'000; ++handle) {
    entries.push_back(random_entry(handle, rng));
    if (handle % 3 != 0) gone.push_back(handle);
  }
  ASSERT_TRUE(index.add(entries));
  const std::uint64_t bytes = index.info().bytes;
  EXPECT_EQ(index.remove(gone), gone.size());
  ASSERT_TRUE(index.maintain());
  EXPECT_EQ(index.info().removed, 0u);
  EXPECT_EQ(index.info().entries, entries.size() - gone.size());
  EXPECT_LT(index.info().bytes, bytes);

  gone.clear();
  for (EntryHandle handle = 0; handle < 20'000; ++handle) gone.push_back(handle);
  index.remove(gone);
  ASSERT_TRUE(index.maintain());
  EXPECT_EQ(index.info().segments, 0u);
}

TEST(LiveIndex, ALimitOfMemoryLeavesMoreSegmentsAndMissesNothing) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  Rng rng(seed);
  LiveIndex index = made({.background = false, .merge_bytes_max = 1});
  Oracle oracle;
  EntryHandle next = 0;
  for (int i = 0; i < 6; ++i) {
    std::vector<LiveEntry> entries;
    for (int n = 0; n < 2500; ++n) entries.push_back(random_entry(next++, rng));
    for (const LiveEntry& entry : entries) oracle.entries[entry.handle] = entry;
    ASSERT_TRUE(index.add(entries));
    ASSERT_TRUE(index.maintain());
  }
  EXPECT_EQ(index.info().segments, 6u);
  ASSERT_NO_FATAL_FAILURE(compare(index, oracle, rng));
}

// One thread adds, one removes, two ask. Whatever the interleaving: what was added before a question began and is not
// removed before it ends is found; what was removed before it began is not.
TEST(LiveIndex, QueriesSeeWhatWasDoneBeforeTheyBegan) {
  constexpr EntryHandle total = 120'000;
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  Rng rng(seed);
  std::vector<LiveEntry> entries;
  for (EntryHandle handle = 0; handle < total; ++handle) {
    entries.push_back({.handle = handle, .pdq = testing::random_hash(rng), .md5 = random_digest<16>(rng)});
  }
  LiveIndex index = made({.merge_cpu_share = 1});
  std::atomic<EntryHandle> added = 0;          // all below were added
  std::atomic<EntryHandle> removal_began = 0;  // none from here on were removed
  std::atomic<EntryHandle> removed = 0;        // all below were removed
  std::atomic<int> wrong = 0;
  std::atomic<std::uint64_t> asked = 0;

  {
    std::jthread adder([&, sizes = Rng(seed + 1)]() mutable {
      for (EntryHandle at = 0; at < total;) {
        const std::size_t count = std::min<std::size_t>(total - at, sizes() % 16 == 0 ? 3000 : 1 + sizes() % 200);
        if (!index.add(std::span(entries).subspan(at, count))) ++wrong;
        at += count;
        added = at;
      }
    });
    std::jthread remover([&] {
      while (removed < total * 2 / 3) {
        const EntryHandle from = removed;
        const EntryHandle to = std::min(added.load(), from + 97);
        if (to == from) std::this_thread::yield();
        std::vector<EntryHandle> handles;
        for (EntryHandle handle = from; handle < to; ++handle) handles.push_back(handle);
        removal_began = to;
        if (index.remove(handles) != handles.size()) ++wrong;
        removed = to;
      }
    });
    std::vector<std::jthread> askers;
    for (std::uint64_t number = 0; number < 2; ++number) {
      askers.emplace_back([&, own = Rng(seed + 2 + number)]() mutable {
        MatchScratch scratch;
        std::vector<LiveMatch> matches;
        std::vector<EntryHandle> handles;
        while (removed < total * 2 / 3 || added < total) {
          const EntryHandle below = added;
          const EntryHandle gone = removed;
          if (below == 0) continue;
          const LiveEntry& entry = entries[own() % below];
          bool found = false;
          if (own() % 2 == 0) {
            index.match(*entry.pdq, 10, scratch, matches);
            found = std::ranges::find(matches, entry.handle, &LiveMatch::handle) != matches.end();
          } else {
            index.find(DigestKind::md5, *entry.md5, handles);
            found = std::ranges::find(handles, entry.handle) != handles.end();
          }
          if (entry.handle < gone && found) ++wrong;
          if (entry.handle >= removal_began && !found) ++wrong;
          ++asked;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(asked, 0u);
  ASSERT_TRUE(index.maintain());
  EXPECT_EQ(index.info().entries, total - removed);
}

}  // namespace
}  // namespace fristad
