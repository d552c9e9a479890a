#pragma once

#include "fristad/result.h"

// The value of a Result, or an early return of its Error:
//
//   std::string text = TRY(read_file(path, bytes_max));
//   TRY(write_file(path, text));
//
// Statement expressions are an extension that g++ and clang share.
// Not behind a member that owns memory in one initializer, {.name = text, .size = TRY(...)}: both compilers forget to
// destroy the members made so far. Fill such a value member by member.
// Each has a name of its own, so that they may stand inside one another.
#define TRY(expression) FRISTAD_TRY_NAMED(FRISTAD_TRY_JOIN(try_result_, __COUNTER__), expression)
#define FRISTAD_TRY_JOIN(name, number) FRISTAD_TRY_JOIN_EXPANDED(name, number)
#define FRISTAD_TRY_JOIN_EXPANDED(name, number) name##number
#define FRISTAD_TRY_NAMED(name, expression)             \
  __extension__({                                       \
    auto name = (expression);                           \
    if (!name) [[unlikely]]                             \
      return ::fristad::Error(std::move(name).error()); \
    ::fristad::detail::take(std::move(name));           \
  })

namespace fristad::detail {

template <class T>
T take(Result<T>&& result) {
  return std::move(*result);
}
inline void take(Status&&) {}

}  // namespace fristad::detail
