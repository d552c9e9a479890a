#pragma once

// Finds every file under some folders without ever leaving them: symbolic links are not followed, special files are
// passed over, and each step is openat() from a folder that is held open, so renames elsewhere can't lead it
// astray and paths may be longer than PATH_MAX.
//
// Folders are entered in the order of their names' bytes, so two runs over the same tree give the same sequence. For
// that the names of one folder are held at a time, and those of the folders above it: about 40 bytes a name.
//
// Thread-safety: not thread-safe.

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "fristad/result.h"

namespace fristad {

struct FoundFile {
  std::string path;                        // as named by the user, then as found; any bytes but NUL
  std::shared_ptr<const UniqueFd> folder;  // open `name` from here; none: `name` is a path of its own
  std::string name;
  bool named = false;                // given by the user, not found in a folder: a link to a file is followed
  std::optional<dev_t> only_device;  // with one_file_system: the file must be on this one
  std::optional<Error> error;        // this folder or file could not be reached; only `path` and `named` are set
};

struct WalkCounts {
  std::uint64_t folders = 0;
  std::uint64_t links_skipped = 0;
  std::uint64_t special_skipped = 0;  // devices, pipes, sockets
};

struct WalkOptions {
  bool one_file_system = false;
  std::size_t depth_max = 4096;  // folders deeper than this are not entered, which is an error
};

class Walker {
 public:
  // `next_root` gives the paths to walk, one by one; nothing at the end. A root may be a file, a folder, or a link to
  // one of them.
  using NextRoot = std::function<std::optional<std::string>()>;
  Walker(NextRoot next_root, const WalkOptions& options);
  ~Walker();
  Walker(Walker&&) noexcept;
  Walker& operator=(Walker&&) noexcept;

  // The next file or error; false at the end.
  bool next(FoundFile& found);

  const WalkCounts& counts() const { return counts_; }

 private:
  struct Frame;
  bool enter_root(const std::string& root, FoundFile& found);
  std::optional<Error> enter(int parent, const std::string& name, bool follow);
  std::optional<Error> list(Frame& frame);
  void report_later(Error error);
  void leave();

  NextRoot next_root_;
  WalkOptions options_;
  WalkCounts counts_;
  std::vector<Frame> frames_;
  std::string path_;  // of the folder in frames_.back(), with a slash at its end
  std::optional<FoundFile> pending_error_;
};

// Opens a file for reading only, without touching its access time where the system allows that, and without ever
// waiting for a pipe or becoming the owner of a terminal. Error: also if it is no regular file.
struct OpenFile {
  UniqueFd fd;
  std::uint64_t bytes = 0;
  dev_t device = 0;
  ino_t inode = 0;
};
Result<OpenFile> open_found(const FoundFile& found);

}  // namespace fristad
