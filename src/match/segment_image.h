#pragma once

// The bytes of a segment: a header, sections, and the checksums of every block. docs/format/segment.md is the
// specification; this is its only reader and its only layout.
//
// All numbers are little-endian, and so are the machines that this runs on.

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "fristad/result.h"
#include "fristad/segment.h"
#include "match/index.h"
#include "match/kernels/kernels.h"

namespace fristad {

static_assert(std::endian::native == std::endian::little, "segments are mapped as they are: little-endian only");

inline constexpr std::uint32_t segment_format_version = 1;
inline constexpr std::size_t segment_block_size = std::size_t{1} << 20;

enum class Section : std::uint8_t {
  pdq,              // PdqHash[pdq_hashes]
  pdq_rows,         // u32[pdq_hashes], ascending; empty: hash i belongs to row i
  offsets,          // u32[16][65537]; empty: not indexed
  near_chunks,      // u16[16][pdq_hashes]
  far_chunks,       // u16[16][pdq_hashes]; empty in the compact layout
  ids,              // u32[16][pdq_hashes]
  md5,              // DigestRecord<16>[...], ascending
  sha1,             // DigestRecord<20>[...]
  sha256,           // DigestRecord<32>[...]
  entry_starts,     // u64[rows + 1]; empty: no entry has a text
  entries,          // EntryHead, id, note; one after the other
  classifications,  // u16 length, text; one after the other; the first is empty
  handles,          // u64[rows], each above the one before; empty: rows have none (only a live index's have)
  block_checks      // u64 for each block of what comes before: XXH3-64
};
inline constexpr std::size_t section_count = 14;

inline Section digest_section(DigestKind kind) {
  return static_cast<Section>(static_cast<std::size_t>(Section::md5) + static_cast<std::size_t>(kind));
}

template <std::size_t size>
struct DigestRecord {
  std::array<std::uint8_t, size> digest;
  std::uint32_t row;

  friend auto operator<=>(const DigestRecord&, const DigestRecord&) = default;
};

struct EntryHead {
  std::uint16_t classification;  // number in the section of that name
  std::uint16_t id_bytes;        // the note is what follows the id
};

struct SectionPlace {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

struct SegmentHeader {
  std::array<char, 8> magic{'F', 'R', 'I', 'S', 'T', 'S', 'E', 'G'};
  std::uint32_t version = segment_format_version;
  std::uint32_t layout = 0;  // SegmentLayout
  std::uint64_t file_bytes = 0;
  std::uint64_t rows = 0;
  std::uint64_t pdq_hashes = 0;
  std::array<std::uint64_t, digest_kind_count> digests{};
  std::array<SectionPlace, section_count> sections{};
  std::uint64_t checks_check = 0;  // XXH3-64 of the section block_checks
  std::uint64_t header_check = 0;  // XXH3-64 of all that stands above
};
inline constexpr std::size_t segment_header_size = 4096;
static_assert(sizeof(SegmentHeader) <= segment_header_size);

// What a segment shall hold, from which every size follows.
struct SegmentCounts {
  SegmentLayout layout = SegmentLayout::fast;
  std::uint64_t rows = 0;
  std::uint64_t pdq_hashes = 0;
  std::array<std::uint64_t, digest_kind_count> digests{};
  bool has_texts = false;
  std::uint64_t entry_bytes = 0;
  std::uint64_t classification_bytes = 0;
  bool has_handles = false;
};

// The header of a segment that holds this, with every section placed and no checksum yet.
SegmentHeader plan_segment(const SegmentCounts& counts);

// The bytes of one section, as an array of T.
template <class T, class Byte>
std::span<T> section_of(const SegmentHeader& header, std::span<Byte> image, Section section) {
  const SectionPlace& place = header.sections[static_cast<std::size_t>(section)];
  const std::span<Byte> bytes = image.subspan(place.offset, place.bytes);
  return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
}

// Where the index of this image goes.
IndexStorage index_storage(const SegmentHeader& header, std::span<std::uint8_t> image);

// Builds the index of the hashes that already stand in their section of the image, if there are enough to be indexed.
void build_index(const SegmentHeader& header, std::span<std::uint8_t> image, int threads);

// Computes the checksums of an image whose sections are written, and writes them and the header into it.
void finish_segment(SegmentHeader& header, std::span<std::uint8_t> image, int threads);

// A checked image, as typed views into it.
struct SegmentImage {
  SegmentHeader header;
  IndexView index;
  std::span<const std::uint32_t> pdq_rows;
  std::array<std::span<const std::uint8_t>, digest_kind_count> digests;
  std::span<const std::uint64_t> entry_starts;
  std::span<const std::uint8_t> entries;
  std::span<const std::uint64_t> handles;
  std::vector<std::string_view> classifications;

  std::uint32_t row_of(std::uint32_t position) const { return pdq_rows.empty() ? position : pdq_rows[position]; }
};

// Reads an image and checks all of it: every block's checksum, and that every number in it stays inside it. With `deep`
// also that the index says what the hashes say. Errors: damaged, unsupported.
Result<SegmentImage> read_segment(std::span<const std::uint8_t> image, bool deep, int threads);

// Appends the rows that hold exactly this digest, ordered. O(log n).
void find_digest(const SegmentImage& image, DigestKind kind, std::span<const std::uint8_t> digest,
                 std::vector<std::uint32_t>& out);

// The views of an image that was just built in memory: nothing to check.
SegmentImage view_segment(const SegmentHeader& header, std::span<const std::uint8_t> image);

}  // namespace fristad
