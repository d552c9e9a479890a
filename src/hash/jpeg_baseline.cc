#include "hash/jpeg_baseline.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "hash/jpeg_huffman.h"
#include "hash/jpeg_idct.h"

namespace fristad::jpeg {
namespace {

constexpr int block_side = 8;
constexpr std::size_t block_pixels = 64;
constexpr int blocks_max = 10;  // in a unit, by the standard

enum Marker : std::uint8_t {
  sof_baseline = 0xc0,
  sof_extended = 0xc1,
  dht = 0xc4,
  rst_0 = 0xd0,
  soi = 0xd8,
  eoi = 0xd9,
  sos = 0xda,
  dqt = 0xdb,
  dri = 0xdd,
  app_0 = 0xe0,
  app_14 = 0xee,
  app_15 = 0xef,
  com = 0xfe
};

// Where the coefficients stand that come in zigzag order.
constexpr std::array<std::uint8_t, block_pixels> natural_order = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

struct Component {
  int id = 0;
  int across = 1;  // blocks in a unit
  int down = 1;
  std::size_t quantisation = 0;
  std::size_t dc = 0;
  std::size_t ac = 0;
};

// A piece of the file, read from its front. Reading past the end gives zeros and is remembered.
class Segment {
 public:
  explicit Segment(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}
  int byte() {
    if (bytes_.empty()) sound_ = false;
    const int value = bytes_.empty() ? 0 : bytes_.front();
    if (!bytes_.empty()) bytes_ = bytes_.subspan(1);
    return value;
  }
  int word() {
    const int high = byte();
    return high << 8 | byte();
  }
  std::span<const std::uint8_t> take(std::size_t size) {
    if (size > bytes_.size()) sound_ = false;
    const auto piece = bytes_.first(std::min(size, bytes_.size()));
    bytes_ = bytes_.subspan(piece.size());
    return piece;
  }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] bool sound() const { return sound_; }
  [[nodiscard]] std::span<const std::uint8_t> rest() const { return bytes_; }

 private:
  std::span<const std::uint8_t> bytes_;
  bool sound_ = true;
};

// One block, dequantised.
struct Coefficients {
  alignas(16) std::int16_t values[block_pixels];

  // A call of memset would take longer than the rest of many a block.
  void clear() {
    using Vector = std::int64_t __attribute__((vector_size(16), may_alias));
    auto* const vectors = reinterpret_cast<Vector*>(values);
    for (std::size_t i = 0; i < block_pixels / 8; ++i) vectors[i] = Vector{};
  }
  // Not 0 if the value is none of an 8-bit picture, of which no coefficient is a quarter as large. Of larger ones every
  // decoder makes something else.
  [[nodiscard]] int set(std::size_t at, int value) {
    values[at] = static_cast<std::int16_t>(value);
    return (value + 8192) & ~16383;
  }
};

class Decoder {
 public:
  bool decode(std::span<const std::uint8_t> bytes, const RowSink& sink);

 private:
  bool read_quantisation(Segment segment);
  bool read_huffman(Segment segment);
  bool read_frame(Segment segment);
  bool read_scan(Segment segment);
  [[nodiscard]] bool is_plain() const;
  bool decode_scan(std::span<const std::uint8_t> bytes, const RowSink& sink);
  bool decode_unit(BitStretches& bits, std::uint8_t* pixels, bool wanted);
  bool decode_luma(BitCursor& cursor, std::uint8_t* pixels, bool wanted);
  bool skip_block(BitCursor& cursor, const Component& component) const;

  std::array<std::array<std::uint16_t, block_pixels>, 4> quantisation_{};  // in zigzag order
  std::array<bool, 4> has_quantisation_{};
  std::array<HuffmanTable, 4> dc_;
  std::array<HuffmanTable, 4> ac_;
  std::array<bool, 4> has_dc_{};
  std::array<bool, 4> has_ac_{};
  std::array<Component, 3> components_{};
  std::size_t component_count_ = 0;
  int width_ = 0;
  int height_ = 0;
  int restart_units_ = 0;
  bool has_jfif_ = false;
  int adobe_transform_ = -1;

  std::size_t row_pixels_ = 0;  // of a row of blocks, 8 high
  int mean_ = 0;                // of the last luma block
};

bool Decoder::read_quantisation(Segment segment) {
  while (!segment.empty()) {
    const int head = segment.byte();
    const auto table = static_cast<std::size_t>(head & 15);
    if (table > 3 || head >> 4 > 1) return false;
    for (std::uint16_t& value : quantisation_[table]) {
      value = static_cast<std::uint16_t>(head >> 4 == 1 ? segment.word() : segment.byte());
    }
    has_quantisation_[table] = true;
  }
  return segment.sound();
}

bool Decoder::read_huffman(Segment segment) {
  while (!segment.empty()) {
    const int head = segment.byte();
    const auto table = static_cast<std::size_t>(head & 15);
    if (table > 3 || head >> 4 > 1) return false;
    const auto counts = segment.take(code_bits_max);
    std::size_t total = 0;
    for (const std::uint8_t count : counts) total += count;
    const auto symbols = segment.take(total);
    if (!segment.sound() || total > 256) return false;
    const bool is_ac = head >> 4 == 1;
    // A DC symbol is the size of a difference, of which baseline has 12.
    if (!is_ac && std::any_of(symbols.begin(), symbols.end(), [](std::uint8_t size) { return size > 11; }))
      return false;
    if (!(is_ac ? ac_ : dc_)[table].set(counts.first<code_bits_max>(), symbols)) return false;
    (is_ac ? has_ac_ : has_dc_)[table] = true;
  }
  return true;
}

bool Decoder::read_frame(Segment segment) {
  if (component_count_ != 0 || segment.byte() != 8) return false;
  height_ = segment.word();
  width_ = segment.word();
  component_count_ = static_cast<std::size_t>(segment.byte());
  if (component_count_ != 1 && component_count_ != 3) return false;
  int blocks = 0;
  for (std::size_t i = 0; i < component_count_; ++i) {
    Component& component = components_[i];
    component.id = segment.byte();
    const int sampling = segment.byte();
    component.across = sampling >> 4;
    component.down = sampling & 15;
    component.quantisation = static_cast<std::size_t>(segment.byte());
    const bool possible = component.across >= 1 && component.across <= 4 && component.down >= 1 &&
                          component.down <= 4 && component.quantisation <= 3;
    const bool at_most_luma = component.across <= components_[0].across && component.down <= components_[0].down;
    if (!possible || !at_most_luma) return false;
    blocks += component.across * component.down;
  }
  // Of a single component the blocks simply follow each other.
  if (component_count_ == 1) components_[0].across = components_[0].down = 1;
  return segment.sound() && segment.empty() && width_ > 0 && height_ > 0 &&
         (component_count_ == 1 || blocks <= blocks_max);
}

bool Decoder::read_scan(Segment segment) {
  if (segment.byte() != static_cast<int>(component_count_)) return false;
  for (std::size_t i = 0; i < component_count_; ++i) {
    Component& component = components_[i];
    if (segment.byte() != component.id) return false;
    const int tables = segment.byte();
    component.dc = static_cast<std::size_t>(tables >> 4);
    component.ac = static_cast<std::size_t>(tables & 15);
    if (component.dc > 3 || component.ac > 3 || !has_dc_[component.dc] || !has_ac_[component.ac]) return false;
    if (!has_quantisation_[component.quantisation]) return false;
  }
  const bool whole = segment.byte() == 0 && segment.byte() == 63 && segment.byte() == 0;
  return whole && segment.sound() && segment.empty();
}

// Grey or YCbCr, told as libjpeg tells it.
bool Decoder::is_plain() const {
  if (component_count_ == 1 || has_jfif_) return true;
  if (adobe_transform_ >= 0) return adobe_transform_ == 1;
  return !(components_[0].id == 'R' && components_[1].id == 'G' && components_[2].id == 'B');
}

bool Decoder::decode(std::span<const std::uint8_t> bytes, const RowSink& sink) {
  Segment file(bytes);
  if (file.word() != (0xff00 | soi)) return false;
  while (file.sound()) {
    if (file.byte() != 0xff) return false;
    const int marker = file.byte();
    const int length = file.word();
    if (length < 2) return false;
    const Segment segment(file.take(static_cast<std::size_t>(length - 2)));
    if (!file.sound()) return false;
    bool good = true;
    switch (marker) {
      case sof_baseline:
      case sof_extended: good = read_frame(segment); break;
      case dht: good = read_huffman(segment); break;
      case dqt: good = read_quantisation(segment); break;
      case dri:
        good = segment.rest().size() == 2;
        restart_units_ = Segment(segment).word();
        break;
      case sos:
        return component_count_ != 0 && read_scan(segment) && is_plain() && sink.begin(width_, height_) &&
               decode_scan(file.rest(), sink);
      case app_0:
        has_jfif_ = has_jfif_ || (segment.rest().size() >= 14 && std::memcmp(segment.rest().data(), "JFIF", 5) == 0);
        break;
      case app_14:
        if (segment.rest().size() >= 12 && std::memcmp(segment.rest().data(), "Adobe", 5) == 0) {
          adobe_transform_ = segment.rest()[11];
        }
        break;
      default: good = marker == com || (marker > app_0 && marker <= app_15); break;
    }
    if (!good) return false;
  }
  return false;
}

bool Decoder::decode_scan(std::span<const std::uint8_t> bytes, const RowSink& sink) {
  const Component& luma = components_[0];
  const int unit_width = block_side * luma.across;
  const int unit_height = block_side * luma.down;
  const int units_across = (width_ + unit_width - 1) / unit_width;
  row_pixels_ = static_cast<std::size_t>(units_across * unit_width * block_side);
  const std::unique_ptr<std::uint8_t[]> pixels(new std::uint8_t[row_pixels_ * static_cast<std::size_t>(luma.down)]);
  BitStretches bits(bytes);
  mean_ = 0;
  int units_left = restart_units_;
  int restarts = 0;
  for (int top = 0; top < height_; top += unit_height) {
    const int bottom = std::min(height_, top + unit_height);
    const bool wanted = sink.wants(top, bottom - 1);
    std::uint8_t* unit = pixels.get();
    for (int i = 0; i < units_across; ++i, unit += unit_width * block_side) {
      if (restart_units_ != 0 && units_left-- == 0) {
        if (!bits.pass_marker(static_cast<std::uint8_t>(rst_0 + restarts++ % 8))) return false;
        mean_ = 0;
        units_left = restart_units_ - 1;
      }
      if (!decode_unit(bits, unit, wanted) || bits.is_overrun()) return false;
    }
    for (int y = top; wanted && y < bottom; ++y) {
      const auto row = static_cast<std::size_t>(y - top);
      sink.add(y, pixels.get() + row_pixels_ * (row / block_side) + row % block_side);
    }
  }
  return bits.pass_marker(eoi);
}

bool Decoder::decode_unit(BitStretches& bits, std::uint8_t* pixels, bool wanted) {
  BitCursor cursor = bits.cursor;
  for (int y = 0; y < components_[0].down; ++y) {
    for (int x = 0; x < components_[0].across; ++x) {
      std::uint8_t* const block =
          pixels + row_pixels_ * static_cast<std::size_t>(y) + block_pixels * static_cast<std::size_t>(x);
      if (!decode_luma(cursor, block, wanted)) return false;
    }
  }
  for (std::size_t i = 1; i < component_count_; ++i) {
    for (int block = components_[i].across * components_[i].down; block > 0; --block) {
      if (!skip_block(cursor, components_[i])) return false;
    }
  }
  bits.cursor = cursor;
  return true;
}

bool Decoder::decode_luma(BitCursor& cursor, std::uint8_t* pixels, bool wanted) {
  const Component& luma = components_[0];
  const auto& quantisation = quantisation_[luma.quantisation];
  cursor.refill();
  const Symbol mean = dc_[luma.dc].next(cursor);
  if (mean.code_bits == 0) return false;
  mean_ += cursor.value_of(mean);
  cursor.skip(mean.all_bits);
  if (mean_ != static_cast<std::int16_t>(mean_)) return false;

  Coefficients coefficients;
  coefficients.clear();
  int too_large = coefficients.set(0, mean_ * quantisation[0]);
  const HuffmanTable& table = ac_[luma.ac];
  int k = 1;
  while (k < static_cast<int>(block_pixels)) {
    cursor.refill();
    for (int i = 0; i < coefficients_per_refill && k < static_cast<int>(block_pixels); ++i, ++k) {
      Coefficient found = table.coefficient(cursor);
      int value = found.value;
      if (found.all_bits == 0) [[unlikely]] {
        cursor.refill();
        const Symbol symbol = table.next(cursor);
        if (symbol.code_bits == 0) return false;
        value = cursor.value_of(symbol);
        found = {symbol.all_bits, symbol.run, 0};
        i = coefficients_per_refill;
      }
      cursor.skip(found.all_bits);
      k += found.run;
      if (k >= Symbol::end_of_block) break;
      if (k >= static_cast<int>(block_pixels)) return false;
      const auto at = static_cast<std::size_t>(k);
      too_large |= coefficients.set(natural_order[at], value * quantisation[at]);
    }
  }
  if (too_large != 0) return false;
  if (!wanted) return true;
  if (k == Symbol::end_of_block + 1) {
    inverse_dct_of_mean(coefficients.values[0], pixels);
  } else {
    inverse_dct(coefficients.values, pixels);
  }
  return true;
}

bool Decoder::skip_block(BitCursor& cursor, const Component& component) const {
  cursor.refill();
  const Symbol mean = dc_[component.dc].next(cursor);
  if (mean.code_bits == 0) return false;
  cursor.skip(mean.all_bits);
  const HuffmanTable& table = ac_[component.ac];
  int k = 1;
  while (k < static_cast<int>(block_pixels)) {
    cursor.refill();
    for (int i = 0; i < symbols_per_refill && k < static_cast<int>(block_pixels); ++i, ++k) {
      const Symbol symbol = table.next(cursor);
      if (symbol.code_bits == 0) return false;
      if (symbol.code_bits > look_up_bits) i = symbols_per_refill;
      cursor.skip(symbol.all_bits);
      k += symbol.run;
    }
  }
  return k == static_cast<int>(block_pixels) || k > Symbol::end_of_block;
}

}  // namespace

bool decode_baseline(std::span<const std::uint8_t> bytes, const RowSink& sink) {
  const auto decoder = std::make_unique<Decoder>();  // its tables are large for a stack
  return decoder->decode(bytes, sink);
}

}  // namespace fristad::jpeg
