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

// Appends (begin + bit, query) for each set bit.
inline void append(std::uint64_t bits, std::uint32_t begin, std::uint32_t query, CandidateBuffer& out) {
  Candidate* const room = out.room(64);
  Candidate* end = room;
  while (bits != 0) {
    *end++ = {begin + static_cast<std::uint32_t>(std::countr_zero(bits)), query};
    bits &= bits - 1;
  }
  out.used(static_cast<std::size_t>(end - room));
}

template <class D, class M>
HWY_INLINE std::uint64_t bits_of(D d, M mask) {
  std::uint8_t bytes[8] = {};
  hn::StoreMaskBits(d, mask, bytes);
  std::uint64_t bits;
  std::memcpy(&bits, bytes, sizeof bits);
  return bits;
}

// Whether sketches pass the limits of a probe, a vector of them at a time.
struct Test32 {
  using T = std::uint32_t;
  using D = hn::ScalableTag<T>;
  using D8 = hn::Repartition<std::uint8_t, D>;

  explicit HWY_INLINE Test32(const Probe& probe)
      : limits(hn::BitCast(
            // Byte 1 is compared with near_max, byte 3 with both_max, the others with what they never exceed.
            D8(), hn::Set(D(), 0x00ff00ffu | probe.near_max << 8 | std::uint32_t{probe.both_max} << 24))) {}

  HWY_INLINE hn::Mask<D> operator()(hn::Vec<D> sketches, const Asker& asker) const {
    const auto difference = hn::Xor(sketches, hn::Set(D(), asker.sketch));
    const auto counts = hn::BitCast(D(), hn::PopulationCount(hn::BitCast(D8(), difference)));
    // Byte i of the product is the sum of bytes 0 to i: 1 has the bits of the near chunk, 3 those of both.
    const auto sums = hn::BitCast(D8(), hn::Mul(counts, hn::Set(D(), 0x01010101)));
    return hn::Eq(hn::BitCast(D(), hn::SaturatedSub(sums, limits)), hn::Zero(D()));
  }

  const hn::Vec<D8> limits;
};

struct Test16 {
  using T = std::uint16_t;
  using D = hn::ScalableTag<T>;

  explicit HWY_INLINE Test16(const Probe& probe) : limit(hn::Set(D(), static_cast<T>(probe.near_max))) {}

  HWY_INLINE hn::Mask<D> operator()(hn::Vec<D> sketches, const Asker& asker) const {
    const auto difference = hn::Xor(sketches, hn::Set(D(), static_cast<T>(asker.sketch)));
    return hn::Eq(hn::SaturatedSub(hn::PopulationCount(difference), limit), hn::Zero(D()));
  }

  const hn::Vec<D> limit;
};

template <class T>
HWY_INLINE void prefetch(const Probe& probe, const T* sketches) {
  const T* const from = sketches + probe.begin;
  const std::size_t lines = std::min(probe.count * sizeof(T) / line_bytes + 1, lines_ahead);
  for (std::size_t line = 0; line < lines; ++line) hwy::Prefetch(from + line * line_bytes / sizeof(T));
}

template <class Test>
HWY_INLINE void filter(std::span<const Probe> probes, const Asker* askers, const typename Test::T* sketches,
                       CandidateBuffer& out) {
  const typename Test::D d;
  const auto lanes = static_cast<std::uint32_t>(hn::Lanes(d));
  for (std::size_t p = 0; p < std::min(probes_ahead, probes.size()); ++p) prefetch(probes[p], sketches);
  for (std::size_t p = 0; p < probes.size(); ++p) {
    if (p + probes_ahead < probes.size()) prefetch(probes[p + probes_ahead], sketches);
    const Probe probe = probes[p];
    const Asker* const first = askers + probe.first_asker;
    const Asker* const last = first + probe.askers;
    const Test test(probe);
    for (std::uint32_t i = 0; i < probe.count; i += lanes) {
      const auto some = hn::LoadU(d, sketches + probe.begin + i);
      // The last vector reads past the bucket, into the next one or the padding.
      const std::uint32_t left = probe.count - i;
      const std::uint64_t valid = left < lanes ? (std::uint64_t{1} << left) - 1 : ~std::uint64_t{0};
      for (const Asker* asker = first; asker != last; ++asker) {
        const auto passed = test(some, *asker);
        if (hn::AllFalse(d, passed)) [[likely]]
          continue;
        append(bits_of(d, passed) & valid, probe.begin + i, asker->query, out);
      }
    }
  }
}

void filter32(std::span<const Probe> probes, const Asker* askers, const std::uint32_t* sketches, CandidateBuffer& out) {
  filter<Test32>(probes, askers, sketches, out);
}

void filter16(std::span<const Probe> probes, const Asker* askers, const std::uint16_t* sketches, CandidateBuffer& out) {
  filter<Test16>(probes, askers, sketches, out);
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

const Kernels kernels{hwy::TargetName(HWY_TARGET), filter32, filter16, scan};
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
