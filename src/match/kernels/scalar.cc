#include <bit>

#include "match/kernels/kernels.h"

// The oracle: no trick at all.

namespace fristad::kernels {
namespace {

void filter32(std::span<const Probe> probes, const std::uint32_t* sketches, CandidateBuffer& out) {
  for (const Probe& probe : probes) {
    Candidate* const room = out.room(probe.count);
    std::size_t found = 0;
    for (std::uint32_t i = 0; i < probe.count; ++i) {
      const std::uint32_t difference = sketches[probe.begin + i] ^ probe.sketch;
      if (std::popcount(difference & 0xffff) <= probe.near_max && std::popcount(difference) <= probe.both_max) {
        room[found++] = {probe.begin + i, probe.query};
      }
    }
    out.used(found);
  }
}

void filter16(std::span<const Probe> probes, const std::uint16_t* sketches, CandidateBuffer& out) {
  for (const Probe& probe : probes) {
    Candidate* const room = out.room(probe.count);
    std::size_t found = 0;
    for (std::uint32_t i = 0; i < probe.count; ++i) {
      const std::uint32_t difference = (sketches[probe.begin + i] ^ probe.sketch) & 0xffff;
      if (std::popcount(difference) <= probe.near_max) room[found++] = {probe.begin + i, probe.query};
    }
    out.used(found);
  }
}

void scan(std::span<const PdqHash> hashes, std::uint32_t first, std::span<const PdqHash> queries, int limit,
          std::vector<ScanHit>& out) {
  for (std::size_t q = 0; q < queries.size(); ++q) {
    for (std::size_t i = 0; i < hashes.size(); ++i) {
      const int d = distance(hashes[i], queries[q]);
      if (d <= limit) {
        out.push_back(
            {static_cast<std::uint32_t>(q), first + static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(d)});
      }
    }
  }
}

}  // namespace

const Kernels scalar{"scalar", filter32, filter16, scan};

}  // namespace fristad::kernels
