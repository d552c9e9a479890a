#include "record/log_files.h"

#include <unistd.h>

#include <algorithm>

#include "base/try.h"
#include "base/whole_file.h"
#include "crypto/tiles.h"

namespace fristad {
namespace {

std::string parent_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

Status write_public(const std::string& path, Bytes content) {
  TRY(make_folders(parent_of(path)));
  return write_file(path, as_text(content), FileAccess::everybody_reads, FileExists::replace);
}

TileReader tiles_in(const std::string& folder) {
  return [folder](const TilePlace& place) -> Result<std::vector<Digest>> {
    const std::string bytes = TRY(read_file(folder + "/" + tile_path(place), std::size_t{32} * tile_width));
    return parse_tile(as_bytes(bytes), place.width);
  };
}

// The checkpoint that the folder was published for; size 0 if it never was.
Result<Checkpoint> published(const std::string& folder) {
  const auto note = read_file(folder + "/checkpoint", note_size_max);
  if (!note) {
    if (note.error().code == Code::not_found) return Checkpoint{};
    return note.error();
  }
  return parse_checkpoint(TRY(parse_note(*note)).text);
}

void drop_partial(const std::string& folder, const TilePlace& full) {
  TilePlace part = full;
  for (part.width = 1; part.width < tile_width; ++part.width) {
    unlink((folder + "/" + tile_path(part)).c_str());
    if (full.level == 0) unlink((folder + "/" + entries_path(part.n, part.width)).c_str());
  }
  rmdir((folder + "/" + tile_path(full) + ".p").c_str());
  if (full.level == 0) rmdir((folder + "/" + entries_path(full.n, full.width) + ".p").c_str());
}

}  // namespace

Status publish_log(Journal& journal, std::uint32_t log, const std::string& folder) {
  TRY(make_folders(folder));
  const Checkpoint before = TRY(published(folder));
  const std::string note = TRY(journal.checkpoint(log));
  const Checkpoint now = TRY(parse_checkpoint(TRY(parse_note(note)).text));
  if (now.size < before.size) {
    return Error{Code::conflict, folder + " holds a longer log than the database: it was restored from a backup"};
  }

  // Level 0 and the entries from the rows; each level above from the one below.
  const std::uint64_t first_tile = before.size / tile_width;
  std::vector<Digest> hashes;
  std::vector<std::uint8_t> entries;
  std::uint64_t tile = first_tile;
  const auto finish_tile = [&]() -> Status {
    const TilePlace place{0, tile++, static_cast<int>(hashes.size())};
    TRY(write_public(folder + "/" + tile_path(place), tile_bytes(hashes)));
    TRY(write_public(folder + "/" + entries_path(place.n, place.width), entries));
    hashes.clear();
    entries.clear();
    return {};
  };
  TRY(journal.for_each_leaf(log, first_tile * tile_width, [&](std::uint64_t position, const LeafBytes& leaf) -> Status {
    if (position >= now.size) return {};
    hashes.push_back(leaf_hash(leaf));
    entries.push_back(static_cast<std::uint8_t>(leaf.size() >> 8));
    entries.push_back(static_cast<std::uint8_t>(leaf.size() & 0xFF));
    entries.insert(entries.end(), leaf.begin(), leaf.end());
    return hashes.size() == tile_width ? finish_tile() : Status();
  }));
  if (!hashes.empty()) TRY(finish_tile());
  const std::vector<TilePlace> places = tiles_of(before.size, now.size);
  for (const TilePlace& place : places) {
    if (place.level == 0) continue;
    TRY(write_public(folder + "/" + tile_path(place), tile_bytes(TRY(tile_from_below(place, tiles_in(folder))))));
  }
  TRY(write_file(folder + "/checkpoint", note, FileAccess::everybody_reads, FileExists::replace));
  for (const TilePlace& place : places) {
    if (place.width == tile_width) drop_partial(folder, place);
  }
  return {};
}

Result<std::string> prove_record(const std::string& folder, std::uint64_t position) {
  const std::string note = TRY(read_file(folder + "/checkpoint", note_size_max));
  const Checkpoint checkpoint = TRY(parse_checkpoint(TRY(parse_note(note)).text));
  if (position >= checkpoint.size) {
    return Error{Code::not_found, "the published log has no record " + std::to_string(position)};
  }
  return encode_log_proof(
      {.index = position,
       .hashes = TRY(inclusion_proof(position, checkpoint.size, hash_at(checkpoint.size, tiles_in(folder)))),
       .checkpoint = note});
}

}  // namespace fristad
