#pragma once

// A member with its journal and its material in a temporary folder, for tests of what goes between several.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "material/material.h"
#include "record/exchange_fixture.h"
#include "record/record_fixture.h"
#include "tests/support/fixture.h"
#include "tests/support/hash_sets.h"

namespace fristad::testing {

inline const Kinds& material_kinds() {
  static const Kinds kinds({&journal_view(), &material_view()});
  return kinds;
}

// What a node is told of the alliance, where a test has one.
struct Told {
  std::map<std::string, Origin, std::less<>> origins;
  std::set<ListId> wide;                         // lists that the whole alliance reads
  std::set<std::string, std::less<>> lost = {};  // scopes that are read no more
};

struct Member {
  explicit Member(std::string code, Told* alliance = nullptr) : name(std::move(code)), told(alliance) { open(); }
  void open() {
    open_journal();
    MaterialOptions options{.folder = folder / "index", .index_key = SealKey{4}, .background = false};
    if (told != nullptr) {
      options.origin = [this](std::string_view member) {
        const auto at = told->origins.find(member);
        return at == told->origins.end() ? Origin() : at->second;
      };
      options.follows = [this](std::string_view, std::string_view scope) { return !told->lost.contains(scope); };
      options.whole_alliance_reads = [this](const ListId& list) { return told->wide.contains(list); };
    }
    auto opened = Material::open(*journal, options);
    ASSERT_TRUE(opened) << opened.error().message;
    material = *std::move(opened);
  }
  // Without the index: what comes meanwhile it has to catch up with.
  void open_journal() {
    material.reset();  // saves
    journal.reset();
    store.emplace(Store::open({.sqlite_path = folder / "node.db"}).value());
    const auto key = [&](std::uint8_t fill) {
      Key seed;
      std::ranges::fill(seed.bytes(),
                        static_cast<std::uint8_t>(fill + 3 * static_cast<int>(name.size()) + name.front()));
      return seed;
    };
    JournalKeys keys{
        .record_key = SigningKey::from_seed(key(1)), .log_key = SigningKey::from_seed(key(2)), .data_key = key(3)};
    JournalOptions options = test_options(random, name);
    options.clock.utc_ms = [this] { return now_ms; };
    options.corrections = [this](Connection&, std::string_view) {
      return Result<std::vector<CorrectionScope>>(further);
    };
    journal = Journal::open(*store, material_kinds(), std::move(keys), std::move(options)).value();
  }
  std::vector<MaterialMatch> match(const PdqHash& hash) {
    auto found = material->match(hash, limit_default, scratch);
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : std::vector<MaterialMatch>();
  }

  std::string name;
  Told* told;
  std::int64_t now_ms = 1'800'000'000'000;
  Random random = counting_random();
  TemporaryFolder folder;
  std::optional<Store> store;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Material> material;
  std::vector<CorrectionScope> further = {};  // of every scope
  MatchScratch scratch;
};

}  // namespace fristad::testing
