#pragma once

// Compares everything that is computed of one file with what is known.
//
// Thread-safety: not thread-safe; one for each thread.

#include <cstdint>
#include <optional>
#include <vector>

#include "cli/file_hasher.h"
#include "cli/known.h"
#include "fristad/hash.h"
#include "fristad/match.h"
#include "fristad/segment.h"

namespace fristad {

struct FileMatch {
  KnownMatch known;
  std::optional<DigestKind> digest;  // none: by PDQ
  // How the file's picture had to be turned to come so near to the entry; the first of those that are equally near.
  Orientation orientation = Orientation::original;
};

struct FileMatchOptions {
  int limit = limit_default;
  int quality_min = pdq_quality_min;             // pictures below are too flat for PDQ; their digests are compared
  std::size_t orientations = orientation_count;  // 1: only as stored; 8: turned and mirrored too
  std::size_t matches_max = 1000;                // of one file
};

class FileMatcher {
 public:
  // `known` must outlive it.
  FileMatcher(const Known& known, const FileMatchOptions& options) : known_(known), options_(options) {}

  // The matches: by digest first, then by PDQ, each entry once, the nearest first; at most matches_max. Returns how
  // many more there are. Errors: those of Known.
  Result<std::size_t> match(const FileHash& hash, std::vector<FileMatch>& out);

 private:
  Status match_digest(DigestKind kind, std::span<const std::uint8_t> digest, std::vector<FileMatch>& out);
  Status match_pdq(const PdqResult& pdq, std::vector<FileMatch>& out);

  const Known& known_;
  FileMatchOptions options_;
  MatchScratch scratch_;
  KnownBatch batch_;
  std::vector<KnownMatch> found_;
};

}  // namespace fristad
