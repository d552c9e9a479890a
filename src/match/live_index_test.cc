#include "fristad/live_index.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "match/live_fixture.h"

namespace fristad {
namespace {

using testing::compare;
using testing::live_key;
using testing::made;
using testing::Oracle;
using testing::random_digest;
using testing::random_entry;
using testing::Rng;
using testing::TemporaryFolder;

TEST(LiveIndex, AgreesWithTheOracleAtEveryStepOfARandomHistory) {
  const std::uint64_t seed = testing::chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  Rng rng(seed);
  for (const SegmentLayout layout : {SegmentLayout::fast, SegmentLayout::compact}) {
    const LiveIndexOptions options{.layout = layout, .background = false};
    const TemporaryFolder folder;
    LiveIndex index = made(options);
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
      switch (rng() % 10) {
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
        case 5: {
          ASSERT_TRUE(index.save(folder.path, live_key, std::to_string(step)));
          if (rng() % 4 == 0) break;
          std::string note;
          auto loaded = LiveIndex::load(folder.path, live_key, options, note);
          ASSERT_TRUE(loaded) << loaded.error().message;
          ASSERT_EQ(note, std::to_string(step));
          index = *std::move(loaded);
          break;
        }
        case 6:
          ASSERT_TRUE(index.purge());
          ASSERT_EQ(index.info().removed, 0u);
          break;
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

// One thread adds, one removes, two ask, and one saves, loads what it saved, and purges. Whatever the interleaving:
// what was added before a question began and is not removed before it ends is found; what was removed before it began
// is not.
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
  const auto finds = [&](const LiveIndex& in, const LiveEntry& entry) {
    std::vector<EntryHandle> handles;
    in.find(DigestKind::md5, *entry.md5, handles);
    return std::ranges::find(handles, entry.handle) != handles.end();
  };

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
    std::jthread saver([&, own = Rng(seed + 4)]() mutable {
      const TemporaryFolder folder;
      for (int round = 0; removed < total * 2 / 3 || added < total || round < 3; ++round) {
        const EntryHandle below = added;
        const EntryHandle gone = removed;
        std::string note;
        if (!index.save(folder.path, live_key, std::to_string(round))) ++wrong;
        const EntryHandle kept_from = removal_began;
        const auto loaded = LiveIndex::load(folder.path, live_key, {.background = false}, note);
        if (!loaded || note != std::to_string(round)) {
          ++wrong;
          break;
        }
        for (int i = 0; i < 100 && below > 0; ++i) {
          const LiveEntry& entry = entries[own() % below];
          const bool found = finds(*loaded, entry);
          if (entry.handle < gone && found) ++wrong;
          if (entry.handle >= kept_from && !found) ++wrong;
        }
        if (round % 3 == 2 && !index.purge()) ++wrong;
      }
    });
    std::vector<std::jthread> askers;
    for (std::uint64_t number = 0; number < 2; ++number) {
      askers.emplace_back([&, own = Rng(seed + 2 + number)]() mutable {
        MatchScratch scratch;
        std::vector<LiveMatch> matches;
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
            found = finds(index, entry);
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
