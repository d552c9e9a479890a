#pragma once

// Foreign text (names of files, notes of lists) made safe to show. The bytes of a Linux file name are not always
// UTF-8, and may hold what moves a terminal's cursor, turns text around or starts a formula.
//
// Thread-safety: pure functions. Complexity: one pass.

#include <cstddef>
#include <string>
#include <string_view>

namespace fristad {

// The first code point of a text that is not empty. Where the bytes are no UTF-8, `valid` is false and `length` is
// that of the longest wrong start (Unicode 15, section 3.9, "maximal subpart"), so a reader always moves on.
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;
  bool valid = false;
};
CodePoint first_code_point(std::string_view text);

bool is_utf8(std::string_view text);

// Characters that show nothing or move what is shown: control characters, line separators, zero-width and
// bidirectional formatting characters, tags.
bool is_unprintable(char32_t code_point);

// For terminals and logs: one line of printable UTF-8. Bytes that are not UTF-8 and the bytes of unprintable
// characters become \xNN, a backslash becomes two: what was there can be told exactly.
std::string escape_terminal(std::string_view text);

// For one cell of a comma-separated file, quoted when needed. The text is escaped as for a terminal, so a row is a
// line. A cell that a spreadsheet would take for a formula (= + - @, also behind a semicolon, which separates
// cells in half of Europe) is disarmed: a leading apostrophe, \x3b for such a semicolon.
std::string escape_csv(std::string_view text);

// Appends the text between quotation marks, as JSON (RFC 8259). Unprintable characters become \uNNNN; each wrong
// sequence of bytes becomes U+FFFD: where the bytes matter, they are given in hex beside it.
void append_json_string(std::string& out, std::string_view text);

}  // namespace fristad
