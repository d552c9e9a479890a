#include "cli/file_matcher.h"

#include <algorithm>
#include <tuple>

namespace fristad {

std::size_t FileMatcher::match(const FileHash& hash, std::vector<FileMatch>& out) {
  out.clear();
  if (hash.digests) {
    match_digest(DigestKind::md5, hash.digests->md5, out);
    match_digest(DigestKind::sha1, hash.digests->sha1, out);
    match_digest(DigestKind::sha256, hash.digests->sha256, out);
  }
  if (hash.image && hash.image->pdq.quality >= options_.quality_min) match_pdq(hash.image->pdq, out);
  const std::size_t kept = std::min(out.size(), options_.matches_max);
  const std::size_t left_out = out.size() - kept;
  out.resize(kept);
  return left_out;
}

void FileMatcher::match_digest(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<FileMatch>& out) {
  index_.find(kind, digest, rows_);
  for (const std::uint32_t row : rows_) out.push_back({.row = row, .digest = kind});
}

void FileMatcher::match_pdq(const PdqResult& pdq, std::vector<FileMatch>& out) {
  const auto start = static_cast<std::ptrdiff_t>(out.size());
  for (std::size_t i = 0; i < options_.orientations; ++i) {
    index_.match(pdq.dihedral[i], options_.limit, scratch_, found_);
    for (const Match& match : found_) {
      out.push_back(
          {.row = match.row, .digest = {}, .distance = match.distance, .orientation = static_cast<Orientation>(i)});
    }
  }
  // An entry that several orientations match (a symmetric picture) is told once, with the nearest.
  std::sort(out.begin() + start, out.end(), [](const FileMatch& a, const FileMatch& b) {
    return std::tie(a.row, a.distance, a.orientation) < std::tie(b.row, b.distance, b.orientation);
  });
  out.erase(std::unique(out.begin() + start, out.end(),
                        [](const FileMatch& a, const FileMatch& b) { return a.row == b.row; }),
            out.end());
  std::sort(out.begin() + start, out.end(), [](const FileMatch& a, const FileMatch& b) {
    return std::tie(a.distance, a.row) < std::tie(b.distance, b.row);
  });
}

}  // namespace fristad
