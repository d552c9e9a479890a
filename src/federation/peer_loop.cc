#include "federation/peer_loop.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace fristad {
namespace {

// Who writes without a pause isn't announced more often than this.
constexpr std::int64_t announcement_gap_ms = 20;

}  // namespace

std::int64_t retry_after_ms(const PeerPace& pace, int failures) {
  constexpr int doublings_max = 20;
  const int doublings = std::clamp(failures - 1, 0, doublings_max);
  return std::min(pace.retry_max_ms, pace.retry_ms << doublings);
}

PeerLoop::PeerLoop(Work work, PeerPace pace, Random random)
    : work_(std::move(work)), pace_(pace), random_(std::move(random)) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

PeerLoop::~PeerLoop() {
  thread_.request_stop();
  work_.cancel();
}

void PeerLoop::read_now() {
  const std::scoped_lock lock(mutex_);
  due_.read = true;
  changed_.notify_all();
}

void PeerLoop::announce() {
  const std::scoped_lock lock(mutex_);
  due_.announce = true;
  changed_.notify_all();
}

std::int64_t PeerLoop::drawn(std::int64_t from_ms, std::int64_t to_ms) const {
  const auto bytes = random_array<4>(random_);
  if (!bytes || to_ms <= from_ms) return to_ms;
  std::uint32_t number = 0;
  for (const std::uint8_t byte : *bytes) number = number << 8 | byte;
  return from_ms + static_cast<std::int64_t>(number % static_cast<std::uint64_t>(to_ms - from_ms + 1));
}

PeerLoop::Due PeerLoop::wait(const std::stop_token& stop, std::int64_t ms, bool heed_announcements) {
  std::unique_lock lock(mutex_);
  const bool called = changed_.wait_for(lock, stop, std::chrono::milliseconds(ms),
                                        [&] { return due_.read || (due_.announce && heed_announcements); });
  Due due = std::exchange(due_, {});
  due.read = due.read || !called;
  return due;
}

void PeerLoop::pause(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, std::chrono::milliseconds(announcement_gap_ms), [&] { return due_.read; });
}

void PeerLoop::run(const std::stop_token& stop) {
  int failures = 0;
  Due due = wait(stop, 0, true);
  while (!stop.stop_requested()) {
    Status done;
    Found found = Found::nothing;
    if (due.announce) {
      const auto told = work_.ask(Question::poke, "");
      if (!told) done = told.error();
    }
    if (done && due.read) {
      const auto read = work_.read();
      if (read) found = *read;
      if (!read) done = read.error();
    }
    if (stop.stop_requested()) return;
    if (!done) {
      ++failures;
      work_.failed(done.error());
      // Anywhere up to the limit: many that lost the same member don't all come back to it at once. What there is to
      // announce it asks for itself when it is back.
      due = wait(stop, drawn(1, retry_after_ms(pace_, failures)), false);
      continue;
    }
    if (due.read) failures = 0;
    if (found == Found::something) {
      due = {.read = true};
      continue;
    }
    if (due.announce) pause(stop);
    const std::int64_t beat_ms = drawn(pace_.beat_ms - pace_.beat_ms / 10, pace_.beat_ms);
    due = wait(stop, found == Found::unfinished ? std::min(pace_.soon_ms, beat_ms) : beat_ms, true);
  }
}

}  // namespace fristad
