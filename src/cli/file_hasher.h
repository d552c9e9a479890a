#pragma once

// Everything that is computed of one file, in one read of it: digests, and PDQ if it is an image. Images are decoded in
// the sandbox while the digests are computed here; other files are streamed, whatever their size.
//
// Thread-safety: not thread-safe; one for each thread.

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "cli/walker.h"
#include "fristad/hash.h"
#include "fristad/image.h"
#include "fristad/result.h"
#include "fristad/sandbox.h"

namespace fristad {

struct FileHash {
  std::optional<ImageHash> image;
  std::optional<Digests> digests;
  std::uint64_t bytes = 0;
  // Why there is no image hash or, without digests too, why the file could not be read. A file in no image
  // format gives Code::unsupported.
  std::optional<Error> error;
};

struct FileHasherOptions {
  SandboxOptions sandbox{};
  bool digests_only = false;
};

class FileHasher {
 public:
  // `stop` ends the reading of a long file early, with Code::cancelled; it must outlive the hasher. The sandbox
  // starts with the first image.
  FileHasher(const FileHasherOptions& options, const std::atomic<bool>& stop);

  // Starts the sandbox now, to learn early whether it can.
  Status start();

  FileHash hash(const OpenFile& file);

 private:
  void hash_image(const OpenFile& file, std::size_t head_bytes, FileHash& out);
  void hash_stream(const OpenFile& file, std::size_t head_bytes, FileHash& out);

  FileHasherOptions options_;
  const std::atomic<bool>& stop_;
  std::optional<ImageHasher> images_;
  Digester digester_;
  std::vector<char> buffer_;
};

}  // namespace fristad
