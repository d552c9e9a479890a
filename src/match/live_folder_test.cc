#include "match/live_folder.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <fstream>
#include <iterator>
#include <new>
#include <set>

#include "match/live_fixture.h"
#include "match/seal.h"

namespace fristad {
namespace {

using testing::compare;
using testing::live_key;
using testing::made;
using testing::Oracle;
using testing::random_entry;
using testing::Rng;
using testing::TemporaryFolder;

constexpr LiveIndexOptions quiet{.background = false};

Result<LiveIndex> load(const std::string& folder, const SealKey& key = live_key) {
  std::string note;
  return LiveIndex::load(folder, key, quiet, note);
}

std::set<std::string> names_in(const std::string& folder) {
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(folder)) names.insert(file.path().filename());
  return names;
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_to(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

class LiveIndexSaved : public ::testing::Test {
 protected:
  // A segment of fourteen entries of which one is removed, and three in the head.
  LiveIndexSaved() {
    add(15);
    remove(3);
    EXPECT_TRUE(index.purge());
    add(3);
    remove(7);
  }

  void add(int count) {
    std::vector<LiveEntry> entries;
    for (int i = 0; i < count; ++i) entries.push_back(random_entry(next++, rng));
    for (const LiveEntry& entry : entries) oracle.entries[entry.handle] = entry;
    ASSERT_TRUE(index.add(entries));
  }
  void remove(EntryHandle handle) {
    ASSERT_EQ(index.remove({handle}), 1u);
    oracle.entries.erase(handle);
  }
  std::string segment() const {
    for (const std::string& name : names_in(folder.path)) {
      if (name != "state") return folder.path + "/" + name;
    }
    return "";
  }
  std::string state() const { return folder.path + "/state"; }

  const std::uint64_t seed = testing::chosen_seed();
  ::testing::ScopedTrace trace{__FILE__, __LINE__, "FRISTAD_TEST_SEED=" + std::to_string(seed)};
  Rng rng{seed};
  TemporaryFolder folder;
  LiveIndex index = made(quiet);
  Oracle oracle;
  EntryHandle next = 1;
};

TEST_F(LiveIndexSaved, ComesBackAsItWas) {
  const std::string note("any bytes \0\xff", 12);
  const std::string inner = folder.path + "/made";
  ASSERT_TRUE(index.save(inner, live_key, note));
  EXPECT_EQ(names_in(inner).size(), 2u);
  std::string loaded_note;
  const auto loaded = LiveIndex::load(inner, live_key, {}, loaded_note);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded_note, note);
  EXPECT_EQ(loaded->info().entries, oracle.entries.size());
  EXPECT_EQ(loaded->info().removed, 1u);
  ASSERT_NO_FATAL_FAILURE(compare(*loaded, oracle, rng));
}

TEST_F(LiveIndexSaved, AnEmptyOneComesBackEmpty) {
  ASSERT_TRUE(made(quiet).save(folder.path, live_key, ""));
  auto loaded = load(folder.path);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->info().entries, 0u);
  EXPECT_TRUE(loaded->add({{.handle = 1, .pdq = PdqHash{}}}));
}

TEST_F(LiveIndexSaved, ALoadedOneKnowsItsHandles) {
  ASSERT_TRUE(index.save(folder.path, live_key, ""));
  auto loaded = load(folder.path);
  ASSERT_TRUE(loaded);
  const auto again = [&](EntryHandle handle) { return loaded->add({{.handle = handle, .pdq = PdqHash{}}}); };
  EXPECT_EQ(again(1).error().code, Code::already_exists) << "in the segment";
  EXPECT_EQ(again(16).error().code, Code::already_exists) << "in the head";
  EXPECT_TRUE(again(7)) << "removed";
  // Now one handle is in a segment, removed, and in the head.
  ASSERT_TRUE(loaded->save(folder.path, live_key, ""));
  const auto third = load(folder.path);
  ASSERT_TRUE(third) << third.error().message;
  EXPECT_EQ(third->info().entries, oracle.entries.size() + 1);
}

TEST_F(LiveIndexSaved, ASegmentIsWrittenOnce) {
  ASSERT_TRUE(index.save(folder.path, live_key, "1"));
  const std::string first = segment();
  const auto written = std::filesystem::last_write_time(first);
  remove(9);
  add(2);
  ASSERT_TRUE(index.save(folder.path, live_key, "2"));
  auto loaded = load(folder.path);
  ASSERT_TRUE(loaded);
  ASSERT_TRUE(loaded->save(folder.path, live_key, "3"));
  EXPECT_EQ(segment(), first);
  EXPECT_EQ(std::filesystem::last_write_time(first), written);
  ASSERT_NO_FATAL_FAILURE(compare(*load(folder.path), oracle, rng));

  // Unless it is gone, or this is another folder or another key.
  std::filesystem::remove(first);
  ASSERT_TRUE(index.save(folder.path, live_key, "4"));
  EXPECT_TRUE(load(folder.path));
  const TemporaryFolder other;
  ASSERT_TRUE(index.save(other.path, live_key, "5"));
  EXPECT_TRUE(load(other.path));
  EXPECT_TRUE(load(folder.path));
  const SealKey other_key{9};
  ASSERT_TRUE(index.save(other.path, other_key, "6"));
  EXPECT_TRUE(load(other.path, other_key));
  EXPECT_EQ(names_in(other.path).size(), 2u);
}

TEST_F(LiveIndexSaved, OnlyItsOwnFilesAreDeleted) {
  const std::set<std::string> foreign{"mine", "segment-notes", "segment-0123456789abcdeX", "state.old"};
  const std::set<std::string> left{"segment-0123456789abcdef", "segment-0123456789abcdef.partial-a1B2c3",
                                   "state.partial-XYZabc"};
  for (const auto& names : {foreign, left}) {
    for (const std::string& name : names) write_to(folder.path + "/" + name, "x");
  }
  ASSERT_TRUE(index.save(folder.path, live_key, ""));
  const auto names = names_in(folder.path);
  for (const std::string& name : foreign) EXPECT_TRUE(names.contains(name)) << name;
  for (const std::string& name : left) EXPECT_FALSE(names.contains(name)) << name;
  EXPECT_EQ(names.size(), foreign.size() + 2);
}

TEST_F(LiveIndexSaved, PurgingTakesTheBytesOutOfMemoryAndFolder) {
  std::array<std::uint8_t, 32> digest;
  for (auto& byte : digest) byte = static_cast<std::uint8_t>(rng());
  const auto is_in_folder = [&] {
    for (const std::string& name : names_in(folder.path)) {
      const std::string file = bytes_of(folder.path + "/" + name);
      const auto opened = open_sealed({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()}, live_key, 1);
      EXPECT_TRUE(opened);
      const auto bytes = opened->bytes();
      if (std::search(bytes.begin(), bytes.end(), digest.begin(), digest.end()) != bytes.end()) return true;
    }
    return false;
  };
  ASSERT_TRUE(index.add({{.handle = 100, .sha256 = digest}}));
  ASSERT_TRUE(index.save(folder.path, live_key, ""));
  EXPECT_TRUE(is_in_folder()) << "in the head";
  remove(17);
  ASSERT_TRUE(index.purge());
  ASSERT_TRUE(index.save(folder.path, live_key, ""));
  EXPECT_TRUE(is_in_folder()) << "now in a segment";

  EXPECT_EQ(index.remove({100}), 1u);
  ASSERT_TRUE(index.save(folder.path, live_key, ""));
  EXPECT_TRUE(is_in_folder()) << "removed, but not purged";
  ASSERT_TRUE(index.purge());
  EXPECT_EQ(index.info().removed, 0u);
  EXPECT_TRUE(is_in_folder()) << "not saved yet";
  ASSERT_TRUE(index.save(folder.path, live_key, ""));
  EXPECT_FALSE(is_in_folder());
  ASSERT_NO_FATAL_FAILURE(compare(index, oracle, rng));
  ASSERT_NO_FATAL_FAILURE(compare(*load(folder.path), oracle, rng));
}

TEST_F(LiveIndexSaved, PurgingWhatIsRemovedAsAWholeLeavesNothing) {
  for (EntryHandle handle = 1; handle < next; ++handle) index.remove({handle});
  ASSERT_TRUE(index.purge());
  EXPECT_EQ(index.info().segments, 0u);
  EXPECT_EQ(index.info().removed, 0u);
  EXPECT_EQ(index.info().heads, 1u);
}

// The promise: a changed byte is an error, never a wrong answer.
TEST_F(LiveIndexSaved, AFlippedByteAnywhereIsFound) {
  ASSERT_TRUE(index.save(folder.path, live_key, "as it was"));
  for (const std::string& path : {state(), segment()}) {
    const std::string good = bytes_of(path);
    for (std::size_t at = 0; at < good.size(); ++at) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << rng() % 8));
      write_to(path, bad);
      std::string note = "untouched";
      const auto loaded = LiveIndex::load(folder.path, live_key, quiet, note);
      ASSERT_FALSE(loaded) << "byte " << at;
      const Error& error = loaded.error();
      ASSERT_TRUE(error.code == Code::damaged || error.code == Code::unsupported ||
                  (path == state() && error.code == Code::permission_denied))
          << error.message;
      ASSERT_NE(error.message.find("cache: delete"), std::string::npos) << error.message;
      ASSERT_EQ(note, "untouched");
    }
    write_to(path, good);
  }
  EXPECT_TRUE(load(folder.path));
}

TEST_F(LiveIndexSaved, CutGrownMissingAndForeignFilesAreFound) {
  ASSERT_TRUE(index.save(folder.path, live_key, ""));
  const auto code = [&] {
    const auto loaded = load(folder.path);
    return loaded ? Code::internal : loaded.error().code;
  };
  for (const std::string& path : {state(), segment()}) {
    const std::string good = bytes_of(path);
    for (std::size_t size = 0; size < good.size(); size += 1 + rng() % 31) {
      write_to(path, good.substr(0, size));
      ASSERT_EQ(code(), Code::damaged) << size;
    }
    write_to(path, good + good);
    EXPECT_EQ(code(), Code::damaged);
    write_to(path, bytes_of(path == state() ? segment() : state()));
    EXPECT_EQ(code(), Code::damaged) << "one in the place of the other";
    std::filesystem::remove(path);
    EXPECT_EQ(code(), path == state() ? Code::not_found : Code::damaged);
    write_to(path, good);
  }
  // A segment of the same key and size that once stood elsewhere.
  const std::string mine = segment();
  const std::string good = bytes_of(mine);
  std::filesystem::remove(mine);
  ASSERT_TRUE(index.save(folder.path, live_key, ""));
  write_to(segment(), good);
  EXPECT_EQ(code(), Code::damaged);
  EXPECT_EQ(load(folder.path + "/none").error().code, Code::not_found);
}

TEST_F(LiveIndexSaved, AnotherKeyIsRefused) {
  ASSERT_TRUE(index.save(folder.path, live_key, ""));
  const auto loaded = load(folder.path, SealKey{7});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, Code::permission_denied);
}

TEST_F(LiveIndexSaved, WhatCannotBeSavedIsAnError) {
  EXPECT_EQ(index.save(folder.path, live_key, std::string(65'537, 'x')).error().code, Code::too_large);
  EXPECT_TRUE(names_in(folder.path).empty());
  EXPECT_TRUE(index.save(folder.path, live_key, std::string(65'536, 'x')));
  EXPECT_EQ(index.save(folder.path + "/a/b", live_key, "").error().code, Code::not_found);
  EXPECT_FALSE(index.save(state(), live_key, "")) << "this is a file";
}

// What no index writes, but what somebody who has the key could.
TEST_F(LiveIndexSaved, ContradictionsAreFound) {
  const auto part_of = [&](std::initializer_list<EntryHandle> handles) {
    std::vector<LiveEntry> entries;
    for (const EntryHandle handle : handles) entries.push_back(random_entry(handle, rng));
    return *LivePart::build(entries, SegmentLayout::fast, [] { return Status(); });
  };
  const auto save = [&](std::uint64_t removed_of_first, bool in_head) {
    LiveSnapshot snapshot;
    snapshot.parts.push_back({part_of({1, 5, 9}), {removed_of_first}});
    snapshot.parts.push_back({part_of({2, 5, 7, 11}), {0}});
    if (in_head) snapshot.entries.push_back(random_entry(9, rng));
    ASSERT_TRUE(save_live(folder.path, live_key, std::move(snapshot)));
  };
  ASSERT_NO_FATAL_FAILURE(save(0, false));
  const auto twice = load(folder.path);
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Code::damaged);
  ASSERT_NO_FATAL_FAILURE(save(0b010, true));
  const auto in_head = load(folder.path);
  ASSERT_FALSE(in_head);
  EXPECT_EQ(in_head.error().code, Code::damaged) << in_head.error().message;
  ASSERT_NO_FATAL_FAILURE(save(0b110, true));
  EXPECT_TRUE(load(folder.path)) << "what was removed may be there again";
}

TEST_F(LiveIndexSaved, AHandleInTwoSegmentsIsFoundWhereverItIs) {
  const auto random_part = [&](EntryHandle step_max, std::set<EntryHandle>& left) {
    std::vector<LiveEntry> entries;
    for (EntryHandle handle = rng() % step_max; entries.size() < 1 + rng() % 60; handle += 1 + rng() % step_max) {
      entries.push_back(random_entry(handle, rng));
    }
    const auto part = *LivePart::build(entries, SegmentLayout::fast, [] { return Status(); });
    for (const LiveEntry& entry : entries) {
      if (rng() % 2 != 0 || !part->remove(entry.handle)) left.insert(entry.handle);
    }
    return part;
  };
  int shared = 0;
  constexpr int rounds = 2000;
  for (int round = 0; round < rounds; ++round) {
    std::set<EntryHandle> one_has;
    std::set<EntryHandle> other_has;
    const auto one = random_part(1 + rng() % 200, one_has);
    const auto other = random_part(1 + rng() % 200, other_has);
    const bool expected = std::ranges::any_of(one_has, [&](EntryHandle handle) { return other_has.contains(handle); });
    shared += expected ? 1 : 0;
    ASSERT_EQ(LivePart::share_a_handle(*one, *other), expected);
    ASSERT_EQ(LivePart::share_a_handle(*other, *one), expected);
  }
  EXPECT_GT(shared, rounds / 100);
  EXPECT_LT(shared, rounds - rounds / 100);
}

TEST_F(LiveIndexSaved, HandlesOutOfOrderAreFound) {
  for (const bool spoil : {false, true}) {
    const std::vector<LiveEntry> entries{random_entry(4, rng), random_entry(8, rng)};
    const auto part = *LivePart::build(entries, SegmentLayout::fast, [] { return Status(); });
    const auto written = part->written_form();
    Memory copy = *Memory::anonymous(written.size());
    std::ranges::copy(written, copy.bytes().begin());
    SegmentHeader header;
    std::memcpy(&header, copy.bytes().data(), sizeof header);
    if (spoil) section_of<EntryHandle>(header, copy.bytes(), Section::handles)[1] = 4;
    finish_segment(header, copy.bytes(), 1);
    const auto loaded = LivePart::load(std::move(copy), std::vector<std::uint64_t>{0}, 1);
    EXPECT_EQ(loaded.has_value(), !spoil);
  }
}

// A process saves again and again and is killed at any moment. What is there then is the last state that it saved, or
// the one that it was about to.
class KilledSaver {
 public:
  KilledSaver(std::string folder, std::uint64_t seed) : folder_(std::move(folder)), seed_(seed) {}

  // Applies step `step` of the history to an index, an oracle, or both.
  void apply(std::uint64_t step, LiveIndex* index, Oracle* oracle) const {
    constexpr std::size_t adds = 700;
    Rng rng(seed_ + step);
    std::vector<LiveEntry> entries;
    for (std::size_t i = 0; i < adds; ++i) entries.push_back(random_entry(step * adds + i, rng));
    std::vector<EntryHandle> gone;
    for (std::size_t i = 0; i < adds / 4; ++i) gone.push_back(rng() % ((step + 1) * adds));
    if (oracle != nullptr) {
      for (const LiveEntry& entry : entries) oracle->entries[entry.handle] = entry;
      for (const EntryHandle handle : gone) oracle->entries.erase(handle);
    }
    if (index == nullptr) return;
    if (!index->add(entries)) ::_exit(2);
    index->remove(gone);
    if (step % 3 == 0 && !index->maintain()) ::_exit(3);
    if (step % 7 == 0 && !index->purge()) ::_exit(4);
  }

  // Never returns: in the process that will be killed.
  [[noreturn]] void run(std::atomic<std::uint64_t>& saved) const {
    std::string note;
    auto index = LiveIndex::load(folder_, live_key, quiet, note);
    if (!index && saved == 0) index = LiveIndex::create(quiet);
    if (!index) ::_exit(1);
    for (std::uint64_t step = saved + 1;; ++step) {
      apply(step, &*index, nullptr);
      if (!index->save(folder_, live_key, std::to_string(step))) ::_exit(5);
      saved = step;
    }
  }

 private:
  std::string folder_;
  std::uint64_t seed_;
};

TEST_F(LiveIndexSaved, KilledAtAnyMomentItLeavesTheOldOrTheNew) {
  void* const shared = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(shared, MAP_FAILED);
  auto& saved = *new (shared) std::atomic<std::uint64_t>(0);
  const KilledSaver saver(folder.path, seed);
  Oracle expected;
  std::uint64_t known = 0;
  for (int round = 0; round < 20; ++round) {
    SCOPED_TRACE(round);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) saver.run(saved);
    // At least one whole save in each round, so that something happens on a slow machine, too.
    int status = 0;
    while (saved == known && ::waitpid(child, &status, WNOHANG) == 0) ::usleep(100);
    ::usleep(static_cast<useconds_t>(rng() % 15'000));
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended with " << WEXITSTATUS(status);

    std::string note;
    const auto loaded = LiveIndex::load(folder.path, live_key, quiet, note);
    ASSERT_TRUE(loaded) << loaded.error().message;
    const std::uint64_t step = std::stoull(note);
    ASSERT_GE(step, saved);
    ASSERT_LE(step, saved + 1);
    while (known < step) saver.apply(++known, nullptr, &expected);
    saved = step;
    ASSERT_EQ(loaded->info().entries, expected.entries.size());
    ASSERT_NO_FATAL_FAILURE(compare(*loaded, expected, rng));
  }
  // Leftovers go with the next save.
  auto last = load(folder.path);
  ASSERT_TRUE(last);
  ASSERT_TRUE(last->save(folder.path, live_key, ""));
  EXPECT_EQ(names_in(folder.path).size(), last->info().segments + 1);
  ::munmap(shared, 4096);
}

}  // namespace
}  // namespace fristad
