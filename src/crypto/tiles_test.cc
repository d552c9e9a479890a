#include "crypto/tiles.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "crypto/merkle_fixture.h"
#include "tests/support/seed.h"

namespace fristad {
namespace {

using namespace testing;

TEST(Tiles, PathsAreThoseOfTheSpecification) {
  EXPECT_EQ(tile_path({0, 1'234'067, 256}), "tile/0/x001/x234/067");
  EXPECT_EQ(tile_path({0, 273, 112}), "tile/0/273.p/112");
  EXPECT_EQ(tile_path({1, 0, 256}), "tile/1/000");
  EXPECT_EQ(tile_path({2, 999, 1}), "tile/2/999.p/1");
  EXPECT_EQ(tile_path({0, 1000, 256}), "tile/0/x001/000");
  EXPECT_EQ(entries_path(1'234'067, 256), "tile/entries/x001/x234/067");
  EXPECT_EQ(entries_path(0, 255), "tile/entries/000.p/255");
}

TEST(Tiles, PathsAreReadAsTheyAreWritten) {
  for (const TilePlace& place : {TilePlace{0, 0, 256}, TilePlace{0, 999, 1}, TilePlace{1, 1000, 255},
                                 TilePlace{7, 123'456'789, 256}, TilePlace{0, (tree_size_max - 1) / 256, 17}}) {
    EXPECT_EQ(parse_tile_path(tile_path(place)).value(), place) << tile_path(place);
    const TilePlace entries{0, place.n, place.width};
    EXPECT_EQ(parse_entries_path(entries_path(place.n, place.width)).value(), entries);
  }
}

TEST(Tiles, OtherPathsAreRefused) {
  for (const char* path : {"",
                           "tile",
                           "tile/",
                           "tile/0",
                           "tile/0/",
                           "tile/0/0",
                           "tile/0/00",
                           "tile/0/0000",
                           "tile/0/x000/001",
                           "tile/0/x001",
                           "tile/0/x001/",
                           "tile/0/001/002",
                           "tile/00/001",
                           "tile/8/001",
                           "tile/-1/001",
                           "tile/0/001.p/",
                           "tile/0/001.p/0",
                           "tile/0/001.p/256",
                           "tile/0/001.p/01",
                           "tile/0/001.p/1/",
                           "tile/0/001.p/-1",
                           "tile/0/+01",
                           "tile/0/../001",
                           "/tile/0/001",
                           "tile/0/001 ",
                           "tile/0/001.p/1.p/1",
                           "tile/entries/001",
                           "tile/x/001",
                           "tile/0/x999/x999/x999/x999/x999/x999/x999/999"}) {
    EXPECT_FALSE(parse_tile_path(path)) << path;
  }
  for (const char* path : {"tile/entries/", "tile/entries/1", "tile/0/001", "tile/entries/001.p/256", "entries/001"}) {
    EXPECT_FALSE(parse_entries_path(path)) << path;
  }
}

TEST(Tiles, ATreeOf70000HasTheTilesOfTheSpecification) {
  const std::vector<TilePlace> places = tiles_of(0, 70'000);
  std::map<int, int> full;
  std::set<std::string> partial;
  for (const TilePlace& place : places) {
    if (place.width == tile_width) {
      ++full[place.level];
    } else {
      partial.insert(tile_path(place));
    }
  }
  EXPECT_EQ(full, (std::map<int, int>{{0, 273}, {1, 1}}));
  EXPECT_EQ(partial, (std::set<std::string>{"tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"}));
}

TEST(Tiles, EdgesOfTheWidth) {
  const auto paths = [](std::uint64_t old_size, std::uint64_t size) {
    std::vector<std::string> found;
    for (const TilePlace& place : tiles_of(old_size, size)) found.push_back(tile_path(place));
    return found;
  };
  using Paths = std::vector<std::string>;
  EXPECT_EQ(paths(0, 0), Paths{});
  EXPECT_EQ(paths(7, 7), Paths{});
  EXPECT_EQ(paths(0, 1), Paths{"tile/0/000.p/1"});
  EXPECT_EQ(paths(0, 255), Paths{"tile/0/000.p/255"});
  EXPECT_EQ(paths(255, 256), (Paths{"tile/0/000", "tile/1/000.p/1"}));
  EXPECT_EQ(paths(256, 257), Paths{"tile/0/001.p/1"});
  EXPECT_EQ(paths(255, 257), (Paths{"tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1"}));
  EXPECT_EQ(paths(65'534, 65'535), Paths{"tile/0/255.p/255"});
  EXPECT_EQ(paths(65'535, 65'536), (Paths{"tile/0/255", "tile/1/000", "tile/2/000.p/1"}));
  EXPECT_EQ(paths(65'536, 65'537), Paths{"tile/0/256.p/1"});
}

TEST(Tiles, GrowingInStepsWritesWhatOneStepWrites) {
  const std::uint64_t seed = chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 rng(seed);
  std::map<std::pair<int, std::uint64_t>, int> widths;
  std::uint64_t size = 0;
  while (size < 200'000) {
    const std::uint64_t next = size + rng() % 3000;
    for (const TilePlace& place : tiles_of(size, next)) {
      int& width = widths[{place.level, place.n}];
      ASSERT_GT(place.width, width);
      width = place.width;
    }
    size = next;
  }
  std::map<std::pair<int, std::uint64_t>, int> at_once;
  for (const TilePlace& place : tiles_of(0, size)) at_once[{place.level, place.n}] = place.width;
  EXPECT_EQ(widths, at_once);
}

TEST(Tiles, BytesAreReadAsTheyAreWritten) {
  const std::vector<Digest> hashes = numbered_leaves(256);
  const std::vector<std::uint8_t> bytes = tile_bytes(hashes);
  EXPECT_EQ(bytes.size(), 8192u);
  EXPECT_EQ(parse_tile(bytes, 256).value(), hashes);
  EXPECT_EQ(parse_tile(bytes, 255).error().code, Code::damaged);
  EXPECT_EQ(parse_tile(Bytes(bytes).first(8191), 256).error().code, Code::damaged);
  EXPECT_EQ(tile_root(hashes), slow_root(hashes));
}

// A tree's tiles as somebody else reads them.
class Shelf {
 public:
  explicit Shelf(std::span<const Digest> leaves) {
    for (const TilePlace& place : tiles_of(0, leaves.size())) {
      if (place.level > 0) {
        tiles_[tile_path(place)] = tile_from_below(place, reader()).value();
        continue;
      }
      const auto begin = static_cast<std::size_t>(place.n) * tile_width;
      const auto tile = leaves.subspan(begin, static_cast<std::size_t>(place.width));
      tiles_[tile_path(place)].assign(tile.begin(), tile.end());
    }
  }

  TileReader reader() {
    return [this](const TilePlace& place) -> Result<std::vector<Digest>> {
      ++reads_;
      const auto found = tiles_.find(tile_path(place));
      if (found == tiles_.end()) return Error{Code::not_found, "no " + tile_path(place)};
      return found->second;
    };
  }
  int reads() const { return reads_; }
  std::map<std::string, std::vector<Digest>>& tiles() { return tiles_; }

 private:
  std::map<std::string, std::vector<Digest>> tiles_;
  int reads_ = 0;
};

TEST(Tiles, ProofsFromTilesHoldAtTheEdges) {
  const std::vector<Digest> leaves = numbered_leaves(70'000);
  const AllHashes all(leaves);
  for (const std::size_t size : {1U, 2U, 255U, 256U, 257U, 511U, 512U, 513U, 65'535U, 65'536U, 65'537U, 70'000U}) {
    Shelf shelf{std::span(leaves).first(size)};
    const HashAt from_tiles = hash_at(size, shelf.reader());
    const Digest root = root_at(size, all.hash_at()).value();
    ASSERT_EQ(root_at(size, from_tiles).value(), root) << size;
    for (const std::size_t index : {std::size_t{0}, size / 2, size / 3 * 2, size - 1}) {
      const auto proof = inclusion_proof(index, size, from_tiles);
      ASSERT_TRUE(proof) << proof.error().message;
      EXPECT_EQ(*proof, inclusion_proof(index, size, all.hash_at()).value());
      EXPECT_TRUE(verify_inclusion(index, size, leaves[index], *proof, root)) << index << " of " << size;
    }
    for (const std::size_t old : {size / 2, size / 3, size - 1}) {
      EXPECT_EQ(consistency_proof(old, size, from_tiles).value(), consistency_proof(old, size, all.hash_at()).value());
    }
  }
}

TEST(Tiles, AProofReadsFewTiles) {
  const std::vector<Digest> leaves = numbered_leaves(70'000);
  Shelf shelf{leaves};
  const int before = shelf.reads();
  ASSERT_TRUE(inclusion_proof(1234, leaves.size(), hash_at(leaves.size(), shelf.reader())));
  EXPECT_LE(shelf.reads() - before, 6);
}

TEST(Tiles, WrongTilesAreNoticed) {
  const std::vector<Digest> leaves = numbered_leaves(600);
  Shelf shelf{leaves};
  shelf.tiles()["tile/0/000"].pop_back();
  EXPECT_EQ(inclusion_proof(1, 600, hash_at(600, shelf.reader())).error().code, Code::damaged);
  EXPECT_EQ(tile_from_below({1, 0, 2}, shelf.reader()).error().code, Code::damaged);
  shelf.tiles().erase("tile/0/000");
  EXPECT_EQ(inclusion_proof(1, 600, hash_at(600, shelf.reader())).error().code, Code::not_found);
  const HashAt hashes = hash_at(600, shelf.reader());
  EXPECT_EQ(hashes(0, 600).error().code, Code::invalid_argument);
  EXPECT_EQ(hashes(9, 1).error().code, Code::invalid_argument);
  EXPECT_EQ(hashes(-1, 0).error().code, Code::invalid_argument);
  EXPECT_EQ(hashes(64, 0).error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace fristad
