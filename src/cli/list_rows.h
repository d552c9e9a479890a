#pragma once

// What the formats of lists share: the columns, and how the text of one becomes part of a row.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/line_reader.h"
#include "cli/list_reader.h"

namespace fristad {

enum class ListColumn : std::uint8_t {
  pdq,
  md5,
  sha1,
  sha256,
  id,
  classification,
  note,
  raw,
  scheme,
  context,
  ignored
};

// The column of that name (in any case of its letters), or nothing.
std::optional<ListColumn> list_column(std::string_view name, bool foreign_words);
const char* to_string(ListColumn column);

// "pdq, md5, ...": for messages.
std::string list_column_names(bool foreign_words);

class ListReader::Rows {
 public:
  virtual ~Rows() = default;
  virtual Status read_header() { return {}; }
  virtual Result<ListEvent> next() = 0;

  const SegmentRow& row() const { return row_; }
  const ForeignWords& foreign_words() const { return words_; }
  const BadRow& bad_row() const { return bad_row_; }

 protected:
  Rows(LineReader lines, const ListOptions& options)
      : lines_(std::move(lines)), ignore_columns_(options.ignore_columns), foreign_words_(options.foreign_words) {}

  void begin_row(std::uint64_t line) {
    row_ = {};
    words_ = {};
    bad_row_.line = line;
  }

  ListEvent bad(std::uint64_t line, std::string message) {
    bad_row_ = {line, std::move(message)};
    return ListEvent::bad_row;
  }

  // Puts `text` into row_, which keeps the view. False, and bad_row_'s message is set, if it doesn't fit the column.
  bool set(ListColumn column, std::string_view text);

  // Whether row_ has any hash; otherwise the message is set.
  bool has_hash();

  LineReader lines_;
  bool ignore_columns_;
  bool foreign_words_;
  SegmentRow row_;
  ForeignWords words_;
  BadRow bad_row_;
};

std::unique_ptr<ListReader::Rows> make_csv_rows(LineReader lines, const ListOptions& options);
std::unique_ptr<ListReader::Rows> make_json_rows(LineReader lines, const ListOptions& options);

}  // namespace fristad
