#include "match/live_state.h"

#include <array>
#include <cstring>
#include <new>

namespace fristad {
namespace {

constexpr std::uint32_t state_version = 1;

struct StateHeader {
  std::array<char, 8> magic{'F', 'R', 'I', 'S', 'T', 'L', 'I', 'V'};
  std::uint32_t version = state_version;
  std::uint32_t note_bytes = 0;
  std::uint64_t segments = 0;
  std::uint64_t entries = 0;
};
static_assert(sizeof(StateHeader) == 32);

struct SegmentRecord {
  std::uint64_t number = 0;
  SealId id{};
  std::uint64_t rows = 0;
};
static_assert(sizeof(SegmentRecord) == 48);

// Which hashes an entry has: bits of its byte `kinds`.
constexpr std::uint8_t has_pdq = 1;
constexpr std::uint8_t has_md5 = 2;
constexpr std::uint8_t has_sha1 = 4;
constexpr std::uint8_t has_sha256 = 8;
// A handle, the kinds, and the shortest hash.
constexpr std::size_t entry_size_min = 8 + 1 + 16;

class Writer {
 public:
  template <class T>
  void put(const T& value) {
    const auto* const at = reinterpret_cast<const std::uint8_t*>(&value);
    bytes.insert(bytes.end(), at, at + sizeof value);
  }
  template <class T>
  void put_if(const std::optional<T>& value) {
    if (value) put(*value);
  }

  WipedVector<std::uint8_t> bytes;
};

class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : left_(bytes) {}

  std::size_t left() const { return left_.size(); }
  // False if there is less left.
  bool copy(void* to, std::size_t size) {
    if (left_.size() < size) return false;
    if (size > 0) std::memcpy(to, left_.data(), size);
    left_ = left_.subspan(size);
    return true;
  }
  template <class T>
  bool take(T& value) {
    return copy(&value, sizeof value);
  }
  template <class T>
  bool take_if(bool there, std::optional<T>& value) {
    return !there || take(value.emplace());
  }

 private:
  std::span<const std::uint8_t> left_;
};

Error damaged(const char* what) {
  return {Code::damaged, std::string("the state is damaged: ") + what};
}

bool read_segment_record(Reader& from, LiveState::Segment& segment) {
  SegmentRecord record;
  if (!from.take(record) || record.rows == 0 || record.rows > Segment::rows_max) return false;
  const std::size_t words = RemovedBits::words_for(record.rows);
  // Before memory is taken for it, it must be there.
  if (from.left() / sizeof(std::uint64_t) < words) return false;
  segment.file = {record.number, record.id};
  segment.rows = record.rows;
  segment.removed.resize(words);
  if (!from.copy(segment.removed.data(), words * sizeof(std::uint64_t))) return false;
  const std::uint64_t rows_in_last = record.rows % 64;
  return rows_in_last == 0 || segment.removed.back() >> rows_in_last == 0;
}

bool read_entry(Reader& from, LiveEntry& entry) {
  std::uint8_t kinds = 0;
  return from.take(entry.handle) && from.take(kinds) && kinds != 0 &&
         kinds <= (has_pdq | has_md5 | has_sha1 | has_sha256) && from.take_if((kinds & has_pdq) != 0, entry.pdq) &&
         from.take_if((kinds & has_md5) != 0, entry.md5) && from.take_if((kinds & has_sha1) != 0, entry.sha1) &&
         from.take_if((kinds & has_sha256) != 0, entry.sha256);
}

}  // namespace

WipedVector<std::uint8_t> encode(const LiveState& state) {
  Writer to;
  StateHeader header;
  header.note_bytes = static_cast<std::uint32_t>(state.note.size());
  header.segments = state.segments.size();
  header.entries = state.entries.size();
  to.put(header);
  to.bytes.insert(to.bytes.end(), state.note.begin(), state.note.end());
  for (const LiveState::Segment& segment : state.segments) {
    to.put(SegmentRecord{segment.file.number, segment.file.id, segment.rows});
    for (const std::uint64_t word : segment.removed) to.put(word);
  }
  for (const LiveEntry& entry : state.entries) {
    to.put(entry.handle);
    to.put(static_cast<std::uint8_t>((entry.pdq ? has_pdq : 0) | (entry.md5 ? has_md5 : 0) |
                                     (entry.sha1 ? has_sha1 : 0) | (entry.sha256 ? has_sha256 : 0)));
    to.put_if(entry.pdq);
    to.put_if(entry.md5);
    to.put_if(entry.sha1);
    to.put_if(entry.sha256);
  }
  return std::move(to.bytes);
}

Result<LiveState> parse_live_state(std::span<const std::uint8_t> bytes) {
  Reader from(bytes);
  StateHeader header;
  const StateHeader expected;
  if (!from.take(header) || header.magic != expected.magic) return damaged("it doesn't begin like one");
  if (header.version != state_version) {
    return Error{Code::unsupported, "the state has format version " + std::to_string(header.version) +
                                        ", this program reads version " + std::to_string(state_version)};
  }
  if (header.note_bytes > LiveIndex::note_bytes_max || header.note_bytes > from.left() ||
      header.segments > from.left() / sizeof(SegmentRecord) || header.entries > from.left() / entry_size_min) {
    return damaged("it holds less than its header says");
  }
  try {
    LiveState state;
    state.note.resize(header.note_bytes);
    if (!from.copy(state.note.data(), header.note_bytes)) return damaged("its note ends early");
    state.segments.resize(header.segments);
    for (LiveState::Segment& segment : state.segments) {
      if (!read_segment_record(from, segment)) return damaged("a segment is described wrongly");
    }
    state.entries.resize(header.entries);
    for (std::size_t i = 0; i < state.entries.size(); ++i) {
      if (!read_entry(from, state.entries[i])) return damaged("an entry is described wrongly");
      if (i > 0 && state.entries[i].handle <= state.entries[i - 1].handle)
        return damaged("its entries are out of order");
    }
    if (from.left() != 0) return damaged("something stands behind its end");
    return state;
  } catch (const std::bad_alloc&) {
    return Error{Code::unavailable, "not enough memory to read the state of the live index"};
  }
}

}  // namespace fristad
