// Any bytes as a list, in each format: no crash, no endless loop, the same answer however the bytes arrive, and nothing
// but what a list may hold comes out.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text_escape.h"
#include "cli/list_reader.h"

namespace {

using namespace fristad;

void require(bool truth) {
  if (!truth) std::abort();
}

void append_text(std::string& out, std::string_view text) {
  require(text.size() <= list_field_bytes_max);
  require(is_utf8(text));
  out += std::to_string(text.size()) + ":" + std::string(text);
}

// Everything that the reader says, as one text.
std::string read(std::string_view bytes, const ListOptions& options, std::size_t piece) {
  auto list = ListReader::start(
      [&](std::span<char> room) -> Result<std::size_t> {
        const std::size_t count = std::min({piece, room.size(), bytes.size()});
        std::copy_n(bytes.data(), count, room.data());
        bytes.remove_prefix(count);
        return count;
      },
      options);
  if (!list) return "error " + list.error().message;
  std::string out;
  while (true) {
    const auto event = list->next();
    require(event.has_value());
    if (*event == ListEvent::end) return out;
    if (*event == ListEvent::bad_row) {
      require(list->bad_row().line > 0 && !list->bad_row().message.empty());
      out += "bad " + std::to_string(list->bad_row().line) + " " + list->bad_row().message + "\n";
      continue;
    }
    const SegmentRow& row = list->row();
    require(row.pdq || row.md5 || row.sha1 || row.sha256);
    out += "row ";
    if (row.pdq) out += row.pdq->to_hex();
    append_text(out, row.entry.id);
    append_text(out, row.entry.classification);
    append_text(out, row.entry.note);
    out += "\n";
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const ListFormat format : {ListFormat::automatic, ListFormat::csv, ListFormat::json_lines}) {
    for (const bool ignore_columns : {false, true}) {
      const ListOptions options{.format = format, .ignore_columns = ignore_columns};
      const std::string whole = read(bytes, options, bytes.size() + 1);
      require(read(bytes, options, 1 + size % 13) == whole);
    }
  }
  return 0;
}
