#include "match/segment_image.h"

#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <string>

#include "base/try.h"
#include "match/parallel.h"

namespace fristad {
namespace {

// Sections begin at cache lines, so that arrays are aligned for any vector instruction.
constexpr std::uint64_t section_alignment = 64;

std::uint64_t align(std::uint64_t offset) {
  return (offset + section_alignment - 1) / section_alignment * section_alignment;
}

std::uint64_t checksum(std::span<const std::uint8_t> bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

std::span<const std::uint8_t> header_bytes(const SegmentHeader& header) {
  return {reinterpret_cast<const std::uint8_t*>(&header), offsetof(SegmentHeader, header_check)};
}

const SectionPlace& place_of(const SegmentHeader& header, Section section) {
  return header.sections[static_cast<std::size_t>(section)];
}

// What the blocks are cut from: all between the header and the checksums.
std::span<const std::uint8_t> checked_bytes(const SegmentHeader& header, std::span<const std::uint8_t> image) {
  return image.subspan(segment_header_size, place_of(header, Section::block_checks).offset - segment_header_size);
}

std::uint64_t block_checksum(std::span<const std::uint8_t> bytes, std::size_t block) {
  const std::size_t first = block * segment_block_size;
  return checksum(bytes.subspan(first, std::min(segment_block_size, bytes.size() - first)));
}

Error damaged(const std::string& what) {
  return {Code::damaged, "the segment is damaged: " + what + "; restore it or build it anew from its list"};
}

SegmentCounts counts_of(const SegmentHeader& header) {
  return {.layout = static_cast<SegmentLayout>(header.layout),
          .rows = header.rows,
          .pdq_hashes = header.pdq_hashes,
          .digests = header.digests,
          .has_texts = place_of(header, Section::entry_starts).bytes != 0,
          .entry_bytes = place_of(header, Section::entries).bytes,
          .classification_bytes = place_of(header, Section::classifications).bytes,
          .has_handles = place_of(header, Section::handles).bytes != 0};
}

// The header alone: is it one of ours, and does every section lie where such a segment has it?
Result<SegmentHeader> read_header(std::span<const std::uint8_t> image) {
  SegmentHeader header;
  const SegmentHeader expected;
  const std::size_t magic_and_version = offsetof(SegmentHeader, layout);
  if (image.size() < magic_and_version ||
      std::memcmp(image.data(), expected.magic.data(), expected.magic.size()) != 0) {
    return Error{Code::damaged, "this is not a segment: it doesn't begin like one"};
  }
  std::memcpy(&header, image.data(), std::min(image.size(), sizeof header));
  if (header.version != segment_format_version) {
    return Error{Code::unsupported, "the segment has format version " + std::to_string(header.version) +
                                        ", this program reads version " + std::to_string(segment_format_version) +
                                        "; use a newer program or build the segment anew"};
  }
  if (image.size() < segment_header_size) return damaged("it ends within its header");
  const auto slack = image.subspan(sizeof header, segment_header_size - sizeof header);
  if (checksum(header_bytes(header)) != header.header_check ||
      !std::ranges::all_of(slack, [](auto b) { return b == 0; })) {
    return damaged("its header fails its checksum");
  }
  if (header.file_bytes != image.size()) {
    return damaged("it has " + std::to_string(image.size()) + " bytes and should have " +
                   std::to_string(header.file_bytes));
  }
  // Before sizes are computed from these numbers, they must be too small to overflow.
  const std::uint64_t texts = place_of(header, Section::entries).bytes;
  const std::uint64_t names = place_of(header, Section::classifications).bytes;
  if (header.layout > 1 || header.rows > Segment::rows_max || header.pdq_hashes > header.rows ||
      std::ranges::any_of(header.digests, [&](std::uint64_t count) { return count > header.rows; }) ||
      texts > image.size() || names > image.size()) {
    return damaged("its header contradicts itself");
  }
  const SegmentHeader same = plan_segment(counts_of(header));
  if (same.file_bytes != header.file_bytes ||
      std::memcmp(same.sections.data(), header.sections.data(), sizeof header.sections) != 0) {
    return damaged("its header contradicts itself");
  }
  return header;
}

Status check_blocks(const SegmentHeader& header, std::span<const std::uint8_t> image, int threads) {
  const auto checks = section_of<const std::uint64_t>(header, image, Section::block_checks);
  if (XXH3_64bits(checks.data(), checks.size_bytes()) != header.checks_check) {
    return damaged("its table of checksums fails its own");
  }
  const auto bytes = checked_bytes(header, image);
  std::atomic<std::size_t> first_bad{checks.size()};
  parallel_for(checks.size(), threads, [&](std::size_t block) {
    if (block_checksum(bytes, block) == checks[block]) return;
    std::size_t seen = first_bad;
    while (block < seen && !first_bad.compare_exchange_weak(seen, block)) {
    }
  });
  if (first_bad == checks.size()) return {};
  return damaged("block " + std::to_string(first_bad) + " of " + std::to_string(checks.size()) + " (from byte " +
                 std::to_string(segment_header_size + first_bad * segment_block_size) + ") fails its checksum");
}

template <std::size_t size>
bool digests_ok(std::span<const std::uint8_t> section, std::uint64_t rows) {
  const std::span records(reinterpret_cast<const DigestRecord<size>*>(section.data()),
                          section.size() / sizeof(DigestRecord<size>));
  return std::ranges::is_sorted(records) &&
         std::ranges::all_of(records, [&](const auto& record) { return record.row < rows; });
}

// Reads the classifications; false if they are not as described.
bool read_classifications(std::span<const std::uint8_t> section, std::vector<std::string_view>& names) {
  while (!section.empty()) {
    std::uint16_t length = 0;
    if (section.size() < sizeof length) return false;
    std::memcpy(&length, section.data(), sizeof length);
    section = section.subspan(sizeof length);
    if (section.size() < length) return false;
    names.emplace_back(reinterpret_cast<const char*>(section.data()), length);
    section = section.subspan(length);
  }
  return true;
}

bool entries_ok(const SegmentImage& image) {
  if (image.entry_starts.empty()) return true;
  if (image.entry_starts.front() != 0 || image.entry_starts.back() != image.entries.size()) return false;
  for (std::size_t row = 0; row + 1 < image.entry_starts.size(); ++row) {
    const std::uint64_t start = image.entry_starts[row];
    const std::uint64_t end = image.entry_starts[row + 1];
    if (end < start || end > image.entries.size() || end - start < sizeof(EntryHead)) return false;
    EntryHead head;
    std::memcpy(&head, image.entries.data() + start, sizeof head);
    if (head.id_bytes > end - start - sizeof head || head.classification >= image.classifications.size()) return false;
  }
  return true;
}

template <std::size_t size>
void find_rows(std::span<const std::uint8_t> section, std::span<const std::uint8_t> digest,
               std::vector<std::uint32_t>& out) {
  const std::span records(reinterpret_cast<const DigestRecord<size>*>(section.data()),
                          section.size() / sizeof(DigestRecord<size>));
  std::array<std::uint8_t, size> wanted;
  std::ranges::copy(digest, wanted.begin());
  auto record = std::lower_bound(records.begin(), records.end(), wanted,
                                 [](const auto& left, const auto& right) { return left.digest < right; });
  for (; record != records.end() && record->digest == wanted; ++record) out.push_back(record->row);
}

}  // namespace

SegmentHeader plan_segment(const SegmentCounts& counts) {
  const bool indexed = counts.pdq_hashes >= indexed_min;
  const std::uint64_t positions = indexed ? table_count * counts.pdq_hashes : 0;
  const std::uint64_t chunk_bytes = indexed ? positions * sizeof(std::uint16_t) + kernels::sketch_padding : 0;
  const std::array<std::uint64_t, section_count - 1> sizes{
      counts.pdq_hashes * sizeof(PdqHash),
      counts.pdq_hashes == counts.rows ? 0 : counts.pdq_hashes * sizeof(std::uint32_t),
      indexed ? table_count * offsets_per_table * sizeof(std::uint32_t) : 0,
      chunk_bytes,
      counts.layout == SegmentLayout::fast ? chunk_bytes : 0,
      positions * sizeof(std::uint32_t),
      counts.digests[0] * sizeof(DigestRecord<16>),
      counts.digests[1] * sizeof(DigestRecord<20>),
      counts.digests[2] * sizeof(DigestRecord<32>),
      counts.has_texts ? (counts.rows + 1) * sizeof(std::uint64_t) : 0,
      counts.entry_bytes,
      counts.classification_bytes,
      counts.has_handles ? counts.rows * sizeof(std::uint64_t) : 0};

  SegmentHeader header;
  header.layout = static_cast<std::uint32_t>(counts.layout);
  header.rows = counts.rows;
  header.pdq_hashes = counts.pdq_hashes;
  header.digests = counts.digests;
  std::uint64_t offset = segment_header_size;
  for (std::size_t s = 0; s < sizes.size(); ++s) {
    header.sections[s] = {offset, sizes[s]};
    offset = align(offset + sizes[s]);
  }
  const std::uint64_t blocks = (offset - segment_header_size + segment_block_size - 1) / segment_block_size;
  header.sections.back() = {offset, blocks * sizeof(std::uint64_t)};
  header.file_bytes = offset + blocks * sizeof(std::uint64_t);
  return header;
}

IndexStorage index_storage(const SegmentHeader& header, std::span<std::uint8_t> image) {
  return {.hashes = section_of<const PdqHash>(header, std::span<const std::uint8_t>(image), Section::pdq),
          .offsets = section_of<std::uint32_t>(header, image, Section::offsets),
          .near_chunks = section_of<std::uint16_t>(header, image, Section::near_chunks),
          .far_chunks = section_of<std::uint16_t>(header, image, Section::far_chunks),
          .ids = section_of<std::uint32_t>(header, image, Section::ids)};
}

void build_index(const SegmentHeader& header, std::span<std::uint8_t> image, int threads) {
  if (header.pdq_hashes >= indexed_min) build_index(index_storage(header, image), threads);
}

void finish_segment(SegmentHeader& header, std::span<std::uint8_t> image, int threads) {
  const auto checks = section_of<std::uint64_t>(header, image, Section::block_checks);
  const auto bytes = checked_bytes(header, image);
  parallel_for(checks.size(), threads, [&](std::size_t block) { checks[block] = block_checksum(bytes, block); });
  header.checks_check = XXH3_64bits(checks.data(), checks.size_bytes());
  header.header_check = checksum(header_bytes(header));
  std::memcpy(image.data(), &header, sizeof header);
}

SegmentImage view_segment(const SegmentHeader& header, std::span<const std::uint8_t> image) {
  SegmentImage view;
  view.header = header;
  view.index.hashes = section_of<const PdqHash>(header, image, Section::pdq);
  view.index.offsets = section_of<const std::uint32_t>(header, image, Section::offsets);
  view.index.near_chunks = section_of<const std::uint16_t>(header, image, Section::near_chunks);
  view.index.far_chunks = section_of<const std::uint16_t>(header, image, Section::far_chunks);
  view.index.ids = section_of<const std::uint32_t>(header, image, Section::ids);
  measure_buckets(view.index);
  view.pdq_rows = section_of<const std::uint32_t>(header, image, Section::pdq_rows);
  for (const DigestKind kind : {DigestKind::md5, DigestKind::sha1, DigestKind::sha256}) {
    view.digests[static_cast<std::size_t>(kind)] = section_of<const std::uint8_t>(header, image, digest_section(kind));
  }
  view.entry_starts = section_of<const std::uint64_t>(header, image, Section::entry_starts);
  view.entries = section_of<const std::uint8_t>(header, image, Section::entries);
  view.handles = section_of<const std::uint64_t>(header, image, Section::handles);
  return view;
}

void find_digest(const SegmentImage& image, DigestKind kind, std::span<const std::uint8_t> digest,
                 std::vector<std::uint32_t>& out) {
  const auto section = image.digests[static_cast<std::size_t>(kind)];
  switch (kind) {
    case DigestKind::md5: return find_rows<16>(section, digest, out);
    case DigestKind::sha1: return find_rows<20>(section, digest, out);
    case DigestKind::sha256: return find_rows<32>(section, digest, out);
  }
}

Result<SegmentImage> read_segment(std::span<const std::uint8_t> image, bool deep, int threads) {
  const SegmentHeader header = TRY(read_header(image));
  TRY(check_blocks(header, image, threads));

  SegmentImage view = view_segment(header, image);
  TRY(check_index_bounds(view.index, threads));
  const auto& rows = view.pdq_rows;
  if (!rows.empty() && (rows.back() >= header.rows || !std::ranges::is_sorted(rows, std::ranges::less_equal{}))) {
    return damaged("a hash belongs to no row");
  }
  if (!digests_ok<16>(view.digests[0], header.rows) || !digests_ok<20>(view.digests[1], header.rows) ||
      !digests_ok<32>(view.digests[2], header.rows)) {
    return damaged("its digests are out of order");
  }
  const auto names = section_of<const std::uint8_t>(header, image, Section::classifications);
  if (!read_classifications(names, view.classifications) || !entries_ok(view)) {
    return damaged("an entry's text lies outside of it");
  }
  if (std::ranges::adjacent_find(view.handles, std::ranges::greater_equal{}) != view.handles.end()) {
    return damaged("its handles are out of order");
  }
  if (deep) TRY(check_index_content(view.index, threads));
  return view;
}

}  // namespace fristad
