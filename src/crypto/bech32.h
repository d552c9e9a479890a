#pragma once

// Bech32 of BIP 173, as age writes its keys: any length, and a checksum that finds a mistyped character.
//
//   fristad::to_bech32("age", recipient)      // "age1..."
//
// Thread-safety: pure functions. Complexity: one pass.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.h"
#include "fristad/result.h"

namespace fristad {

// In lower case. `prefix` is lower case without blanks.
std::string to_bech32(std::string_view prefix, Bytes bytes);

// The bytes of a text with this prefix (given in lower case), all upper or all lower case, of at most 256 characters.
// Errors: damaged (mistyped: the checksum or the form is wrong), invalid_argument (another prefix), too_large.
Result<std::vector<std::uint8_t>> from_bech32(std::string_view prefix, std::string_view text);

}  // namespace fristad
