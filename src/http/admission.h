#pragma once

// How many connections may be open, in all and from one address.
//
// Thread-safety: all functions from any thread. Complexity: O(log addresses).

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>

#include "http/message.h"

namespace fristad {

class Admission {
 public:
  Admission(std::size_t max, std::size_t per_address_max) : max_(max), per_address_max_(per_address_max) {}

  // Whether one more may come; leave() takes it back. An address of IPv6 stands for its /64, which is what one
  // subscriber gets; loopback counts only in all.
  bool admit(const Peer& peer);
  void leave(const Peer& peer);

  std::size_t open() const;
  // Until none is open, at most so long. Gives whether that is so.
  bool wait_for_none(std::chrono::milliseconds wait) const;

 private:
  const std::size_t max_;
  const std::size_t per_address_max_;
  mutable std::mutex mutex_;  // guards everything below
  mutable std::condition_variable none_;
  std::size_t open_ = 0;
  std::map<std::string, std::size_t> by_group_ = {};
};

}  // namespace fristad
