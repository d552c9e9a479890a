#pragma once

// The sandbox workers that uploads are hashed in: so many at once, others wait for their turn.
//
// Thread-safety: hash() may be called from any thread.

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "fristad/sandbox.h"

namespace fristad {

class Hashers {
 public:
  // Workers are started when they are first needed; the one that is tried here shows whether they can be.
  static Result<std::unique_ptr<Hashers>> start(int count, const SandboxOptions& options);

  // Errors: those of ImageHasher::hash(); unavailable (no turn within `wait_ms`).
  Result<ImageHash> hash(std::span<const std::uint8_t> bytes, std::int64_t wait_ms);

 private:
  Hashers(int count, const SandboxOptions& options) : count_(count), options_(options) {}

  const int count_;
  const SandboxOptions options_;
  std::mutex mutex_;
  std::condition_variable turn_;
  int busy_ = 0;
  std::vector<ImageHasher> idle_;
};

// How many bytes of uploads are in memory at once, over all requests.
class UploadBudget {
 public:
  explicit UploadBudget(std::uint64_t bytes_max) : left_(bytes_max) {}
  bool take(std::uint64_t bytes) {
    const std::scoped_lock lock(mutex_);
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }
  void give_back(std::uint64_t bytes) {
    const std::scoped_lock lock(mutex_);
    left_ += bytes;
  }

 private:
  std::mutex mutex_;
  std::uint64_t left_;
};

}  // namespace fristad
