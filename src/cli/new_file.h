#pragma once

// A file that is made, readable by its owner alone, and never replaces another. Until finish() it has no name, so a
// failed command leaves nothing.
//
// Thread-safety: not thread-safe.

#include <string>

#include "base/file.h"
#include "fristad/result.h"

namespace fristad {

class NewFile {
 public:
  // Errors: already_exists, not_found (the folder), permission_denied, unavailable.
  static Result<NewFile> create(const std::string& path);

  BufferedWriter& writer() { return writer_; }

  // Saves it to disk and gives it its name. Errors: unavailable (disk full), already_exists (meanwhile).
  Status finish();

 private:
  NewFile(std::string path, UniqueFd fd);

  std::string path_;
  UniqueFd fd_;
  BufferedWriter writer_;
};

}  // namespace fristad
