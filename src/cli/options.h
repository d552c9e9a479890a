#pragma once

// Options that several commands have, with one wording.

#include <CLI/CLI.hpp>
#include <string>

#include "cli/env.h"
#include "fristad/match.h"
#include "fristad/segment.h"

namespace fristad {

constexpr const char* exit_codes_text = "Exit codes: 0 done, 2 wrong usage, 3 failed or stopped";

// 0 stands for all cores.
inline void add_threads(CLI::App& app, int& threads) {
  app.add_option("--threads", threads, "Work on so many at once; as many as there are cores if not given")
      ->check(CLI::Range(1, 1024));
}
inline int threads_or_all(int threads, const Env& env) {
  return threads > 0 ? threads : env.cores;
}

inline void add_key(CLI::App& app, std::string& key_path) {
  app.add_option("--key", key_path, "The file with the key, for a sealed index");
}

inline void add_limit(CLI::App& app, int& limit) {
  app.add_option("--limit", limit, "PDQ hashes match up to so many different bits (above 31 is slow)")
      ->check(CLI::Range(0, limit_max))
      ->capture_default_str();
}

inline void add_matches_max(CLI::App& app, std::size_t& matches_max) {
  app.add_option("--matches-max", matches_max, "At most so many matches of each, the nearest first")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 28))
      ->capture_default_str();
}

// Opens an index, with its key if there is one.
Result<Segment> open_index(const std::string& path, const std::string& key_path, bool verify_deep = false);

}  // namespace fristad
