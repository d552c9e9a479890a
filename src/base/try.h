#pragma once

#include "fristad/result.h"

// The value of a Result, or an early return of its Error:
//
//   std::string text = TRY(read_file(path, bytes_max));
//   TRY(write_file(path, text));
//
// Statement expressions are an extension that g++ and clang share.
#define TRY(expression)                                        \
  __extension__({                                              \
    auto try_result_ = (expression);                           \
    if (!try_result_) [[unlikely]]                             \
      return ::fristad::Error(std::move(try_result_).error()); \
    ::fristad::detail::take(std::move(try_result_));           \
  })

namespace fristad::detail {

template <class T>
T take(Result<T>&& result) {
  return std::move(*result);
}
inline void take(Status&&) {}

}  // namespace fristad::detail
