#include "hash/jpeg_huffman.h"

#include <algorithm>

namespace fristad::jpeg {

bool BitStretches::pass_marker(std::uint8_t code) {
  const std::ptrdiff_t padding = cursor.bits_before(end_);
  if (padding < 0 || padding >= 8 || bytes_.size() < 2 || bytes_[1] != code) return false;
  bytes_ = bytes_.subspan(2);
  take_stretch();
  return true;
}

void BitStretches::take_stretch() {
  std::uint8_t* to = stretch_.get();
  while (!bytes_.empty()) {
    const void* const found = std::memchr(bytes_.data(), 0xff, bytes_.size());
    const std::size_t plain = found == nullptr
                                  ? bytes_.size()
                                  : static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - bytes_.data());
    std::memcpy(to, bytes_.data(), plain);
    to += plain;
    bytes_ = bytes_.subspan(plain);
    if (bytes_.size() < 2 || bytes_[1] != 0) break;
    *to++ = 0xff;
    bytes_ = bytes_.subspan(2);
  }
  std::memset(to, 0, unit_bytes_max + sizeof(std::uint64_t));
  end_ = to;
  cursor = BitCursor(stretch_.get());
}

namespace {

Symbol symbol_of(int code_bits, int symbol) {
  const int size = symbol & 15;
  const int run = symbol >> 4;
  // A run of 16 zeros is coded as 15 and a value of no bits; any other without value ends the block.
  const bool ends = size == 0 && run != 15;
  return {.code_bits = static_cast<std::uint8_t>(code_bits),
          .all_bits = static_cast<std::uint8_t>(code_bits + size),
          .run = static_cast<std::uint8_t>(ends ? Symbol::end_of_block : run),
          .size = static_cast<std::uint8_t>(size)};
}

}  // namespace

bool HuffmanTable::set(std::span<const std::uint8_t, code_bits_max> counts, std::span<const std::uint8_t> symbols) {
  look_ups_.fill({});
  coefficients_.fill({});
  std::copy_n(symbols.begin(), std::min(symbols.size(), symbols_.size()), symbols_.begin());
  int code = 0;
  int index = 0;
  for (int bits = 1; bits <= code_bits_max; ++bits) {
    const auto length = static_cast<std::size_t>(bits);
    const int count = counts[length - 1];
    if (code + count > 1 << bits || static_cast<std::size_t>(index + count) > symbols.size()) return false;
    symbol_shift_[length] = index - code;
    code_end_[length] = code + count;
    for (int i = 0; i < count && bits <= look_up_bits; ++i) {
      const Symbol symbol = symbol_of(bits, symbols[static_cast<std::size_t>(index + i)]);
      const int width = 1 << (look_up_bits - bits);
      std::fill_n(look_ups_.begin() + (code + i) * width, width, symbol);
      const int unused = look_up_bits - symbol.all_bits;
      for (int rest = 0; unused >= 0 && rest < width; ++rest) {
        const int value = signed_value(static_cast<unsigned>(rest >> unused), symbol.size);
        coefficients_[static_cast<std::size_t>((code + i) * width + rest)] = {symbol.all_bits, symbol.run,
                                                                              static_cast<std::int16_t>(value)};
      }
    }
    index += count;
    code = (code + count) << 1;
  }
  return true;
}

Symbol HuffmanTable::long_symbol(unsigned bits) const {
  for (int length = look_up_bits + 1; length <= code_bits_max; ++length) {
    const auto at = static_cast<std::size_t>(length);
    const int code = static_cast<int>(bits >> (code_bits_max - length));
    if (code < code_end_[at]) return symbol_of(length, symbols_[static_cast<std::size_t>(code + symbol_shift_[at])]);
  }
  return {};
}

}  // namespace fristad::jpeg
