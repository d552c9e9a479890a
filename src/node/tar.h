#pragma once

// Archives as every Unix has a tool for (POSIX ustar), so that a backup can be unpacked without this program. Regular
// files with plain names, one after the other, in a stream.
//
// Thread-safety: not thread-safe.

#include <cstdint>
#include <functional>
#include <string>

#include "crypto/age.h"
#include "crypto/digest.h"
#include "fristad/result.h"

namespace fristad {

class TarWriter {
 public:
  explicit TarWriter(WriteBytes write) : write_(std::move(write)) {}

  // Errors: invalid_argument (a name of over 99 bytes), too_large (8 GB), those of both functions.
  Status file(const std::string& name, std::uint64_t size, const ReadBytes& content);
  Status finish();

 private:
  WriteBytes write_;
};

// Takes an archive piece by piece. `open` is called for each file and gives where its bytes go.
class TarReader {
 public:
  using OpenFile = std::function<Result<WriteBytes>(const std::string& name, std::uint64_t size)>;
  explicit TarReader(OpenFile open) : open_(std::move(open)) {}

  // Errors: damaged, and those of the functions.
  Status take(Bytes bytes);
  // Whether the archive has come to its end.
  Status finish() const;

 private:
  Status take_header();

  OpenFile open_;
  std::string header_;
  WriteBytes content_;
  std::uint64_t content_left_ = 0;
  std::uint64_t padding_left_ = 0;
  bool ended_ = false;
};

}  // namespace fristad
