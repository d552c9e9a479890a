#include "http/handler_pool.h"

#include <utility>

namespace fristad {

HandlerPool::HandlerPool(int threads, std::size_t waiting_max) : waiting_max_(waiting_max) {
  threads_.reserve(static_cast<std::size_t>(threads));
  for (int thread = 0; thread < threads; ++thread) threads_.emplace_back([this] { work(); });
}

bool HandlerPool::post(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    // Jobs that idle threads are about to take don't wait.
    if (stopped_ || jobs_.size() >= waiting_max_ + (threads_.size() - running_)) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

std::size_t HandlerPool::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

std::size_t HandlerPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

void HandlerPool::stop() {
  std::deque<std::function<void()>> dropped;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(jobs_);
  }
  changed_.notify_all();
  for (std::jthread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void HandlerPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopped_ || !jobs_.empty(); });
    if (stopped_) return;
    std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    ++running_;
    lock.unlock();
    job();
    job = nullptr;  // what it holds goes before the thread counts as free
    lock.lock();
    --running_;
  }
}

}  // namespace fristad
