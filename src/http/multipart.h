#pragma once

// Reads multipart/form-data (RFC 7578) piece by piece: however large a part is, memory stays bounded.
//
//   MultipartReader reader(request.headers.find("Content-Type"), *request.body);
//   while (auto part = TRY(reader.next())) {
//     if (part->name != "file") continue;
//     while (const std::size_t count = TRY(reader.read(buffer))) use(buffer, count);
//   }
//
// Thread-safety: one thread at a time. Complexity: each byte is looked at once.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace fristad {

struct MultipartLimits {
  std::size_t parts_max = 64;
  std::size_t header_bytes_max = 8 * 1024;  // of each part; also of what may stand before the first
};

class MultipartReader {
 public:
  struct Part {
    std::string name = {};
    std::optional<std::string> filename = {};  // as the client says: never a path to write to
    std::string content_type = {};             // "" if it doesn't say
  };

  // `body` must outlive the reader. A content type that is no multipart/form-data shows in the first next().
  MultipartReader(std::string_view content_type, BodyReader& body, MultipartLimits limits = {});

  // The next part, passing over what is left of the one before; nothing after the last. Errors: invalid_argument (the
  // content type, or a boundary of over 70 bytes), damaged (not well-formed, cut off), too_large (over a limit); those
  // of BodyReader::read(). After an error, the same again.
  Result<std::optional<Part>> next();

  // How many bytes of the part were put into `buffer`, which isn't empty; 0 at its end. Errors: as next().
  Result<std::size_t> read(std::span<char> buffer);

 private:
  enum class Place { before, in_part, after_part, end };

  Status fill();
  Status find_end();
  Result<std::optional<Part>> take_part();
  Result<Part> parse_head(std::string_view head) const;
  std::string_view buffered() const { return {buffer_.data() + begin_, end_ - begin_}; }

  BodyReader& body_;
  MultipartLimits limits_;
  std::string delimiter_ = {};  // CRLF "--" boundary
  std::vector<char> buffer_ = {};
  std::size_t begin_ = 0;  // the bytes not yet given out are buffer_[begin_, end_)
  std::size_t end_ = 0;
  std::size_t data_ = 0;  // how many of them are known to be the part's
  Place place_ = Place::before;
  std::size_t parts_ = 0;
  std::optional<Error> failed_ = {};
};

}  // namespace fristad
