#pragma once

// Shows how far a scan has come: files and bytes, rates, percent and time left. A second walk counts ahead in the
// background; until it is through there is neither percent nor time left.
//
// Thread-safety: add() may be called from any thread.

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "cli/walker.h"

namespace fristad {

// One line of progress; totals of 0 are not known yet.
struct ProgressState {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t files_total = 0;
  std::uint64_t bytes_total = 0;
  std::int64_t elapsed_ms = 0;
};
std::string progress_line(const ProgressState& state);

class Progress {
 public:
  // On a terminal the line is rewritten in place four times a second; elsewhere a line is written each second. `fd`
  // is where it is shown.
  Progress(const Clock& clock, std::vector<std::string> roots, const WalkOptions& options, bool terminal, int fd = 2);

  // Ends both threads and wipes the line.
  ~Progress();

  void add(std::uint64_t bytes) {
    files_.fetch_add(1, std::memory_order_relaxed);
    bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }

 private:
  void count(const std::stop_token& stop, std::vector<std::string> roots, const WalkOptions& options);
  void show(const std::stop_token& stop);

  const Clock& clock_;
  const bool terminal_;
  const int fd_;
  const std::int64_t started_ms_;
  std::atomic<std::uint64_t> files_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
  std::atomic<std::uint64_t> bytes_total_ = 0;
  std::atomic<std::uint64_t> files_total_ = 0;  // written last: not 0 once both totals are there
  std::jthread counter_;
  std::jthread shower_;
};

}  // namespace fristad
