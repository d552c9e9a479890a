#include "match/live_state.h"

#include <gtest/gtest.h>

#include "match/live_fixture.h"

namespace fristad {
namespace {

using testing::random_entry;
using testing::Rng;

class LiveIndexState : public ::testing::Test {
 protected:
  LiveIndexState() {
    state.note = std::string("up to \0 4711", 12);
    for (const std::uint64_t rows : {1u, 64u, 130u}) {
      LiveState::Segment segment{.file = {.number = rng(), .id = {}}, .rows = rows, .removed = {}};
      for (auto& byte : segment.file.id) byte = static_cast<std::uint8_t>(rng());
      for (std::uint64_t row = 0; row < rows; row += 64) {
        const std::uint64_t left = rows - row;
        segment.removed.push_back(left < 64 ? rng() & ((std::uint64_t{1} << left) - 1) : rng());
      }
      state.segments.push_back(segment);
    }
    for (EntryHandle handle = 5; handle < 60; handle += 1 + rng() % 4) {
      state.entries.push_back(random_entry(handle, rng));
    }
    bytes = encode(state);
  }

  const std::uint64_t seed = testing::chosen_seed();
  ::testing::ScopedTrace trace{__FILE__, __LINE__, "FRISTAD_TEST_SEED=" + std::to_string(seed)};
  Rng rng{seed};
  LiveState state;
  WipedVector<std::uint8_t> bytes;
};

TEST_F(LiveIndexState, ReadsWhatItWrote) {
  const auto read = parse_live_state(bytes);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->note, state.note);
  ASSERT_EQ(read->segments.size(), state.segments.size());
  for (std::size_t i = 0; i < state.segments.size(); ++i) {
    EXPECT_EQ(read->segments[i].file, state.segments[i].file);
    EXPECT_EQ(read->segments[i].rows, state.segments[i].rows);
    EXPECT_EQ(read->segments[i].removed, state.segments[i].removed);
  }
  ASSERT_EQ(read->entries.size(), state.entries.size());
  for (std::size_t i = 0; i < state.entries.size(); ++i) {
    EXPECT_EQ(read->entries[i].handle, state.entries[i].handle);
    EXPECT_EQ(read->entries[i].pdq, state.entries[i].pdq);
    EXPECT_EQ(read->entries[i].md5, state.entries[i].md5);
    EXPECT_EQ(read->entries[i].sha1, state.entries[i].sha1);
    EXPECT_EQ(read->entries[i].sha256, state.entries[i].sha256);
  }
}

// There is one way to write a state: whatever bytes are read as one, it is written in the same bytes.
TEST_F(LiveIndexState, AnyFlippedBitIsRefusedOrReadAsItStands) {
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    const auto read = parse_live_state(flipped);
    if (!read) ++refused;
    if (read) {
      ASSERT_EQ(encode(*read), flipped) << bit;
    }
  }
  EXPECT_GT(refused, 8u * 32u - 1) << "the header, at least";
}

TEST_F(LiveIndexState, ACutOrGrownOneIsRefused) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_live_state(std::span(bytes).first(size))) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(parse_live_state(bytes));
}

TEST_F(LiveIndexState, RandomBytesBehindAGoodHeaderAreSurvived) {
  for (int round = 0; round < 2000; ++round) {
    auto random = bytes;
    const std::size_t from = rng() % random.size();
    for (std::size_t i = std::max<std::size_t>(from, 12); i < random.size(); ++i) {
      random[i] = static_cast<std::uint8_t>(rng() % 4 == 0 ? 0xff : rng());
    }
    const auto read = parse_live_state(random);
    if (read) {
      ASSERT_EQ(encode(*read), random);
    }
  }
}

TEST_F(LiveIndexState, ANewerVersionIsUnsupported) {
  bytes[8] = 2;
  const auto read = parse_live_state(bytes);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::unsupported);
}

TEST_F(LiveIndexState, EntriesOutOfOrderAndWithoutHashAreRefused) {
  std::swap(state.entries[0], state.entries[1]);
  EXPECT_FALSE(parse_live_state(encode(state)));
  std::swap(state.entries[0], state.entries[1]);
  state.entries[1] = LiveEntry{.handle = state.entries[1].handle};
  EXPECT_FALSE(parse_live_state(encode(state)));
}

}  // namespace
}  // namespace fristad
