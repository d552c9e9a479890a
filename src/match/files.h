#pragma once

// The few things that segments do with files. Errors name the path and what to do.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "fristad/result.h"
#include "match/memory.h"

namespace fristad {

// "cannot VERB PATH: what the system says", for the errno that just happened.
Error system_error(std::string_view verb, const std::string& path);

// Makes a folder that only its owner may look into, unless there is one; the folder that it is in must exist.
Status make_folder(const std::string& path);

// Makes durable which files a folder holds.
Status make_durable(const std::string& path);

Result<UniqueFd> open_to_read(const std::string& path);

// Writes all bytes at the file's position. Error: unavailable.
Status write_all(int file, std::span<const std::uint8_t> bytes);

// A file that appears under its name only when it is complete: until commit() it has another name, and an object that
// is destroyed before leaves nothing behind.
class DraftFile {
 public:
  static Result<DraftFile> create(const std::string& path, bool overwrite);
  DraftFile() = default;
  ~DraftFile();
  DraftFile(DraftFile&&) noexcept = default;
  DraftFile& operator=(DraftFile&&) noexcept = default;

  int get() const { return file_.get(); }

  // Gives the file `size` bytes of disk at once, so that writing to its pages can't fail for want of room.
  Status reserve(std::uint64_t size);

  // Makes it durable and gives it its name. Error: already_exists, if a file of that name has come meanwhile.
  Status commit();

 private:
  UniqueFd file_;
  std::string path_;
  std::string temporary_;  // empty: committed
  bool overwrite_ = false;
};

// Bytes appended now and read back once: in an unnamed file beside `path`, or in memory where they must not touch a
// disk.
class Spool {
 public:
  static Result<Spool> on_disk_beside(const std::string& path);
  static Spool in_memory() { return Spool(UniqueFd(), ""); }

  Status append(std::span<const std::uint8_t> bytes);
  std::uint64_t size() const { return written_ + buffer_.size(); }

  // Copies everything to `to`, which has size() bytes.
  Status copy_to(std::span<std::uint8_t> to);

 private:
  Spool(UniqueFd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Status flush();

  UniqueFd file_;
  std::string path_;
  std::vector<std::uint8_t> buffer_;
  std::uint64_t written_ = 0;
};

}  // namespace fristad
