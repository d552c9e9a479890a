#pragma once

// A segment: an immutable, exactly searchable set of entries, in memory or in one file.
//
// PDQ hashes are found within a Hamming distance, with exact recall: every entry within the limit is
// returned, none outside. Digests are found by equality. Each entry may carry an id, a classification
// and a note.
//
//   auto segment = fristad::Segment::open("known.frseg", {});
//   if (!segment) return fail(segment.error());
//   fristad::MatchScratch scratch;
//   std::vector<fristad::Match> matches;
//   segment->match(hash, 31, scratch, matches);
//   for (const fristad::Match& m : matches)
//     std::cout << segment->entry(m.row).id << " at distance " << m.distance << '\n';
//
// How it works: small sets are compared one by one. Above, a multi-index hash over sixteen 16-bit chunks
// with a pigeonring filter (Qin & Xiao, VLDB 2018) and, where buckets are overfull, thresholds chosen per
// query (GPH, ICDE 2018). docs/internals/matching.md explains it; docs/format/segment.md is the file, byte by byte.
//
// Thread-safety: all const functions may be called from many threads at once, each with its own MatchScratch.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fristad/hash.h"
#include "fristad/match.h"
#include "fristad/result.h"

namespace fristad {

enum class DigestKind : std::uint8_t { md5, sha1, sha256 };
inline constexpr std::size_t digest_kind_count = 3;
const char* to_string(DigestKind kind);
// 16, 20 or 32.
std::size_t digest_size(DigestKind kind);

// What a segment knows of one row beside its hashes. The views live as long as the segment.
struct Entry {
  std::string_view id = {};
  std::string_view classification = {};
  std::string_view note = {};
};

// The secret that a sealed segment is encrypted with.
using SealKey = std::array<std::uint8_t, 32>;

// How much memory an indexed hash may take: `fast` keeps 32 bits to filter by beside each bucket entry (160
// bytes a hash), `compact` 16 (128 bytes a hash).
enum class SegmentLayout : std::uint8_t { fast, compact };

struct SegmentOpenOptions {
  // The key, if the file is sealed. A sealed file is decrypted into memory; its clear bytes never touch a disk.
  std::optional<SealKey> key = std::nullopt;
  // Read a plain file into memory (huge pages: about twice the query rate at 10 M entries) rather than map it.
  bool load = false;
  // Recompute the whole index from the hashes and compare: what `fristad index verify` does.
  bool verify_deep = false;
};

struct SegmentInfo {
  std::uint32_t format_version = 0;
  std::uint64_t rows = 0;
  std::uint64_t pdq_hashes = 0;
  std::array<std::uint64_t, digest_kind_count> digests{};
  std::uint64_t bytes = 0;
  // Bytes of PDQ hashes and their index, for each hash.
  double bytes_per_hash = 0;
  SegmentLayout layout = SegmentLayout::fast;
  bool indexed = false;  // false: so small that it is compared one by one
  bool sealed = false;
};

class Segment {
 public:
  // The most rows of one segment.
  static constexpr std::uint64_t rows_max = std::uint64_t{1} << 28;

  // Opens a file and checks all of it: every block's checksum and that every number in it stays inside it.
  // Errors: not_found, damaged (says which block), unsupported (a newer version), permission_denied (sealed, and the
  // key is missing or wrong), unavailable (memory).
  static Result<Segment> open(const std::string& path, const SegmentOpenOptions& options);

  // Builds a segment of PDQ hashes in memory; row i is hashes[i]. About 0.5 us a hash. Errors: too_large, unavailable.
  static Result<Segment> build(std::span<const PdqHash> hashes, SegmentLayout layout = SegmentLayout::fast);

  ~Segment();
  Segment(Segment&&) noexcept;
  Segment& operator=(Segment&&) noexcept;

  // Finds every row whose PDQ hash is within `limit` (0..limit_max) of `query`, ordered by row, replacing what
  // `out` held.
  void match(const PdqHash& query, int limit, MatchScratch& scratch, std::vector<Match>& out) const;

  // The same for many queries: four to five times the rate of one by one from some thousand queries on.
  void match_batch(std::span<const PdqHash> queries, int limit, MatchScratch& scratch, BatchMatches& out) const;

  // The same by comparing every query with every hash: the judge, and the peer in benchmarks.
  void scan_batch(std::span<const PdqHash> queries, int limit, MatchScratch& scratch, BatchMatches& out) const;

  // Finds the rows that hold exactly this digest, ordered, replacing what `out` held. `digest` has
  // digest_size(kind) bytes. O(log n).
  void find(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<std::uint32_t>& out) const;

  // The entry at `row` < info().rows; empty texts where the list had none.
  Entry entry(std::uint32_t row) const;

  const SegmentInfo& info() const;

 private:
  friend class SegmentWriter;
  struct Impl;
  explicit Segment(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Writes a segment file, row by row. Plain segments spool to unnamed files beside the target, so memory stays
// bounded at any number of rows; sealed ones are put together in memory, and no clear byte touches a disk.
//
//   auto writer = fristad::SegmentWriter::create("known.frseg", {});
//   writer->add({.pdq = hash, .entry = {.id = "case-7/0001"}});
//   fristad::Status written = writer->finish();
//
// The file appears under its name, complete and synced, at finish(); before, or after an error, there is no file.
//
// Thread-safety: not thread-safe.
struct SegmentRow {
  std::optional<PdqHash> pdq = std::nullopt;
  std::optional<std::array<std::uint8_t, 16>> md5 = std::nullopt;
  std::optional<std::array<std::uint8_t, 20>> sha1 = std::nullopt;
  std::optional<std::array<std::uint8_t, 32>> sha256 = std::nullopt;
  Entry entry = {};  // copied
};

struct SegmentWriteOptions {
  SegmentLayout layout = SegmentLayout::fast;
  std::optional<SealKey> key = std::nullopt;  // seal the file with it
  bool overwrite = false;                     // replace an existing file
  int threads = 1;                            // that build the index
};

class SegmentWriter {
 public:
  static Result<SegmentWriter> create(const std::string& path, const SegmentWriteOptions& options);
  ~SegmentWriter();
  SegmentWriter(SegmentWriter&&) noexcept;
  SegmentWriter& operator=(SegmentWriter&&) noexcept;

  // Errors: invalid_argument (a row without any hash; more than 65,535 different classifications), too_large
  // (rows_max; a text over 64 KiB), unavailable (disk full).
  Status add(const SegmentRow& row);

  // Builds the index and writes the file. The writer is spent afterwards.
  Status finish();

 private:
  struct Impl;
  explicit SegmentWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fristad
