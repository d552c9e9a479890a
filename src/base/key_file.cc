#include "base/key_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>

#include "base/file.h"
#include "base/hex.h"
#include "base/try.h"

namespace fristad {
namespace {

using FileKey = std::array<std::uint8_t, 32>;

constexpr std::size_t key_text_bytes = 2 * std::tuple_size_v<FileKey>;

}  // namespace

Result<std::array<std::uint8_t, 32>> read_key_file(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat status {};
  if (!fd || fstat(fd.get(), &status) != 0) return os_error(path + ": cannot open key file", errno);
  if (!S_ISREG(status.st_mode)) return Error{Code::invalid_argument, path + ": the key file is not a regular file"};
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{Code::permission_denied, path + ": others may read the key file: chmod 600 it"};
  }
  // Room for a "\r\n" at the end and one byte more, to see that nothing follows.
  std::array<char, key_text_bytes + 3> buffer{};
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const std::size_t got = TRY(read_some(fd.get(), std::span(buffer).subspan(filled)));
    if (got == 0) break;
    filled += got;
  }
  std::string_view text(buffer.data(), filled);
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  FileKey key{};
  const bool good = from_hex(text, key);
  explicit_bzero(buffer.data(), buffer.size());
  if (!good) return Error{Code::damaged, path + ": no key file: a key is 64 hex digits"};
  return key;
}

Status write_key_file(const std::string& path, const Random& random) {
  FileKey key{};
  TRY(random(key));
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR));
  if (!fd) {
    return os_error(path + (errno == EEXIST ? ": a key is never overwritten" : ": cannot make key file"), errno);
  }
  BufferedWriter writer(fd.get());
  writer.write(to_hex(key) + "\n");
  explicit_bzero(key.data(), key.size());
  Status status = writer.flush();
  if (status && fsync(fd.get()) != 0) status = os_error(path + ": cannot save key file", errno);
  if (!status) unlink(path.c_str());
  return status;
}

}  // namespace fristad
