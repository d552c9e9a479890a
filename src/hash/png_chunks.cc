#include <libdeflate.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

#include "base/try.h"
#include "hash/luma.h"
#include "hash/png.h"

namespace fristad {
namespace {

constexpr std::size_t signature_bytes = 8;

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | static_cast<std::uint32_t>(bytes[3]);
}

Error damaged(std::string message) {
  return Error{Code::damaged, "PNG: " + std::move(message)};
}

struct Chunk {
  std::array<char, 4> type{};
  std::span<const std::uint8_t> content;
  std::size_t end = 0;  // where the next one begins

  [[nodiscard]] std::string_view name() const { return {type.data(), type.size()}; }
  [[nodiscard]] bool is_critical() const { return (type[0] & 0x20) == 0; }
};

// The chunk at `offset`. Only chunks that the picture needs have their checksum verified: a broken comment
// doesn't change the picture.
Result<Chunk> chunk_at(std::span<const std::uint8_t> bytes, std::size_t offset) {
  constexpr std::size_t frame_bytes = 12;  // length, type, checksum
  const std::string place = " at byte " + std::to_string(offset) + " of " + std::to_string(bytes.size());
  if (bytes.size() - offset < frame_bytes) return damaged("the file ends early, in a chunk" + place);
  const std::size_t length = big_endian(&bytes[offset]);
  Chunk chunk;
  for (std::size_t i = 0; i < chunk.type.size(); ++i) {
    const std::uint8_t letter = bytes[offset + 4 + i];
    const bool is_letter = (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
    if (!is_letter) return damaged("no chunk" + place);
    chunk.type[i] = static_cast<char>(letter);
  }
  if (length > bytes.size() - offset - frame_bytes) {
    return damaged("the file ends early, in the " + std::string(chunk.name()) + " chunk" + place);
  }
  chunk.content = bytes.subspan(offset + 8, length);
  chunk.end = offset + frame_bytes + length;
  if (chunk.is_critical() && libdeflate_crc32(0, &bytes[offset + 4], length + 4) != big_endian(&bytes[chunk.end - 4])) {
    return damaged("wrong checksum of the " + std::string(chunk.name()) + " chunk" + place);
  }
  return chunk;
}

bool is_depth_of(Png::Colour colour, int depth) {
  const bool small = depth == 1 || depth == 2 || depth == 4;
  switch (colour) {
    case Png::Colour::grey: return small || depth == 8 || depth == 16;
    case Png::Colour::palette: return small || depth == 8;
    case Png::Colour::rgb:
    case Png::Colour::grey_alpha:
    case Png::Colour::rgba: return depth == 8 || depth == 16;
  }
  return false;
}

Status read_header(const Chunk& chunk, const ImageLimits& limits, Png& png) {
  if (chunk.name() != "IHDR" || chunk.content.size() != 13) return damaged("it doesn't begin with an IHDR chunk");
  png.width = big_endian(&chunk.content[0]);
  png.height = big_endian(&chunk.content[4]);
  png.depth = chunk.content[8];
  png.colour = static_cast<Png::Colour>(chunk.content[9]);
  const std::string size = std::to_string(png.width) + " x " + std::to_string(png.height) + " pixels";
  constexpr std::uint32_t side_max = 0x7fffffff;
  if (png.width == 0 || png.height == 0 || png.width > side_max || png.height > side_max) {
    return damaged("impossible size of " + size);
  }
  if (!is_depth_of(png.colour, png.depth)) {
    return damaged("no such colour type and depth: " + std::to_string(chunk.content[9]) + " and " +
                   std::to_string(png.depth));
  }
  if (chunk.content[10] != 0 || chunk.content[11] != 0 || chunk.content[12] > 1) {
    return Error{Code::unsupported, "PNG: unknown compression, filter or interlace method"};
  }
  png.interlaced = chunk.content[12] == 1;
  if (std::uint64_t{png.width} * png.height > limits.pixels_max) {
    return Error{Code::too_large, "PNG: " + size + ", over the limit of " + std::to_string(limits.pixels_max)};
  }
  return {};
}

Status read_palette(const Chunk& chunk, Png& png) {
  if (chunk.content.size() % 3 != 0 || chunk.content.empty() || chunk.content.size() > 3 * png.palette_luma.size()) {
    return damaged("a palette of " + std::to_string(chunk.content.size()) + " bytes");
  }
  for (std::size_t i = 0; 3 * i < chunk.content.size(); ++i) {
    png.palette_luma[i] = luma_of_rgb(&chunk.content[3 * i]);
  }
  return {};
}

}  // namespace

std::size_t Png::channels() const {
  switch (colour) {
    case Colour::grey:
    case Colour::palette: return 1;
    case Colour::grey_alpha: return 2;
    case Colour::rgb: return 3;
    case Colour::rgba: return 4;
  }
  return 1;
}

std::size_t Png::row_bytes() const {
  return (width * channels() * static_cast<std::size_t>(depth) + 7) / 8;
}

std::size_t Png::pixel_bytes() const {
  return std::max<std::size_t>(1, channels() * static_cast<std::size_t>(depth) / 8);
}

Result<Png> parse_png(std::span<const std::uint8_t> bytes, const ImageLimits& limits) {
  Png png;
  const Chunk header = TRY(chunk_at(bytes, signature_bytes));
  TRY(read_header(header, limits, png));
  bool has_palette = false;
  for (std::size_t offset = header.end; offset < bytes.size();) {
    auto next = chunk_at(bytes, offset);
    // After picture data that are whole nothing is missed; whether they are, unpacking will show.
    if (!next && !png.data.empty() && bytes.size() - offset < 12) break;
    const Chunk chunk = TRY(std::move(next));
    offset = chunk.end;
    if (chunk.name() == "IDAT") {
      png.data.push_back(chunk.content);
    } else if (!png.data.empty()) {
      break;
    } else if (chunk.name() == "PLTE") {
      TRY(read_palette(chunk, png));
      has_palette = true;
    } else if (chunk.name() == "IEND") {
      break;
    } else if (chunk.is_critical()) {
      return Error{Code::unsupported, "PNG: it needs an unknown chunk, " + std::string(chunk.name())};
    }
  }
  if (png.data.empty()) return damaged("it has no picture data (no IDAT chunk)");
  if (png.colour == Png::Colour::palette && !has_palette) return damaged("it has no palette");
  return png;
}

}  // namespace fristad
