#pragma once

// Shadow mode: the HMA that is to be replaced answers as before, and what Fristad would have answered is compared with
// it, until its owner trusts the new one.
//
// Requests are passed on, but files never are: they are hashed here, and HMA is asked by their signals. Answers to
// lookups by a signal are compared by the names of the banks and by distances; the ids of contents differ by nature.
// Banks that answer by the toss of a coin are left out: each side tosses its own.
//
// Thread-safety: all functions may be called from any thread at once.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/metrics.h"
#include "base/json.h"
#include "base/log.h"
#include "http/client.h"

namespace fristad {

class HmaCall;

// Bank and distance of each match; of a raw lookup without the bank.
using HmaBag = std::multiset<std::pair<std::string, std::string>>;

struct HmaDifference {
  std::int64_t more = 0;   // that only we have
  std::int64_t fewer = 0;  // that only they have
};
HmaDifference difference(const HmaBag& ours, const HmaBag& theirs);

// Of {"BANK": [{"bank_content_id", "distance"}]}, and of {"matches": [...]}; nothing if it's neither.
std::optional<HmaBag> bag_of_banks(const Json& answer);
std::optional<HmaBag> bag_of_matches(const Json& answer);

class HmaShadow {
 public:
  // Error: invalid_argument (no URL).
  static Result<std::unique_ptr<HmaShadow>> make(const std::string& url, Metrics& metrics, const Log& log);

  // Asks the HMA. Errors: those of HttpClient::send().
  Result<HttpAnswer> send(HttpCall call);
  // Counts how they compare; nothing: they could not be compared.
  void note(const std::optional<HmaDifference>& found);

 private:
  static constexpr std::size_t idle_max = 16;

  HmaShadow(HttpTarget at, Metrics& metrics, const Log& log) : at_(std::move(at)), metrics_(metrics), log_(log) {}

  const HttpTarget at_;  // its path without the "/" at the end
  Metrics& metrics_;
  const Log& log_;
  std::mutex mutex_;
  std::vector<HttpClient> idle_;
};

// What answers in shadow mode: HMA, as it was asked; the same, once the host of `?url=` is allowed; and routes of their
// own.
Result<Response> pass_on(HmaCall& call);
Result<Response> pass_on_url(HmaCall& call);
Result<Response> shadow_lookup(HmaCall& call);
Result<Response> shadow_lookup_file(HmaCall& call);
Result<Response> shadow_raw_lookup(HmaCall& call);
Result<Response> shadow_add_content(HmaCall& call);

}  // namespace fristad
