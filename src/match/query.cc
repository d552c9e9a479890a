#include "match/query.h"

#include <algorithm>
#include <array>

#include "match/plan.h"

namespace fristad {
namespace {

using kernels::Asker;
using kernels::Candidate;
using kernels::Probe;
using Buffers = MatchScratch::Buffers;

// Queries that share one pass over the tables. More use each bucket that was fetched more often; their sketches and
// visits should stay in the cache.
constexpr std::size_t queries_per_pass = 65536;
static_assert(queries_per_pass <= batch_queries_max);

// Hashes that a scan compares with all queries before it goes on: they stay in the second-level cache.
constexpr std::size_t hashes_per_scan_block = 4096;

// How many candidates ahead of their use their hashes, and before that their ids, are asked for.
constexpr std::size_t hashes_ahead = 16;
constexpr std::size_t ids_ahead = 32;

template <class T>
void prefetch(const T* at) {
  __builtin_prefetch(at);
}

void filter(const IndexView& index, std::span<const Probe> probes, const Asker* askers,
            kernels::CandidateBuffer& candidates) {
  const std::uint16_t* const far = index.far_chunks.empty() ? nullptr : index.far_chunks.data();
  kernels::active().filter(probes, askers, index.near_chunks.data(), far, candidates);
}

// The offsets of a query's buckets lie in 13 cache lines of each table: asks for them all before the first is read.
void prefetch_offsets(const IndexView& index, const PdqHash& query) {
  for (std::size_t table = 0; table < table_count; ++table) {
    const std::uint32_t* const offsets = index.table_offsets(table);
    const std::uint32_t own = chunk(query, table);
    prefetch(offsets + own);
    for (std::uint32_t bit = 4; bit < 16; ++bit) prefetch(offsets + (own ^ (1u << bit)));
  }
}

struct Found {
  std::uint32_t query;
  Match match;

  friend auto operator<=>(const Found&, const Found&) = default;
};

// Compares candidates with their queries and calls found(query, match) for those within the limit: once for
// each table that found it. A candidate's id is asked for long before its use, and then its hash.
template <class OnFound>
void verify(const IndexView& index, kernels::CandidateBuffer& candidates, std::span<const PdqHash> queries, int limit,
            const OnFound& found) {
  const std::span<const Candidate> items = candidates.items();
  const auto id_at = [&](std::size_t i) { return index.ids[items[i].position]; };
  for (std::size_t i = 0; i < std::min(ids_ahead, items.size()); ++i) prefetch(&index.ids[items[i].position]);
  for (std::size_t i = 0; i < std::min(hashes_ahead, items.size()); ++i) prefetch(&index.hashes[id_at(i)]);
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i + ids_ahead < items.size()) prefetch(&index.ids[items[i + ids_ahead].position]);
    if (i + hashes_ahead < items.size()) prefetch(&index.hashes[id_at(i + hashes_ahead)]);
    const std::uint32_t id = id_at(i);
    const int d = distance(index.hashes[id], queries[items[i].query]);
    if (d <= limit) found(items[i].query, Match{id, static_cast<std::uint32_t>(d)});
  }
  candidates.clear();
}

template <class T>
void sort_unique(std::vector<T>& items) {
  std::ranges::sort(items);
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

// A probe for each bucket that is not empty and within the plan's thresholds; an asker for each table.
void collect_probes(const IndexView& index, const PdqHash& query, const Plan& plan, Buffers& scratch) {
  scratch.askers.resize(table_count);
  scratch.probes.clear();
  for (std::uint32_t table = 0; table < table_count; ++table) {
    const int threshold = plan.thresholds[table];
    if (threshold < 0) continue;
    scratch.askers[table].sketch = sketch(query, table);
    const std::uint32_t* const offsets = index.table_offsets(table);
    const std::uint32_t own = chunk(query, table);
    const auto base = static_cast<std::uint32_t>(table * index.hashes.size());
    std::size_t used = scratch.probes.size();
    scratch.probes.resize(used + flip_masks(threshold).size());
    for (int bits = 0; bits <= threshold; ++bits) {
      Probe probe{.begin = 0,
                  .count = 0,
                  .first_asker = table,
                  .askers = 1,
                  .near_max = static_cast<std::uint32_t>(plan.near_max(table, bits)) & 0xf,
                  .both_max = static_cast<std::uint32_t>(plan.both_max(table, bits)) & 0xf};
      for (const std::uint16_t mask : masks_with(bits)) {
        const std::uint32_t bucket = own ^ mask;
        probe.begin = base + offsets[bucket];
        probe.count = offsets[bucket + 1] - offsets[bucket];
        scratch.probes[used] = probe;
        if (probe.count > 0) ++used;
      }
    }
    scratch.probes.resize(used);
  }
}

// Finds the matches of one query by looking into the buckets of `plan`.
void match_by_plan(const IndexView& index, const PdqHash& query, int limit, const Plan& plan, Buffers& scratch,
                   std::vector<Match>& out) {
  collect_probes(index, query, plan, scratch);
  filter(index, scratch.probes, scratch.askers.data(), scratch.candidates);
  verify(index, scratch.candidates, {&query, 1}, limit,
         [&](std::uint32_t, const Match& match) { out.push_back(match); });
  sort_unique(out);
}

void scan_one(const IndexView& index, const PdqHash& query, int limit, Buffers& scratch, std::vector<Match>& out) {
  scratch.hits.clear();
  kernels::active().scan(index.hashes, 0, {&query, 1}, limit, scratch.hits);
  for (const kernels::ScanHit& hit : scratch.hits) out.push_back({hit.position, hit.distance});
}

// Whether some table has a bucket so full that a query could need a plan of its own.
bool has_hot_buckets(const IndexView& index, int limit) {
  std::uint64_t worst = 0;
  const Plan& plan = even_plan(limit);
  for (std::size_t t = 0; t < table_count; ++t) worst += flip_masks(plan.thresholds[t]).size() * index.bucket_max[t];
  return worst > abnormal_entries(index, limit);
}

bool is_abnormal(const IndexView& index, const PdqHash& query, int limit) {
  const std::uint64_t enough = abnormal_entries(index, limit);
  return entries_to_read(index, query, even_plan(limit), enough) > enough;
}

void append_sorted(std::vector<Found>& found, std::size_t queries, BatchMatches& out) {
  sort_unique(found);
  auto next = found.begin();
  for (std::uint32_t query = 0; query < queries; ++query) {
    for (; next != found.end() && next->query == query; ++next) out.matches.push_back(next->match);
    out.starts.push_back(out.matches.size());
  }
}

// One pass over the tables for up to queries_per_pass queries.
void match_pass(const IndexView& index, std::span<const PdqHash> queries, int limit, bool hot, Buffers& scratch,
                BatchMatches& out) {
  const Plan& plan = even_plan(limit);
  std::vector<Found> found;
  std::vector<std::uint32_t> normal;
  normal.reserve(queries.size());
  scratch.leftovers.clear();
  scratch.leftover_places.clear();
  for (std::uint32_t q = 0; q < queries.size(); ++q) {
    if (!hot || !is_abnormal(index, queries[q], limit)) {
      normal.push_back(q);
      continue;
    }
    Plan own;
    if (plan_query(index, queries[q], limit, own)) {
      scratch.matches.clear();
      match_by_plan(index, queries[q], limit, own, scratch, scratch.matches);
      for (const Match& match : scratch.matches) found.push_back({q, match});
    } else {
      scratch.leftovers.push_back(queries[q]);
      scratch.leftover_places.push_back(q);
    }
  }

  for (std::size_t table = 0; table < table_count; ++table) {
    scratch.sorter.begin(index, queries, normal, plan, table);
    for (std::size_t part = 0; part < BatchSorter::parts; ++part) {
      const std::span<const Probe> probes = scratch.sorter.probes_of(part);
      filter(index, probes, scratch.sorter.askers(), scratch.candidates);
    }
    verify(index, scratch.candidates, queries, limit, [&](std::uint32_t query, const Match& match) {
      found.push_back({query, match});
    });
  }

  if (!scratch.leftovers.empty()) {
    BatchMatches scanned;
    scan_many(index, scratch.leftovers, limit, scratch, scanned);
    for (std::size_t i = 0; i < scratch.leftovers.size(); ++i) {
      for (const Match& match : scanned.of(i)) found.push_back({scratch.leftover_places[i], match});
    }
  }
  append_sorted(found, queries.size(), out);
}

}  // namespace

void match_one(const IndexView& index, const PdqHash& query, int limit, Buffers& scratch, std::vector<Match>& out) {
  out.clear();
  if (!index.indexed() || limit > limit_indexed_max) return scan_one(index, query, limit, scratch, out);
  prefetch_offsets(index, query);
  if (has_hot_buckets(index, limit) && is_abnormal(index, query, limit)) {
    Plan own;
    if (!plan_query(index, query, limit, own)) return scan_one(index, query, limit, scratch, out);
    return match_by_plan(index, query, limit, own, scratch, out);
  }
  match_by_plan(index, query, limit, even_plan(limit), scratch, out);
}

void match_many(const IndexView& index, std::span<const PdqHash> queries, int limit, Buffers& scratch,
                BatchMatches& out) {
  if (!index.indexed() || limit > limit_indexed_max) return scan_many(index, queries, limit, scratch, out);
  out.matches.clear();
  out.starts.assign(1, 0);
  const bool hot = has_hot_buckets(index, limit);
  for (std::size_t first = 0; first < queries.size(); first += queries_per_pass) {
    const std::size_t count = std::min(queries_per_pass, queries.size() - first);
    match_pass(index, queries.subspan(first, count), limit, hot, scratch, out);
  }
}

void scan_many(const IndexView& index, std::span<const PdqHash> queries, int limit, Buffers& scratch,
               BatchMatches& out) {
  scratch.hits.clear();
  for (std::size_t first = 0; first < index.hashes.size(); first += hashes_per_scan_block) {
    const std::size_t count = std::min(hashes_per_scan_block, index.hashes.size() - first);
    kernels::active().scan(index.hashes.subspan(first, count), static_cast<std::uint32_t>(first), queries, limit,
                           scratch.hits);
  }
  std::vector<Found> found;
  found.reserve(scratch.hits.size());
  for (const kernels::ScanHit& hit : scratch.hits) found.push_back({hit.query, {hit.position, hit.distance}});
  out.matches.clear();
  out.starts.assign(1, 0);
  append_sorted(found, queries.size(), out);
}

}  // namespace fristad
