#pragma once

// What HMA's lookups give: which banks know a signal.
//
// An entry that is ruled "observe" isn't told, nor one that an allow list holds or whose origin is muted: a client of
// HMA has no word for such a match and would act on it.
//
// Thread-safety: any thread, each with a call of its own.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/hma/hma_impl.h"
#include "api/hma/media.h"

namespace fristad {

struct HmaMatch {
  std::string bank;
  std::int64_t ratio_ppm = whole_ppm;  // of the bank
  std::int64_t number = 0;
  std::string distance;  // "26"; "-" where there is none, or the caller may not know it
};

enum class HmaLookup {
  answer,  // what matches
  all,     // also of disabled banks: "bypass_coinflip"
  raw,     // also entries that rest
};

// The nearest first; of those banks, if any are named. Errors: those of Material; permission_denied where the token
// felt its way (see ProbingDetector): then `probing` of the call is set.
Result<std::vector<HmaMatch>> look_up(HmaCall& call, const Query& query, HmaLookup what);
Result<std::vector<HmaMatch>> look_up(HmaCall& call, const PdqResult& picture, HmaLookup what);

// 0 <= toss < 1,000,000, the same for the same seed; a bank answers if its share is at least that.
Result<std::int64_t> toss_coin(HmaCall& call);

// {"BANK": [{"bank_content_id": 4, "distance": "0"}]}, of banks that answer at this toss.
Json by_bank(const std::vector<HmaMatch>& matches, std::int64_t toss);

// Takes one hash from the token's quota; the answer if none is left.
std::optional<Response> over_quota(HmaCall& call);

// The signal that the query names. Errors: invalid_argument, with the words of HMA.
Result<Query> signal_asked(std::string_view type, std::string_view signal);

}  // namespace fristad
