#pragma once

// The threads that handlers run on, and a bounded queue before them.
//
// Thread-safety: all functions from any thread, but stop() once.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace fristad {

class HandlerPool {
 public:
  HandlerPool(int threads, std::size_t waiting_max);
  ~HandlerPool() { stop(); }

  // False when `waiting_max` jobs wait for a thread already, or after stop(). A job doesn't throw.
  bool post(std::function<void()> job);

  std::size_t running() const;
  std::size_t waiting() const;

  // Drops what waits, and returns when what runs has ended.
  void stop();

 private:
  void work();

  std::size_t waiting_max_;
  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::size_t running_ = 0;
  bool stopped_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace fristad
