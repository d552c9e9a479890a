#include "http/admission.h"

#include <arpa/inet.h>

namespace fristad {
namespace {

std::string group_of(const std::string& address) {
  in6_addr bytes{};
  if (inet_pton(AF_INET6, address.c_str(), &bytes) != 1) return address;
  std::string group("v6/");
  for (int at = 0; at < 8; ++at) group += static_cast<char>(bytes.s6_addr[at]);
  return group;
}

}  // namespace

bool Admission::admit(const Peer& peer) {
  const std::lock_guard lock(mutex_);
  if (open_ >= max_) return false;
  if (!peer.loopback) {
    std::size_t& count = by_group_[group_of(peer.address)];
    if (count >= per_address_max_) return false;  // so it is not 0, and stays
    ++count;
  }
  ++open_;
  return true;
}

void Admission::leave(const Peer& peer) {
  const std::lock_guard lock(mutex_);
  if (!peer.loopback) {
    const auto group = by_group_.find(group_of(peer.address));
    if (--group->second == 0) by_group_.erase(group);
  }
  if (--open_ == 0) none_.notify_all();
}

std::size_t Admission::open() const {
  const std::lock_guard lock(mutex_);
  return open_;
}

bool Admission::wait_for_none(std::chrono::milliseconds wait) const {
  std::unique_lock lock(mutex_);
  return none_.wait_for(lock, wait, [this] { return open_ == 0; });
}

}  // namespace fristad
