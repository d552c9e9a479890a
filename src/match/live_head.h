#pragma once

// The newest entries of a live index, compared one by one. One thread appends, any may search and remove. Its memory is
// wiped when it goes.

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fristad/live_index.h"
#include "match/memory.h"
#include "match/query.h"

namespace fristad {

// A bit for each row: set when the row was removed. Any thread may set and read.
class RemovedBits {
 public:
  explicit RemovedBits(std::size_t rows) : words_(words_for(rows)) {}
  // Continues with bits that were copied: words_for(rows) words, and none set for rows that don't exist.
  explicit RemovedBits(std::span<const std::uint64_t> copied) : words_(copied.size()) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < copied.size(); ++i) {
      words_[i].store(copied[i], std::memory_order_relaxed);
      count += static_cast<std::uint64_t>(std::popcount(copied[i]));
    }
    count_.store(count, std::memory_order_relaxed);
  }

  static std::size_t words_for(std::size_t rows) { return (rows + 63) / 64; }

  bool operator[](std::size_t row) const {
    return (words_[row / 64].load(std::memory_order_acquire) >> (row % 64) & 1) != 0;
  }
  // False if it was set already.
  bool set(std::size_t row) {
    const std::uint64_t bit = std::uint64_t{1} << (row % 64);
    if ((words_[row / 64].fetch_or(bit, std::memory_order_acq_rel) & bit) != 0) return false;
    count_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }

  std::vector<std::uint64_t> copy() const {
    std::vector<std::uint64_t> words;
    words.reserve(words_.size());
    for (const auto& word : words_) words.push_back(word.load(std::memory_order_acquire));
    return words;
  }

 private:
  std::vector<std::atomic<std::uint64_t>> words_;
  std::atomic<std::uint64_t> count_{0};
};

class LiveHead {
 public:
  // Comparing with this many takes some 2 us.
  static constexpr std::size_t capacity = 2048;

  LiveHead();

  std::size_t size() const { return size_.load(std::memory_order_acquire); }
  std::size_t room() const { return capacity - size(); }
  std::uint64_t removed() const { return removed_.count(); }

  // Needs room. A search that begins afterwards finds it.
  void append(const LiveEntry& entry);

  // These append to `out`.
  void match(const PdqHash& query, int limit, MatchScratch::Buffers& scratch, std::vector<LiveMatch>& out) const;
  void find(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<EntryHandle>& out) const;

  bool contains(EntryHandle handle) const { return row_of(handle).has_value(); }
  // False if it isn't there, or was removed before.
  bool remove(EntryHandle handle);

  // What was not removed, ordered by handle.
  WipedVector<LiveEntry> entries() const;

 private:
  std::optional<std::size_t> row_of(EntryHandle handle) const;

  std::vector<EntryHandle> handles_;
  WipedVector<PdqHash> hashes_;  // zero where there is none
  WipedVector<LiveEntry> entries_;
  std::atomic<std::size_t> size_{0};
  RemovedBits removed_;
};

// The digest of this kind, empty if the entry has none.
std::span<const std::uint8_t> digest_of(const LiveEntry& entry, DigestKind kind);

}  // namespace fristad
