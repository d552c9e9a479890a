#pragma once

// What the node counts, in the text format of Prometheus (exposition format 0.0.4). No label ever holds what a client
// sent: routes are patterns, the rest are words of ours.
//
// Thread-safety: all functions may be called from any thread at once, after the routes were named.

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "http/server.h"

namespace fristad {

class Metrics {
 public:
  // Before the server starts.
  void add_route(Method method, std::string_view pattern);

  void done(const HttpEvent& event);

  // Counters of what the routes do.
  std::atomic<std::uint64_t> queries = 0;          // hashes asked about
  std::atomic<std::uint64_t> queries_matched = 0;  // that had a match
  std::atomic<std::uint64_t> images_hashed = 0;
  std::atomic<std::uint64_t> images_failed = 0;
  std::atomic<std::uint64_t> throttled = 0;
  std::atomic<std::uint64_t> probing_closed = 0;   // neighbourhoods closed to a token
  std::atomic<std::uint64_t> probing_refused = 0;  // questions refused for that
  std::atomic<std::uint64_t> sign_ins = 0;
  std::atomic<std::uint64_t> sign_ins_refused = 0;
  // Of the drop-in's shadow mode: how our answer stood to that of HMA.
  std::atomic<std::uint64_t> shadow_same = 0;
  std::atomic<std::uint64_t> shadow_more = 0;    // matches that HMA lacked
  std::atomic<std::uint64_t> shadow_fewer = 0;   // HMA had some that we lacked
  std::atomic<std::uint64_t> shadow_failed = 0;  // nothing to compare

  // Appends all of that.
  void write(std::string& out) const;

 private:
  static constexpr std::array<std::int64_t, 9> bounds_us{500,     1000,    5000,      10'000,   50'000,
                                                         100'000, 500'000, 1'000'000, 5'000'000};
  struct Route {
    std::string labels;
    std::array<std::atomic<std::uint64_t>, 6> by_class = {};  // 1xx..5xx at 1..5; 0: the client went away
    std::array<std::atomic<std::uint64_t>, bounds_us.size() + 1> by_duration = {};
    std::atomic<std::uint64_t> duration_us = 0;
    std::atomic<std::uint64_t> count = 0;
  };
  const Route& other() const { return routes_.front(); }
  static std::string key_of(Method method, std::string_view pattern);

  std::deque<Route> routes_ = std::deque<Route>(1);  // the first: of no route
  std::unordered_map<std::string, Route*> by_pattern_;
};

// One sample with its type and help, for gauges that are asked when needed.
void write_gauge(std::string& out, std::string_view name, std::string_view help, std::int64_t value);

}  // namespace fristad
