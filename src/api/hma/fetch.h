#pragma once

// Fetches what a `?url=` names, without being led astray: only http and https, only hosts on the list, only public
// addresses, all of that anew at each redirect.
//
// Thread-safety: any thread.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "fristad/result.h"
#include "http/client.h"

namespace fristad {

struct HmaFetch {
  std::span<const std::string> hosts;  // see is_listed_host()
  std::uint64_t bytes_max = 0;
  std::int64_t ms = 30'000;  // for all of it
  std::function<bool(const std::string& address)> may_connect;
  Clock clock;
};

// Whether the URL names a host on the list. Error: invalid_argument.
Result<HttpTarget> check_url(std::string_view url, std::span<const std::string> hosts);

// The answer, whose status is 2xx. Errors, in the words of HMA: invalid_argument ("Invalid or unsafe URL provided",
// "Failed to fetch URL: ..."), too_large ("Content too large").
Result<HttpAnswer> fetch_url(std::string_view url, const HmaFetch& how);

// Where a redirect from there leads. Error: invalid_argument.
Result<HttpTarget> redirected(const HttpTarget& from, std::string_view location);

}  // namespace fristad
