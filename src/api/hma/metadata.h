#pragma once

// What a client of HMA says of a content beside its hashes: {"content_id", "content_uri", "json", "collab"}, kept as
// the context of the entry, and its note.
//
// Thread-safety: pure functions.

#include <string>
#include <string_view>

#include "base/json.h"
#include "fristad/result.h"

namespace fristad {

inline constexpr std::size_t hma_note_characters_max = 255;

// Takes what was sent into `metadata`, an object of these members without empty ones. A member that HMA doesn't know
// goes into "json". Error: invalid_argument, in the words of HMA.
Status add_metadata(Json::Object& metadata, const Json& sent);

// The text for the entry; "" if there is nothing. Error: invalid_argument (over 8 KiB).
Result<std::string> context_of(const Json::Object& metadata);

// Back, as HMA shows it, members that aren't there as null; null if there is nothing. A context that came from
// elsewhere is shown as "json".
Json shown_metadata(std::string_view context, bool with_collab);

// Errors: invalid_argument ("note should be a string", "note must be at most 255 characters").
Result<std::string> note_of(const Json& sent);

}  // namespace fristad
