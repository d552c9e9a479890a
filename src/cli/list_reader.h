#pragma once

// Reads a list of known material, row by row, in bounded memory: comma-separated or JSON lines, as
// docs/format/list.md describes.
//
//   Result<ListReader> list = ListReader::start(read, {});
//   while (true) {
//     const ListEvent event = TRY(list->next());
//     if (event == ListEvent::end) break;
//     if (event == ListEvent::bad_row) report(list->bad_row());
//     if (event == ListEvent::row) TRY(writer.add(list->row()));
//   }
//
// Thread-safety: not thread-safe. Complexity: each byte is looked at once; memory is two to three times the longest
// row.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/file.h"
#include "fristad/result.h"
#include "fristad/segment.h"

namespace fristad {

enum class ListFormat : std::uint8_t { automatic, csv, json_lines };

// By the end of the name (.csv, .jsonl, .ndjson); automatic if that says nothing.
ListFormat list_format_of_name(std::string_view name);

struct ListOptions {
  ListFormat format = ListFormat::automatic;  // automatic: JSON lines if the first byte is '{'
  bool ignore_columns = false;                // columns or keys that are not known: skip rather than refuse
  bool foreign_words = false;                 // the columns or keys `raw` and `scheme` are known too
};

inline constexpr std::size_t list_row_bytes_max = 1u << 20;
inline constexpr std::size_t list_field_bytes_max = 65'535;

enum class ListEvent : std::uint8_t { row, bad_row, end };

// How a foreign classification was written, and whose words those are.
struct ForeignWords {
  std::string_view raw = {};
  std::string_view scheme = {};
  std::string_view context = {};
};

// A row that could not be used. The message holds no hash and no text of the row but names of columns.
struct BadRow {
  std::uint64_t line = 0;  // where the row starts, counted from 1
  std::string message;
};

class ListReader {
 public:
  // Reads the header, if there is one. Errors: those of `read`; invalid_argument (a header without any column of
  // hashes, with one that is unknown or there twice; not UTF-8).
  static Result<ListReader> start(ReadBytes read, const ListOptions& options);
  ~ListReader();
  ListReader(ListReader&&) noexcept;
  ListReader& operator=(ListReader&&) noexcept;

  // The next thing in the list. Empty lines are passed over. Errors: those of `read`.
  Result<ListEvent> next();

  // After ListEvent::row; valid, with its texts, until the next call of next().
  const SegmentRow& row() const;
  const ForeignWords& foreign_words() const;

  // After ListEvent::bad_row.
  const BadRow& bad_row() const;

  // One format's way to find rows; defined in list_csv.cc and list_json.cc.
  class Rows;

 private:
  explicit ListReader(std::unique_ptr<Rows> rows);
  std::unique_ptr<Rows> rows_;
};

}  // namespace fristad
