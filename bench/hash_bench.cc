// PDQ hashing against a fair implementation of the same algorithm, in one run.
//
//   hash_bench [CORPUS...]    all, or some of: jpeg-12mp jpeg-1024 jpeg-1024-progressive png-1024 core sandbox
//
// The fair oracle decodes in memory to RGB by libjpeg-turbo or libpng, samples 512x512 pixels, computes their luma and
// goes through all passes of pdq_reference. Processor time of one thread, of each picture the best of several rounds
// over the corpus; both sides take turns, so that what else the machine does hits both.

#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "fristad/image.h"
#include "fristad/sandbox.h"
#include "hash/luma.h"
#include "tests/support/image_maker.h"

namespace {

using namespace fristad;
using support::Bytes;
using support::Image;

constexpr int rounds = 15;

double thread_ms() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

double time_of(const std::function<void()>& work) {
  const double start = thread_ms();
  work();
  return thread_ms() - start;
}

double wall_time_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

PdqResult fair_oracle(const Bytes& bytes) {
  static Image image;  // both keep their memory from one picture to the next, as ours do
  static std::vector<float> luma(512 * 512);
  constexpr int side = 512;
  support::decode(bytes, image);
  for (int y = 0; y < side; ++y) {
    for (int x = 0; x < side; ++x) {
      const auto row = static_cast<int>(static_cast<std::int64_t>(y) * image.height / side);
      const auto column = static_cast<int>(static_cast<std::int64_t>(x) * image.width / side);
      const std::uint8_t* rgb = image.at(column, row);
      luma[static_cast<std::size_t>(y * side + x)] = 0.299f * static_cast<float>(rgb[0]) +
                                                     0.587f * static_cast<float>(rgb[1]) +
                                                     0.114f * static_cast<float>(rgb[2]);
    }
  }
  return pdq_reference({luma.data(), side, side, side});
}

struct Corpus {
  const char* name;
  std::function<Bytes(std::uint64_t seed)> make;
  std::uint64_t count;
  double ratio_min;  // the budget
};

std::vector<Bytes> made(const Corpus& corpus) {
  std::vector<Bytes> files;
  for (std::uint64_t seed = 1; seed <= corpus.count; ++seed) files.push_back(corpus.make(seed));
  return files;
}

const std::vector<Corpus>& corpora() {
  static const std::vector<Corpus> all = {
      {"jpeg-12mp", [](std::uint64_t s) { return to_jpeg(support::make_photo(4000, 3000, s), {.quality = 90}); }, 4,
       1.2},
      {"jpeg-1024", [](std::uint64_t s) { return to_jpeg(support::make_photo(1024, 768, s), {.quality = 85}); }, 24, 4},
      {"jpeg-1024-progressive",
       [](std::uint64_t s) { return to_jpeg(support::make_photo(1024, 768, s), {.quality = 85, .progressive = true}); },
       24, 0},
      {"png-1024", [](std::uint64_t s) { return to_png(support::make_photo(1024, 768, s), {}); }, 12, 3},
  };
  return all;
}

void compare(const Corpus& corpus) {
  const std::vector<Bytes> files = made(corpus);
  double bytes = 0;
  int most_bits = 0;
  for (const Bytes& file : files) {
    bytes += static_cast<double>(file.size());
    most_bits = std::max(most_bits, distance(hash_image(file, {})->pdq.hash, fair_oracle(file).hash));
  }
  std::vector<double> our_best(files.size(), 1e30);
  std::vector<double> their_best(files.size(), 1e30);
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      our_best[i] = std::min(our_best[i], time_of([&] { static_cast<void>(hash_image(files[i], {})); }));
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
      their_best[i] = std::min(their_best[i], time_of([&] { fair_oracle(files[i]); }));
    }
  }
  const double ours = std::accumulate(our_best.begin(), our_best.end(), 0.0);
  const double theirs = std::accumulate(their_best.begin(), their_best.end(), 0.0);
  const auto count = static_cast<double>(files.size());
  std::printf("%-22s %7.0f kB  oracle %7.2f ms  fristad %7.2f ms  %5.2fx", corpus.name, bytes / count / 1000,
              theirs / count, ours / count, theirs / ours);
  if (corpus.ratio_min > 0) std::printf(" (budget %.1fx)", corpus.ratio_min);
  std::printf("  %d bits apart at most\n", most_bits);
}

void time_core() {
  const Image photo = support::make_photo(512, 512, 1);
  std::vector<float> luma;
  for (std::size_t i = 0; i < photo.pixels.size(); i += 3) luma.push_back(luma_of_rgb(&photo.pixels[i]));
  const LumaView view{luma.data(), 512, 512, 512};
  double ours = 1e30;
  double theirs = 1e30;
  for (int round = 0; round < 200; ++round) {
    ours = std::min(ours, time_of([&] { pdq_from_luma(view); }));
    if (round < 20) theirs = std::min(theirs, time_of([&] { pdq_reference(view); }));
  }
  std::printf("%-22s  512x512     oracle %7.3f ms  fristad %7.3f ms  %5.1fx\n", "core", theirs, ours, theirs / ours);
}

// What the sandbox adds to the time that a caller waits for a picture: its copy, the worker's turn, and the wiping. Of
// each picture the best of several rounds, both ways by turns.
void time_sandbox(const Corpus& corpus) {
  const std::vector<Bytes> files = made(corpus);
  double start = 1e30;
  for (int round = 0; round < rounds; ++round) {
    start = std::min(start, wall_time_of([] { static_cast<void>(ImageHasher::start({})); }));
  }
  auto hasher = ImageHasher::start({});
  if (!hasher) {
    std::printf("sandbox: %s\n", hasher.error().message.c_str());
    return;
  }
  std::vector<double> inside(files.size(), 1e30);
  std::vector<double> outside(files.size(), 1e30);
  for (int round = 0; round < 2 * rounds; ++round) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      inside[i] = std::min(inside[i], wall_time_of([&] { static_cast<void>(hasher->hash(files[i])); }));
      outside[i] = std::min(outside[i], wall_time_of([&] { static_cast<void>(hash_image(files[i], {})); }));
    }
  }
  const double inside_ms = std::accumulate(inside.begin(), inside.end(), 0.0) / static_cast<double>(files.size());
  const double outside_ms = std::accumulate(outside.begin(), outside.end(), 0.0) / static_cast<double>(files.size());
  std::printf("sandbox, %-13s  direct %7.2f ms  sandboxed %7.2f ms  %+5.1f %%  (start %.1f ms)\n", corpus.name,
              outside_ms, inside_ms, 100 * (inside_ms / outside_ms - 1), start);
}

}  // namespace

int main(int argc, char** argv) {
  if (const auto status = run_image_worker(argc, argv)) return *status;
  const auto wanted = [&](std::string_view name) {
    return argc == 1 || std::any_of(argv + 1, argv + argc, [&](const char* argument) { return argument == name; });
  };
  for (const Corpus& corpus : corpora()) {
    if (wanted(corpus.name)) compare(corpus);
  }
  if (wanted("core")) time_core();
  if (wanted("sandbox")) {
    time_sandbox(corpora()[0]);
    time_sandbox(corpora()[1]);
  }
  return 0;
}
