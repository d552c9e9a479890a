#pragma once

// What a server says of its work: one line of JSON an event, for whoever gathers lines (a journal, a file).
//
//   log.info("request", {{"route", "/api/v1/match"}, {"status", 200}});
//   // {"time":"2026-11-25T22:00:00.120Z","level":"info","event":"request","route":"/api/v1/match","status":200}
//
// Never logged: hashes, URLs, identifiers of cases or persons, names of files, secrets, bodies, addresses. Events and
// the names of fields are literals; values are numbers, or texts of our own (a route's pattern, a code). An Error's
// message may quote what somebody sent: log its code.
//
// Thread-safety: any thread; lines don't mix.

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/clock.h"

namespace fristad {

enum class LogLevel { debug, info, warning, error };

class Log {
 public:
  using Value = std::variant<std::int64_t, std::string_view>;
  using Fields = std::initializer_list<std::pair<std::string_view, Value>>;

  // Events below `least` are dropped. `sink` gets each line with its end; called under a lock.
  Log(Clock clock, LogLevel least, std::function<void(std::string_view line)> sink)
      : clock_(std::move(clock)), least_(least), sink_(std::move(sink)) {}

  void debug(std::string_view event, Fields fields = {}) const { write(LogLevel::debug, event, fields); }
  void info(std::string_view event, Fields fields = {}) const { write(LogLevel::info, event, fields); }
  void warning(std::string_view event, Fields fields = {}) const { write(LogLevel::warning, event, fields); }
  void error(std::string_view event, Fields fields = {}) const { write(LogLevel::error, event, fields); }

 private:
  void write(LogLevel level, std::string_view event, Fields fields) const;

  Clock clock_;
  LogLevel least_;
  std::function<void(std::string_view)> sink_;
  mutable std::mutex mutex_;
};

}  // namespace fristad
