#pragma once

// From the blurred 64x64 picture to hashes and quality: the last steps of the fast core.
// Every sum has the oracle's order, so every result is the oracle's. Thread-safety: pure functions.

#include "fristad/hash.h"
#include "hash/pdq_math.h"

namespace fristad::pdq {

// The 16x16 frequencies of the picture: B = D * A * D^T.
Matrix<fine, fine> frequencies(const Matrix<coarse, coarse>& picture);

// About 0.02 ms.
PdqResult result_of(const Matrix<coarse, coarse>& picture);

}  // namespace fristad::pdq
