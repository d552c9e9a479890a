#include "match/live_part.h"

#include <algorithm>
#include <limits>
#include <new>
#include <string>

#include "base/try.h"

namespace fristad {
namespace {

constexpr std::array digest_kinds{DigestKind::md5, DigestKind::sha1, DigestKind::sha256};
constexpr std::uint32_t no_row = std::numeric_limits<std::uint32_t>::max();
// Rows between two looks at whether to pause.
constexpr std::size_t rows_per_step = 65536;

Error out_of_memory() {
  return Error{Code::unavailable, "not enough memory to merge the live index; it goes on with more segments"};
}

// Calls use(source, row) for what is left of all sources, in the order of handles.
template <class Handles, class Use>
void for_each_row(std::span<const LivePart::Source> sources, const Handles& handles_of, const Use& use) {
  std::vector<std::size_t> next(sources.size());
  const auto skip_removed = [&](std::size_t s) {
    while (next[s] < handles_of(s).size() && !sources[s].has(next[s])) ++next[s];
  };
  for (std::size_t s = 0; s < sources.size(); ++s) skip_removed(s);
  for (;;) {
    std::size_t lowest = sources.size();
    for (std::size_t s = 0; s < sources.size(); ++s) {
      if (next[s] == handles_of(s).size()) continue;
      if (lowest == sources.size() || handles_of(s)[next[s]] < handles_of(lowest)[next[lowest]]) lowest = s;
    }
    if (lowest == sources.size()) return;
    use(lowest, next[lowest]);
    ++next[lowest];
    skip_removed(lowest);
  }
}

template <std::size_t size>
std::span<const DigestRecord<size>> records_of(std::span<const std::uint8_t> section) {
  return {reinterpret_cast<const DigestRecord<size>*>(section.data()), section.size() / sizeof(DigestRecord<size>)};
}

// Merges the sources' digests of one kind into `out`, in order, with their new rows.
template <std::size_t size>
void merge_digests(std::span<const std::span<const std::uint8_t>> sections,
                   std::span<const std::vector<std::uint32_t>> new_rows, std::span<DigestRecord<size>> out) {
  std::vector<std::size_t> next(sections.size());
  const auto skip_removed = [&](std::size_t s) {
    const auto records = records_of<size>(sections[s]);
    while (next[s] < records.size() && new_rows[s][records[next[s]].row] == no_row) ++next[s];
  };
  for (std::size_t s = 0; s < sections.size(); ++s) skip_removed(s);
  for (DigestRecord<size>& record : out) {
    std::size_t lowest = sections.size();
    DigestRecord<size> best{};
    for (std::size_t s = 0; s < sections.size(); ++s) {
      const auto records = records_of<size>(sections[s]);
      if (next[s] == records.size()) continue;
      const DigestRecord<size> here{records[next[s]].digest, new_rows[s][records[next[s]].row]};
      if (lowest != sections.size() && !(here < best)) continue;
      lowest = s;
      best = here;
    }
    record = best;
    ++next[lowest];
    skip_removed(lowest);
  }
}

}  // namespace

// A part whose sections are being filled.
class LivePart::Builder {
 public:
  static Result<Builder> create(SegmentCounts counts, const Pause& pause) {
    if (counts.rows > Segment::rows_max) {
      return Error{Code::too_large, "a segment holds at most " + std::to_string(Segment::rows_max) + " entries"};
    }
    const SegmentHeader header = plan_segment(counts);
    return Builder(header, TRY(Memory::anonymous(header.file_bytes)), pause);
  }

  void add(EntryHandle handle, const PdqHash* pdq) {
    if (pdq != nullptr) {
      section<PdqHash>(Section::pdq)[hashes_] = *pdq;
      const auto rows = section<std::uint32_t>(Section::pdq_rows);
      if (!rows.empty()) rows[hashes_] = static_cast<std::uint32_t>(rows_);
      ++hashes_;
    }
    section<EntryHandle>(Section::handles)[rows_++] = handle;
  }
  template <std::size_t size>
  std::span<DigestRecord<size>> digests(DigestKind kind) {
    return section<DigestRecord<size>>(digest_section(kind));
  }

  Result<std::shared_ptr<LivePart>> finish() {
    if (header_.pdq_hashes >= indexed_min) {
      const IndexStorage storage = index_storage(header_, memory_.bytes());
      for (std::size_t table = 0; table < table_count; ++table) {
        TRY(pause_());
        build_table(storage, table);
      }
    }
    SegmentImage image = view_segment(header_, memory_.bytes());
    return std::shared_ptr<LivePart>(new LivePart(std::move(memory_), std::move(image)));
  }

 private:
  Builder(const SegmentHeader& header, Memory memory, const Pause& pause)
      : header_(header), memory_(std::move(memory)), pause_(pause) {}
  template <class T>
  std::span<T> section(Section section) {
    return section_of<T>(header_, memory_.bytes(), section);
  }

  SegmentHeader header_;
  Memory memory_;
  const Pause& pause_;
  std::size_t rows_ = 0;
  std::size_t hashes_ = 0;
};

LivePart::LivePart(Memory memory, SegmentImage image)
    : memory_(std::move(memory)), image_(std::move(image)), removed_(image_.handles.size()) {}
LivePart::LivePart(Memory memory, SegmentImage image, std::span<const std::uint64_t> removed)
    : memory_(std::move(memory)), image_(std::move(image)), removed_(removed), has_checksums_(true) {}
LivePart::~LivePart() {
  if (wipe_) memory_.wipe();
}

Result<std::shared_ptr<LivePart>> LivePart::build(std::span<const LiveEntry> entries, SegmentLayout layout,
                                                  const Pause& pause) {
  try {
    SegmentCounts counts{.layout = layout, .rows = entries.size(), .has_handles = true};
    for (const LiveEntry& entry : entries) {
      if (entry.pdq) ++counts.pdq_hashes;
      for (const DigestKind kind : digest_kinds) {
        if (!digest_of(entry, kind).empty()) ++counts.digests[static_cast<std::size_t>(kind)];
      }
    }
    Builder builder = TRY(Builder::create(counts, pause));
    const auto add_digests = [&]<std::size_t size>(DigestKind kind, std::integral_constant<std::size_t, size>) {
      const auto records = builder.template digests<size>(kind);
      std::size_t used = 0;
      for (std::uint32_t row = 0; row < entries.size(); ++row) {
        const auto digest = digest_of(entries[row], kind);
        if (digest.empty()) continue;
        std::ranges::copy(digest, records[used].digest.begin());
        records[used++].row = row;
      }
      std::ranges::sort(records);
    };
    for (const LiveEntry& entry : entries) builder.add(entry.handle, entry.pdq ? &*entry.pdq : nullptr);
    add_digests(DigestKind::md5, std::integral_constant<std::size_t, 16>());
    add_digests(DigestKind::sha1, std::integral_constant<std::size_t, 20>());
    add_digests(DigestKind::sha256, std::integral_constant<std::size_t, 32>());
    return builder.finish();
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

Result<std::shared_ptr<LivePart>> LivePart::merge(std::span<const Source> sources, SegmentLayout layout,
                                                  const Pause& pause) {
  try {
    SegmentCounts counts{.layout = layout, .has_handles = true};
    std::vector<std::vector<std::uint32_t>> new_rows;  // of each source's rows
    for (const Source& source : sources) new_rows.emplace_back(source.part->rows(), no_row);
    const auto handles_of = [&](std::size_t s) { return sources[s].part->image_.handles; };
    for_each_row(sources, handles_of,
                 [&](std::size_t s, std::size_t row) { new_rows[s][row] = static_cast<std::uint32_t>(counts.rows++); });
    TRY(pause());
    for (std::size_t s = 0; s < sources.size(); ++s) {
      const SegmentImage& image = sources[s].part->image_;
      for (std::uint32_t i = 0; i < image.index.hashes.size(); ++i) {
        if (new_rows[s][image.row_of(i)] != no_row) ++counts.pdq_hashes;
      }
      const auto count = [&]<std::size_t size>(DigestKind kind, std::integral_constant<std::size_t, size>) {
        for (const auto& record : records_of<size>(image.digests[static_cast<std::size_t>(kind)])) {
          if (new_rows[s][record.row] != no_row) ++counts.digests[static_cast<std::size_t>(kind)];
        }
      };
      count(DigestKind::md5, std::integral_constant<std::size_t, 16>());
      count(DigestKind::sha1, std::integral_constant<std::size_t, 20>());
      count(DigestKind::sha256, std::integral_constant<std::size_t, 32>());
      TRY(pause());
    }

    Builder builder = TRY(Builder::create(counts, pause));
    std::vector<std::uint32_t> next_hash(sources.size());
    std::size_t done = 0;
    Status paused;
    for_each_row(sources, handles_of, [&](std::size_t s, std::size_t row) {
      const SegmentImage& image = sources[s].part->image_;
      std::uint32_t& i = next_hash[s];
      while (i < image.index.hashes.size() && image.row_of(i) < row) ++i;
      const bool has_hash = i < image.index.hashes.size() && image.row_of(i) == row;
      builder.add(image.handles[row], has_hash ? &image.index.hashes[i] : nullptr);
      if (++done % rows_per_step == 0 && paused) paused = pause();
    });
    TRY(std::move(paused));
    const auto merge_kind = [&]<std::size_t size>(DigestKind kind, std::integral_constant<std::size_t, size>) {
      std::vector<std::span<const std::uint8_t>> sections;
      for (const Source& source : sources) {
        sections.push_back(source.part->image_.digests[static_cast<std::size_t>(kind)]);
      }
      merge_digests<size>(sections, new_rows, builder.template digests<size>(kind));
      return pause();
    };
    TRY(merge_kind(DigestKind::md5, std::integral_constant<std::size_t, 16>()));
    TRY(merge_kind(DigestKind::sha1, std::integral_constant<std::size_t, 20>()));
    TRY(merge_kind(DigestKind::sha256, std::integral_constant<std::size_t, 32>()));
    return builder.finish();
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

void LivePart::match(const PdqHash& query, int limit, MatchScratch::Buffers& scratch,
                     std::vector<LiveMatch>& out) const {
  match_one(image_.index, query, limit, scratch, scratch.matches);
  for (const Match& match : scratch.matches) {
    const std::uint32_t row = image_.row_of(match.row);
    if (!removed_[row]) out.push_back({image_.handles[row], match.distance});
  }
}

void LivePart::match_batch(std::span<const PdqHash> queries, int limit, MatchScratch::Buffers& scratch,
                           const std::function<void(std::size_t, const LiveMatch&)>& use) const {
  BatchMatches batch;
  match_many(image_.index, queries, limit, scratch, batch);
  for (std::size_t query = 0; query < queries.size(); ++query) {
    for (const Match& match : batch.of(query)) {
      const std::uint32_t row = image_.row_of(match.row);
      if (!removed_[row]) use(query, {image_.handles[row], match.distance});
    }
  }
}

void LivePart::find(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<EntryHandle>& out) const {
  std::vector<std::uint32_t> rows;
  find_digest(image_, kind, digest, rows);
  for (const std::uint32_t row : rows) {
    if (!removed_[row]) out.push_back(image_.handles[row]);
  }
}

std::size_t LivePart::row_of(EntryHandle handle) const {
  const auto handles = image_.handles;
  const auto at = std::ranges::lower_bound(handles, handle);
  return at != handles.end() && *at == handle ? static_cast<std::size_t>(at - handles.begin()) : handles.size();
}

bool LivePart::contains(EntryHandle handle) const {
  const std::size_t row = row_of(handle);
  return row < rows() && !removed_[row];
}

bool LivePart::remove(EntryHandle handle) {
  const std::size_t row = row_of(handle);
  return row < rows() && removed_.set(row);
}

std::span<const std::uint8_t> LivePart::written_form() {
  // Queries and merges read neither the header nor the checksums, so these may be written while they go on.
  if (!has_checksums_) finish_segment(image_.header, memory_.bytes(), 1);
  has_checksums_ = true;
  return memory_.bytes();
}

Result<std::shared_ptr<LivePart>> LivePart::load(Memory memory, std::span<const std::uint64_t> removed, int threads) {
  SegmentImage image = TRY(read_segment(memory.bytes(), false, threads));
  if (image.handles.empty() || removed.size() != RemovedBits::words_for(image.handles.size())) {
    return Error{Code::damaged, "this is not a segment of this live index"};
  }
  return std::shared_ptr<LivePart>(new LivePart(std::move(memory), std::move(image), removed));
}

bool LivePart::share_a_handle(const LivePart& one, const LivePart& other) {
  const LivePart& few = one.rows() < other.rows() ? one : other;
  const LivePart& many = &few == &one ? other : one;
  const auto all = many.image_.handles;
  std::size_t at = 0;
  for (std::size_t row = 0; row < few.rows(); ++row) {
    if (few.removed_[row]) continue;
    // Steps that double: cheap where the next handle is near, and where it is far.
    const EntryHandle handle = few.image_.handles[row];
    std::size_t step = 1;
    while (at + step < all.size() && all[at + step] < handle) {
      at += step;
      step *= 2;
    }
    const auto range = all.subspan(at, std::min(step + 1, all.size() - at));
    at += static_cast<std::size_t>(std::ranges::lower_bound(range, handle) - range.begin());
    if (at == all.size()) return false;
    if (all[at] == handle && !many.removed_[at]) return true;
  }
  return false;
}

}  // namespace fristad
