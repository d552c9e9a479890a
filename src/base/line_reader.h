#pragma once

// Splits a stream of bytes into lines, in bounded memory.
//
// Thread-safety: not thread-safe. Complexity: each byte is looked at once.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "fristad/result.h"

namespace fristad {

struct Line {
  std::string_view text;     // without its end; valid until the next call of next()
  std::uint64_t number = 0;  // counted from 1
  bool too_long = false;     // over the limit: skipped, `text` is empty
};

class LineReader {
 public:
  // After each line's text at least so many bytes may be read (they mean nothing): what simdjson asks for.
  static constexpr std::size_t padding = 64;

  // Lines end with `separator`; before a '\n' a '\r' belongs to the end. The last line may lack it.
  LineReader(ReadBytes read, std::size_t line_bytes_max, char separator = '\n');

  // The next line, nothing at the end, or the error of the source.
  Result<std::optional<Line>> next();

  // Whether the next call of next() can answer from what has been read already.
  bool buffered() const;

  // The bytes that come next: at least `size` unless the stream ends before. Valid until the next call of next().
  Result<std::string_view> peek(std::size_t size);

  // Passes over bytes that peek() has shown.
  void skip(std::size_t size) { begin_ += size; }

 private:
  Result<bool> fill();
  Line line(std::string_view text);

  ReadBytes read_;
  std::size_t line_bytes_max_;
  char separator_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // the bytes not yet given out are buffer_[begin_, end_)
  std::size_t end_ = 0;
  bool at_end_ = false;
  std::uint64_t number_ = 0;
};

}  // namespace fristad
