#include "match/kernels/kernels.h"

#include <gtest/gtest.h>

#include <tuple>

#include "fristad/kernel.h"
#include "tests/support/hash_sets.h"

namespace fristad::kernels {
namespace {

using testing::Rng;

constexpr std::uint64_t seed = 7;

std::vector<std::tuple<std::uint32_t, std::uint32_t>> sorted(CandidateBuffer& buffer) {
  std::vector<std::tuple<std::uint32_t, std::uint32_t>> all;
  for (const Candidate& c : buffer.items()) all.emplace_back(c.query, c.position);
  std::ranges::sort(all);
  return all;
}

// Probes of every length 0..70, at any alignment, of 0 to 5 askers, with every pair of limits, over sketches near and
// far.
struct FilterCase {
  std::vector<std::uint16_t> near_chunks;
  std::vector<std::uint16_t> far_chunks;
  std::vector<Asker> askers;
  std::vector<Probe> probes;

  explicit FilterCase(Rng& rng) {
    const auto centre = static_cast<std::uint32_t>(rng());
    constexpr std::uint32_t entries = 5000;
    for (std::uint32_t i = 0; i < entries; ++i) {
      const std::uint32_t flips = 1u << rng() % 32 | 1u << rng() % 16;
      const auto both = static_cast<std::uint32_t>(rng() % 2 == 0 ? rng() : centre ^ flips);
      near_chunks.push_back(static_cast<std::uint16_t>(both));
      far_chunks.push_back(static_cast<std::uint16_t>(both >> 16));
    }
    for (std::uint32_t i = 0; i < 400; ++i) {
      const auto count = static_cast<std::uint32_t>(rng() % 71);
      const auto asking = static_cast<std::uint32_t>(rng() % 6);
      probes.push_back({.begin = static_cast<std::uint32_t>(rng() % (entries - count + 1)),
                        .count = count,
                        .first_asker = static_cast<std::uint32_t>(askers.size()),
                        .askers = asking & 0xffffff,
                        .near_max = static_cast<std::uint32_t>(rng() % 16) & 0xf,
                        .both_max = static_cast<std::uint32_t>(rng() % 16) & 0xf});
      for (std::uint32_t a = 0; a < asking; ++a) {
        askers.push_back({a % 2 == 0 ? centre : static_cast<std::uint32_t>(rng()), i});
      }
    }
    // The last bucket ends where the array ends.
    askers.push_back({.sketch = centre, .query = 400});
    probes.push_back({.begin = entries - 10,
                      .count = 10,
                      .first_asker = static_cast<std::uint32_t>(askers.size() - 1),
                      .askers = 1,
                      .near_max = 15,
                      .both_max = 15});
    near_chunks.resize(entries + sketch_padding);
  }

  auto filtered_by(const Kernels& kernels, bool far) const {
    CandidateBuffer found;
    kernels.filter(probes, askers.data(), near_chunks.data(), far ? far_chunks.data() : nullptr, found);
    return sorted(found);
  }
};

TEST(Kernels, EveryFilterAgreesWithTheOracle) {
  Rng rng(seed);
  for (int round = 0; round < 20; ++round) {
    const FilterCase made(rng);
    for (const bool far : {false, true}) {
      const auto expected = made.filtered_by(scalar, far);
      ASSERT_FALSE(expected.empty());
      for (const Kernels* kernels : available()) {
        EXPECT_EQ(made.filtered_by(*kernels, far), expected) << kernels->name << " seed " << seed << " round " << round;
      }
    }
  }
}

TEST(Kernels, EveryScanAgreesWithTheOracle) {
  Rng rng(seed);
  const std::vector<PdqHash> hashes = testing::clustered_set(2000, rng);
  const std::vector<PdqHash> queries = testing::queries_for(hashes, 50, rng);
  for (const int limit : {0, 1, 15, 31, 40, 41, 63}) {
    std::vector<ScanHit> expected;
    scalar.scan(hashes, 100, queries, limit, expected);
    ASSERT_FALSE(expected.empty() && limit > 1);
    for (const Kernels* kernels : available()) {
      std::vector<ScanHit> found;
      kernels->scan(hashes, 100, queries, limit, found);
      ASSERT_EQ(found.size(), expected.size()) << kernels->name << " limit " << limit;
      for (std::size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].query, expected[i].query);
        EXPECT_EQ(found[i].position, expected[i].position);
        EXPECT_EQ(found[i].distance, expected[i].distance);
      }
    }
  }
}

// Each forced kernel must be the one that then answers: seen by its own functions being called.
TEST(Kernels, TheForcedOneRuns) {
  const std::string before(kernel_name());
  for (const std::string_view name : kernel_names()) {
    ASSERT_TRUE(kernel_force(name));
    EXPECT_EQ(kernel_name(), name);
    std::string running = active().name;
    std::ranges::transform(running, running.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    EXPECT_EQ(running, name);
  }
  ASSERT_TRUE(kernel_force("scalar"));
  EXPECT_EQ(&active(), &scalar);
  ASSERT_TRUE(kernel_force(before));
}

TEST(Kernels, AnUnknownNameIsRefusedAndChangesNothing) {
  const std::string before(kernel_name());
  const Status status = kernel_force("abacus");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::invalid_argument);
  EXPECT_NE(status.error().message.find("scalar"), std::string::npos) << status.error().message;
  EXPECT_EQ(kernel_name(), before);
}

}  // namespace
}  // namespace fristad::kernels
