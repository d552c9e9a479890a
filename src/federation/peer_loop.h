#pragma once

// The thread that deals with one other member: reads it, and tells it when there is something new at ours. Each has its
// own, so that one that is slow or gone holds up nobody else. Included by this room's sources alone.
//
// Thread-safety: read_now() and announce() from any thread; both return at once. The rest on one thread.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "base/log.h"
#include "base/random.h"
#include "federation/ledger.h"
#include "federation/message.h"

namespace fristad {

// What a reading came to.
enum class Found {
  nothing,     // all is here
  unfinished,  // the rest stands behind the head on offer: look again soon
  something,   // look again at once
};

struct PeerPace {
  std::int64_t beat_ms = 60'000;
  std::int64_t soon_ms = 2000;
  std::int64_t retry_ms = 1000;
  std::int64_t retry_max_ms = 900'000;
};

class PeerLoop {
 public:
  struct Work {
    Ask ask;  // may be broken off by `cancel`
    std::function<Result<Found>()> read;
    std::function<void(const Error&)> failed;
    std::function<void()> cancel;  // from another thread
  };

  PeerLoop(Work work, PeerPace pace, Random random);
  ~PeerLoop();
  PeerLoop(const PeerLoop&) = delete;
  PeerLoop& operator=(const PeerLoop&) = delete;

  // It has something new, or may have.
  void read_now();
  // We have.
  void announce();

 private:
  struct Due {
    bool read = false;
    bool announce = false;
  };
  void run(const std::stop_token& stop);
  // Waits for one or the other, `ms` at most, after which it is time to read.
  Due wait(const std::stop_token& stop, std::int64_t ms, bool heed_announcements);
  // After an announcement, as long as there is nothing to read.
  void pause(const std::stop_token& stop);
  std::int64_t drawn(std::int64_t from_ms, std::int64_t to_ms) const;

  const Work work_;
  const PeerPace pace_;
  const Random random_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Due due_{.read = true};
  std::jthread thread_;
};

// How long to wait after so many failures in a row, before it is drawn from: doubled each time, up to a limit.
std::int64_t retry_after_ms(const PeerPace& pace, int failures);

}  // namespace fristad
