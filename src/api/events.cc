#include "api/events.h"

#include <algorithm>

namespace fristad {

bool Events::has_room(const Caller& caller) const {
  const std::scoped_lock lock(mutex_);
  const auto same = std::ranges::count_if(
      listeners_, [&](const Listener& one) { return one.caller.actor == caller.actor && !one.stream->closed(); });
  return !closed_ && listeners_.size() < streams_max && static_cast<std::size_t>(same) < streams_per_caller_max;
}

void Events::open(Caller caller, std::shared_ptr<EventStream> stream) {
  const std::scoped_lock lock(mutex_);
  // What he came with may have ended between the request and this.
  if (closed_ || !still_(caller)) {
    stream->close();
    return;
  }
  // The head went out before, so it is this that tells the client that it misses nothing from here on.
  if (!stream->send("open", "{}")) return;
  listeners_.push_back({std::move(caller), std::move(stream)});
}

void Events::send(Right right, std::string_view name, std::string_view data) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(listeners_, [&](Listener& one) {
    if (one.stream->closed()) return true;
    const auto now = still_(one.caller);
    if (!now) {
      one.stream->close();
      return true;
    }
    return now->rights.has(right) && !one.stream->send(name, data);
  });
}

void Events::recheck() {
  const std::scoped_lock lock(mutex_);
  std::erase_if(listeners_, [&](Listener& one) {
    if (!one.stream->closed() && still_(one.caller)) return false;
    one.stream->close();
    return true;
  });
}

void Events::close() {
  const std::scoped_lock lock(mutex_);
  closed_ = true;
  for (Listener& one : listeners_) one.stream->close();
  listeners_.clear();
}

}  // namespace fristad
