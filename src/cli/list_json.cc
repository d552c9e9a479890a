// Lists as JSON lines: one object of strings on each.

#include <simdjson.h>

#include "base/try.h"
#include "cli/list_rows.h"

namespace fristad {
namespace {

static_assert(LineReader::padding >= simdjson::SIMDJSON_PADDING);

class JsonRows final : public ListReader::Rows {
 public:
  JsonRows(LineReader lines, const ListOptions& options) : Rows(std::move(lines), options) {}

  Result<ListEvent> next() override {
    std::optional<Line> line;
    do {
      line = TRY(lines_.next());
      if (!line) return ListEvent::end;
      if (line->too_long) return bad(line->number, "longer than 1 MiB");
    } while (line->text.empty());
    begin_row(line->number);
    simdjson::dom::element document;
    // The bytes behind the line are readable (LineReader::padding), so the parser need not copy it.
    const auto error = parser_.parse(line->text.data(), line->text.size(), false).get(document);
    if (error) return bad(line->number, std::string("not JSON: ") + simdjson::error_message(error));
    simdjson::dom::object object;
    if (document.get(object)) return bad(line->number, "not a JSON object");
    unsigned seen = 0;
    for (const auto& field : object) {
      const std::optional<ListColumn> column = list_column(field.key, foreign_words_);
      if (!column) {
        if (ignore_columns_) continue;
        return bad(line->number, "unknown key \"" + std::string(field.key.substr(0, 64)) + "\"; known are " +
                                     list_column_names(foreign_words_) + "; --ignore-columns passes over the others");
      }
      const unsigned bit = 1u << static_cast<unsigned>(*column);
      if (seen & bit) return bad(line->number, std::string(to_string(*column)) + " is there twice");
      seen |= bit;
      if (field.value.is_null()) continue;
      std::string_view text;
      if (field.value.get(text)) return bad(line->number, std::string(to_string(*column)) + " is not a string");
      if (!set(*column, text)) return ListEvent::bad_row;
    }
    return has_hash() ? ListEvent::row : ListEvent::bad_row;
  }

 private:
  simdjson::dom::parser parser_;
};

}  // namespace

std::unique_ptr<ListReader::Rows> make_json_rows(LineReader lines, const ListOptions& options) {
  return std::make_unique<JsonRows>(std::move(lines), options);
}

}  // namespace fristad
