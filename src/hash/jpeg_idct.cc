#include "hash/jpeg_idct.h"

#include <algorithm>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace fristad::jpeg {
namespace {

// Eight numbers of 16 bits, and of 32: one for each column of a block, or each row.
#if defined(__SSE2__)
using Narrow = __m128i;
struct Wide {
  __m128i low, high;
};

Narrow load(const std::int16_t* from) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
}
Narrow sum_of(Narrow a, Narrow b) {
  return _mm_add_epi16(a, b);
}
Narrow difference_of(Narrow a, Narrow b) {
  return _mm_sub_epi16(a, b);
}
Wide add(Wide a, Wide b) {
  return {_mm_add_epi32(a.low, b.low), _mm_add_epi32(a.high, b.high)};
}
Wide subtract(Wide a, Wide b) {
  return {_mm_sub_epi32(a.low, b.low), _mm_sub_epi32(a.high, b.high)};
}

// a * factor_a + b * factor_b
template <int FactorA, int FactorB>
Wide weighted(Narrow a, Narrow b) {
  const __m128i factors = _mm_set1_epi32(static_cast<int>(static_cast<unsigned>(FactorB) << 16 | (FactorA & 0xffff)));
  return {_mm_madd_epi16(_mm_unpacklo_epi16(a, b), factors), _mm_madd_epi16(_mm_unpackhi_epi16(a, b), factors)};
}

// Divided by a power of two, rounded.
template <int Shift>
Narrow scaled(Wide a) {
  const __m128i half = _mm_set1_epi32(1 << (Shift - 1));
  return _mm_packs_epi32(_mm_srai_epi32(_mm_add_epi32(a.low, half), Shift),
                         _mm_srai_epi32(_mm_add_epi32(a.high, half), Shift));
}

void transpose(Narrow (&m)[8]) {
  Narrow pairs[8];
  for (int i = 0; i < 4; ++i) {
    pairs[2 * i] = _mm_unpacklo_epi16(m[2 * i], m[2 * i + 1]);
    pairs[2 * i + 1] = _mm_unpackhi_epi16(m[2 * i], m[2 * i + 1]);
  }
  Narrow fours[8];
  for (int i = 0; i < 2; ++i) {
    fours[4 * i] = _mm_unpacklo_epi32(pairs[4 * i], pairs[4 * i + 2]);
    fours[4 * i + 1] = _mm_unpackhi_epi32(pairs[4 * i], pairs[4 * i + 2]);
    fours[4 * i + 2] = _mm_unpacklo_epi32(pairs[4 * i + 1], pairs[4 * i + 3]);
    fours[4 * i + 3] = _mm_unpackhi_epi32(pairs[4 * i + 1], pairs[4 * i + 3]);
  }
  for (int i = 0; i < 4; ++i) {
    m[2 * i] = _mm_unpacklo_epi64(fours[i], fours[i + 4]);
    m[2 * i + 1] = _mm_unpackhi_epi64(fours[i], fours[i + 4]);
  }
}

// Two vectors as pixels, around middle grey.
void store_pixels(Narrow a, Narrow b, std::uint8_t* to) {
  const __m128i pixels = _mm_add_epi8(_mm_packs_epi16(a, b), _mm_set1_epi8(-128));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), pixels);
}

#else
struct Narrow {
  std::int16_t lane[8];
};
struct Wide {
  std::int32_t lane[8];
};

Narrow load(const std::int16_t* from) {
  Narrow a;
  std::memcpy(&a, from, sizeof a);
  return a;
}
Narrow sum_of(const Narrow& a, const Narrow& b) {
  Narrow sum;
  for (int i = 0; i < 8; ++i) sum.lane[i] = static_cast<std::int16_t>(a.lane[i] + b.lane[i]);
  return sum;
}
Narrow difference_of(const Narrow& a, const Narrow& b) {
  Narrow difference;
  for (int i = 0; i < 8; ++i) difference.lane[i] = static_cast<std::int16_t>(a.lane[i] - b.lane[i]);
  return difference;
}
Wide add(const Wide& a, const Wide& b) {
  Wide sum;
  for (int i = 0; i < 8; ++i) sum.lane[i] = a.lane[i] + b.lane[i];
  return sum;
}
Wide subtract(const Wide& a, const Wide& b) {
  Wide difference;
  for (int i = 0; i < 8; ++i) difference.lane[i] = a.lane[i] - b.lane[i];
  return difference;
}
template <int FactorA, int FactorB>
Wide weighted(const Narrow& a, const Narrow& b) {
  Wide sum;
  for (int i = 0; i < 8; ++i) sum.lane[i] = a.lane[i] * FactorA + b.lane[i] * FactorB;
  return sum;
}
template <int Shift>
Narrow scaled(const Wide& a) {
  Narrow result;
  for (int i = 0; i < 8; ++i) {
    result.lane[i] = static_cast<std::int16_t>(std::clamp((a.lane[i] + (1 << (Shift - 1))) >> Shift, -32768, 32767));
  }
  return result;
}
void transpose(Narrow (&m)[8]) {
  for (int i = 0; i < 8; ++i) {
    for (int j = 0; j < i; ++j) std::swap(m[i].lane[j], m[j].lane[i]);
  }
}
void store_pixels(const Narrow& a, const Narrow& b, std::uint8_t* to) {
  for (int i = 0; i < 8; ++i) {
    to[i] = static_cast<std::uint8_t>(std::clamp(a.lane[i] + 128, 0, 255));
    to[8 + i] = static_cast<std::uint8_t>(std::clamp(b.lane[i] + 128, 0, 255));
  }
}
#endif

constexpr int fraction_bits = 13;   // of the factors
constexpr int first_pass_bits = 2;  // that the first pass keeps for the second

constexpr int fixed(double factor) {
  return static_cast<int>(factor * (1 << fraction_bits) + (factor < 0 ? -0.5 : 0.5));
}

// The factors of the paper, each rounded by itself: sums of them below are sums of what was rounded.
constexpr int f0_298 = fixed(0.298631336);
constexpr int f0_390 = fixed(0.390180644);
constexpr int f0_541 = fixed(0.541196100);
constexpr int f0_765 = fixed(0.765366865);
constexpr int f0_899 = fixed(0.899976223);
constexpr int f1_175 = fixed(1.175875602);
constexpr int f1_501 = fixed(1.501321110);
constexpr int f1_847 = fixed(1.847759065);
constexpr int f1_961 = fixed(1.961570560);
constexpr int f2_053 = fixed(2.053119869);
constexpr int f2_562 = fixed(2.562915447);
constexpr int f3_072 = fixed(3.072711026);

// Eight one-dimensional transforms side by side.
template <int Shift>
void transform(Narrow (&v)[8]) {
  // Sums of 16 bits, like z3 and z4: they wrap around only where a file lies, and then as in libjpeg-turbo.
  const Narrow zero{};
  const Wide even_0 = weighted<1 << fraction_bits, 0>(sum_of(v[0], v[4]), zero);
  const Wide even_1 = weighted<1 << fraction_bits, 0>(difference_of(v[0], v[4]), zero);
  const Wide even_2 = weighted<f0_541, f0_541 - f1_847>(v[2], v[6]);
  const Wide even_3 = weighted<f0_541 + f0_765, f0_541>(v[2], v[6]);
  const Wide even[4] = {add(even_0, even_3), add(even_1, even_2), subtract(even_1, even_2), subtract(even_0, even_3)};

  const Narrow z3 = sum_of(v[7], v[3]);
  const Narrow z4 = sum_of(v[5], v[1]);
  const Wide sum_3 = weighted<f1_175 - f1_961, f1_175>(z3, z4);
  const Wide sum_4 = weighted<f1_175, f1_175 - f0_390>(z3, z4);
  const Wide odd[4] = {
      add(weighted<-f0_899, f1_501 - f0_899>(v[7], v[1]), sum_4),
      add(weighted<-f2_562, f3_072 - f2_562>(v[5], v[3]), sum_3),
      add(weighted<f2_053 - f2_562, -f2_562>(v[5], v[3]), sum_4),
      add(weighted<f0_298 - f0_899, -f0_899>(v[7], v[1]), sum_3),
  };
  for (int i = 0; i < 4; ++i) {
    v[i] = scaled<Shift>(add(even[i], odd[i]));
    v[7 - i] = scaled<Shift>(subtract(even[i], odd[i]));
  }
}

}  // namespace

void inverse_dct(const std::int16_t* coefficients, std::uint8_t* pixels) {
  Narrow v[8];
  for (int i = 0; i < 8; ++i) v[i] = load(coefficients + 8 * i);
  transform<fraction_bits - first_pass_bits>(v);
  transpose(v);
  transform<fraction_bits + first_pass_bits + 3>(v);
  for (int i = 0; i < 8; i += 2) store_pixels(v[i], v[i + 1], pixels + 8 * i);
}

void inverse_dct_of_mean(std::int16_t mean, std::uint8_t* pixels) {
  const int level = std::clamp(((mean + 4) >> 3) + 128, 0, 255);
  std::memset(pixels, level, 64);
}

}  // namespace fristad::jpeg
