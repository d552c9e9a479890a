#pragma once

// A log's tree as files (c2sp.org/tlog-tiles): tile n of level l holds the hashes number 256 n to 256 n + 255 of the
// complete subtrees of 256^l leaves. A tile with all 256 never changes; the last of a level has fewer, its width.
//
//   for (const TilePlace& place : tiles_of(old_size, size)) publish(tile_path(place), tile_bytes(...));
//   auto proof = inclusion_proof(index, size, hash_at(size, read_tile));
//
// Thread-safety: pure functions; what hash_at() gives keeps a tile and belongs to one thread.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/digest.h"
#include "crypto/merkle.h"
#include "fristad/result.h"

namespace fristad {

inline constexpr int tile_width = 256;
inline constexpr int tile_levels_max = 8;  // 256^8 leaves are more than there can be

struct TilePlace {
  int level = 0;        // 0 holds the leaves' hashes
  std::uint64_t n = 0;  // counted from 0 in its level
  int width = tile_width;

  friend auto operator<=>(const TilePlace&, const TilePlace&) = default;
};

// "tile/0/x001/x234/067", and "tile/0/x001/x234/067.p/112" for a partial one.
std::string tile_path(const TilePlace& place);
// Of the entries under a tile of level 0: "tile/entries/x001/x234/067".
std::string entries_path(std::uint64_t n, int width);

// A path as those functions write it. Errors: invalid_argument.
Result<TilePlace> parse_tile_path(std::string_view path);
Result<TilePlace> parse_entries_path(std::string_view path);  // level is 0

// The tiles that a tree of `size` leaves has and that of `old_size` hadn't, or had with fewer hashes: lower levels
// first. Complexity: one place for each 256 leaves more.
std::vector<TilePlace> tiles_of(std::uint64_t old_size, std::uint64_t size);

// The tile of this place in a tree of `size` leaves: the width that it has there, 0 if there is none.
int width_at(int level, std::uint64_t n, std::uint64_t size);

// A tile as it is served, 32 bytes a hash, and back. Errors: damaged (not `width` hashes).
std::vector<std::uint8_t> tile_bytes(std::span<const Digest> hashes);
Result<std::vector<Digest>> parse_tile(Bytes bytes, int width);

// The root of a complete subtree from its hashes, whose number is a power of two; of a full tile, the hash in the tile
// above.
Digest tile_root(std::span<const Digest> hashes);

// Gives the hashes of a tile, exactly place.width of them.
using TileReader = std::function<Result<std::vector<Digest>>(const TilePlace& place)>;

// The hashes of a tile above level 0, from the full tiles below it. Errors: those of the reader, damaged.
Result<std::vector<Digest>> tile_from_below(const TilePlace& place, const TileReader& below);

// The hashes of a tree of `size` leaves, read from its tiles; the tile that was read last is kept, so that a proof
// reads each tile about once. Errors: those of the reader, damaged (a tile of another width), invalid_argument (no such
// subtree).
HashAt hash_at(std::uint64_t size, TileReader reader);

}  // namespace fristad
