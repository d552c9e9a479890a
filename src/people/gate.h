#pragma once

// Lets at most so many in at once, and makes nobody wait: whoever finds it full is told.
//
//   const auto pass = gate.enter();
//   if (!pass) return Error{Code::unavailable, "too many at once"};
//   ...                                     // leaves with `pass`
//
// Thread-safety: enter() may be called from any thread; a Pass belongs to one.

#include <atomic>
#include <optional>
#include <utility>

namespace fristad {

class Gate {
 public:
  explicit Gate(int most) : most_(most) {}

  class Pass {
   public:
    explicit Pass(std::atomic<int>& inside) : inside_(&inside) {}
    ~Pass() {
      if (inside_ != nullptr) inside_->fetch_sub(1);
    }
    Pass(Pass&& other) noexcept : inside_(std::exchange(other.inside_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;

   private:
    std::atomic<int>* inside_;
  };

  std::optional<Pass> enter() {
    if (inside_.fetch_add(1) < most_) return Pass(inside_);
    inside_.fetch_sub(1);
    return std::nullopt;
  }

 private:
  const int most_;
  std::atomic<int> inside_ = 0;
};

}  // namespace fristad
