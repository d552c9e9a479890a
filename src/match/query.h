#pragma once

// Answers queries from an index view. fristad/segment.h states what each function promises.

#include <span>
#include <vector>

#include "fristad/match.h"
#include "match/askers.h"
#include "match/index.h"
#include "match/kernels/kernels.h"

namespace fristad {

struct MatchScratch::Buffers {
  std::vector<kernels::Probe> probes;
  std::vector<kernels::Asker> askers;
  BatchSorter sorter;
  kernels::CandidateBuffer candidates;
  std::vector<kernels::ScanHit> hits;
  std::vector<PdqHash> leftovers;  // queries that are compared with everything
  std::vector<std::uint32_t> leftover_places;
  std::vector<Match> matches;
};

// One query. `out` holds positions in index.hashes as rows, ordered.
void match_one(const IndexView& index, const PdqHash& query, int limit, MatchScratch::Buffers& scratch,
               std::vector<Match>& out);

// Many queries, table by table.
void match_many(const IndexView& index, std::span<const PdqHash> queries, int limit, MatchScratch::Buffers& scratch,
                BatchMatches& out);

// Compares every query with every hash, block by block.
void scan_many(const IndexView& index, std::span<const PdqHash> queries, int limit, MatchScratch::Buffers& scratch,
               BatchMatches& out);

}  // namespace fristad
