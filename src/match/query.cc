#include "match/query.h"

#include <algorithm>
#include <array>

#include "match/plan.h"

namespace fristad {
namespace {

using kernels::Candidate;
using kernels::Probe;
using Buffers = MatchScratch::Buffers;

// Queries that share one pass over the tables. More use each bucket that was fetched more often; the probes of
// one table (17 for each query) should stay in the cache.
constexpr std::size_t queries_per_pass = 16384;

// Hashes that a scan compares with all queries before it goes on: they stay in the second-level cache.
constexpr std::size_t hashes_per_scan_block = 4096;

// How far ahead of their use candidates' ids and hashes are asked for.
constexpr std::size_t candidates_ahead = 16;

template <class T>
void prefetch(const T* at) {
  __builtin_prefetch(at);
}

// Calls add(bucket, probe) for each bucket of `table` within the plan's threshold.
template <class Add>
void for_each_probe(const IndexView& index, const PdqHash& query, std::uint32_t number, const Plan& plan,
                    std::size_t table, const Add& add) {
  const std::uint32_t* const offsets = index.table_offsets(table);
  const std::uint32_t own = chunk(query, table);
  const auto base = static_cast<std::uint32_t>(table * index.hashes.size());
  Probe probe{
      .begin = 0, .count = 0, .sketch = sketch(query, table), .near_max = 0, .both_max = 0, .query = number & 0xffffff};
  for (int bits = 0; bits <= plan.thresholds[table]; ++bits) {
    probe.near_max = static_cast<std::uint32_t>(plan.near_max(table, bits)) & 0xf;
    probe.both_max = static_cast<std::uint32_t>(plan.both_max(table, bits)) & 0xf;
    for (const std::uint16_t mask : masks_with(bits)) {
      const std::uint32_t bucket = own ^ mask;
      const std::uint32_t begin = offsets[bucket];
      probe.begin = base + begin;
      probe.count = offsets[bucket + 1] - begin;
      add(bucket, probe);
    }
  }
}

void filter(const IndexView& index, std::span<const Probe> probes, kernels::CandidateBuffer& candidates) {
  if (index.layout == SegmentLayout::fast) {
    kernels::active().filter32(probes, index.sketches32.data(), candidates);
  } else {
    kernels::active().filter16(probes, index.sketches16.data(), candidates);
  }
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

// Turns candidates into (query, id) pairs, each once, ordered.
void collect_pairs(const IndexView& index, kernels::CandidateBuffer& candidates, std::vector<std::uint64_t>& pairs) {
  const std::span<const Candidate> items = candidates.items();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i + candidates_ahead < items.size()) prefetch(&index.ids[items[i + candidates_ahead].position]);
    pairs.push_back(std::uint64_t{items[i].query} << 32 | index.ids[items[i].position]);
  }
  candidates.clear();
}

void sort_unique(std::vector<std::uint64_t>& pairs) {
  std::ranges::sort(pairs);
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
}

std::uint32_t id_of(std::uint64_t pair) {
  return static_cast<std::uint32_t>(pair);
}

// Calls found(query, id, distance) for every pair that is within the limit.
template <class Found>
void verify(const IndexView& index, std::span<const std::uint64_t> pairs, std::span<const PdqHash> queries, int limit,
            const Found& found) {
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (i + candidates_ahead < pairs.size()) prefetch(&index.hashes[id_of(pairs[i + candidates_ahead])]);
    const auto query = static_cast<std::uint32_t>(pairs[i] >> 32);
    const int d = distance(index.hashes[id_of(pairs[i])], queries[query]);
    if (d <= limit) found(query, id_of(pairs[i]), static_cast<std::uint32_t>(d));
  }
}

// Finds the matches of one query by looking into the buckets of `plan`.
void match_by_plan(const IndexView& index, const PdqHash& query, int limit, const Plan& plan, Buffers& scratch,
                   std::vector<Match>& out) {
  scratch.probes.clear();
  for (std::size_t table = 0; table < table_count; ++table) {
    for_each_probe(index, query, 0, plan, table, [&](std::uint32_t, const Probe& probe) {
      if (probe.count > 0) scratch.probes.push_back(probe);
    });
  }
  filter(index, scratch.probes, scratch.candidates);
  scratch.pairs.clear();
  collect_pairs(index, scratch.candidates, scratch.pairs);
  sort_unique(scratch.pairs);
  verify(index, scratch.pairs, {&query, 1}, limit, [&](std::uint32_t, std::uint32_t id, std::uint32_t d) {
    out.push_back({id, d});
  });
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

// Puts (query, match) pairs, in any order, into `out`, by a counting sort.
struct QueryMatch {
  std::uint32_t query;
  Match match;
};

void append_sorted(std::vector<QueryMatch>& found, std::size_t queries, BatchMatches& out) {
  std::ranges::sort(found, [](const QueryMatch& a, const QueryMatch& b) {
    return a.query != b.query ? a.query < b.query : a.match.row < b.match.row;
  });
  auto next = found.begin();
  for (std::uint32_t query = 0; query < queries; ++query) {
    for (; next != found.end() && next->query == query; ++next) out.matches.push_back(next->match);
    out.starts.push_back(out.matches.size());
  }
}

// The probes of one table for many queries, ordered by the upper byte of their buckets: then the table is read from
// front to back, and buckets that several queries need are read while they are in the cache.
std::span<const Probe> collect_probes(const IndexView& index, std::span<const PdqHash> queries,
                                      std::span<const std::uint32_t> numbers, const Plan& plan, std::size_t table,
                                      std::vector<Probe>& probes) {
  constexpr std::size_t parts = 256;
  std::array<std::uint32_t, parts + 1> ends{};
  const auto masks = flip_masks(plan.thresholds[table]);
  for (const std::uint32_t number : numbers) {
    const std::uint32_t own = chunk(queries[number], table);
    for (const std::uint16_t mask : masks) ++ends[((own ^ mask) >> 8) + 1];
  }
  for (std::size_t part = 1; part <= parts; ++part) ends[part] += ends[part - 1];
  const std::size_t count = ends[parts];
  if (probes.size() < count) probes.resize(count);
  for (const std::uint32_t number : numbers) {
    for_each_probe(index, queries[number], number, plan, table,
                   [&](std::uint32_t bucket, const Probe& probe) { probes[ends[bucket >> 8]++] = probe; });
  }
  return std::span(probes).first(count);
}

// One pass over the tables for up to queries_per_pass queries.
void match_pass(const IndexView& index, std::span<const PdqHash> queries, int limit, bool hot, Buffers& scratch,
                BatchMatches& out) {
  const Plan& plan = even_plan(limit);
  std::vector<QueryMatch> found;
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

  scratch.pairs.clear();
  for (std::size_t table = 0; table < table_count; ++table) {
    filter(index, collect_probes(index, queries, normal, plan, table, scratch.probes), scratch.candidates);
    collect_pairs(index, scratch.candidates, scratch.pairs);
  }
  sort_unique(scratch.pairs);
  verify(index, scratch.pairs, queries, limit, [&](std::uint32_t q, std::uint32_t id, std::uint32_t d) {
    found.push_back({q, {id, d}});
  });

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
  std::vector<QueryMatch> found;
  found.reserve(scratch.hits.size());
  for (const kernels::ScanHit& hit : scratch.hits) found.push_back({hit.query, {hit.position, hit.distance}});
  out.matches.clear();
  out.starts.assign(1, 0);
  append_sorted(found, queries.size(), out);
}

}  // namespace fristad
