#include "base/line_reader.h"

#include <algorithm>
#include <cstring>

#include "base/try.h"

namespace fristad {
namespace {

constexpr std::size_t read_bytes = 256u << 10;

}  // namespace

LineReader::LineReader(ReadBytes read, std::size_t line_bytes_max, char separator)
    : read_(std::move(read)), line_bytes_max_(line_bytes_max), separator_(separator), buffer_(read_bytes + padding) {}

Result<bool> LineReader::fill() {
  if (at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < end_ + padding + read_bytes / 2) buffer_.resize(buffer_.size() * 2);
  const std::size_t got = TRY(read_(std::span(buffer_).subspan(end_, buffer_.size() - padding - end_)));
  end_ += got;
  at_end_ = got == 0;
  return got > 0;
}

Line LineReader::line(std::string_view text) {
  if (separator_ == '\n' && text.ends_with('\r')) text.remove_suffix(1);
  const bool too_long = text.size() > line_bytes_max_;
  return {too_long ? std::string_view() : text, ++number_, too_long};
}

Result<std::optional<Line>> LineReader::next() {
  std::size_t searched = 0;
  bool skipping = false;
  while (true) {
    const char* const start = buffer_.data() + begin_;
    const std::size_t size = end_ - begin_;
    if (const void* const found = std::memchr(start + searched, separator_, size - searched)) {
      const auto length = static_cast<std::size_t>(static_cast<const char*>(found) - start);
      begin_ += length + 1;
      return skipping ? Line{{}, ++number_, true} : line({start, length});
    }
    searched = size;
    // One byte more than the limit is kept: it may be the '\r' of a line that just fits.
    if (size > line_bytes_max_ + 1) skipping = true;
    if (skipping) {
      begin_ = end_;
      searched = 0;
    }
    if (!TRY(fill())) {
      // Filling may have moved what was there.
      const std::string_view rest(buffer_.data() + begin_, end_ - begin_);
      begin_ = end_;
      if (skipping) return Line{{}, ++number_, true};
      if (rest.empty()) return std::optional<Line>();
      return line(rest);
    }
  }
}

bool LineReader::buffered() const {
  return at_end_ || std::memchr(buffer_.data() + begin_, separator_, end_ - begin_) != nullptr;
}

Result<std::string_view> LineReader::peek(std::size_t size) {
  while (end_ - begin_ < size && TRY(fill())) {
  }
  return std::string_view(buffer_.data() + begin_, end_ - begin_);
}

}  // namespace fristad
