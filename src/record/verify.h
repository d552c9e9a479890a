#pragma once

// Checks a log from its first record to its last: what was signed, what is stored, and what was published.
//
// Found is any byte that was changed, any row removed, exchanged or inserted: in payloads, leaves, the tree,
// checkpoints, tiles. The views aren't looked at: Journal::wrong_views() does, and rebuild() makes them anew.
//
// Thread-safety: as Journal. Complexity: one pass; with payloads and signatures about 35 us a record and thread.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fristad/result.h"
#include "record/journal.h"

namespace fristad {

struct VerifyOptions {
  bool signatures = true;
  bool payloads = true;  // open each, and compare it with its commitment
  int threads = 1;
  std::string folder = {};  // the published files of this log, if there are any; empty: not looked at
};

struct VerifyReport {
  std::uint64_t records = 0;
  std::uint64_t erased = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t files = 0;
  std::vector<std::string> problems;  // the first hundred
  bool good() const { return problems.empty(); }
};

// Errors: unavailable (the database can't be read at all). What is wrong with the log stands in the report.
Result<VerifyReport> verify_log(const Journal& journal, std::uint32_t log, const VerifyOptions& options);

}  // namespace fristad
