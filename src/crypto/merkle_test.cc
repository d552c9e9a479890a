#include "crypto/merkle.h"

#include <gtest/gtest.h>

#include <random>

#include "base/hex.h"
#include "crypto/merkle_fixture.h"
#include "tests/support/seed.h"

namespace fristad {
namespace {

using namespace testing;

constexpr std::size_t count = 300;

TEST(Merkle, HashesTheTreeOfTheReferenceImplementation) {
  // The eight leaves of Certificate Transparency's own tests, and the root of all of them.
  MerkleFrontier frontier;
  EXPECT_EQ(to_hex(frontier.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (const char* hex :
       {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}) {
    std::vector<std::uint8_t> leaf(std::string_view(hex).size() / 2);
    ASSERT_TRUE(from_hex(hex, leaf));
    frontier.append(leaf_hash(leaf));
    if (frontier.size() == 1) {
      EXPECT_EQ(to_hex(frontier.root()), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    }
  }
  EXPECT_EQ(to_hex(frontier.root()), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

class MerkleOracle : public ::testing::Test {
 protected:
  std::vector<Digest> leaves_ = numbered_leaves(count);
  AllHashes all_{leaves_};
  HashAt hashes_ = all_.hash_at();
  std::vector<Digest> roots_ = [this] {
    std::vector<Digest> roots;
    for (std::size_t size = 0; size <= count; ++size) roots.push_back(slow_root(std::span(leaves_).first(size)));
    return roots;
  }();
};

TEST_F(MerkleOracle, FrontierHasTheRootOfEverySize) {
  MerkleFrontier frontier;
  for (std::size_t size = 0; size <= count; ++size) {
    ASSERT_EQ(frontier.size(), size);
    ASSERT_EQ(frontier.root(), roots_[size]) << size;
    ASSERT_EQ(root_at(size, hashes_).value(), roots_[size]) << size;
    const auto again = MerkleFrontier::from_peaks(size, frontier.peaks());
    ASSERT_EQ(again.value().root(), roots_[size]);
    if (size < count) frontier.append(leaves_[size]);
  }
}

TEST_F(MerkleOracle, EveryInclusionIsProvedAsTheRfcSays) {
  for (std::size_t size = 1; size <= count; ++size) {
    const Leaves tree = std::span(leaves_).first(size);
    for (std::size_t index = 0; index < size; ++index) {
      const auto proof = inclusion_proof(index, size, hashes_);
      ASSERT_TRUE(proof);
      // The slow way costs size hashes each time: where the tree is small, at its edges, and here and there.
      if (size < 66 || index < 2 || index + 2 >= size || index % 37 == 0) {
        ASSERT_EQ(*proof, slow_inclusion(index, tree)) << index << " of " << size;
      }
      ASSERT_TRUE(verify_inclusion(index, size, leaves_[index], *proof, roots_[size])) << index << " of " << size;
      ASSERT_FALSE(verify_inclusion((index + 1) % (size + 1), size, leaves_[index], *proof, roots_[size]));
      ASSERT_FALSE(verify_inclusion(index, size, leaves_[(index + 1) % count], *proof, roots_[size]));
    }
  }
}

TEST_F(MerkleOracle, EveryGrowthIsProvedAsTheRfcSays) {
  for (std::size_t size = 1; size <= count; ++size) {
    const Leaves tree = std::span(leaves_).first(size);
    for (std::size_t old = 1; old <= size; ++old) {
      const auto proof = consistency_proof(old, size, hashes_);
      ASSERT_TRUE(proof);
      if (size < 66 || old < 3 || old + 2 >= size || old % 37 == 0) {
        ASSERT_EQ(*proof, slow_subproof(old, tree, true)) << old << " to " << size;
      }
      ASSERT_TRUE(verify_consistency(old, size, *proof, roots_[old], roots_[size])) << old << " to " << size;
      ASSERT_FALSE(verify_consistency(old, size, *proof, roots_[old - 1], roots_[size]));
      ASSERT_FALSE(verify_consistency(old, size, *proof, roots_[old], roots_[size - 1]));
    }
  }
}

TEST_F(MerkleOracle, NoChangedProofHolds) {
  const std::uint64_t seed = chosen_seed();
  SCOPED_TRACE("FRISTAD_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 rng(seed);
  for (int round = 0; round < 3'000; ++round) {
    const std::size_t size = 2 + rng() % (count - 1);
    const std::size_t index = rng() % size;
    const std::size_t old = 1 + rng() % (size - 1);
    std::vector<Digest> inclusion = inclusion_proof(index, size, hashes_).value();
    std::vector<Digest> consistency = consistency_proof(old, size, hashes_).value();
    for (std::vector<Digest>* proof : {&inclusion, &consistency}) {
      switch (rng() % 4) {
        case 0: (*proof)[rng() % proof->size()][rng() % 32] ^= static_cast<std::uint8_t>(1U << (rng() % 8)); break;
        case 1: proof->pop_back(); break;
        case 2: proof->push_back(leaves_[rng() % count]); break;
        case 3: proof->insert(proof->begin(), leaves_[rng() % count]); break;
      }
    }
    ASSERT_FALSE(verify_inclusion(index, size, leaves_[index], inclusion, roots_[size])) << round;
    ASSERT_FALSE(verify_consistency(old, size, consistency, roots_[old], roots_[size])) << round;
  }
}

TEST_F(MerkleOracle, NothingIsConsistentWithLess) {
  EXPECT_EQ(consistency_proof(3, 2, hashes_).error().code, Code::invalid_argument);
  EXPECT_EQ(verify_consistency(3, 2, {}, roots_[3], roots_[2]).error().code, Code::invalid_argument);
}

TEST_F(MerkleOracle, TheEmptyTreeIsConsistentWithAll) {
  EXPECT_TRUE(consistency_proof(0, 7, hashes_).value().empty());
  EXPECT_TRUE(verify_consistency(0, 7, {}, empty_root(), roots_[7]));
  EXPECT_TRUE(verify_consistency(0, 0, {}, empty_root(), empty_root()));
  EXPECT_FALSE(verify_consistency(0, 7, {}, roots_[1], roots_[7]));
  EXPECT_FALSE(verify_consistency(0, 0, {}, roots_[1], roots_[1]));
  EXPECT_FALSE(verify_consistency(0, 7, std::span(roots_).first(1), empty_root(), roots_[7]));
}

TEST(Merkle, RefusesWhatIsNotInTheTree) {
  const HashAt none = [](int, std::uint64_t) -> Result<Digest> { return Error{Code::unavailable, "not read"}; };
  EXPECT_EQ(inclusion_proof(5, 5, none).error().code, Code::invalid_argument);
  EXPECT_EQ(inclusion_proof(0, 0, none).error().code, Code::invalid_argument);
  EXPECT_EQ(inclusion_proof(0, tree_size_max, none).error().code, Code::too_large);
  EXPECT_EQ(consistency_proof(1, tree_size_max, none).error().code, Code::too_large);
  EXPECT_EQ(root_at(tree_size_max, none).error().code, Code::too_large);
  EXPECT_EQ(verify_inclusion(0, 0, {}, {}, {}).error().code, Code::invalid_argument);
  EXPECT_EQ(verify_inclusion(0, tree_size_max, {}, {}, {}).error().code, Code::too_large);
  EXPECT_EQ(verify_consistency(1, tree_size_max, {}, {}, {}).error().code, Code::too_large);
  // What the source of the hashes says comes through.
  EXPECT_EQ(inclusion_proof(0, 2, none).error().code, Code::unavailable);
  EXPECT_EQ(consistency_proof(1, 2, none).error().code, Code::unavailable);
  EXPECT_EQ(root_at(2, none).error().code, Code::unavailable);
}

TEST(Merkle, ProofsOfTheLargestTreeHave63Hashes) {
  const HashAt any = [](int, std::uint64_t) -> Result<Digest> { return Digest{}; };
  const auto proof = inclusion_proof(0, tree_size_max - 1, any);
  ASSERT_EQ(proof.value().size(), proof_hashes_max);
  const std::vector<Digest> too_many(64);
  EXPECT_EQ(verify_inclusion(0, tree_size_max - 1, {}, too_many, {}).error().code, Code::damaged);
  EXPECT_EQ(verify_consistency(1, tree_size_max - 1, too_many, {}, {}).error().code, Code::damaged);
}

TEST(Merkle, EdgeHasOneHashForEachBitOfTheSize) {
  const std::vector<Digest> two(2);
  EXPECT_TRUE(MerkleFrontier::from_peaks(5, two));
  EXPECT_EQ(MerkleFrontier::from_peaks(7, two).error().code, Code::damaged);
  EXPECT_EQ(MerkleFrontier::from_peaks(4, two).error().code, Code::damaged);
  EXPECT_EQ(MerkleFrontier::from_peaks(0, two).error().code, Code::damaged);
  EXPECT_EQ(MerkleFrontier::from_peaks(tree_size_max, {two.data(), 1}).error().code, Code::too_large);
}

}  // namespace
}  // namespace fristad
