// Matching: this index against FAISS and against comparing everything, on the same data in one run.
//
//   match_bench [--size N]... [--set random|clustered|adversarial|smooth]... [--no-faiss]
//
// One thread, CPU time, best of three. Recall is checked: an answer that differs from the scan's ends the run.

#include <faiss/IndexBinaryFlat.h>
#include <faiss/IndexBinaryHash.h>
#include <faiss/impl/AuxIndexStructures.h>
#include <omp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "fristad/kernel.h"
#include "fristad/live_index.h"
#include "fristad/segment.h"
#include "tests/support/hash_sets.h"

namespace {

using namespace fristad;
using testing::Rng;

constexpr std::uint64_t seed = 20120605;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double wall_seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Rate of `work`, which answers `count` queries: the best of three runs.
double rate(std::size_t count, const std::function<void()>& work) {
  double best = 0;
  for (int run = 0; run < 3; ++run) {
    const double start = cpu_seconds();
    work();
    best = std::max(best, static_cast<double>(count) / (cpu_seconds() - start));
  }
  return best;
}

[[noreturn]] void fail(const std::string& message) {
  std::fprintf(stderr, "match_bench: %s\n", message.c_str());
  std::exit(3);
}

std::span<const PdqHash> first(const std::vector<PdqHash>& queries, std::size_t count) {
  return std::span(queries).first(std::min(count, queries.size()));
}

struct Rates {
  double one = 0;
  double batch = 0;
  double scan_one = 0;
  double scan_batch = 0;
  double build_us = 0;
  double bytes_per_hash = 0;
};

Rates measure(const std::vector<PdqHash>& hashes, const std::vector<PdqHash>& queries, SegmentLayout layout) {
  Rates rates;
  std::optional<Segment> segment;
  rates.build_us = 1e6 / rate(hashes.size(), [&] {
                     segment.reset();
                     auto built = Segment::build(hashes, layout);
                     if (!built) fail(built.error().message);
                     segment = *std::move(built);
                   });
  rates.bytes_per_hash = segment->info().bytes_per_hash;

  MatchScratch scratch;
  std::vector<Match> matches;
  BatchMatches batch;
  BatchMatches scanned;
  const auto some = first(queries, 200'000'000 / hashes.size() + 8);
  segment->match_batch(some, limit_default, scratch, batch);
  segment->scan_batch(some, limit_default, scratch, scanned);
  if (batch.matches != scanned.matches || batch.starts != scanned.starts) fail("batch and scan disagree");
  for (std::size_t i = 0; i < some.size(); ++i) {
    segment->match(some[i], limit_default, scratch, matches);
    if (!std::ranges::equal(matches, scanned.of(i))) fail("one and scan disagree");
  }

  const auto singles = first(queries, 20'000);
  rates.one = rate(singles.size(), [&] {
    for (const PdqHash& query : singles) segment->match(query, limit_default, scratch, matches);
  });
  rates.batch = rate(queries.size(), [&] { segment->match_batch(queries, limit_default, scratch, batch); });
  const auto few = first(queries, 50'000'000 / hashes.size() + 4);
  rates.scan_one = rate(few.size(), [&] {
    for (const PdqHash& query : few) segment->scan_batch({&query, 1}, limit_default, scratch, scanned);
  });
  rates.scan_batch = rate(some.size(), [&] { segment->scan_batch(some, limit_default, scratch, scanned); });
  return rates;
}

struct FaissRates {
  double flat = 0;
  double multi_hash = 0;
  double build_us = 0;
};

FaissRates measure_faiss(const std::vector<PdqHash>& hashes, const std::vector<PdqHash>& queries) {
  FaissRates rates;
  omp_set_num_threads(1);
  const auto bytes = [](const PdqHash& hash) { return reinterpret_cast<const std::uint8_t*>(hash.words.data()); };
  const auto count = static_cast<faiss::IndexBinary::idx_t>(hashes.size());
  const auto search = [&](const faiss::IndexBinary& index, std::size_t wanted) {
    const auto some = first(queries, wanted);
    return rate(some.size(), [&] {
      const auto queried = static_cast<faiss::IndexBinary::idx_t>(some.size());
      faiss::RangeSearchResult result(queried);
      index.range_search(queried, bytes(some[0]), limit_default + 1, &result);
    });
  };
  {
    faiss::IndexBinaryFlat flat(256);
    flat.add(count, bytes(hashes[0]));
    rates.flat = search(flat, 20'000'000 / hashes.size() + 2);
  }
  {
    // Sixteen hashes of 16 bits and one flip: what python-threatexchange and HMA use. Exact.
    faiss::IndexBinaryMultiHash multi(256, 16, 16);
    multi.nflip = 1;
    const double start = cpu_seconds();
    multi.add(count, bytes(hashes[0]));
    rates.build_us = 1e6 * (cpu_seconds() - start) / static_cast<double>(hashes.size());
    rates.multi_hash = search(multi, 400'000'000 / hashes.size() + 20);
  }
  return rates;
}

void print_latency(const std::vector<PdqHash>& hashes, const std::vector<PdqHash>& queries) {
  auto segment = Segment::build(hashes);
  if (!segment) fail(segment.error().message);
  MatchScratch scratch;
  std::vector<Match> matches;
  std::vector<double> us;
  for (const PdqHash& query : first(queries, 20'000)) {
    const double start = wall_seconds();
    segment->match(query, limit_default, scratch, matches);
    us.push_back(1e6 * (wall_seconds() - start));
  }
  std::ranges::sort(us);
  std::printf("  latency one by one: p50 %.0f us, p99 %.0f us\n", us[us.size() / 2], us[us.size() * 99 / 100]);
}

// From a file to the first answer, all checked; the file is in the page cache.
void print_open(const std::vector<PdqHash>& hashes, int threads) {
  const std::string path = "/tmp/fristad-bench-" + std::to_string(getpid()) + ".frseg";
  const double start = wall_seconds();
  auto writer = SegmentWriter::create(path, {.threads = threads});
  if (!writer) fail(writer.error().message);
  for (const PdqHash& hash : hashes) {
    if (auto added = writer->add({.pdq = hash}); !added) fail(added.error().message);
  }
  if (auto written = writer->finish(); !written) fail(written.error().message);
  std::printf("  written as a file in %.1f s (%d threads)", wall_seconds() - start, threads);
  for (const bool load : {false, true}) {
    double best = 1e9;
    for (int run = 0; run < 3; ++run) {
      const double opening = wall_seconds();
      auto segment = Segment::open(path, {.load = load});
      if (!segment) fail(segment.error().message);
      best = std::min(best, wall_seconds() - opening);
    }
    std::printf("; opened, fully checked, %s in %.2f s", load ? "loaded" : "mapped", best);
  }
  std::printf("\n");
  unlink(path.c_str());
}

// Queries a second, one by one, by the wall clock: for as long as `seconds`, and while `busy` says so.
double live_rate(const LiveIndex& index, std::span<const PdqHash> queries, double seconds,
                 const std::function<bool()>& busy) {
  MatchScratch scratch;
  std::vector<LiveMatch> matches;
  const double start = wall_seconds();
  std::size_t asked = 0;
  while (wall_seconds() - start < seconds || busy()) {
    for (int i = 0; i < 100; ++i) index.match(queries[asked++ % queries.size()], limit_default, scratch, matches);
  }
  return static_cast<double>(asked) / (wall_seconds() - start);
}

void add_to(LiveIndex& index, EntryHandle first, std::span<const PdqHash> hashes) {
  std::vector<LiveEntry> entries;
  entries.reserve(hashes.size());
  for (std::size_t i = 0; i < hashes.size(); ++i) entries.push_back({.handle = first + i, .pdq = hashes[i]});
  if (auto added = index.add(entries); !added) fail(added.error().message);
}

LiveIndex live_index_of(std::span<const PdqHash> hashes) {
  auto index = LiveIndex::create({});
  if (!index) fail(index.error().message);
  add_to(*index, 0, hashes);
  return *std::move(index);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// How long an index is away when a node starts anew: saved and loaded, against building it. From the page cache.
void print_saved(LiveIndex& index, double build_seconds) {
  const std::string folder = "/tmp/fristad-bench-live-" + std::to_string(getpid());
  const SealKey key{1};
  std::string note;
  const auto save = [&] {
    const double start = wall_seconds();
    if (auto saved = index.save(folder, key, ""); !saved) fail(saved.error().message);
    return wall_seconds() - start;
  };
  const double first_save = save();
  const double second_save = save();
  double best = 1e9;
  for (int run = 0; run < 3; ++run) {
    const double start = wall_seconds();
    auto loaded = LiveIndex::load(folder, key, {}, note);
    if (!loaded) fail(loaded.error().message);
    best = std::min(best, wall_seconds() - start);
  }
  std::printf(
      "  live: built in %.1f s; saved in %.1f s, again in %.3f s; loaded, all checked, in %.2f s: %.1fx as fast\n",
      build_seconds, first_save, second_save, best, build_seconds / best);
  std::filesystem::remove_all(folder);
}

// What it costs queries that entries come and go meanwhile: two indexes of the same, one changed and one left alone,
// asked in turns, so that a machine whose speed wanders is the same for both.
void print_live(const std::vector<PdqHash>& hashes, const std::vector<PdqHash>& queries) {
  constexpr int turns = 12;
  constexpr double turn_seconds = 2;
  const double building = wall_seconds();
  LiveIndex still = live_index_of(hashes);
  print_saved(still, wall_seconds() - building);
  LiveIndex index = live_index_of(hashes);

  std::vector<double> at_rest;
  std::vector<double> ratios;
  std::vector<double> visible_us;
  EntryHandle next = hashes.size();
  const auto never = [] { return false; };
  {
    std::atomic<bool> changing = false;
    std::jthread changer([&](const std::stop_token& stop) {
      Rng rng(seed);
      MatchScratch scratch;
      std::vector<LiveMatch> matches;
      // 1,000 adds and 1,000 removals a second, each at its time: what came late is made up for.
      double due = 0;
      for (std::uint64_t changed = 0; !stop.stop_requested();) {
        if (!changing) {
          due = 0;
          usleep(1000);
          continue;
        }
        const double now = wall_seconds();
        if (due == 0) due = now;
        if (now < due) {
          usleep(static_cast<useconds_t>(1e6 * (due - now)) + 1);
          continue;
        }
        due += 1e-3;
        const PdqHash hash = testing::random_hash(rng);
        const double added = wall_seconds();
        add_to(index, next++, {&hash, 1});
        if (changed++ % 100 == 0) {
          index.match(hash, 0, scratch, matches);
          if (matches.empty()) fail("what was added is not found");
          visible_us.push_back(1e6 * (wall_seconds() - added));
        }
        index.remove({rng() % next});
      }
    });
    for (int turn = 0; turn < turns; ++turn) {
      at_rest.push_back(live_rate(still, queries, turn_seconds, never));
      changing = true;
      ratios.push_back(live_rate(index, queries, turn_seconds, never) / at_rest.back());
      changing = false;
    }
  }
  std::ranges::sort(visible_us);
  std::printf(
      "  live, %.1f B/hash: %.0f/s one at rest; %+.0f %% with 1,000 adds and removals a second (median of %d); "
      "added to found: p50 %.0f us, most %.0f us\n",
      static_cast<double>(still.info().bytes) / static_cast<double>(hashes.size()), median(at_rest),
      100 * (median(ratios) - 1), turns, median(visible_us), visible_us.back());

  const std::uint64_t merges = index.info().merges;
  add_to(index, next, first(hashes, hashes.size() / 10));
  const double start = wall_seconds();
  const double merging = live_rate(index, queries, 0.2, [&] {
    return index.info().merges == merges || (index.info().segments > 1 && wall_seconds() - start < 60);
  });
  std::printf("        %+.0f %% while all is merged into one segment, which takes %.1f s\n",
              100 * (merging / median(at_rest) - 1), wall_seconds() - start);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::size_t> sizes;
  std::vector<std::string> sets;
  bool with_faiss = true;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--size" && i + 1 < argc) {
      sizes.push_back(std::strtoull(argv[++i], nullptr, 10));
    } else if (argument == "--set" && i + 1 < argc) {
      sets.push_back(argv[++i]);
    } else if (argument == "--no-faiss") {
      with_faiss = false;
    } else {
      std::fprintf(stderr,
                   "usage: match_bench [--size N]... [--set random|clustered|adversarial|smooth]... [--no-faiss]\n");
      return 2;
    }
  }
  if (sizes.empty()) sizes = {1'000'000, 10'000'000};
  if (sets.empty()) sets = {"random", "smooth", "clustered", "adversarial"};

  std::printf("kernel %s, limit %d, one thread, CPU time, best of 3\n", std::string(kernel_name()).c_str(),
              limit_default);
  for (const std::string& set : sets) {
    for (const std::size_t size : sizes) {
      Rng rng(seed);
      const auto hashes = set == "clustered"     ? testing::clustered_set(size, rng)
                          : set == "adversarial" ? testing::adversarial_set(size, rng)
                          : set == "smooth"      ? testing::smooth_set(size, rng)
                                                 : testing::random_set(size, rng);
      const auto queries = testing::queries_for(hashes, 200'000, rng);
      std::printf("\n%s, %zu hashes\n", set.c_str(), size);
      FaissRates faiss;
      if (with_faiss) faiss = measure_faiss(hashes, queries);
      for (const SegmentLayout layout : {SegmentLayout::fast, SegmentLayout::compact}) {
        const Rates ours = measure(hashes, queries, layout);
        std::printf("  %-7s %9.0f/s one  %9.0f/s batch  %6.1f B/hash  build %.2f us/hash\n",
                    layout == SegmentLayout::fast ? "fast" : "compact", ours.one, ours.batch, ours.bytes_per_hash,
                    ours.build_us);
        std::printf("          %8.0fx one  %9.0fx batch  against our own scan (%.0f/s one, %.0f/s batch)\n",
                    ours.one / ours.scan_one, ours.batch / ours.scan_batch, ours.scan_one, ours.scan_batch);
        if (with_faiss) {
          std::printf(
              "          %8.0fx one  %9.0fx batch  against FAISS MultiHash 16x16 (%.0f/s, build %.1f us/hash)\n",
              ours.one / faiss.multi_hash, ours.batch / faiss.multi_hash, faiss.multi_hash, faiss.build_us);
          std::printf("          %8.0fx one  %9.0fx batch  against FAISS flat (%.0f/s)\n", ours.one / faiss.flat,
                      ours.batch / faiss.flat, faiss.flat);
        }
      }
      if (set == "random") {
        print_latency(hashes, queries);
        print_open(hashes, 2);
        print_live(hashes, queries);
      }
      std::fflush(stdout);
    }
  }
  return 0;
}
