#pragma once

// Names the rows of lists that can't be used: the first twenty by line, the others as a number.
//
// Thread-safety: not thread-safe.

#include <cstdint>
#include <string>

#include "cli/env.h"
#include "cli/list_reader.h"

namespace fristad {

class BadRows {
 public:
  // `env` must outlive it.
  explicit BadRows(const Env& env) : env_(env) {}

  // `path` may be "-".
  void note(const std::string& path, const BadRow& row) {
    if (++count_ <= shown_max) {
      env_.say((path == "-" ? "stdin" : path) + ", line " + std::to_string(row.line) + ": " + row.message);
    } else if (count_ == shown_max + 1) {
      env_.say("more bad rows follow, and are only counted");
    }
  }

  std::uint64_t count() const { return count_; }

 private:
  static constexpr std::uint64_t shown_max = 20;

  const Env& env_;
  std::uint64_t count_ = 0;
};

}  // namespace fristad
