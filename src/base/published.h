#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace fristad {

// The newest version of something that is replaced as a whole and read by many threads. A reader keeps the version that
// it got for as long as it needs it; a writer waits for nobody. The lock is held for as long as it takes to copy a
// pointer.
//
//   Published<Rules> rules(std::make_shared<const Rules>());
//   const auto now = rules.get();     // any thread
//   rules.set(std::make_shared<const Rules>(changed(*now)));
//
// Thread-safety: get and set from any thread. Two writers that each build on what they got must agree among themselves.
// (Not std::atomic<std::shared_ptr>: in libstdc++ 12 thread sanitizers can't follow it.)
template <class T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first) : current_(std::move(first)) {}

  std::shared_ptr<const T> get() const {
    const std::scoped_lock lock(mutex_);
    return current_;
  }

  void set(std::shared_ptr<const T> next) {
    {
      const std::scoped_lock lock(mutex_);
      current_.swap(next);
    }
    // What was current goes here, outside of the lock.
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const T> current_;
};

}  // namespace fristad
