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
inline Candidate* append(std::uint64_t bits, std::uint32_t begin, std::uint32_t query, Candidate* end) {
  while (bits != 0) {
    *end++ = {begin + static_cast<std::uint32_t>(std::countr_zero(bits)), query};
    bits &= bits - 1;
  }
  return end;
}

template <class D, class M>
HWY_INLINE std::uint64_t bits_of(D d, M mask) {
  std::uint8_t bytes[8] = {};
  hn::StoreMaskBits(d, mask, bytes);
  std::uint64_t bits;
  std::memcpy(&bits, bytes, sizeof bits);
  return bits;
}

// Tests the sketches of every probe, one vector at a time: make_test(probe)(address) gives the mask of those that pass.
template <class D, class MakeTest>
HWY_INLINE void filter(D d, std::span<const Probe> probes, const hn::TFromD<D>* sketches, const MakeTest& make_test,
                       CandidateBuffer& out) {
  using T = hn::TFromD<D>;
  const auto lanes = static_cast<std::uint32_t>(hn::Lanes(d));
  for (std::size_t p = 0; p < probes.size(); ++p) {
    if (p + probes_ahead < probes.size()) {
      const Probe& ahead = probes[p + probes_ahead];
      const T* const from = sketches + ahead.begin;
      const std::size_t lines = std::min(ahead.count * sizeof(T) / line_bytes + 1, lines_ahead);
      for (std::size_t line = 0; line < lines; ++line) hwy::Prefetch(from + line * line_bytes / sizeof(T));
    }
    const Probe& probe = probes[p];
    const auto test = make_test(probe);
    Candidate* const room = out.room(probe.count);
    Candidate* end = room;
    for (std::uint32_t i = 0; i < probe.count; i += lanes) {
      const auto passed = test(sketches + probe.begin + i);
      if (hn::AllFalse(d, passed)) [[likely]]
        continue;
      std::uint64_t bits = bits_of(d, passed);
      const std::uint32_t left = probe.count - i;
      // The last vector reads past the bucket, into the next one or the padding.
      if (left < lanes) bits &= (std::uint64_t{1} << left) - 1;
      end = append(bits, probe.begin + i, probe.query, end);
    }
    out.used(static_cast<std::size_t>(end - room));
  }
}

void filter32(std::span<const Probe> probes, const std::uint32_t* sketches, CandidateBuffer& out) {
  const hn::ScalableTag<std::uint32_t> d32;
  const hn::Repartition<std::uint8_t, decltype(d32)> d8;
  const hn::Repartition<std::int8_t, decltype(d32)> signed8;
  const auto running_sums = hn::Set(d32, 0x01010101);
  filter(
      d32, probes, sketches,
      [&](const Probe& probe) HWY_ATTR {
        const auto query = hn::Set(d32, probe.sketch);
        // Byte 1 is compared with near_max, byte 3 with both_max, the others with what they never exceed.
        const auto limits =
            hn::BitCast(signed8, hn::Set(d32, 0x007f007fu | probe.near_max << 8 | std::uint32_t{probe.both_max} << 24));
        return [=](const std::uint32_t* at) HWY_ATTR {
          const auto difference = hn::Xor(hn::LoadU(d32, at), query);
          const auto counts = hn::BitCast(d32, hn::PopulationCount(hn::BitCast(d8, difference)));
          // Byte i of the product is the sum of bytes 0 to i: 1 has the bits of the near chunk, 3 those of both.
          const auto sums = hn::BitCast(signed8, hn::Mul(counts, running_sums));
          const auto over = hn::VecFromMask(signed8, hn::Gt(sums, limits));
          return hn::Eq(hn::BitCast(d32, over), hn::Zero(d32));
        };
      },
      out);
}

void filter16(std::span<const Probe> probes, const std::uint16_t* sketches, CandidateBuffer& out) {
  const hn::ScalableTag<std::uint16_t> d16;
  filter(
      d16, probes, sketches,
      [&](const Probe& probe) HWY_ATTR {
        const auto query = hn::Set(d16, static_cast<std::uint16_t>(probe.sketch));
        const auto limit = hn::Set(d16, static_cast<std::uint16_t>(probe.near_max));
        return [=](const std::uint16_t* at) HWY_ATTR {
          const auto counts = hn::PopulationCount(hn::Xor(hn::LoadU(d16, at), query));
          return hn::Eq(hn::Min(counts, limit), counts);
        };
      },
      out);
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
