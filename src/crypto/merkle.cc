#include "crypto/merkle.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <string>

#include "base/try.h"

namespace fristad {
namespace {

constexpr std::uint8_t leaf_tag = 0;
constexpr std::uint8_t node_tag = 1;

// Leaves [begin, begin + size); begin is a multiple of the largest power of two that is at most size.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;

  // Where RFC 9162 splits it: at the largest power of two smaller than its size, which is at least 2.
  std::uint64_t left_size() const { return std::bit_floor(size - 1); }
  Range left() const { return {begin, left_size()}; }
  Range right() const { return {begin + left_size(), size - left_size()}; }
};

Result<Digest> hash_of(Range range, const HashAt& hashes) {
  std::vector<Digest> lefts;
  while (!std::has_single_bit(range.size)) {
    const Range left = range.left();
    lefts.push_back(TRY(hashes(std::countr_zero(left.size), left.begin / left.size)));
    range = range.right();
  }
  Digest hash = TRY(hashes(std::countr_zero(range.size), range.begin / range.size));
  for (; !lefts.empty(); lefts.pop_back()) hash = node_hash(lefts.back(), hash);
  return hash;
}

Error too_large(std::uint64_t size) {
  return {Code::too_large, "a tree of " + std::to_string(size) + " leaves; fewer than 2^63 are possible"};
}

Error no_leaf(std::uint64_t index, std::uint64_t size) {
  return {Code::invalid_argument,
          "there is no leaf " + std::to_string(index) + " in a tree of " + std::to_string(size) + " leaves"};
}

Error shrunk(std::uint64_t old_size, std::uint64_t size) {
  return {Code::invalid_argument, "a tree of " + std::to_string(size) + " leaves can't continue one of " +
                                      std::to_string(old_size) + ": ask for the other direction"};
}

Error wrong_length(std::size_t hashes) {
  return {Code::damaged, "the proof has " + std::to_string(hashes) + " hashes, which no tree of these sizes needs"};
}

}  // namespace

Digest leaf_hash(Bytes entry) {
  return sha256({Bytes(&leaf_tag, 1), entry});
}

Digest node_hash(const Digest& left, const Digest& right) {
  return sha256({Bytes(&node_tag, 1), left, right});
}

Digest empty_root() {
  static const Digest root = sha256(Bytes());
  return root;
}

Result<MerkleFrontier> MerkleFrontier::from_peaks(std::uint64_t size, std::span<const Digest> peaks) {
  if (size >= tree_size_max) return too_large(size);
  const auto needed = static_cast<std::size_t>(std::popcount(size));
  if (peaks.size() != needed) {
    return Error{Code::damaged, "the edge of a tree of " + std::to_string(size) + " leaves has " +
                                    std::to_string(needed) + " hashes, not " + std::to_string(peaks.size()) +
                                    "; rebuild it from the leaves"};
  }
  MerkleFrontier frontier;
  frontier.size_ = size;
  frontier.peaks_.assign(peaks.begin(), peaks.end());
  return frontier;
}

void MerkleFrontier::append(const Digest& leaf) {
  assert(size_ + 1 < tree_size_max);
  Digest hash = leaf;
  for (std::uint64_t size = size_; (size & 1) != 0; size >>= 1) {
    hash = node_hash(peaks_.back(), hash);
    peaks_.pop_back();
  }
  peaks_.push_back(hash);
  ++size_;
}

Digest MerkleFrontier::root() const {
  if (peaks_.empty()) return empty_root();
  Digest hash = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) hash = node_hash(peaks_[i], hash);
  return hash;
}

Result<Digest> root_at(std::uint64_t size, const HashAt& hashes) {
  if (size >= tree_size_max) return too_large(size);
  if (size == 0) return empty_root();
  return hash_of({0, size}, hashes);
}

Result<std::vector<Digest>> inclusion_proof(std::uint64_t index, std::uint64_t size, const HashAt& hashes) {
  if (size >= tree_size_max) return too_large(size);
  if (index >= size) return no_leaf(index, size);
  std::vector<Digest> proof;
  for (Range range{0, size}; range.size > 1;) {
    const bool to_left = index - range.begin < range.left_size();
    proof.push_back(TRY(hash_of(to_left ? range.right() : range.left(), hashes)));
    range = to_left ? range.left() : range.right();
  }
  std::ranges::reverse(proof);
  return proof;
}

Result<std::vector<Digest>> consistency_proof(std::uint64_t old_size, std::uint64_t size, const HashAt& hashes) {
  if (size >= tree_size_max) return too_large(size);
  if (old_size > size) return shrunk(old_size, size);
  std::vector<Digest> proof;
  if (old_size == 0 || old_size == size) return proof;
  Range range{0, size};
  while (old_size - range.begin != range.size) {
    const bool to_left = old_size - range.begin <= range.left_size();
    proof.push_back(TRY(hash_of(to_left ? range.right() : range.left(), hashes)));
    range = to_left ? range.left() : range.right();
  }
  // A range at the very left is the old tree itself, whose root the verifier has.
  if (range.begin != 0) proof.push_back(TRY(hash_of(range, hashes)));
  std::ranges::reverse(proof);
  return proof;
}

// RFC 9162, section 2.1.3.2.
Status verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf, std::span<const Digest> proof,
                        const Digest& root) {
  if (size >= tree_size_max) return too_large(size);
  if (index >= size) return no_leaf(index, size);
  if (proof.size() > proof_hashes_max) return wrong_length(proof.size());
  std::uint64_t node = index;
  std::uint64_t last = size - 1;
  Digest hash = leaf;
  for (const Digest& sibling : proof) {
    if (last == 0) return wrong_length(proof.size());
    if ((node & 1) != 0 || node == last) {
      hash = node_hash(sibling, hash);
      // A node without a sibling at its level is its own parent.
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return wrong_length(proof.size());
  if (hash != root) {
    return Error{Code::damaged, "the proof doesn't lead to the root: the leaf isn't at " + std::to_string(index) +
                                    " of this tree, or a hash was changed"};
  }
  return {};
}

// RFC 9162, section 2.1.4.2.
Status verify_consistency(std::uint64_t old_size, std::uint64_t size, std::span<const Digest> proof,
                          const Digest& old_root, const Digest& root) {
  if (size >= tree_size_max) return too_large(size);
  if (old_size > size) return shrunk(old_size, size);
  if (proof.size() > proof_hashes_max) return wrong_length(proof.size());
  const Error inconsistent{Code::damaged, "the trees of " + std::to_string(old_size) + " and " + std::to_string(size) +
                                              " leaves aren't consistent: a leaf was changed or removed, or the "
                                              "proof was changed; keep both checkpoints as evidence"};
  if (old_size == 0 || old_size == size) {
    if (!proof.empty()) return wrong_length(proof.size());
    if (old_size == size && old_root != root) return inconsistent;
    // Whoever signed another root for no leaves has signed nonsense.
    if (old_size == 0 && old_root != empty_root()) return inconsistent;
    return {};
  }
  if (proof.empty()) return wrong_length(0);

  std::uint64_t node = old_size - 1;
  std::uint64_t last = size - 1;
  while ((node & 1) != 0) {
    node >>= 1;
    last >>= 1;
  }
  const bool starts_with_old_root = node == 0;
  Digest old_hash = starts_with_old_root ? old_root : proof.front();
  Digest hash = old_hash;
  for (const Digest& sibling : proof.subspan(starts_with_old_root ? 0 : 1)) {
    if (last == 0) return wrong_length(proof.size());
    if ((node & 1) != 0 || node == last) {
      old_hash = node_hash(sibling, old_hash);
      hash = node_hash(sibling, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0) return wrong_length(proof.size());
  if (old_hash != old_root || hash != root) return inconsistent;
  return {};
}

}  // namespace fristad
