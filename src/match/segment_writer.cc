#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <map>
#include <string>

#include "base/try.h"
#include "fristad/segment.h"
#include "match/files.h"
#include "match/memory.h"
#include "match/seal.h"
#include "match/segment_image.h"

namespace fristad {
namespace {

constexpr std::size_t text_size_max = std::numeric_limits<std::uint16_t>::max();
constexpr std::size_t classifications_max = std::numeric_limits<std::uint16_t>::max();

template <class T>
std::span<const std::uint8_t> bytes_of(const T& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

template <std::size_t size>
void sort_digests(const SegmentHeader& header, std::span<std::uint8_t> image, DigestKind kind) {
  std::ranges::sort(section_of<DigestRecord<size>>(header, image, digest_section(kind)));
}

}  // namespace

// Rows go to one spool for each section, in the section's own format; finish() lays them behind one another.
struct SegmentWriter::Impl {
  std::string path;
  SegmentWriteOptions options;
  DraftFile file;
  SegmentCounts counts;
  Spool pdq;
  Spool pdq_rows;
  std::array<Spool, digest_kind_count> digests;
  Spool entry_starts;
  Spool entries;
  std::map<std::string, std::uint16_t, std::less<>> classifications{{"", 0}};
  std::vector<std::uint8_t> classification_bytes{0, 0};

  Result<std::uint16_t> number_of(std::string_view classification) {
    const auto known = classifications.find(classification);
    if (known != classifications.end()) return known->second;
    if (classifications.size() >= classifications_max) {
      return Error{Code::invalid_argument, "there are more than " + std::to_string(classifications_max) +
                                               " different classifications; is that the right column?"};
    }
    const auto number = static_cast<std::uint16_t>(classifications.size());
    classifications.emplace(classification, number);
    const auto length = static_cast<std::uint16_t>(classification.size());
    for (const auto bytes : {bytes_of(length), bytes_of(classification)}) {
      classification_bytes.insert(classification_bytes.end(), bytes.begin(), bytes.end());
    }
    return number;
  }

  template <std::size_t size>
  Status add_digest(DigestKind kind, const std::optional<std::array<std::uint8_t, size>>& digest, std::uint32_t row) {
    if (!digest) return {};
    ++counts.digests[static_cast<std::size_t>(kind)];
    return digests[static_cast<std::size_t>(kind)].append(bytes_of(DigestRecord<size>{*digest, row}));
  }

  Status fill(const SegmentHeader& header, std::span<std::uint8_t> image);
};

SegmentWriter::SegmentWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SegmentWriter::~SegmentWriter() = default;
SegmentWriter::SegmentWriter(SegmentWriter&&) noexcept = default;
SegmentWriter& SegmentWriter::operator=(SegmentWriter&&) noexcept = default;

Result<SegmentWriter> SegmentWriter::create(const std::string& path, const SegmentWriteOptions& options) {
  const auto spool = [&]() -> Result<Spool> {
    if (options.key) return Spool::in_memory();
    return Spool::on_disk_beside(path);
  };
  DraftFile file = TRY(DraftFile::create(path, options.overwrite));
  return SegmentWriter(std::make_unique<Impl>(Impl{.path = path,
                                                   .options = options,
                                                   .file = std::move(file),
                                                   .counts = {.layout = options.layout},
                                                   .pdq = TRY(spool()),
                                                   .pdq_rows = TRY(spool()),
                                                   .digests = {TRY(spool()), TRY(spool()), TRY(spool())},
                                                   .entry_starts = TRY(spool()),
                                                   .entries = TRY(spool())}));
}

Status SegmentWriter::add(const SegmentRow& row) {
  Impl& to = *impl_;
  if (!row.pdq && !row.md5 && !row.sha1 && !row.sha256) {
    return Error{Code::invalid_argument, "the row has no hash; give at least one of pdq, md5, sha1, sha256"};
  }
  if (to.counts.rows == Segment::rows_max) {
    return Error{Code::too_large, "a segment holds at most " + std::to_string(Segment::rows_max) +
                                      " rows; build several from parts of the list"};
  }
  const Entry& entry = row.entry;
  if (std::max({entry.id.size(), entry.classification.size(), entry.note.size()}) > text_size_max) {
    return Error{Code::too_large, "a text has more than " + std::to_string(text_size_max) + " bytes"};
  }
  const std::uint16_t classification = TRY(to.number_of(entry.classification));

  const auto number = static_cast<std::uint32_t>(to.counts.rows++);
  if (row.pdq) {
    ++to.counts.pdq_hashes;
    TRY(to.pdq.append(bytes_of(*row.pdq)));
    TRY(to.pdq_rows.append(bytes_of(number)));
  }
  TRY(to.add_digest(DigestKind::md5, row.md5, number));
  TRY(to.add_digest(DigestKind::sha1, row.sha1, number));
  TRY(to.add_digest(DigestKind::sha256, row.sha256, number));
  TRY(to.entry_starts.append(bytes_of(to.entries.size())));
  TRY(to.entries.append(bytes_of(EntryHead{classification, static_cast<std::uint16_t>(entry.id.size())})));
  TRY(to.entries.append(bytes_of(entry.id)));
  TRY(to.entries.append(bytes_of(entry.note)));
  to.counts.has_texts |= !entry.id.empty() || !entry.note.empty() || classification != 0;
  return {};
}

Status SegmentWriter::Impl::fill(const SegmentHeader& header, std::span<std::uint8_t> image) {
  const auto place = [&](Section section) { return section_of<std::uint8_t>(header, image, section); };
  TRY(pdq.copy_to(place(Section::pdq)));
  if (counts.pdq_hashes != counts.rows) TRY(pdq_rows.copy_to(place(Section::pdq_rows)));
  for (const DigestKind kind : {DigestKind::md5, DigestKind::sha1, DigestKind::sha256}) {
    TRY(digests[static_cast<std::size_t>(kind)].copy_to(place(digest_section(kind))));
  }
  sort_digests<16>(header, image, DigestKind::md5);
  sort_digests<20>(header, image, DigestKind::sha1);
  sort_digests<32>(header, image, DigestKind::sha256);
  if (counts.has_texts) {
    TRY(entry_starts.copy_to(place(Section::entry_starts)));
    TRY(entries.copy_to(place(Section::entries)));
    std::ranges::copy(classification_bytes, place(Section::classifications).begin());
  }
  build_index(header, image, options.threads);
  return {};
}

Status SegmentWriter::finish() {
  Impl& to = *impl_;
  if (to.counts.has_texts) {
    TRY(to.entry_starts.append(bytes_of(to.entries.size())));
    to.counts.entry_bytes = to.entries.size();
    to.counts.classification_bytes = to.classification_bytes.size();
  }
  SegmentHeader header = plan_segment(to.counts);
  if (to.options.key) {
    Memory image = TRY(Memory::anonymous(header.file_bytes));
    TRY(to.fill(header, image.bytes()));
    finish_segment(header, image.bytes(), to.options.threads);
    TRY(write_sealed(to.file.get(), image.bytes(), *to.options.key));
  } else {
    TRY(to.file.reserve(header.file_bytes));
    Memory image = TRY(Memory::map_shared(to.file.get(), header.file_bytes));
    TRY(to.fill(header, image.bytes()));
    finish_segment(header, image.bytes(), to.options.threads);
  }
  return to.file.commit();
}

}  // namespace fristad
