#include "cli/list_reader.h"

#include <algorithm>
#include <cctype>

#include "base/hex.h"
#include "base/try.h"
#include "cli/list_rows.h"

namespace fristad {
namespace {

constexpr std::array<const char*, 11> column_names{"pdq",  "md5", "sha1",   "sha256",  "id",       "classification",
                                                   "note", "raw", "scheme", "context", "(ignored)"};

std::size_t known_columns(bool foreign_words) {
  return foreign_words ? 10 : 7;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

template <std::size_t size>
bool set_digest(std::string_view text, std::optional<std::array<std::uint8_t, size>>& digest) {
  return from_hex(text, digest.emplace());
}

}  // namespace

std::optional<ListColumn> list_column(std::string_view name, bool foreign_words) {
  const std::string wanted = lower(name);
  for (std::size_t i = 0; i < known_columns(foreign_words); ++i) {
    if (wanted == column_names[i]) return static_cast<ListColumn>(i);
  }
  return std::nullopt;
}

const char* to_string(ListColumn column) {
  return column_names[static_cast<std::size_t>(column)];
}

std::string list_column_names(bool foreign_words) {
  std::string names;
  for (std::size_t i = 0; i < known_columns(foreign_words); ++i)
    names += (i ? ", " : "") + std::string(column_names[i]);
  return names;
}

bool ListReader::Rows::set(ListColumn column, std::string_view text) {
  if (text.empty() || column == ListColumn::ignored) return true;
  if (text.size() > list_field_bytes_max) {
    bad_row_.message = std::string(to_string(column)) + " is longer than 65,535 bytes";
    return false;
  }
  bool good = true;
  std::size_t digits = 0;
  switch (column) {
    case ListColumn::pdq:
      digits = 64;
      if (auto hash = PdqHash::from_hex(text)) {
        row_.pdq = *hash;
      } else {
        good = false;
      }
      break;
    case ListColumn::md5:
      digits = 32;
      good = set_digest(text, row_.md5);
      break;
    case ListColumn::sha1:
      digits = 40;
      good = set_digest(text, row_.sha1);
      break;
    case ListColumn::sha256:
      digits = 64;
      good = set_digest(text, row_.sha256);
      break;
    case ListColumn::id: row_.entry.id = text; break;
    case ListColumn::classification: row_.entry.classification = text; break;
    case ListColumn::note: row_.entry.note = text; break;
    case ListColumn::raw: words_.raw = text; break;
    case ListColumn::scheme: words_.scheme = text; break;
    case ListColumn::context: words_.context = text; break;
    case ListColumn::ignored: break;
  }
  if (!good) {
    bad_row_.message = std::string(to_string(column)) + " is not " + std::to_string(digits) + " hex digits, but " +
                       std::to_string(text.size()) +
                       (text.size() == digits ? " characters with others among them" : " characters");
  }
  return good;
}

bool ListReader::Rows::has_hash() {
  if (row_.pdq || row_.md5 || row_.sha1 || row_.sha256) return true;
  bad_row_.message = "there is no hash in it";
  return false;
}

ListFormat list_format_of_name(std::string_view name) {
  const std::string end = lower(name.substr(std::min(name.rfind('.'), name.size())));
  if (end == ".csv") return ListFormat::csv;
  if (end == ".jsonl" || end == ".ndjson") return ListFormat::json_lines;
  return ListFormat::automatic;
}

Result<ListReader> ListReader::start(ReadBytes read, const ListOptions& options) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  LineReader lines(std::move(read), list_row_bytes_max);
  std::string_view first = TRY(lines.peek(byte_order_mark.size() + 1));
  if (first.starts_with("\xff\xfe") || first.starts_with("\xfe\xff")) {
    return Error{Code::invalid_argument, "the list is UTF-16: save it as UTF-8"};
  }
  if (first.starts_with(byte_order_mark)) {
    lines.skip(byte_order_mark.size());
    first.remove_prefix(byte_order_mark.size());
  }
  if (first.starts_with('[')) {
    return Error{Code::invalid_argument, "the list is one JSON array: write one object a line instead"};
  }
  const bool json =
      options.format == ListFormat::json_lines || (options.format == ListFormat::automatic && first.starts_with('{'));
  ListReader reader(json ? make_json_rows(std::move(lines), options) : make_csv_rows(std::move(lines), options));
  TRY(reader.rows_->read_header());
  return reader;
}

ListReader::ListReader(std::unique_ptr<Rows> rows) : rows_(std::move(rows)) {}
ListReader::~ListReader() = default;
ListReader::ListReader(ListReader&&) noexcept = default;
ListReader& ListReader::operator=(ListReader&&) noexcept = default;

Result<ListEvent> ListReader::next() {
  return rows_->next();
}
const SegmentRow& ListReader::row() const {
  return rows_->row();
}
const ForeignWords& ListReader::foreign_words() const {
  return rows_->foreign_words();
}
const BadRow& ListReader::bad_row() const {
  return rows_->bad_row();
}

}  // namespace fristad
