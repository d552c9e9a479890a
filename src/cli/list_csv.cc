// Comma-separated lists: RFC 4180, with lines that may end in LF alone.

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/text_escape.h"
#include "base/try.h"
#include "cli/list_rows.h"

namespace fristad {
namespace {

enum class Split : std::uint8_t { whole, open, malformed };

class CsvRows final : public ListReader::Rows {
 public:
  CsvRows(LineReader lines, const ListOptions& options) : Rows(std::move(lines), options) {}

  Status read_header() override {
    const auto event = TRY(read_record());
    if (event == ListEvent::end)
      return Error{Code::invalid_argument, "the list is empty: the first line names its columns"};
    if (event == ListEvent::bad_row) return Error{Code::invalid_argument, "line 1: " + bad_row_.message};
    for (const std::string_view name : fields_) TRY(add_column(name));
    if (std::none_of(columns_.begin(), columns_.end(), [](ListColumn c) { return c <= ListColumn::sha256; })) {
      return Error{Code::invalid_argument, "line 1: no column of hashes: name one pdq, md5, sha1 or sha256"};
    }
    return {};
  }

  Result<ListEvent> next() override {
    const ListEvent event = TRY(read_record());
    if (event != ListEvent::row) return event;
    begin_row(record_line_);
    if (fields_.size() != columns_.size()) {
      return bad(record_line_, std::to_string(fields_.size()) + " cells, but the header names " +
                                   std::to_string(columns_.size()) + " columns");
    }
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (!set(columns_[i], fields_[i])) return ListEvent::bad_row;
    }
    return has_hash() ? ListEvent::row : ListEvent::bad_row;
  }

 private:
  Status add_column(std::string_view name) {
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    const std::optional<ListColumn> column = list_column(name, foreign_words_);
    if (!column && !ignore_columns_) {
      const bool semicolons = name.find(';') != std::string_view::npos;
      return Error{Code::invalid_argument, "line 1: unknown column \"" + std::string(name.substr(0, 64)) +
                                               "\"; known are " + list_column_names(foreign_words_) +
                                               (semicolons ? "; cells are separated by commas, not semicolons"
                                                           : "; --ignore-columns passes over the others")};
    }
    if (column && std::find(columns_.begin(), columns_.end(), *column) != columns_.end()) {
      return Error{Code::invalid_argument, std::string("line 1: two columns are named ") + to_string(*column)};
    }
    columns_.push_back(column.value_or(ListColumn::ignored));
    return {};
  }

  // Fills fields_ with the cells of the next record that is not empty.
  Result<ListEvent> read_record() {
    while (true) {
      const std::optional<Line> line = TRY(lines_.next());
      if (!line) return ListEvent::end;
      record_line_ = line->number;
      if (line->too_long) return bad(record_line_, "longer than 1 MiB");
      if (line->text.empty()) continue;
      std::string_view record = line->text;
      Split result = split(record);
      if (result == Split::open) {
        if (const std::optional<std::uint64_t> last_line = TRY(join(record))) {
          return bad(record_line_, "a quotation mark is not closed within 1 MiB: lines " +
                                       std::to_string(record_line_) + " to " + std::to_string(*last_line) +
                                       " were not read");
        }
        record = joined_;
        result = split(record);
      }
      if (!simdjson::validate_utf8(record.data(), record.size())) {
        return bad(record_line_, "not UTF-8: convert the list, with iconv for instance");
      }
      if (result != Split::whole) {
        return bad(record_line_, "a quotation mark inside a cell: quote the cell and double the mark");
      }
      return ListEvent::row;
    }
  }

  // Collects in joined_ the lines of a record whose quotation mark closes on a later line. Gives the last line read
  // if it never does. Counting marks is enough: outside of quoted cells a well-formed record has none.
  Result<std::optional<std::uint64_t>> join(std::string_view first) {
    joined_ = first;
    std::uint64_t last_line = record_line_;
    while (true) {
      const std::optional<Line> line = TRY(lines_.next());
      if (!line) return std::optional(last_line);
      last_line = line->number;
      joined_ += '\n';
      joined_ += line->text;
      if (line->too_long || joined_.size() > list_row_bytes_max) return std::optional(last_line);
      if (std::count(line->text.begin(), line->text.end(), '"') % 2 == 1) return std::optional<std::uint64_t>();
    }
  }

  Split split(std::string_view record) {
    fields_.clear();
    unquoted_.clear();
    if (std::memchr(record.data(), '"', record.size()) == nullptr) {
      while (true) {
        const std::size_t comma = record.find(',');
        fields_.push_back(record.substr(0, comma));
        if (comma == std::string_view::npos) return Split::whole;
        record.remove_prefix(comma + 1);
      }
    }
    // The cells' texts without marks are together no longer than the record: no view moves.
    unquoted_.reserve(record.size());
    while (true) {
      if (!record.starts_with('"')) {
        const std::string_view field = record.substr(0, record.find(','));
        if (field.find('"') != std::string_view::npos) return Split::malformed;
        fields_.push_back(field);
        record.remove_prefix(field.size());
      } else {
        record.remove_prefix(1);
        const std::size_t start = unquoted_.size();
        while (true) {
          const std::size_t mark = record.find('"');
          if (mark == std::string_view::npos) return Split::open;
          unquoted_ += record.substr(0, mark);
          record.remove_prefix(mark + 1);
          if (!record.starts_with('"')) break;
          unquoted_ += '"';
          record.remove_prefix(1);
        }
        fields_.push_back(std::string_view(unquoted_).substr(start));
      }
      if (record.empty()) return Split::whole;
      if (record.front() != ',') return Split::malformed;
      record.remove_prefix(1);
    }
  }

  std::vector<ListColumn> columns_;
  std::vector<std::string_view> fields_;
  std::string unquoted_;
  std::string joined_;
  std::uint64_t record_line_ = 0;
};

}  // namespace

std::unique_ptr<ListReader::Rows> make_csv_rows(LineReader lines, const ListOptions& options) {
  return std::make_unique<CsvRows>(std::move(lines), options);
}

}  // namespace fristad
