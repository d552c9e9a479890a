#pragma once

// Base32 of RFC 4648, section 6, as authenticator apps take their secrets: without padding.
//
// Thread-safety: pure functions. Complexity: one pass.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.h"

namespace fristad {

// In upper case.
std::string to_base32(Bytes bytes);

// The bytes, or nothing where the text, in either case, isn't what to_base32() writes for them.
std::optional<std::vector<std::uint8_t>> from_base32(std::string_view text);

}  // namespace fristad
