#pragma once

// What a member states in public of how right each origin's entries were, as it counts them: the kind "counts.stated".
// docs/format/material.md has its members. Included by this room's sources alone.
//
// Thread-safety: plain values and pure functions.

#include <vector>

#include "material/material.h"
#include "record/kinds.h"

namespace fristad {

inline constexpr std::size_t stated_rows_max = 1000;

Json stated_json(const std::vector<OriginCounts>& counts);
// Errors: invalid_argument (which member, and what it should be).
Result<std::vector<OriginCounts>> stated_from(const Json& body);

Status check_stated(const Record& record);
Status apply_stated(Fold& fold, const Record& record);
Status erase_stated(Fold& fold, const Record& record, std::span<const std::uint32_t> items);

}  // namespace fristad
