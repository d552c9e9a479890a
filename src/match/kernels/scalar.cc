#include <bit>

#include "match/kernels/kernels.h"

// The oracle: no trick at all.

namespace fristad::kernels {
namespace {

int bits_apart(std::uint32_t a, std::uint32_t b) {
  return std::popcount((a ^ b) & 0xffff);
}

void filter(std::span<const Probe> probes, const Asker* askers, const std::uint16_t* near_chunks,
            const std::uint16_t* far_chunks, CandidateBuffer& out) {
  for (const Probe& probe : probes) {
    for (const Asker& asker : std::span(askers + probe.first_asker, probe.askers)) {
      Candidate* const room = out.room(probe.count);
      std::size_t found = 0;
      for (std::uint32_t i = probe.begin; i < probe.begin + probe.count; ++i) {
        const int near = bits_apart(near_chunks[i], asker.sketch);
        if (near > probe.near_max) continue;
        if (far_chunks != nullptr && near + bits_apart(far_chunks[i], asker.sketch >> 16) > probe.both_max) continue;
        room[found++] = {i, asker.query};
      }
      out.used(found);
    }
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

const Kernels scalar{"scalar", filter, scan};

}  // namespace fristad::kernels
