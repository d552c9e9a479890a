#pragma once

// Made-up PDQ hashes for tests and benchmarks: random, and of the shapes on which an index goes wrong.
// All of it follows from the generator that is handed in.

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "fristad/hash.h"

namespace fristad::testing {

using Rng = std::mt19937_64;

// Any 256 bits.
inline PdqHash random_bits(Rng& rng) {
  return {{rng(), rng(), rng(), rng()}};
}

// Exactly 128 ones, as a median gives: what real hashes look like when nothing is known of the pictures.
inline PdqHash random_hash(Rng& rng) {
  PdqHash hash = random_bits(rng);
  int ones = 0;
  for (const std::uint64_t word : hash.words) ones += std::popcount(word);
  while (ones != 128) {
    const auto bit = static_cast<std::size_t>(rng() % 256);
    std::uint64_t& word = hash.words[bit / 64];
    const std::uint64_t mask = std::uint64_t{1} << (bit % 64);
    const bool set = (word & mask) != 0;
    if (set == (ones > 128)) {
      word ^= mask;
      ones += set ? -1 : 1;
    }
  }
  return hash;
}

// The hash with `flips` different bits inverted.
inline PdqHash flipped(PdqHash hash, int flips, Rng& rng) {
  PdqHash done;
  while (flips > 0) {
    const auto bit = static_cast<std::size_t>(rng() % 256);
    const std::uint64_t mask = std::uint64_t{1} << (bit % 64);
    if ((done.words[bit / 64] & mask) != 0) continue;
    done.words[bit / 64] |= mask;
    hash.words[bit / 64] ^= mask;
    --flips;
  }
  return hash;
}

inline std::vector<PdqHash> random_set(std::size_t count, Rng& rng) {
  std::vector<PdqHash> hashes(count);
  for (PdqHash& hash : hashes) hash = random_hash(rng);
  return hashes;
}

// A fifth lies within 40 bits of 100 centres: series of near-duplicates.
inline std::vector<PdqHash> clustered_set(std::size_t count, Rng& rng) {
  const std::vector<PdqHash> centres = random_set(100, rng);
  std::vector<PdqHash> hashes = random_set(count, rng);
  for (std::size_t i = 0; i < count; i += 5) {
    hashes[i] = flipped(centres[rng() % centres.size()], static_cast<int>(rng() % 41), rng);
  }
  return hashes;
}

// A fifth shares eight chunks of zeros: what somebody adds who wants half of the buckets overfull.
inline std::vector<PdqHash> adversarial_set(std::size_t count, Rng& rng) {
  std::vector<PdqHash> hashes = random_set(count, rng);
  for (std::size_t i = 0; i < count; i += 5) hashes[i].words[0] = hashes[i].words[1] = 0;
  return hashes;
}

// Smooth pictures: 16x16 DCT coefficients whose size falls with frequency, thresholded at their median as PDQ does.
inline std::vector<PdqHash> smooth_set(std::size_t count, Rng& rng) {
  std::vector<PdqHash> hashes(count);
  std::normal_distribution<float> normal;
  std::array<float, 256> values{};
  std::array<float, 256> sorted{};
  for (PdqHash& hash : hashes) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto row = static_cast<float>(i / 16 + 1);
      const auto column = static_cast<float>(i % 16 + 1);
      // A gradient gives every picture of the kind the same signs in the lowest frequencies.
      const float trend = row * column < 4 ? 40.0f / (row * row * column * column) : 0.0f;
      values[i] = trend + normal(rng) * 30.0f / std::pow(row * row + column * column, 1.5f);
    }
    sorted = values;
    std::nth_element(sorted.begin(), sorted.begin() + 127, sorted.end());
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i] > sorted[127]) hash.words[i / 64] |= std::uint64_t{1} << (i % 64);
    }
  }
  return hashes;
}

// Half of the queries lie within 0..31 bits of a member of the set, half are random.
inline std::vector<PdqHash> queries_for(const std::vector<PdqHash>& hashes, std::size_t count, Rng& rng) {
  std::vector<PdqHash> queries(count);
  for (std::size_t i = 0; i < count; ++i) {
    queries[i] = i % 2 == 0 && !hashes.empty()
                     ? flipped(hashes[rng() % hashes.size()], static_cast<int>(rng() % 32), rng)
                     : random_hash(rng);
  }
  return queries;
}

}  // namespace fristad::testing
