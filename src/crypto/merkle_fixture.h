#pragma once

// For tests: a tree made from numbers, and RFC 9162's definitions as they stand there, slow and recursive.

#include <bit>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "crypto/merkle.h"

namespace fristad::testing {

inline Digest numbered_leaf(std::uint64_t number) {
  return leaf_hash(as_bytes("leaf " + std::to_string(number)));
}

inline std::vector<Digest> numbered_leaves(std::size_t count) {
  std::vector<Digest> leaves(count);
  for (std::size_t i = 0; i < count; ++i) leaves[i] = numbered_leaf(i);
  return leaves;
}

using Leaves = std::span<const Digest>;

// The largest power of two smaller than the number of leaves.
inline std::size_t split(Leaves leaves) {
  std::size_t k = 1;
  while (2 * k < leaves.size()) k *= 2;
  return k;
}

// MTH(D_n)
inline Digest slow_root(Leaves leaves) {
  if (leaves.empty()) return empty_root();
  if (leaves.size() == 1) return leaves[0];
  const std::size_t k = split(leaves);
  return node_hash(slow_root(leaves.first(k)), slow_root(leaves.subspan(k)));
}

// PATH(m, D_n)
inline std::vector<Digest> slow_inclusion(std::size_t m, Leaves leaves) {
  if (leaves.size() == 1) return {};
  const std::size_t k = split(leaves);
  std::vector<Digest> path = m < k ? slow_inclusion(m, leaves.first(k)) : slow_inclusion(m - k, leaves.subspan(k));
  path.push_back(slow_root(m < k ? leaves.subspan(k) : leaves.first(k)));
  return path;
}

// SUBPROOF(m, D_n, b)
inline std::vector<Digest> slow_subproof(std::size_t m, Leaves leaves, bool whole) {
  if (m == leaves.size()) return whole ? std::vector<Digest>{} : std::vector<Digest>{slow_root(leaves)};
  const std::size_t k = split(leaves);
  std::vector<Digest> proof =
      m <= k ? slow_subproof(m, leaves.first(k), whole) : slow_subproof(m - k, leaves.subspan(k), false);
  proof.push_back(slow_root(m <= k ? leaves.subspan(k) : leaves.first(k)));
  return proof;
}

// Every complete subtree of the leaves, computed once.
class AllHashes {
 public:
  explicit AllHashes(std::vector<Digest> leaves) : levels_{std::move(leaves)} {
    while (levels_.back().size() > 1) {
      std::vector<Digest> above;
      for (std::size_t i = 0; i + 1 < levels_.back().size(); i += 2) {
        above.push_back(node_hash(levels_.back()[i], levels_.back()[i + 1]));
      }
      levels_.push_back(std::move(above));
    }
  }

  HashAt hash_at() const {
    return [this](int level, std::uint64_t index) -> Result<Digest> {
      const auto row = static_cast<std::size_t>(level);
      if (row >= levels_.size() || index >= levels_[row].size()) return Error{Code::not_found, "no such subtree"};
      return levels_[row][static_cast<std::size_t>(index)];
    };
  }

 private:
  std::vector<std::vector<Digest>> levels_;
};

}  // namespace fristad::testing
