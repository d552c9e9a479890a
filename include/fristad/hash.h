#pragma once

// Hashes: the fingerprints by which known material is found.
//
// A PDQ hash is 256 bits computed from what a picture looks like; two copies of one picture have
// hashes that differ in few bits, also after recompression or resizing. Digests (MD5, SHA-1,
// SHA-256) identify the exact bytes of a file.
//
// Source: PDQ, as published in facebook/ThreatExchange (hashing.pdf). docs/format/hash.md restates the
// algorithm and the rules that the paper leaves open (alpha, 16 bit, CMYK).
//
// Thread-safety: everything here is a value or a pure function.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fristad/result.h"

namespace fristad {

// A 256-bit PDQ hash. Bit k is bit (k & 63) of words[k >> 6]; as text it is the 256-bit number in 64
// lower-case hex digits, the most significant first, as every other PDQ implementation prints it.
struct PdqHash {
  std::array<std::uint64_t, 4> words{};

  // Accepts exactly 64 hex digits of either case; anything else is Code::invalid_argument.
  static Result<PdqHash> from_hex(std::string_view text);
  std::string to_hex() const;

  friend auto operator<=>(const PdqHash&, const PdqHash&) = default;
};

// The number of bits in which two hashes differ, 0..256.
inline int distance(const PdqHash& a, const PdqHash& b) {
  int bits = 0;
  for (std::size_t i = 0; i < a.words.size(); ++i) bits += std::popcount(a.words[i] ^ b.words[i]);
  return bits;
}

// How a picture was turned or mirrored before it was hashed. The order is that of PDQ's own list and of
// PdqResult::dihedral; the names are those printed in reports.
enum class Orientation : std::uint8_t {
  original,
  rotated_90,  // counter-clockwise, like rotated_270
  rotated_180,
  rotated_270,
  flipped_x,      // top and bottom exchanged
  flipped_y,      // left and right exchanged
  transposed,     // mirrored along the main diagonal ("flip plus 1")
  antitransposed  // mirrored along the other diagonal ("flip minus 1")
};
inline constexpr std::size_t orientation_count = 8;
const char* to_string(Orientation orientation);

// At and below this quality the picture is too flat for its hash to mean anything: the hash is
// reported, but not used for matching.
inline constexpr int pdq_quality_min = 50;

struct PdqResult {
  PdqHash hash;
  int quality = 0;  // 0..100
  // The hashes of the eight orientations; dihedral[0] == hash.
  std::array<PdqHash, orientation_count> dihedral{};
};

// A picture as luma 0..255: row-major, `stride` floats from one row to the next.
struct LumaView {
  const float* pixels = nullptr;
  int width = 0;
  int height = 0;
  std::ptrdiff_t stride = 0;
};

// Computes PDQ of a decoded picture of any size. Larger than 512 in either direction, it is first
// sampled to 512x512 at the reference's positions. Narrower or lower than 5 pixels gives hash 0 with
// quality 0, as in the reference. Identical, bit for bit, to the slow oracle `pdq_reference`, since
// it takes every sum in the same order. O(pixels sampled): about 0.4 ms at most.
PdqResult pdq_from_luma(const LumaView& luma);

// The same by the obvious way: every pass of the published algorithm, in its order. About 4 ms. It
// judges the fast core in tests.
PdqResult pdq_reference(const LumaView& luma);

// The digests of one byte sequence.
struct Digests {
  std::array<std::uint8_t, 16> md5{};
  std::array<std::uint8_t, 20> sha1{};
  std::array<std::uint8_t, 32> sha256{};

  friend bool operator==(const Digests&, const Digests&) = default;
};

// Computes all three digests in one pass over pieces of any length.
//
//   fristad::Digester digester;
//   while (read(piece)) digester.update(piece);
//   fristad::Digests digests = digester.finish();
//
// Not thread-safe; one object for each byte sequence. finish() resets it for the next.
class Digester {
 public:
  Digester();
  ~Digester();
  Digester(Digester&&) noexcept;
  Digester& operator=(Digester&&) noexcept;

  void update(std::span<const std::uint8_t> bytes);
  Digests finish();

 private:
  struct State;
  State* state_;
};

}  // namespace fristad
