// Compiled once for each instruction set that Highway knows for this processor family: foreach_target.h includes
// this file again with other compiler flags. Each time it makes one set of kernels and enrols it.

// AVX-512 with vector population count is worth its code: it halves the work of a comparison.
#ifndef HWY_WANT_AVX3_DL
#define HWY_WANT_AVX3_DL
#endif

// Vectors of unknown length can't be kept in the kernels' arrays; on 64-bit Arm NEON does the work.
#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#endif

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "match/kernels/highway.cc"
#include "hwy/foreach_target.h"
// Highway wants its own header after foreach_target.h.
#include <algorithm>
#include <bit>
#include <cstring>

#include "hwy/cache_control.h"
#include "hwy/highway.h"
#include "match/kernels/kernels.h"

// Highway's own emulation of vectors is no gain over the scalar kernels, and has no vectors to reinterpret.
#if HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128

HWY_BEFORE_NAMESPACE();
namespace fristad::kernels::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// How many probes ahead their sketches are asked for, and how much of each. Memory answers after some 100 ns, a probe
// takes 5 to 30 ns: fewer leaves waiting, more is thrown out of the cache before its turn.
constexpr std::size_t probes_ahead = 16;
constexpr std::size_t lines_ahead = 12;
constexpr std::size_t line_bytes = 64;

template <class D, class M>
HWY_INLINE std::uint64_t bits_of(D d, M mask) {
  std::uint8_t bytes[8] = {};
  hn::StoreMaskBits(d, mask, bytes);
  std::uint64_t bits;
  std::memcpy(&bits, bytes, sizeof bits);
  return bits;
}

HWY_INLINE void prefetch(const Probe& probe, const std::uint16_t* near_chunks) {
  const std::uint16_t* const from = near_chunks + probe.begin;
  const std::size_t lines = std::min(probe.count * sizeof *from / line_bytes + 1, lines_ahead);
  for (std::size_t line = 0; line < lines; ++line) hwy::Prefetch(from + line * line_bytes / sizeof *from);
}

// Entries whose near chunk passed wait here until memory has brought their far chunk. Few pass, all over the table.
class FarFilter {
 public:
  FarFilter(const std::uint16_t* far_chunks, CandidateBuffer& out) : far_chunks_(far_chunks), out_(out) {}

  // Takes (begin + bit) for each set bit.
  HWY_INLINE void add(std::uint64_t bits, std::uint32_t begin, const Probe& probe, const Asker& asker,
                      const std::uint16_t* near_chunks) {
    for (; bits != 0; bits &= bits - 1) {
      const std::uint32_t position = begin + static_cast<std::uint32_t>(std::countr_zero(bits));
      if (far_chunks_ == nullptr) {
        append({position, asker.query});
        continue;
      }
      hwy::Prefetch(far_chunks_ + position);
      const std::uint32_t near = std::popcount((near_chunks[position] ^ asker.sketch) & 0xffffu) & 0xffu;
      if (near > probe.both_max) continue;
      Waiting& place = waiting_[next_++ % waiting_.size()];
      if (next_ > waiting_.size()) decide(place);
      place = {{position, asker.query}, static_cast<std::uint16_t>(asker.sketch >> 16), probe.both_max - near};
    }
  }

  // Decides on all that still wait.
  void finish() {
    for (std::size_t i = next_ > waiting_.size() ? next_ - waiting_.size() : 0; i < next_; ++i) {
      decide(waiting_[i % waiting_.size()]);
    }
  }

 private:
  struct Waiting {
    Candidate candidate;
    std::uint16_t far;
    std::uint32_t far_max;
  };

  HWY_INLINE void append(const Candidate& candidate) {
    *out_.room(1) = candidate;
    out_.used(1);
  }
  HWY_INLINE void decide(const Waiting& one) {
    const auto bits = static_cast<std::uint32_t>(
        std::popcount(static_cast<std::uint32_t>(far_chunks_[one.candidate.position] ^ one.far)));
    if (bits <= one.far_max) append(one.candidate);
  }

  const std::uint16_t* const far_chunks_;
  CandidateBuffer& out_;
  std::size_t next_ = 0;
  std::array<Waiting, 16> waiting_;
};

void filter(std::span<const Probe> probes, const Asker* askers, const std::uint16_t* near_chunks,
            const std::uint16_t* far_chunks, CandidateBuffer& out) {
  const hn::ScalableTag<std::uint16_t> d;
  const auto lanes = static_cast<std::uint32_t>(hn::Lanes(d));
  FarFilter far_filter(far_chunks, out);
  for (std::size_t p = 0; p < std::min(probes_ahead, probes.size()); ++p) prefetch(probes[p], near_chunks);
  for (std::size_t p = 0; p < probes.size(); ++p) {
    if (p + probes_ahead < probes.size()) prefetch(probes[p + probes_ahead], near_chunks);
    const Probe probe = probes[p];
    const Asker* const first = askers + probe.first_asker;
    const Asker* const last = first + probe.askers;
    const auto near_max = hn::Set(d, static_cast<std::uint16_t>(probe.near_max));
    for (std::uint32_t i = 0; i < probe.count; i += lanes) {
      const auto some = hn::LoadU(d, near_chunks + probe.begin + i);
      // The last vector reads past the bucket, into the next one or the padding.
      const std::uint32_t left = probe.count - i;
      const std::uint64_t valid = left < lanes ? (std::uint64_t{1} << left) - 1 : ~std::uint64_t{0};
      for (const Asker* asker = first; asker != last; ++asker) {
        const auto bits = hn::PopulationCount(hn::Xor(some, hn::Set(d, static_cast<std::uint16_t>(asker->sketch))));
        const auto passed = hn::Eq(hn::SaturatedSub(bits, near_max), hn::Zero(d));
        if (hn::AllFalse(d, passed)) [[likely]]
          continue;
        far_filter.add(bits_of(d, passed) & valid, probe.begin + i, probe, *asker, near_chunks);
      }
    }
  }
  far_filter.finish();
}

// Word by word with the processor's own population count: on what was measured it is as fast as vectors, which
// must add up across lanes. The first `words` words decide for nearly all pairs.
template <std::size_t words>
HWY_INLINE void scan_words(std::span<const PdqHash> hashes, std::uint32_t first, std::span<const PdqHash> queries,
                           int limit, std::vector<ScanHit>& out) {
  for (std::size_t q = 0; q < queries.size(); ++q) {
    const PdqHash query = queries[q];
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      int bits = 0;
      for (std::size_t w = 0; w < words; ++w) bits += std::popcount(hashes[i].words[w] ^ query.words[w]);
      if (bits > limit) continue;
      for (std::size_t w = words; w < 4; ++w) bits += std::popcount(hashes[i].words[w] ^ query.words[w]);
      if (bits > limit) continue;
      out.push_back(
          {static_cast<std::uint32_t>(q), first + static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(bits)});
    }
  }
}

void scan(std::span<const PdqHash> hashes, std::uint32_t first, std::span<const PdqHash> queries, int limit,
          std::vector<ScanHit>& out) {
  // Of two unrelated hashes, half of the bits looked at differ: within 31 of 128 are 4 pairs in a billion, within
  // 63 of 128 half of all, within 63 of 192 one in a million.
  if (limit <= 40) {
    scan_words<2>(hashes, first, queries, limit, out);
  } else {
    scan_words<3>(hashes, first, queries, limit, out);
  }
}

const Kernels kernels{hwy::TargetName(HWY_TARGET), filter, scan};
[[maybe_unused]] const bool known = (enrolled()[std::countr_zero(std::uint64_t{HWY_TARGET})] = &kernels);

}  // namespace
}  // namespace fristad::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif

#if HWY_ONCE

namespace fristad::kernels {

Enrolled& enrolled() {
  static Enrolled kernels{};
  return kernels;
}

}  // namespace fristad::kernels

#endif
