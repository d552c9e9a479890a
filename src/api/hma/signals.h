#pragma once

// The signal types of HMA that there are here: "pdq" of photos and "video_md5" of videos, as texts that are checked the
// way HMA checks them.
//
// Thread-safety: pure functions.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "fristad/result.h"
#include "match/hash_text.h"
#include "material/records.h"

namespace fristad {

inline constexpr std::string_view signal_pdq = "pdq";
inline constexpr std::string_view signal_md5 = "video_md5";
inline constexpr int hma_pdq_limit = 31;  // beyond it HMA calls two hashes different

inline bool is_hma_signal(std::string_view type) {
  return type == signal_pdq || type == signal_md5;
}

// By type: {"pdq": "f8f8..."}.
using HmaSignals = std::map<std::string, std::string, std::less<>>;

// What the signal asks for. PDQ has to be in lower case; MD5 is trimmed and lower-cased. Error: invalid_argument, with
// the words of HMA.
Result<Query> hma_query(std::string_view type, std::string_view signal);

// The text of it as HMA gives it back.
std::string signal_text(const Query& query);

// Into an entry, and those of an entry.
void set_signal(EntryBody& entry, const Query& query);
HmaSignals signals_of(const EntryBody& entry);
Json to_json(const HmaSignals& signals);

}  // namespace fristad
