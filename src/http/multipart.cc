#include "http/multipart.h"

#include <algorithm>
#include <cstring>

#include "base/text_escape.h"
#include "base/try.h"
#include "http/syntax.h"

namespace fristad {
namespace {

constexpr std::size_t boundary_bytes_max = 70;  // RFC 2046, section 5.1.1
constexpr std::size_t piece_bytes = 16 * 1024;

Error damaged(const char* what) {
  return {Code::damaged, std::string("the multipart body ") + what};
}

bool is_name(std::string_view text) {
  return text.size() <= 1024 && is_utf8(text) && is_field_value(text);
}

}  // namespace

MultipartReader::MultipartReader(std::string_view content_type, BodyReader& body, MultipartLimits limits)
    : body_(body), limits_(limits) {
  const auto type = parse_parameterized(content_type);
  if (!type || !equal_fold(type->value, "multipart/form-data")) {
    failed_ = {Code::invalid_argument, "the content type isn't multipart/form-data"};
    return;
  }
  const std::string* boundary = type->find("boundary");
  if (boundary == nullptr || boundary->empty() || boundary->size() > boundary_bytes_max) {
    failed_ = {Code::invalid_argument, "the content type has no boundary of 1 to 70 characters"};
    return;
  }
  delimiter_ = "\r\n--" + *boundary;
  // The first delimiter has no line end of its own before it: give it one.
  buffer_ = {'\r', '\n'};
  end_ = 2;
}

// Reads at least one more byte behind the buffered ones.
Status MultipartReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < end_ + piece_bytes) buffer_.resize(end_ + piece_bytes);
  const std::size_t count = TRY(body_.read({buffer_.data() + end_, piece_bytes}));
  if (count == 0) return damaged("ends before its last delimiter");
  end_ += count;
  return {};
}

// Finds out how many of the buffered bytes are the part's; where none are, the delimiter begins.
Status MultipartReader::find_end() {
  while (data_ == 0) {
    const std::string_view bytes = buffered();
    const std::size_t at = bytes.find(delimiter_);
    if (at != std::string_view::npos) {
      data_ = at;
      if (at == 0) place_ = Place::after_part;
      return {};
    }
    // The last bytes may be the beginning of a delimiter.
    if (bytes.size() >= delimiter_.size()) {
      data_ = bytes.size() - delimiter_.size() + 1;
    } else {
      TRY(fill());
    }
  }
  return {};
}

Result<std::size_t> MultipartReader::read(std::span<char> buffer) {
  if (failed_) return *failed_;
  if (place_ != Place::in_part) return std::size_t{0};
  if (Status found = find_end(); !found) {
    failed_ = found.error();
    return *failed_;
  }
  const std::size_t count = std::min(data_, buffer.size());
  std::copy_n(buffer_.data() + begin_, count, buffer.data());
  begin_ += count;
  data_ -= count;
  return count;
}

Result<std::optional<MultipartReader::Part>> MultipartReader::next() {
  if (failed_) return *failed_;
  auto part = take_part();
  if (!part) failed_ = part.error();
  return part;
}

Result<std::optional<MultipartReader::Part>> MultipartReader::take_part() {
  if (place_ == Place::end) return std::nullopt;
  std::size_t before = 0;
  while (place_ == Place::before || place_ == Place::in_part) {
    TRY(find_end());
    if (place_ == Place::before && (before += data_) > limits_.header_bytes_max) {
      return damaged("doesn't begin with its delimiter");
    }
    begin_ += data_;
    data_ = 0;
  }

  // Behind the delimiter: "--" at the end of all, or blanks and a line end.
  begin_ += delimiter_.size();
  while (buffered().size() < 2) TRY(fill());
  if (buffered().starts_with("--")) {
    place_ = Place::end;
    return std::nullopt;
  }
  std::size_t head_end = std::string_view::npos;
  while (true) {
    const std::string_view bytes = buffered();
    const std::size_t blanks = std::min(bytes.find_first_not_of(" \t"), bytes.size());
    if (blanks > limits_.header_bytes_max) return Error{Code::too_large, "blanks behind a delimiter go on too long"};
    if (bytes.size() >= blanks + 2) {
      if (bytes.substr(blanks, 2) != "\r\n") return damaged("has a delimiter that goes on after the boundary");
      // A part without any field begins with its empty line: the search starts at the delimiter's own line end.
      head_end = bytes.find("\r\n\r\n", blanks);
      if (head_end != std::string_view::npos) {
        const std::string_view head = bytes.substr(blanks + 2, head_end < blanks + 2 ? 0 : head_end - blanks - 2);
        if (head.size() > limits_.header_bytes_max) break;
        if (++parts_ > limits_.parts_max) {
          return Error{Code::too_large, "the multipart body has over " + std::to_string(limits_.parts_max) + " parts"};
        }
        Part part = TRY(parse_head(head));
        begin_ += head_end + 4;
        data_ = 0;
        place_ = Place::in_part;
        return part;
      }
    }
    // A line end, the longest head and its empty line would be here.
    if (bytes.size() >= blanks + 2 + limits_.header_bytes_max + 4) break;
    TRY(fill());
  }
  return Error{Code::too_large, "a part's head has over " + std::to_string(limits_.header_bytes_max) + " bytes"};
}

Result<MultipartReader::Part> MultipartReader::parse_head(std::string_view head) const {
  Part part;
  bool disposed = false;
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimmed(line.substr(std::min(colon + 1, line.size())));
    if (colon == line.size() || !is_token(name) || !is_field_value(value)) {
      return damaged("has a part whose head isn't of lines 'Name: value'");
    }
    if (equal_fold(name, "Content-Type")) part.content_type = value;
    if (!equal_fold(name, "Content-Disposition")) continue;
    const Parameterized disposition = TRY(parse_parameterized(value));
    const std::string* const field = disposition.find("name");
    if (disposed || !equal_fold(disposition.value, "form-data") || field == nullptr) {
      return damaged("has a part that isn't form-data with one name");
    }
    disposed = true;
    part.name = *field;
    if (const std::string* filename = disposition.find("filename")) part.filename = *filename;
    if (!is_name(part.name) || !is_name(part.filename.value_or(""))) {
      return damaged("has a name that isn't UTF-8, or too long");
    }
  }
  if (!disposed) return damaged("has a part without Content-Disposition");
  return part;
}

}  // namespace fristad
