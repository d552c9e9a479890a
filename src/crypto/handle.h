#pragma once

// Numbers that outsiders get to see as texts that say nothing: neither the number, nor how many there are, nor which of
// two is older. The same number has another text in each context (one for each token, say), so two who compare theirs
// learn nothing either.
//
//   const std::string text = fristad::seal_handle(key, entry.handle(), token_number);    // 32 hex digits
//   const auto handle = fristad::open_handle(key, text, token_number);                   // nothing, if it's made up
//
// One block of AES-256 (FIPS 197) over the number and the context. A text that was made up opens by a chance of 1 in
// 2^64. It isn't a right: whoever opens it still asks whether the caller may see what it names.
//
// Thread-safety: pure functions. Complexity: about 1 us.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/secret.h"

namespace fristad {

std::string seal_handle(const Key& key, std::uint64_t value, std::uint64_t context);

// Nothing if it isn't what seal_handle() gave for this key and context.
std::optional<std::uint64_t> open_handle(const Key& key, std::string_view text, std::uint64_t context);

}  // namespace fristad
