#pragma once

// The list that a person means: by its id, the beginning of it, or its title.

#include <cstdint>
#include <span>
#include <string_view>

#include "fristad/result.h"
#include "material/material.h"

namespace fristad {

// `text` is an id (32 hex digits), at least the first four digits of one, or an exact title. Errors: not_found,
// conflict (it may mean several).
Result<ListInfo> choose_list(std::span<const ListInfo> lists, std::string_view text);
Result<ListInfo> choose_list(const Material& material, std::string_view text);

constexpr const char* list_names_text = "The list: its id, at least the first four digits of it, or its title";

}  // namespace fristad
