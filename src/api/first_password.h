#pragma once

// A password that the node makes up, for a first sign-in: five groups of four letters and digits that can't be mistaken
// for one another, some 98 bits.
//
//   TRY(first_password(random));   // "w7kd-3mfa-q9tz-hx2c-n4pv"
//
// Thread-safety: pure but for `random`.

#include <string>

#include "base/random.h"

namespace fristad {

// Errors: those of `random`.
Result<std::string> first_password(const Random& random);

}  // namespace fristad
