#pragma once

// Lists of made-up entries, quickly: for tests and benchmarks that need many. Entry i of a seed is always the same, so
// whoever asks for it later needs to keep nothing.
//
//   const auto list = testing::load_fixture(*material, {.entries = 1'000'000});
//   material->match(*testing::fixture_entry({}, 17).pdq, 0, scratch);   // finds it

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/try.h"
#include "material/material.h"

namespace fristad::testing {

struct Fixture {
  std::string title = "Fixture";
  std::uint64_t seed = 1;
  std::size_t entries = 1000;
  Classification classification = Classification::baseline;
};

// Scatters the bits of a number: splitmix64's output function (Steele, Lea, Flood 2014).
inline std::uint64_t scattered(std::uint64_t number) {
  number += 0x9e3779b97f4a7c15;
  number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
  number = (number ^ number >> 27) * 0x94d049bb133111eb;
  return number ^ number >> 31;
}

// PDQ and MD5, both any bits; no two alike in practice.
inline EntryBody fixture_entry(const Fixture& fixture, std::size_t i) {
  const std::uint64_t base = scattered(fixture.seed) + 8 * static_cast<std::uint64_t>(i);
  EntryBody entry{.pdq = PdqHash{{scattered(base), scattered(base + 1), scattered(base + 2), scattered(base + 3)}},
                  .id = "case-" + std::to_string(i / 100) + "/" + std::to_string(i % 100),
                  .classification = fixture.classification};
  entry.md5.emplace();
  for (std::size_t at = 0; at < entry.md5->size(); ++at) {
    entry.md5->at(at) = static_cast<std::uint8_t>(scattered(base + 4 + at / 8) >> 8 * (at % 8));
  }
  return entry;
}

// Hands them on, 100,000 at a time. `use` as add_entries().
template <class Use>
Status for_fixture_batches(const Fixture& fixture, const Use& use) {
  constexpr std::size_t at_once = 100'000;
  std::vector<EntryBody> batch;
  for (std::size_t first = 0; first < fixture.entries; first += at_once) {
    batch.clear();
    const std::size_t end = std::min(first + at_once, fixture.entries);
    for (std::size_t i = first; i < end; ++i) batch.push_back(fixture_entry(fixture, i));
    TRY(use(std::span<const EntryBody>(batch)));
  }
  return {};
}

// Makes the list and adds its entries: some 3 us each.
inline Result<ListId> load_fixture(Material& material, const Fixture& fixture) {
  const ListId list = TRY(material.create_list("fixture", {.title = fixture.title}));
  TRY(for_fixture_batches(fixture, [&](std::span<const EntryBody> batch) -> Status {
    TRY(material.add_entries("fixture", list, batch));
    return {};
  }));
  return list;
}

}  // namespace fristad::testing
