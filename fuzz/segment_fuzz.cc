// Segment files are foreign bytes: they may come from another member on a stick. Whatever they hold, opening them
// ends in an error or in a segment that answers without touching a byte outside of itself.
//
// A fuzzer can't guess checksums, so the first byte says whether they are to be put right: then it is the checks behind
// them that are tried.

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "fristad/segment.h"
#include "match/segment_image.h"

namespace {

using namespace fristad;

void put_checksums_right(std::vector<std::uint8_t>& image) {
  if (image.size() < segment_header_size) return;
  SegmentHeader header;
  std::memcpy(&header, image.data(), sizeof header);
  const SectionPlace checks = header.sections[static_cast<std::size_t>(Section::block_checks)];
  if (checks.offset < segment_header_size || checks.offset > image.size() || checks.offset % 8 != 0 ||
      checks.bytes > image.size() - checks.offset) {
    return;
  }
  const std::uint64_t checked_bytes = checks.offset - segment_header_size;
  if (checks.bytes != (checked_bytes + segment_block_size - 1) / segment_block_size * sizeof(std::uint64_t)) return;
  header.file_bytes = image.size();
  finish_segment(header, image, 1);
}

void use(const Segment& segment) {
  MatchScratch scratch;
  std::vector<Match> matches;
  BatchMatches batch;
  std::vector<std::uint32_t> rows;
  const PdqHash zero{};
  for (const int limit : {0, 31, 63}) {
    segment.match(zero, limit, scratch, matches);
    segment.match_batch({&zero, 1}, limit, scratch, batch);
  }
  const std::array<std::uint8_t, 32> digest{};
  for (const DigestKind kind : {DigestKind::md5, DigestKind::sha1, DigestKind::sha256}) {
    segment.find(kind, std::span(digest).first(digest_size(kind)), rows);
  }
  std::size_t bytes = 0;
  for (std::uint32_t row = 0; row < std::min<std::uint64_t>(segment.info().rows, 10'000); ++row) {
    const Entry entry = segment.entry(row);
    for (const std::string_view text : {entry.id, entry.classification, entry.note}) {
      for (const char c : text) bytes += static_cast<unsigned char>(c);
    }
  }
  if (bytes == SIZE_MAX) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<std::uint8_t> image(data + 1, data + size);
  if (data[0] % 2 == 1) put_checksums_right(image);
  const int file = memfd_create("segment", MFD_CLOEXEC);
  if (file < 0 || write(file, image.data(), image.size()) != static_cast<ssize_t>(image.size())) std::abort();
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  for (const bool sealed : {false, true}) {
    SegmentOpenOptions options{.load = true, .verify_deep = true};
    if (sealed) options.key.emplace();
    if (const auto segment = Segment::open(path, options)) use(*segment);
  }
  close(file);
  return 0;
}
