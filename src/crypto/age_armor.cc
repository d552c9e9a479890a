#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/line_reader.h"
#include "base/try.h"
#include "crypto/age.h"
#include "crypto/base64.h"

namespace fristad {
namespace {

constexpr std::string_view begin_line = "-----BEGIN AGE ENCRYPTED FILE-----";
constexpr std::string_view end_line = "-----END AGE ENCRYPTED FILE-----";
constexpr std::size_t columns = 64;
// Blanks around the file, and so the longest line.
constexpr std::size_t blanks_max = 1024;

Error bad_armor(const char* what) {
  return {Code::damaged, std::string("the age file's armor is damaged: ") + what};
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

class Dearmored {
 public:
  explicit Dearmored(ReadBytes armored) : lines_(std::move(armored), blanks_max) {}

  Result<std::size_t> read(std::span<char> bytes) {
    while (begin_ == decoded_.size() && !done_) TRY(step());
    const std::size_t count = std::min(bytes.size(), decoded_.size() - begin_);
    if (count > 0) std::memcpy(bytes.data(), decoded_.data() + begin_, count);
    begin_ += count;
    return count;
  }

 private:
  Result<std::optional<std::string_view>> next() {
    const std::optional<Line> line = TRY(lines_.next());
    if (!line) return std::optional<std::string_view>();
    if (line->too_long) return bad_armor("a line is too long");
    return std::optional(line->text);
  }

  // Takes blank lines; the first other one, or nothing at the end.
  Result<std::optional<std::string_view>> after_blanks() {
    std::size_t blanks = 0;
    while (true) {
      const auto line = TRY(next());
      if (!line || !is_blank(*line)) return line;
      blanks += line->size() + 1;
      if (blanks > blanks_max) return bad_armor("there are too many blanks around it");
    }
  }

  Status step() {
    if (!begun_) {
      const auto line = TRY(after_blanks());
      if (!line || *line != begin_line) return bad_armor("it doesn't begin with -----BEGIN AGE ENCRYPTED FILE-----");
      begun_ = true;
      return {};
    }
    const auto line = TRY(next());
    if (!line) return bad_armor("it is cut short");
    if (*line == end_line) {
      if (TRY(after_blanks())) return bad_armor("something follows its last line");
      done_ = true;
      return {};
    }
    if (last_) return bad_armor("a line before the last is shorter than 64 characters");
    if (line->empty() || line->size() > columns) return bad_armor("a line isn't 1 to 64 characters long");
    auto bytes = from_base64(*line);
    if (!bytes) return bad_armor("a line isn't base64");
    last_ = line->size() < columns || line->ends_with('=');
    decoded_ = *std::move(bytes);
    begin_ = 0;
    return {};
  }

  LineReader lines_;
  std::vector<std::uint8_t> decoded_;
  std::size_t begin_ = 0;
  bool begun_ = false;
  bool last_ = false;
  bool done_ = false;
};

}  // namespace

ReadBytes age_dearmored(ReadBytes armored) {
  // Shared, because a std::function is copied.
  auto state = std::make_shared<Dearmored>(std::move(armored));
  return [state](std::span<char> bytes) { return state->read(bytes); };
}

}  // namespace fristad
