#pragma once

// The inner loops of matching. Everything else in this room decides what to compare; a kernel compares.
//
// There is one set of kernels for each instruction set. kernels/scalar.cc is the oracle: the obvious way,
// which the others must agree with on any input. kernels/highway.cc is compiled once for each vector
// instruction set. dispatch.cc chooses (fristad/kernel.h).
//
// Thread-safety: kernels are pure apart from the buffer that they append to.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fristad/hash.h"

namespace fristad::kernels {

// A query that looks into buckets of one table. `sketch` is the query's own: the chunks that follow, around the ring,
// the chunk that chose the bucket, as the entries of the bucket have theirs beside them.
struct Asker {
  std::uint32_t sketch = 0;  // near chunk in the low half, far chunk in the high one
  std::uint32_t query = 0;   // copied to each candidate
};

// A run of bucket entries whose sketches are to be tested against those of a run of askers.
struct Probe {
  std::uint32_t begin;         // position of the first sketch
  std::uint32_t count;         // how many; may be 0
  std::uint32_t first_asker;   // in the array that the kernel is given
  std::uint32_t askers : 24;   // how many
  std::uint32_t near_max : 4;  // most bits that may differ in the near chunk
  std::uint32_t both_max : 4;  // most bits that may differ in both chunks
};
static_assert(sizeof(Probe) == 16);

// An entry that passed: to be verified against the whole hash.
struct Candidate {
  std::uint32_t position = 0;
  std::uint32_t query = 0;
};

// A hash within the limit of a query, found by comparing all.
struct ScanHit {
  std::uint32_t query = 0;
  std::uint32_t position = 0;
  std::uint32_t distance = 0;
};

// An array that grows but whose elements are not initialised, for kernels to append to.
class CandidateBuffer {
 public:
  void clear() { size_ = 0; }
  std::span<Candidate> items() { return {storage_.data(), size_}; }

  // Room for `count` more behind what there is; used(n) says how many of them were written.
  Candidate* room(std::size_t count) {
    if (storage_.size() - size_ < count) grow(count);
    return storage_.data() + size_;
  }
  void used(std::size_t count) { size_ += count; }

 private:
  void grow(std::size_t count);

  std::vector<Candidate> storage_;
  std::size_t size_ = 0;
};

// Arrays of chunks must be readable this many bytes past their end.
inline constexpr std::size_t sketch_padding = 64;

struct Kernels {
  const char* name;

  // Appends a candidate for every entry of every probe and every asker of that probe whose near chunks differ in at
  // most near_max bits and whose near and far chunks together in at most both_max. Without far chunks (nullptr) only
  // the near ones are compared. In any order.
  void (*filter)(std::span<const Probe> probes, const Asker* askers, const std::uint16_t* near_chunks,
                 const std::uint16_t* far_chunks, CandidateBuffer& out);

  // Appends, ordered by query within a block of hashes, every pair with distance <= limit. The positions count
  // from `first`.
  void (*scan)(std::span<const PdqHash> hashes, std::uint32_t first, std::span<const PdqHash> queries, int limit,
               std::vector<ScanHit>& out);
};

// The kernels that run now. See fristad/kernel.h for choosing others.
const Kernels& active();

// All that this processor can run, the best first, the scalar oracle last.
std::span<const Kernels* const> available();

extern const Kernels scalar;

// The kernels that highway.cc made, at the place of Highway's bit for their instruction set; lower is better. They
// enter themselves before main. The function stands in the same file as they, so that no linker can leave them out.
using Enrolled = std::array<const Kernels*, 64>;
Enrolled& enrolled();

}  // namespace fristad::kernels
