#include "api/hashers.h"

#include <chrono>
#include <memory>

#include "base/try.h"

namespace fristad {

Result<std::unique_ptr<Hashers>> Hashers::start(int count, const SandboxOptions& options) {
  std::unique_ptr<Hashers> hashers(new Hashers(count, options));
  hashers->idle_.push_back(TRY(ImageHasher::start(options)));
  return hashers;
}

Result<ImageHash> Hashers::hash(std::span<const std::uint8_t> bytes, std::int64_t wait_ms) {
  std::unique_lock lock(mutex_);
  if (!turn_.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return busy_ < count_; })) {
    return Error{Code::unavailable, "too many images wait to be hashed: try again"};
  }
  ++busy_;
  std::optional<ImageHasher> hasher;
  if (!idle_.empty()) {
    hasher = std::move(idle_.back());
    idle_.pop_back();
  }
  lock.unlock();
  Result<ImageHash> result = [&]() -> Result<ImageHash> {
    if (!hasher) hasher = TRY(ImageHasher::start(options_));
    return hasher->hash(bytes);
  }();
  lock.lock();
  --busy_;
  if (hasher) idle_.push_back(*std::move(hasher));
  turn_.notify_one();
  return result;
}

}  // namespace fristad
