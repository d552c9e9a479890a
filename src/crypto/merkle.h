#pragma once

// The Merkle tree of a log (RFC 6962 section 2.1, RFC 9162 section 2.1): hashes, its growing edge, and proofs that a
// leaf is in it and that it only ever grew.
//
//   fristad::MerkleFrontier log;
//   log.append(fristad::leaf_hash(entry));
//   auto proof = fristad::inclusion_proof(0, log.size(), hashes);
//   fristad::verify_inclusion(0, log.size(), fristad::leaf_hash(entry), *proof, log.root());
//
// Leaves are counted from 0. The complete subtree number `index` at `level` has the 2^level leaves from
// index * 2^level on; level 0 are the leaves' own hashes.
//
// Thread-safety: pure functions; MerkleFrontier is a plain value. Complexity: proofs and checks take O(log size)
// hashes, about 0.1 us each.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "crypto/digest.h"
#include "fristad/result.h"

namespace fristad {

// Sizes are below this, so no proof has more hashes than proof_hashes_max.
inline constexpr std::uint64_t tree_size_max = std::uint64_t{1} << 63;
inline constexpr std::size_t proof_hashes_max = 63;

Digest leaf_hash(Bytes entry);
Digest node_hash(const Digest& left, const Digest& right);
// Of the tree without leaves: SHA-256 of nothing.
Digest empty_root();

// What has to be kept of a tree in order to go on appending: the roots of its complete subtrees, one for each bit of
// its size.
class MerkleFrontier {
 public:
  MerkleFrontier() = default;

  // The edge of a tree of this size, from peaks() as kept. Errors: damaged (not as many as the size has ones),
  // too_large.
  static Result<MerkleFrontier> from_peaks(std::uint64_t size, std::span<const Digest> peaks);

  // Amortised one hash.
  void append(const Digest& leaf);

  std::uint64_t size() const { return size_; }
  // From the largest subtree, which holds the first leaves, to the smallest.
  std::span<const Digest> peaks() const { return peaks_; }
  // At most 63 hashes.
  Digest root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> peaks_;
};

// The hash of a complete subtree. Its errors are passed on by the functions below.
using HashAt = std::function<Result<Digest>(int level, std::uint64_t index)>;

// The root of the first `size` leaves. Errors: too_large.
Result<Digest> root_at(std::uint64_t size, const HashAt& hashes);

// That leaf `index` is in the tree of the first `size` leaves: from the leaf's sibling up.
// Errors: invalid_argument (no such leaf), too_large.
Result<std::vector<Digest>> inclusion_proof(std::uint64_t index, std::uint64_t size, const HashAt& hashes);

// That the tree of `size` leaves begins with the tree of `old_size`. Nothing has to be proved, and the proof is empty,
// where both are the same or the old one has no leaves. Errors: invalid_argument (old_size > size), too_large.
Result<std::vector<Digest>> consistency_proof(std::uint64_t old_size, std::uint64_t size, const HashAt& hashes);

// Errors: invalid_argument (no such leaf), damaged (the proof doesn't fit the sizes or leads to another root).
Status verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf, std::span<const Digest> proof,
                        const Digest& root);

// From an empty tree (its root has to be empty_root()) everything is consistent, with the empty proof.
// Errors: invalid_argument (old_size > size), damaged.
Status verify_consistency(std::uint64_t old_size, std::uint64_t size, std::span<const Digest> proof,
                          const Digest& old_root, const Digest& root);

}  // namespace fristad
