#include "node/tar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <vector>

#include "base/try.h"

namespace fristad {
namespace {

constexpr std::size_t block_size = 512;
constexpr std::size_t name_size = 100;
constexpr std::size_t size_at = 124;
constexpr std::size_t size_digits = 11;
constexpr std::size_t sum_at = 148;
constexpr std::size_t kind_at = 156;
constexpr std::size_t magic_at = 257;
constexpr std::string_view magic = "ustar";
constexpr std::uint64_t file_bytes_max = (std::uint64_t{1} << 33) - 1;  // eleven octal digits

std::uint64_t padding_of(std::uint64_t size) {
  return (block_size - size % block_size) % block_size;
}

unsigned sum_of(std::string_view header) {
  unsigned sum = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const char c = i >= sum_at && i < sum_at + 8 ? ' ' : header[i];
    sum += static_cast<unsigned char>(c);
  }
  return sum;
}

void put_octal(std::string& header, std::size_t at, std::size_t digits, std::uint64_t value) {
  for (std::size_t i = digits; i-- > 0; value /= 8) header[at + i] = static_cast<char>('0' + value % 8);
}

std::uint64_t octal_at(std::string_view header, std::size_t at, std::size_t digits) {
  std::uint64_t value = 0;
  std::from_chars(header.data() + at, header.data() + at + digits, value, 8);
  return value;
}

Error damaged(std::string_view what) {
  return {Code::damaged, "the archive is damaged: " + std::string(what)};
}

}  // namespace

Status TarWriter::file(const std::string& name, std::uint64_t size, const ReadBytes& content) {
  if (name.empty() || name.size() >= name_size) return Error{Code::invalid_argument, "a name too long for an archive"};
  if (size > file_bytes_max) return Error{Code::too_large, name + " is too large for an archive: over 8 GB"};
  std::string header(block_size, '\0');
  header.replace(0, name.size(), name);
  put_octal(header, 100, 7, 0600);
  put_octal(header, 108, 7, 0);
  put_octal(header, 116, 7, 0);
  put_octal(header, size_at, size_digits, size);
  put_octal(header, 136, 11, 0);
  header[kind_at] = '0';
  header.replace(magic_at, magic.size(), magic);
  header.replace(magic_at + 6, 2, "00");
  put_octal(header, sum_at, 6, sum_of(header));
  header[sum_at + 6] = '\0';
  header[sum_at + 7] = ' ';
  TRY(write_(as_bytes(header)));

  std::vector<char> buffer(std::size_t{1} << 16);
  std::uint64_t left = size;
  while (left > 0) {
    const auto wanted = std::span(buffer).first(static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size())));
    const std::size_t got = TRY(content(wanted));
    if (got == 0) return Error{Code::unavailable, name + " became shorter while it was read"};
    TRY(write_(as_bytes(std::string_view(buffer.data(), got))));
    left -= got;
  }
  return write_(as_bytes(std::string(padding_of(size), '\0')));
}

Status TarWriter::finish() {
  return write_(as_bytes(std::string(2 * block_size, '\0')));
}

Status TarReader::take(Bytes bytes) {
  while (!bytes.empty()) {
    const auto part = [&](std::uint64_t wanted) {
      const Bytes taken = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(wanted, bytes.size())));
      bytes = bytes.subspan(taken.size());
      return taken;
    };
    if (content_left_ > 0) {
      const Bytes taken = part(content_left_);
      content_left_ -= taken.size();
      TRY(content_(taken));
    } else if (padding_left_ > 0) {
      padding_left_ -= part(padding_left_).size();
    } else {
      header_ += as_text(part(block_size - header_.size()));
      if (header_.size() == block_size) TRY(take_header());
    }
  }
  return {};
}

Status TarReader::take_header() {
  const std::string header = std::exchange(header_, {});
  if (header == std::string(block_size, '\0')) {
    ended_ = true;
    return {};
  }
  if (ended_) return damaged("something follows its end");
  if (header.substr(magic_at, magic.size()) != magic || octal_at(header, sum_at, 6) != sum_of(header) ||
      header[kind_at] != '0') {
    return damaged("a header that isn't one");
  }
  const std::string name = header.substr(0, std::min(header.find('\0'), name_size));
  content_left_ = octal_at(header, size_at, size_digits);
  padding_left_ = padding_of(content_left_);
  content_ = TRY(open_(name, content_left_));
  return {};
}

Status TarReader::finish() const {
  if (!ended_ || content_left_ > 0 || padding_left_ > 0 || !header_.empty()) return damaged("it is cut");
  return {};
}

}  // namespace fristad
