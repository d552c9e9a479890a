#pragma once

// The entropy coding of baseline JPEG: a reader of bits, and tables that tell by one look-up what comes next.
//
// Thread-safety: not thread-safe; distinct objects are independent.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace fristad::jpeg {

inline constexpr int look_up_bits = 10;
inline constexpr int code_bits_max = 16;

// Of one unit no more can be read: 10 blocks of 64 coefficients, each of a code and a value.
inline constexpr std::size_t unit_bytes_max = 10 * 64 * 4;

// What the next bits stand for: a code, which tells how many zero coefficients to pass and how many bits of value
// follow.
struct Symbol {
  std::uint8_t code_bits;  // 0: no code
  std::uint8_t all_bits;   // with those of the value
  std::uint8_t run;        // of zeros, before the coefficient with this value
  std::uint8_t size;       // bits of the value

  static constexpr std::uint8_t end_of_block = 128;  // a run longer than any
};

// The lower half of the numbers of a size stands for negative ones.
constexpr int signed_value(unsigned number, int size) {
  const int all = 1 << size;
  return static_cast<int>(number) < all >> 1 ? static_cast<int>(number) - all + 1 : static_cast<int>(number);
}

// The same of an AC coefficient whose code and value together fit a look-up, which most do.
struct Coefficient {
  std::uint8_t all_bits;  // 0: they don't fit, see the symbol
  std::uint8_t run;
  std::int16_t value;
};

// After one refill so many can be read before the next.
inline constexpr int refill_bits = 56;
inline constexpr int symbols_per_refill = refill_bits / (look_up_bits + 15);  // a looked-up code and its value
inline constexpr int coefficients_per_refill = refill_bits / look_up_bits;

// A place in a stretch of bits. Small and without references, so that a loop can keep it in registers: copy it out of
// BitStretches, read, and put it back. It may read unit_bytes_max beyond the end, which are zeros.
class BitCursor {
 public:
  BitCursor() = default;
  explicit BitCursor(const std::uint8_t* first) : next_(first), ahead_(word_at(first)) {}

  // Afterwards at least 56 bits can be read. The bytes were loaded the time before, so that nobody waits for them.
  void refill() {
    bits_ |= ahead_ >> count_;
    // What lies in bits_ below count_ now comes again with the next refill, the same.
    next_ += (63 - count_) >> 3;
    count_ |= refill_bits;
    ahead_ = word_at(next_);
  }

  [[nodiscard]] unsigned peek(int bits) const { return static_cast<unsigned>(bits_ >> (64 - bits)); }

  void skip(int bits) {
    bits_ <<= bits;
    count_ -= bits;
  }

  // The value that follows the symbol's code.
  [[nodiscard]] int value_of(const Symbol& symbol) const {
    return signed_value(static_cast<unsigned>(bits_ << symbol.code_bits >> 1 >> (63 - symbol.size)), symbol.size);
  }

  // Negative: it has read beyond the end.
  [[nodiscard]] std::ptrdiff_t bits_before(const std::uint8_t* end) const { return 8 * (end - next_) + count_; }

 private:
  static std::uint64_t word_at(const std::uint8_t* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
  }

  const std::uint8_t* next_ = nullptr;
  std::uint64_t ahead_ = 0;  // the bytes at next_
  std::uint64_t bits_ = 0;   // the next one is the highest
  int count_ = 0;            // of bits_ that are valid
};

// Entropy-coded data, from one marker to the next. Each such stretch is first copied without the zero bytes that are
// stuffed behind 0xff, so that reading on takes few instructions and no branch.
class BitStretches {
 public:
  // `bytes` begin behind a marker. Memory: as many bytes again.
  explicit BitStretches(std::span<const std::uint8_t> bytes)
      : bytes_(bytes), stretch_(new std::uint8_t[bytes.size() + unit_bytes_max + sizeof(std::uint64_t)]) {
    take_stretch();
  }

  BitCursor cursor;

  [[nodiscard]] bool is_overrun() const { return cursor.bits_before(end_) < 0; }

  // Goes on behind the marker 0xff `code`. False if that isn't what comes next, after less than a byte of padding.
  [[nodiscard]] bool pass_marker(std::uint8_t code);

 private:
  void take_stretch();

  std::span<const std::uint8_t> bytes_;  // from the marker behind the stretch
  std::unique_ptr<std::uint8_t[]> stretch_;
  const std::uint8_t* end_ = nullptr;
};

// The table of one Huffman code.
class HuffmanTable {
 public:
  // From the counts of codes of 1..16 bits and their symbols. False if they are no code.
  [[nodiscard]] bool set(std::span<const std::uint8_t, code_bits_max> counts, std::span<const std::uint8_t> symbols);

  // The next coefficient, if it fits.
  [[nodiscard]] Coefficient coefficient(const BitCursor& cursor) const {
    return coefficients_[cursor.peek(look_up_bits)];
  }

  // The next symbol.
  [[nodiscard]] Symbol next(const BitCursor& cursor) const {
    const Symbol found = look_ups_[cursor.peek(look_up_bits)];
    if (found.code_bits != 0) [[likely]]
      return found;
    return long_symbol(cursor.peek(code_bits_max));
  }

 private:
  // What these 16 bits begin with, if it is longer than look_up_bits. Takes no cursor: one whose address is known
  // elsewhere can't stay in registers.
  [[nodiscard]] Symbol long_symbol(unsigned bits) const;

  static constexpr std::size_t look_up_count = std::size_t{1} << look_up_bits;
  std::array<Symbol, look_up_count> look_ups_{};
  std::array<Coefficient, look_up_count> coefficients_{};
  std::array<int, code_bits_max + 1> code_end_{};      // first number of that many bits that is no code
  std::array<int, code_bits_max + 1> symbol_shift_{};  // from a code to the index of its symbol
  std::array<std::uint8_t, 256> symbols_{};
};

}  // namespace fristad::jpeg
