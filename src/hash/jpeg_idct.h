#pragma once

// The inverse DCT of one block of a JPEG: the exact integer arithmetic that libjpeg calls "islow", so that the same
// file gives the same luma on either way.
//
// Source: Loeffler, Ligtenberg and Moschytz, "Practical Fast 1-D DCT Algorithms with 11 Multiplications" (1989).
// Thread-safety: pure functions.

#include <cstdint>

namespace fristad::jpeg {

// `coefficients` are 8 rows of 8, dequantised. Pixel (x, y) of the result is pixels[8 * x + y]: by columns, since that
// is how they come out, and whoever picks single pixels doesn't mind.
void inverse_dct(const std::int16_t* coefficients, std::uint8_t* pixels);

// The same for a block of which only the mean is given.
void inverse_dct_of_mean(std::int16_t mean, std::uint8_t* pixels);

}  // namespace fristad::jpeg
