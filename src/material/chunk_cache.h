#pragma once

// What judging a match has to know of a chunk, so that the record needn't be read and decrypted for each.
//
// Thread-safety: all functions may be called from any thread at once.

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "material/records.h"

namespace fristad {

struct ChunkInfo {
  ListId list{};
  std::vector<Classification> classifications;  // of each item
};

// Holds at most 65,536 chunks, of a kilobyte each.
class ChunkCache {
 public:
  std::shared_ptr<const ChunkInfo> find(Place chunk) const {
    const Shard& shard = shard_of(chunk);
    const std::scoped_lock lock(shard.mutex);
    const auto at = shard.chunks.find(chunk.value());
    return at == shard.chunks.end() ? nullptr : at->second;
  }

  void put(Place chunk, std::shared_ptr<const ChunkInfo> info) {
    Shard& shard = shard_of(chunk);
    const std::scoped_lock lock(shard.mutex);
    // Whichever comes first: at this size there is hardly ever one to go.
    if (shard.chunks.size() >= chunks_per_shard_max) shard.chunks.erase(shard.chunks.begin());
    shard.chunks.insert_or_assign(chunk.value(), std::move(info));
  }

  void drop(Place chunk) {
    Shard& shard = shard_of(chunk);
    const std::scoped_lock lock(shard.mutex);
    shard.chunks.erase(chunk.value());
  }

 private:
  static constexpr std::size_t chunks_per_shard_max = 4096;
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::int64_t, std::shared_ptr<const ChunkInfo>> chunks;
  };

  const Shard& shard_of(Place chunk) const { return shards_.at(chunk.position % shards_.size()); }
  Shard& shard_of(Place chunk) { return shards_.at(chunk.position % shards_.size()); }

  std::array<Shard, 16> shards_;
};

}  // namespace fristad
