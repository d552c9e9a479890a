#pragma once

// What hashes and files are compared with: an index file, or the lists of a node.
//
// Thread-safety: the functions of Known may be called from any thread at once, each thread with its own MatchScratch.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "fristad/match.h"
#include "fristad/result.h"
#include "fristad/segment.h"
#include "material/material.h"

namespace fristad {

// An entry that matches.
struct KnownMatch {
  std::uint64_t entry = 0;  // the row in an index file; a name for the entry in a node
  std::uint32_t distance = 0;
  std::shared_ptr<const MaterialMatch> material = {};  // its list, number and ruling: in a node
};

// As BatchMatches; those of one query are in no certain order.
struct KnownBatch {
  std::vector<KnownMatch> matches;
  std::vector<std::size_t> starts;

  std::span<KnownMatch> of(std::size_t query) {
    return std::span(matches).subspan(starts[query], starts[query + 1] - starts[query]);
  }
};

class Known {
 public:
  virtual ~Known() = default;

  virtual Status match_batch(std::span<const PdqHash> queries, int limit, MatchScratch& scratch,
                             KnownBatch& out) const = 0;
  virtual Status find(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<KnownMatch>& out) const = 0;

  // What is known of an entry. Views into `this` or into `room`. Error: not_found (erased meanwhile).
  virtual Result<Entry> entry(const KnownMatch& match, EntryView& room) const = 0;

  // Writes which one it is as a member of an object.
  virtual void describe(JsonWriter& json) const = 0;

  // Whether matches have a list, a number and a ruling.
  virtual bool rules() const = 0;
};

// `index` must outlive it.
std::unique_ptr<Known> known_of_index(const Segment& index, std::string path);
std::unique_ptr<Known> known_of_node(const Material& material, std::string folder);

// "list", "entry", "level" and "reasons" of a match in a node.
void write_ruling(JsonWriter& json, const MaterialMatch& match);

}  // namespace fristad
