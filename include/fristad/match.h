#pragma once

// The words of matching: a limit, a match, and room to work in.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace fristad {

// Two PDQ hashes match when they differ in at most `limit` bits. 31 is the published threshold.
// Limits up to limit_indexed_max use the index; up to limit_max everything is compared with everything.
inline constexpr int limit_default = 31;
inline constexpr int limit_indexed_max = 31;
inline constexpr int limit_max = 63;

// One entry within the limit. `row` is the entry's position in the list that the segment was built from.
struct Match {
  std::uint32_t row = 0;
  std::uint32_t distance = 0;

  friend auto operator<=>(const Match&, const Match&) = default;
};

// The matches of many queries: those of query i are matches[starts[i]] up to matches[starts[i + 1]],
// ordered by row.
struct BatchMatches {
  std::vector<Match> matches;
  std::vector<std::size_t> starts;

  std::span<const Match> of(std::size_t query) const {
    return std::span(matches).subspan(starts[query], starts[query + 1] - starts[query]);
  }
};

// Memory that queries reuse, so that matching allocates nothing once warm. One for each thread.
class MatchScratch {
 public:
  MatchScratch();
  ~MatchScratch();
  MatchScratch(MatchScratch&&) noexcept;
  MatchScratch& operator=(MatchScratch&&) noexcept;

  struct Buffers;
  Buffers& buffers() { return *buffers_; }

 private:
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace fristad
