#pragma once

// Event streams: who listens hears of what changed, as long as he may. An event says only that something did and which;
// what it is now, is asked for.
//
// Thread-safety: all functions may be called from any thread at once.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "people/people.h"

namespace fristad {

class Events {
 public:
  // `still` tells who a caller is now: People::still().
  explicit Events(std::function<std::optional<Caller>(const Caller&)> still) : still_(std::move(still)) {}

  // False: too many streams, or of one caller.
  bool has_room(const Caller& caller) const;
  void open(Caller caller, std::shared_ptr<EventStream> stream);
  // To those who have the right at this moment.
  void send(Right right, std::string_view name, std::string_view data);
  // Ends the streams of those who may not listen any more.
  void recheck();
  void close();

 private:
  static constexpr std::size_t streams_max = 2000;
  static constexpr std::size_t streams_per_caller_max = 20;
  struct Listener {
    Caller caller;
    std::shared_ptr<EventStream> stream;
  };

  std::function<std::optional<Caller>(const Caller&)> still_;
  mutable std::mutex mutex_;
  std::vector<Listener> listeners_;
  bool closed_ = false;
};

}  // namespace fristad
