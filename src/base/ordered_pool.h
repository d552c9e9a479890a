#pragma once

// Many threads work on a stream of items; the outputs come out in the order of the items; memory is bounded.
//
//   run_ordered<Task, Line>({.next = read_task, .work = hash_file, .emit = print}, threads, 1024, stop);
//
// There is no queue of items: each thread takes its next item itself, at most `ring` items ahead of the oldest one that
// is not yet emitted. Who completes the oldest item emits it, and those behind it that are ready.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "fristad/result.h"

namespace fristad {

template <class Item, class Output>
struct OrderedJob {
  std::function<bool(Item&)> next;                // fills the item, or false at the end; one call at a time
  std::function<Output(int thread, Item&)> work;  // many calls at once; `thread` counts from 0
  std::function<bool(Output&)> emit;              // in order, one call at a time; false ends the whole run
};

namespace detail {

template <class Item, class Output>
class OrderedRun {
 public:
  OrderedRun(const OrderedJob<Item, Output>& job, std::size_t ring, const std::atomic<bool>& stop)
      : job_(job), stop_(stop), ring_(ring) {}

  void run(int thread) noexcept {
    try {
      Item item;
      while (const std::optional<std::uint64_t> ticket = take(item)) deliver(*ticket, job_.work(thread, item));
    } catch (const std::exception& error) {
      fail({Code::unavailable, std::string("a worker thread stopped: ") + error.what()});
    }
  }

  Status status() const { return status_; }

 private:
  std::optional<std::uint64_t> take(Item& item) {
    std::unique_lock lock(state_);
    changed_.wait(lock, [&] { return ended_ || (!taking_ && taken_ < emitted_ + ring_.size()); });
    if (ended_) return std::nullopt;
    taking_ = true;
    lock.unlock();
    const bool more = !stop_.load() && job_.next(item);
    lock.lock();
    taking_ = false;
    if (!more) {
      end();
      return std::nullopt;
    }
    changed_.notify_one();
    return taken_++;
  }

  void deliver(std::uint64_t ticket, Output output) {
    std::unique_lock lock(state_);
    ring_[ticket % ring_.size()] = std::move(output);
    if (emitting_) return;
    emitting_ = true;
    while (!refused_) {
      std::optional<Output>& oldest = ring_[emitted_ % ring_.size()];
      if (!oldest) break;
      Output ready = std::move(*oldest);
      oldest.reset();
      lock.unlock();
      const bool more = job_.emit(ready);
      lock.lock();
      ++emitted_;
      changed_.notify_one();
      if (more) continue;
      refused_ = true;
      end();
    }
    emitting_ = false;
  }

  // With state_ held.
  void end() {
    ended_ = true;
    changed_.notify_all();
  }

  void fail(Error error) {
    const std::lock_guard lock(state_);
    status_ = std::move(error);
    refused_ = true;
    end();
  }

  const OrderedJob<Item, Output>& job_;
  const std::atomic<bool>& stop_;

  std::mutex state_;  // guards everything below
  std::condition_variable changed_;
  std::vector<std::optional<Output>> ring_;
  std::uint64_t taken_ = 0;
  std::uint64_t emitted_ = 0;
  bool taking_ = false;
  bool emitting_ = false;
  bool ended_ = false;    // no more items are taken
  bool refused_ = false;  // no more outputs are emitted
  Status status_;
};

}  // namespace detail

// Runs the job on `threads` threads, the caller's included, until `next` or `emit` says false or `stop` is set; then
// every item taken has been worked on and, unless `emit` refused, emitted. Fewer threads than asked run
// when the system gives no more. Error: unavailable, when memory ran out in a thread.
template <class Item, class Output>
Status run_ordered(const OrderedJob<Item, Output>& job, int threads, std::size_t ring, const std::atomic<bool>& stop) {
  detail::OrderedRun<Item, Output> run(job, ring, stop);
  {
    std::vector<std::jthread> helpers;
    try {
      for (int thread = 1; thread < threads; ++thread) helpers.emplace_back([&run, thread] { run.run(thread); });
    } catch (const std::system_error&) {
      // As many as there are will do.
    }
    run.run(0);
  }
  return run.status();
}

}  // namespace fristad
