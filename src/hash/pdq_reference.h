#pragma once

// The stages of the oracle, for tests that compare more than hashes. Thread-safety: pure functions.

#include "fristad/hash.h"
#include "hash/pdq_math.h"

namespace fristad::pdq {

struct Stages {
  Matrix<coarse, coarse> picture{};  // blurred and decimated
  Matrix<fine, fine> frequencies{};
  int gradient_sum = 0;
};

// For a picture of side_min or more in both directions.
Stages reference_stages(const LumaView& luma);

}  // namespace fristad::pdq
