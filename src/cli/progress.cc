#include "cli/progress.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "cli/env.h"

namespace fristad {
namespace {

// A file costs about as much as so many bytes, however small it is: what percent and time left are reckoned with.
constexpr double file_cost_bytes = 100'000;

constexpr const char* wipe_line = "\r\033[K";

void write_to(int fd, std::string_view text) {
  BufferedWriter err(fd);
  err.write(text);
  static_cast<void>(err.flush());
}

double cost(std::uint64_t files, std::uint64_t bytes) {
  return static_cast<double>(files) * file_cost_bytes + static_cast<double>(bytes);
}

std::string duration_text(double seconds_left) {
  const auto seconds = static_cast<std::uint64_t>(std::min(seconds_left, 1e9));
  const std::uint64_t minutes = seconds / 60;
  if (minutes == 0) return std::to_string(seconds) + " s";
  if (minutes < 60) return std::to_string(minutes) + " min " + std::to_string(seconds % 60) + " s";
  return with_commas(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
}

}  // namespace

std::string progress_line(const ProgressState& state) {
  const double seconds = static_cast<double>(std::max<std::int64_t>(state.elapsed_ms, 1)) / 1000;
  const auto per_second = [&](std::uint64_t amount) {
    return static_cast<std::uint64_t>(static_cast<double>(amount) / seconds);
  };
  std::string line = with_commas(state.files) + " files, " + as_bytes_text(state.bytes) + ", " +
                     with_commas(per_second(state.files)) + " files/s, " + as_bytes_text(per_second(state.bytes)) +
                     "/s";
  if (state.files_total == 0) return line + ", counting";
  const double all = cost(state.files_total, state.bytes_total);
  // Files may have come after they were counted.
  const double done = std::min(cost(state.files, state.bytes), all);
  line += ", " + std::to_string(static_cast<int>(100 * done / all)) + " %";
  if (done > 0) line += ", " + duration_text(seconds * (all - done) / done) + " left";
  return line;
}

Progress::Progress(const Clock& clock, std::vector<std::string> roots, const WalkOptions& options, bool terminal,
                   int fd)
    : clock_(clock), terminal_(terminal), fd_(fd), started_ms_(clock.steady_ms()) {
  counter_ = std::jthread(
      [this, roots = std::move(roots), options](const std::stop_token& stop) { count(stop, roots, options); });
  shower_ = std::jthread([this](const std::stop_token& stop) { show(stop); });
}

Progress::~Progress() {
  counter_.request_stop();
  shower_.request_stop();
  counter_.join();
  shower_.join();
  if (terminal_) write_to(fd_, wipe_line);
}

void Progress::count(const std::stop_token& stop, std::vector<std::string> roots, const WalkOptions& options) {
  std::size_t at = 0;
  Walker walker([&] { return at < roots.size() ? std::optional(roots[at++]) : std::nullopt; }, options);
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  FoundFile found;
  while (!stop.stop_requested() && walker.next(found)) {
    if (found.error) continue;
    struct stat status {};
    const int folder = found.folder ? found.folder->get() : AT_FDCWD;
    if (fstatat(folder, found.name.c_str(), &status, found.named ? 0 : AT_SYMLINK_NOFOLLOW) != 0) continue;
    ++files;
    bytes += static_cast<std::uint64_t>(status.st_size);
  }
  if (stop.stop_requested()) return;
  bytes_total_.store(bytes, std::memory_order_relaxed);
  files_total_.store(files, std::memory_order_release);
}

void Progress::show(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  const auto period = terminal_ ? std::chrono::milliseconds(250) : std::chrono::milliseconds(1000);
  while (!never.wait_for(lock, stop, period, [&] { return stop.stop_requested(); })) {
    const std::uint64_t files_total = files_total_.load(std::memory_order_acquire);
    const std::string line = progress_line({.files = files_.load(std::memory_order_relaxed),
                                            .bytes = bytes_.load(std::memory_order_relaxed),
                                            .files_total = files_total,
                                            .bytes_total = bytes_total_.load(std::memory_order_relaxed),
                                            .elapsed_ms = clock_.steady_ms() - started_ms_});
    write_to(fd_, terminal_ ? wipe_line + line : "fristad: " + line + "\n");
  }
}

}  // namespace fristad
