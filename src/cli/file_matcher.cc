#include "cli/file_matcher.h"

#include <algorithm>
#include <tuple>

#include "base/try.h"

namespace fristad {

Result<std::size_t> FileMatcher::match(const FileHash& hash, std::vector<FileMatch>& out) {
  out.clear();
  if (hash.digests) {
    TRY(match_digest(DigestKind::md5, hash.digests->md5, out));
    TRY(match_digest(DigestKind::sha1, hash.digests->sha1, out));
    TRY(match_digest(DigestKind::sha256, hash.digests->sha256, out));
  }
  if (hash.image && hash.image->pdq.quality >= options_.quality_min) TRY(match_pdq(hash.image->pdq, out));
  const std::size_t kept = std::min(out.size(), options_.matches_max);
  const std::size_t left_out = out.size() - kept;
  out.resize(kept);
  return left_out;
}

Status FileMatcher::match_digest(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<FileMatch>& out) {
  TRY(known_.find(kind, digest, found_));
  for (KnownMatch& match : found_) out.push_back({.known = std::move(match), .digest = kind});
  return {};
}

Status FileMatcher::match_pdq(const PdqResult& pdq, std::vector<FileMatch>& out) {
  const auto start = static_cast<std::ptrdiff_t>(out.size());
  TRY(known_.match_batch(std::span(pdq.dihedral).first(options_.orientations), options_.limit, scratch_, batch_));
  for (std::size_t i = 0; i < options_.orientations; ++i) {
    for (KnownMatch& match : batch_.of(i)) {
      out.push_back({.known = std::move(match), .digest = {}, .orientation = static_cast<Orientation>(i)});
    }
  }
  // An entry that several orientations match (a symmetric picture) is told once, with the nearest.
  std::sort(out.begin() + start, out.end(), [](const FileMatch& a, const FileMatch& b) {
    return std::tie(a.known.entry, a.known.distance, a.orientation) <
           std::tie(b.known.entry, b.known.distance, b.orientation);
  });
  out.erase(std::unique(out.begin() + start, out.end(),
                        [](const FileMatch& a, const FileMatch& b) { return a.known.entry == b.known.entry; }),
            out.end());
  std::sort(out.begin() + start, out.end(), [](const FileMatch& a, const FileMatch& b) {
    return std::tie(a.known.distance, a.known.entry) < std::tie(b.known.distance, b.known.entry);
  });
  return {};
}

}  // namespace fristad
