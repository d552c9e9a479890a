#pragma once

// What a client sends to add a content, and how long one rests.
//
// Thread-safety: any thread, each with a call of its own.

#include <cstdint>
#include <optional>
#include <string>

#include "api/hma/media.h"
#include "base/json.h"

namespace fristad {

// HMA's `disable_until_ts` in seconds (0: for good, 1: not at all) and ours.
std::int64_t paused_until_ms(std::int64_t disable_until_ts);
std::int64_t disable_until_ts(std::int64_t paused_until_ms);

struct HmaDraft {
  std::optional<HmaMedia> media = {};
  Json::Object metadata = {};
  std::string note = {};
};

// Reads the file or fetches what `?url=` names, and what is said of it: in the query, in the fields of the form, or in
// the JSON of the body. Errors: those of read_form() and fetch_media(); invalid_argument ("Neither `url` nor multipart
// file upload was received", "metadata form field must be valid JSON", and those of hma_metadata.h).
Result<HmaDraft> read_draft(HmaCall& call);

}  // namespace fristad
