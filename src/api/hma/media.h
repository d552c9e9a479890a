#pragma once

// Files that are sent or named to be hashed: "photo" gives "pdq", "video" gives "video_md5". A photo lies in memory
// until it is hashed in the sandbox, a video passes through; nothing of either is kept.
//
// Thread-safety: any thread, each with a call of its own.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/hma/hma_impl.h"
#include "api/hma/signals.h"

namespace fristad {

struct HmaMedia {
  HmaSignals signals;                     // "pdq" is "" for a photo of too little quality
  std::optional<PdqResult> picture = {};  // of a photo with quality enough: with all its orientations
};

// A form with a file, whose field is named as its type of content, and other fields.
struct HmaForm {
  std::optional<HmaMedia> media = {};
  std::map<std::string, std::string, std::less<>> fields = {};
};

// Whether the body is multipart/form-data.
bool is_form(const HmaCall& call);

// Errors, in the words of HMA: invalid_argument (more than one file, a type of content or signal that isn't there, no
// picture), too_large, unavailable.
Result<HmaForm> read_form(HmaCall& call);

// That, where the file must be there.
Result<HmaMedia> read_media(HmaCall& call);

// Fetches and hashes. Errors: those of fetch_url(), and as above.
Result<HmaMedia> fetch_media(HmaCall& call, const std::string& url);

}  // namespace fristad
