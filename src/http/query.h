#pragma once

// Percent-encoding (RFC 3986, section 2.1) and the query of a URL, in the form of web forms (WHATWG URL, section 5.1).
//
//   auto members = TRY(parse_query("list=se%2Fcovers&limit=20"));   // {"list", "se/covers"}, {"limit", "20"}
//
// Thread-safety: pure functions. Complexity: one pass.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fristad/result.h"

namespace fristad {

constexpr std::size_t query_members_max = 1000;

enum class Plus { is_plus, is_space };

// Any bytes may come out. Error: invalid_argument (a "%" without two hex digits).
Result<std::string> percent_decode(std::string_view text, Plus plus);

// The members in their order; names may come twice, empty members are left out, and "a" means "a=". Errors:
// invalid_argument (bad percent-encoding, not UTF-8, a NUL), too_large (over query_members_max).
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace fristad
