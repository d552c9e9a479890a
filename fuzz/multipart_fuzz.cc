// Any bytes as a multipart body: no crash, memory within its limits, and the same parts in whatever pieces the body
// comes and is read.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text_escape.h"
#include "http/multipart.h"

namespace {

using namespace fristad;

void require(bool truth) {
  if (!truth) std::abort();
}

struct Pieces : BodyReader {
  Pieces(std::string_view body, std::size_t size) : text(body), piece(size) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    require(!buffer.empty());
    const std::size_t count = std::min({piece, buffer.size(), text.size()});
    std::copy_n(text.data(), count, buffer.data());
    text.remove_prefix(count);
    return count;
  }
  std::string_view text;
  std::size_t piece;
};

struct Reading {
  std::vector<std::string> parts = {};
  bool failed = false;
  bool operator==(const Reading&) const = default;
};

Reading read(std::string_view body, std::size_t piece, std::size_t buffer_bytes) {
  Reading reading;
  Pieces pieces(body, piece);
  MultipartReader reader("multipart/form-data; boundary=b", pieces, {.parts_max = 4, .header_bytes_max = 200});
  std::vector<char> buffer(buffer_bytes);
  while (true) {
    const auto part = reader.next();
    if (!part) {
      reading.failed = true;
      return reading;
    }
    if (!*part) return reading;
    require(is_utf8((*part)->name) && reading.parts.size() < 4);
    reading.parts.push_back((*part)->name + "|" + (*part)->filename.value_or("") + "|" + (*part)->content_type + "|");
    while (true) {
      const auto count = reader.read(buffer);
      if (!count) {
        reading.failed = true;
        return reading;
      }
      if (*count == 0) break;
      reading.parts.back().append(buffer.data(), *count);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Reading whole = read(text, size + 1, 4096);
  Reading pieces = read(text, 1 + size % 5, 1 + size % 3);
  require(whole.failed == pieces.failed);
  if (!whole.failed) require(whole == pieces);
  return 0;
}
