#include "crypto/tiles.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "base/try.h"

namespace fristad {
namespace {

constexpr int level_bits = 8;
static_assert(1 << level_bits == tile_width);

// How many complete subtrees of 256^level leaves there are.
std::uint64_t subtrees_at(int level, std::uint64_t size) {
  return level >= tile_levels_max ? 0 : size >> (level_bits * level);
}

void append_three_digits(std::string& path, std::uint64_t value) {
  for (const unsigned unit : {100U, 10U, 1U}) path += static_cast<char>('0' + value / unit % 10);
}

std::string number_path(std::uint64_t n, int width) {
  std::string path;
  std::uint64_t unit = 1;
  while (n / unit >= 1000) unit *= 1000;
  for (; unit > 1; unit /= 1000) {
    path += 'x';
    append_three_digits(path, n / unit % 1000);
    path += '/';
  }
  append_three_digits(path, n % 1000);
  if (width != tile_width) path += ".p/" + std::to_string(width);
  return path;
}

Error not_a_path() {
  return {Code::invalid_argument,
          "not the path of a tile; it has to look like tile/0/x001/234 or tile/0/x001/234.p/112"};
}

// Reads what it can of a number_path; whether that was all, and well-formed, shows when it is written again.
bool parse_number(std::string_view text, std::uint64_t& n, int& width) {
  width = tile_width;
  if (const std::size_t partial = text.find(".p/"); partial != std::string_view::npos) {
    const std::string_view digits = text.substr(partial + 3);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), width);
    if (error != std::errc() || end != digits.data() + digits.size() || width < 1 || width >= tile_width) return false;
    text = text.substr(0, partial);
  }
  // Seven groups of three digits hold every number of 63 bits.
  if (text.size() > 7 * 5) return false;
  n = 0;
  for (const char c : text) {
    if (c == 'x' || c == '/') continue;
    if (c < '0' || c > '9' || n >= tree_size_max / 10) return false;
    n = n * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return true;
}

}  // namespace

std::string tile_path(const TilePlace& place) {
  return "tile/" + std::to_string(place.level) + "/" + number_path(place.n, place.width);
}

std::string entries_path(std::uint64_t n, int width) {
  return "tile/entries/" + number_path(n, width);
}

Result<TilePlace> parse_tile_path(std::string_view path) {
  constexpr std::string_view start = "tile/";
  TilePlace place;
  if (!path.starts_with(start) || path.size() < start.size() + 2) return not_a_path();
  place.level = path[start.size()] - '0';
  if (place.level < 0 || place.level >= tile_levels_max ||
      !parse_number(path.substr(start.size() + 2), place.n, place.width) || tile_path(place) != path) {
    return not_a_path();
  }
  return place;
}

Result<TilePlace> parse_entries_path(std::string_view path) {
  constexpr std::string_view start = "tile/entries/";
  TilePlace place;
  if (!path.starts_with(start) || !parse_number(path.substr(start.size()), place.n, place.width) ||
      entries_path(place.n, place.width) != path) {
    return not_a_path();
  }
  return place;
}

int width_at(int level, std::uint64_t n, std::uint64_t size) {
  const std::uint64_t subtrees = subtrees_at(level, size);
  const std::uint64_t full = subtrees / tile_width;
  if (n != full) return n < full ? tile_width : 0;
  return static_cast<int>(subtrees % tile_width);
}

std::vector<TilePlace> tiles_of(std::uint64_t old_size, std::uint64_t size) {
  std::vector<TilePlace> places;
  for (int level = 0; subtrees_at(level, size) > 0; ++level) {
    for (std::uint64_t n = subtrees_at(level, old_size) / tile_width; width_at(level, n, size) > 0; ++n) {
      const int width = width_at(level, n, size);
      if (width > width_at(level, n, old_size)) places.push_back({level, n, width});
    }
  }
  return places;
}

std::vector<std::uint8_t> tile_bytes(std::span<const Digest> hashes) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(hashes.size() * sizeof(Digest));
  for (const Digest& hash : hashes) bytes.insert(bytes.end(), hash.begin(), hash.end());
  return bytes;
}

Result<std::vector<Digest>> parse_tile(Bytes bytes, int width) {
  assert(width >= 0 && width <= tile_width);
  if (bytes.size() != static_cast<std::size_t>(width) * sizeof(Digest)) {
    return Error{Code::damaged, "a tile of " + std::to_string(width) + " hashes has " + std::to_string(width * 32) +
                                    " bytes, not " + std::to_string(bytes.size())};
  }
  std::vector<Digest> hashes(static_cast<std::size_t>(width));
  for (Digest& hash : hashes) {
    std::ranges::copy(bytes.first(hash.size()), hash.begin());
    bytes = bytes.subspan(hash.size());
  }
  return hashes;
}

Digest tile_root(std::span<const Digest> hashes) {
  assert(std::has_single_bit(hashes.size()));
  std::vector<Digest> row(hashes.begin(), hashes.end());
  for (; row.size() > 1; row.resize(row.size() / 2)) {
    for (std::size_t i = 0; i < row.size() / 2; ++i) row[i] = node_hash(row[2 * i], row[2 * i + 1]);
  }
  return row.front();
}

Result<std::vector<Digest>> tile_from_below(const TilePlace& place, const TileReader& below) {
  assert(place.level > 0);
  std::vector<Digest> hashes;
  for (int i = 0; i < place.width; ++i) {
    const TilePlace child{place.level - 1, place.n * tile_width + static_cast<std::uint64_t>(i), tile_width};
    const std::vector<Digest> full = TRY(below(child));
    if (full.size() != tile_width) {
      return Error{Code::damaged, tile_path(child) + " has " + std::to_string(full.size()) + " hashes, not 256"};
    }
    hashes.push_back(tile_root(full));
  }
  return hashes;
}

HashAt hash_at(std::uint64_t size, TileReader reader) {
  struct Kept {
    TilePlace place;
    std::vector<Digest> hashes;
  };
  // Shared, because a std::function is copied.
  auto kept = std::make_shared<std::optional<Kept>>();
  return [size, reader = std::move(reader), kept](int level, std::uint64_t index) -> Result<Digest> {
    if (level < 0 || level >= 64 || index >= size >> level) {
      return Error{Code::invalid_argument, "a tree of " + std::to_string(size) + " leaves has no complete subtree " +
                                               std::to_string(index) + " at level " + std::to_string(level)};
    }
    // The hashes of this subtree's parts stand side by side in one tile: 2^rest of them.
    const int rest = level % level_bits;
    const std::uint64_t first = index << rest;
    TilePlace place{level / level_bits, first / tile_width, 0};
    place.width = width_at(place.level, place.n, size);
    if (!*kept || (*kept)->place != place) {
      std::vector<Digest> hashes = TRY(reader(place));
      if (hashes.size() != static_cast<std::size_t>(place.width)) {
        return Error{Code::damaged, tile_path(place) + " has " + std::to_string(hashes.size()) + " hashes, not " +
                                        std::to_string(place.width)};
      }
      kept->emplace(Kept{place, std::move(hashes)});
    }
    return tile_root(std::span((*kept)->hashes).subspan(first % tile_width, std::size_t{1} << rest));
  };
}

}  // namespace fristad
