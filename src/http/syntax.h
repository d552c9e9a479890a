#pragma once

// The small words of HTTP: tokens, field values, lists and parameters (RFC 9110, section 5.6).
//
// Thread-safety: pure functions. Complexity: one pass.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fristad/result.h"

namespace fristad {

// Letters of ASCII count as equal in both cases; all other bytes must be the same.
bool equal_fold(std::string_view a, std::string_view b);

bool is_token(std::string_view text);  // not empty

// What may stand in a field's value: no control characters except the tab, any byte from 0x80 on.
bool is_field_value(std::string_view text);

// Without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text);

// Whether a list such as "keep-alive, close" has the word, in any case.
bool list_has(std::string_view list, std::string_view word);

// A value with parameters: form-data; name="a"; filename="b.png".
struct Parameterized {
  std::string value = {};  // as it came
  std::vector<std::pair<std::string, std::string>> parameters = {};

  const std::string* find(std::string_view name) const;
};
// Browsers put backslashes into quoted file names as they are, so only \" and \\ lose theirs. Errors: damaged (not of
// that form, a parameter twice, or over 16 parameters).
Result<Parameterized> parse_parameterized(std::string_view text);

}  // namespace fristad
