#include "people/limits.h"

#include <algorithm>
#include <cstring>

namespace fristad {
namespace {

constexpr std::int64_t window_ms = 15 * 60'000;
constexpr std::int64_t wait_first_ms = 60'000;
constexpr std::int64_t wait_longest_ms = 60 * 60'000;
constexpr std::int64_t pair_failures_max = 10;
constexpr std::int64_t failures_max = 100;
constexpr std::size_t counts_max = 100'000;

bool is_over(const FailureCount& count, std::int64_t now_ms) {
  return now_ms > std::max(count.since_ms, count.until_ms) + window_ms;
}

}  // namespace

std::size_t DigestHash::operator()(const Digest& digest) const {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

std::int64_t SignInLimits::wait_ms(const SignInAttempt& attempt, std::int64_t now_ms) const {
  const std::scoped_lock lock(mutex_);
  const auto left = [&](const Digest& who) {
    const auto found = counts_.find(who);
    return found == counts_.end() ? std::int64_t{0} : std::max<std::int64_t>(0, found->second.until_ms - now_ms);
  };
  if (attempt.known) return left(attempt.pair);
  return std::max({left(attempt.pair), left(attempt.address), left(attempt.name)});
}

std::vector<Digest> SignInLimits::failed(const SignInAttempt& attempt, std::int64_t now_ms) {
  const std::scoped_lock lock(mutex_);
  const auto add = [&](const Digest& who, std::int64_t most) {
    if (counts_.size() >= counts_max && !counts_.contains(who)) counts_.erase(counts_.begin());
    FailureCount& count = counts_[who];
    if (is_over(count, now_ms)) count = {.since_ms = now_ms};
    ++count.count;
    if (count.count < most) return;
    count.wait_ms = std::clamp(2 * count.wait_ms, wait_first_ms, wait_longest_ms);
    count.until_ms = now_ms + count.wait_ms;
  };
  add(attempt.pair, pair_failures_max);
  add(attempt.address, failures_max);
  if (attempt.known) return {attempt.pair, attempt.address};
  add(attempt.name, failures_max);
  return {attempt.pair, attempt.address, attempt.name};
}

void SignInLimits::succeeded(const SignInAttempt& attempt) {
  const std::scoped_lock lock(mutex_);
  counts_.erase(attempt.pair);
}

std::vector<Digest> SignInLimits::forget(std::int64_t now_ms) {
  const std::scoped_lock lock(mutex_);
  std::vector<Digest> gone;
  for (auto at = counts_.begin(); at != counts_.end();) {
    if (!is_over(at->second, now_ms)) {
      ++at;
      continue;
    }
    gone.push_back(at->first);
    at = counts_.erase(at);
  }
  return gone;
}

std::optional<FailureCount> SignInLimits::count(const Digest& who) const {
  const std::scoped_lock lock(mutex_);
  const auto found = counts_.find(who);
  return found == counts_.end() ? std::nullopt : std::optional(found->second);
}

void SignInLimits::load(const Digest& who, const FailureCount& count) {
  const std::scoped_lock lock(mutex_);
  if (counts_.size() < counts_max) counts_[who] = count;
}

}  // namespace fristad
