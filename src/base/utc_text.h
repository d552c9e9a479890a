#pragma once

// A moment for people: "2026-03-09T14:05:00Z".
//
// Thread-safety: pure functions.

#include <cstdint>
#include <string>

namespace fristad {

// Of milliseconds since 1970-01-01 UTC, cut to seconds.
std::string utc_text(std::int64_t utc_ms);
// With milliseconds: "2026-03-09T14:05:00.120Z".
std::string utc_text_ms(std::int64_t utc_ms);

}  // namespace fristad
