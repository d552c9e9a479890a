#pragma once

// How much of each member's material was ruled to be enforced today, so that one member's mistake, or its malice, goes
// only so far before a person looks. In memory: a restart forgets.
//
// Thread-safety: all functions may be called from any thread at once.

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace fristad {

class EnforcedToday {
 public:
  // Counts one more, unless there were as many as `cap` on this day, by UTC.
  bool take(const std::string& member, std::int64_t now_ms, std::int64_t cap) {
    const std::scoped_lock lock(mutex_);
    Day& day = days_[member];
    if (day.number != day_of(now_ms)) day = {.number = day_of(now_ms), .taken = 0};
    if (day.taken >= cap) return false;
    ++day.taken;
    return true;
  }

  bool reached(const std::string& member, std::int64_t now_ms, std::int64_t cap) const {
    const std::scoped_lock lock(mutex_);
    const auto day = days_.find(member);
    const bool today = day != days_.end() && day->second.number == day_of(now_ms);
    return (today ? day->second.taken : 0) >= cap;
  }

 private:
  struct Day {
    std::int64_t number = 0;  // since 1970
    std::int64_t taken = 0;
  };
  static std::int64_t day_of(std::int64_t now_ms) { return now_ms / (std::int64_t{24} * 60 * 60 * 1000); }

  mutable std::mutex mutex_;
  std::map<std::string, Day> days_;
};

}  // namespace fristad
