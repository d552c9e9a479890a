#include "fristad/segment.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <thread>

#include "base/try.h"
#include "match/files.h"
#include "match/memory.h"
#include "match/parallel.h"
#include "match/query.h"
#include "match/seal.h"
#include "match/segment_image.h"

namespace fristad {
namespace {

// Checking is bound by memory, not by computing: a few threads suffice.
int checking_threads() {
  return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 4u));
}

Result<Memory> copy_of(std::span<const std::uint8_t> bytes, int threads) {
  Memory copy = TRY(Memory::anonymous(bytes.size()));
  constexpr std::size_t piece = std::size_t{8} << 20;
  parallel_for((bytes.size() + piece - 1) / piece, threads, [&](std::size_t i) {
    const auto from = bytes.subspan(i * piece, std::min(piece, bytes.size() - i * piece));
    std::memcpy(copy.bytes().data() + i * piece, from.data(), from.size());
  });
  return copy;
}

Error at_path(Error error, const std::string& path) {
  error.message = path + ": " + error.message;
  return error;
}

}  // namespace

const char* to_string(DigestKind kind) {
  constexpr std::array<const char*, digest_kind_count> names{"md5", "sha1", "sha256"};
  return names[static_cast<std::size_t>(kind)];
}

std::size_t digest_size(DigestKind kind) {
  constexpr std::array<std::size_t, digest_kind_count> sizes{16, 20, 32};
  return sizes[static_cast<std::size_t>(kind)];
}

MatchScratch::MatchScratch() : buffers_(std::make_unique<Buffers>()) {}
MatchScratch::~MatchScratch() = default;
MatchScratch::MatchScratch(MatchScratch&&) noexcept = default;
MatchScratch& MatchScratch::operator=(MatchScratch&&) noexcept = default;

struct Segment::Impl {
  Memory memory;
  SegmentImage image;
  SegmentInfo info;

  Impl(Memory held, SegmentImage view, bool sealed) : memory(std::move(held)), image(std::move(view)) {
    const SegmentHeader& header = image.header;
    info = {.format_version = header.version,
            .rows = header.rows,
            .pdq_hashes = header.pdq_hashes,
            .digests = header.digests,
            .bytes = header.file_bytes,
            .layout = static_cast<SegmentLayout>(header.layout),
            .indexed = image.index.indexed(),
            .sealed = sealed};
    std::uint64_t pdq_bytes = 0;
    for (const Section part :
         {Section::pdq, Section::pdq_rows, Section::offsets, Section::near_chunks, Section::far_chunks, Section::ids}) {
      pdq_bytes += header.sections[static_cast<std::size_t>(part)].bytes;
    }
    if (info.pdq_hashes > 0)
      info.bytes_per_hash = static_cast<double>(pdq_bytes) / static_cast<double>(info.pdq_hashes);
  }

  // From positions among the PDQ hashes to rows.
  void to_rows(std::span<Match> matches) const {
    if (image.pdq_rows.empty()) return;
    for (Match& match : matches) match.row = image.pdq_rows[match.row];
  }
};

Segment::Segment(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Segment::~Segment() = default;
Segment::Segment(Segment&&) noexcept = default;
Segment& Segment::operator=(Segment&&) noexcept = default;

Result<Segment> Segment::open(const std::string& path, const SegmentOpenOptions& options) {
  const int threads = checking_threads();
  const UniqueFd file = TRY(open_to_read(path));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error("open", path);
  if (!S_ISREG(status.st_mode)) return Error{Code::damaged, path + ": this is not a segment: it's not a file"};
  Memory memory = TRY(Memory::map_read_only(file.get(), static_cast<std::size_t>(status.st_size)));

  const bool sealed = is_sealed(memory.bytes());
  if (sealed && !options.key) {
    return Error{Code::permission_denied, path + ": the segment is sealed; give the key that it was sealed with"};
  }
  if (!sealed && options.key) {
    return Error{Code::invalid_argument, path + ": a key was given, but the segment is not sealed"};
  }
  if (sealed || options.load) {
    auto loaded = sealed ? open_sealed(memory.bytes(), *options.key, threads) : copy_of(memory.bytes(), threads);
    if (!loaded) return at_path(std::move(loaded).error(), path);
    memory = *std::move(loaded);
  }
  auto image = read_segment(memory.bytes(), options.verify_deep, threads);
  if (!image) return at_path(std::move(image).error(), path);
  return Segment(std::make_unique<Impl>(std::move(memory), *std::move(image), sealed));
}

Result<Segment> Segment::build(std::span<const PdqHash> hashes, SegmentLayout layout) {
  if (hashes.size() > rows_max) {
    return Error{Code::too_large, "a segment holds at most " + std::to_string(rows_max) + " hashes"};
  }
  const SegmentHeader header = plan_segment({.layout = layout, .rows = hashes.size(), .pdq_hashes = hashes.size()});
  Memory memory = TRY(Memory::anonymous(header.file_bytes));
  std::ranges::copy(hashes, section_of<PdqHash>(header, memory.bytes(), Section::pdq).begin());
  build_index(header, memory.bytes(), 1);
  SegmentImage image = view_segment(header, memory.bytes());
  return Segment(std::make_unique<Impl>(std::move(memory), std::move(image), false));
}

void Segment::match(const PdqHash& query, int limit, MatchScratch& scratch, std::vector<Match>& out) const {
  match_one(impl_->image.index, query, limit, scratch.buffers(), out);
  impl_->to_rows(out);
}

void Segment::match_batch(std::span<const PdqHash> queries, int limit, MatchScratch& scratch, BatchMatches& out) const {
  match_many(impl_->image.index, queries, limit, scratch.buffers(), out);
  impl_->to_rows(out.matches);
}

void Segment::scan_batch(std::span<const PdqHash> queries, int limit, MatchScratch& scratch, BatchMatches& out) const {
  scan_many(impl_->image.index, queries, limit, scratch.buffers(), out);
  impl_->to_rows(out.matches);
}

void Segment::find(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<std::uint32_t>& out) const {
  out.clear();
  find_digest(impl_->image, kind, digest, out);
}

Entry Segment::entry(std::uint32_t row) const {
  const SegmentImage& image = impl_->image;
  if (image.entry_starts.empty()) return {};
  const std::uint64_t start = image.entry_starts[row];
  EntryHead head;
  std::memcpy(&head, image.entries.data() + start, sizeof head);
  const std::string_view texts(reinterpret_cast<const char*>(image.entries.data()) + start + sizeof head,
                               image.entry_starts[row + 1] - start - sizeof head);
  return {.id = texts.substr(0, head.id_bytes),
          .classification = image.classifications[head.classification],
          .note = texts.substr(head.id_bytes)};
}

const SegmentInfo& Segment::info() const {
  return impl_->info;
}

}  // namespace fristad
