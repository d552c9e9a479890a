#include <bit>

#include "match/kernels/kernels.h"

// The oracle: no trick at all.

namespace fristad::kernels {
namespace {

// Calls passes(sketch ^ asker's sketch, probe) for every pair, and appends those for which it holds.
template <class T, class Passes>
void filter(std::span<const Probe> probes, const Asker* askers, const T* sketches, const Passes& passes,
            CandidateBuffer& out) {
  for (const Probe& probe : probes) {
    for (const Asker& asker : std::span(askers + probe.first_asker, probe.askers)) {
      Candidate* const room = out.room(probe.count);
      std::size_t found = 0;
      for (std::uint32_t i = 0; i < probe.count; ++i) {
        const std::uint32_t difference = static_cast<T>(sketches[probe.begin + i] ^ asker.sketch);
        if (passes(difference, probe)) room[found++] = {probe.begin + i, asker.query};
      }
      out.used(found);
    }
  }
}

void filter32(std::span<const Probe> probes, const Asker* askers, const std::uint32_t* sketches, CandidateBuffer& out) {
  const auto passes = [](std::uint32_t difference, const Probe& probe) {
    return std::popcount(difference & 0xffff) <= probe.near_max && std::popcount(difference) <= probe.both_max;
  };
  filter(probes, askers, sketches, passes, out);
}

void filter16(std::span<const Probe> probes, const Asker* askers, const std::uint16_t* sketches, CandidateBuffer& out) {
  const auto passes = [](std::uint32_t difference, const Probe& probe) {
    return std::popcount(difference) <= probe.near_max;
  };
  filter(probes, askers, sketches, passes, out);
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
