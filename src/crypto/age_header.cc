#include "crypto/age_header.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/try.h"
#include "crypto/age.h"
#include "crypto/base64.h"
#include "crypto/lines.h"

namespace fristad {
namespace {

constexpr std::string_view version_start = "age-encryption.org/";
constexpr std::string_view version_line = "age-encryption.org/v1";
constexpr std::string_view stanza_start = "-> ";
constexpr std::string_view mac_start = "---";
constexpr std::size_t columns = 64;

Result<std::vector<std::string>> parse_arguments(std::string_view line) {
  std::vector<std::string> arguments;
  while (true) {
    const std::size_t blank = line.find(' ');
    const std::string_view argument = line.substr(0, blank);
    if (argument.empty() || std::ranges::any_of(argument, [](char c) { return c < 0x21 || c > 0x7e; })) {
      return bad_age_header("a stanza's arguments aren't words with single blanks between them");
    }
    arguments.emplace_back(argument);
    if (blank == std::string_view::npos) return arguments;
    line.remove_prefix(blank + 1);
  }
}

}  // namespace

Result<std::size_t> AgeInput::read(std::span<std::uint8_t> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    if (TRY(at_end())) break;
    const std::size_t count = std::min(bytes.size() - done, end_ - begin_);
    std::memcpy(bytes.data() + done, buffer_.data() + begin_, count);
    begin_ += count;
    done += count;
  }
  return done;
}

Result<bool> AgeInput::at_end() {
  if (begin_ == end_) TRY(fill());
  return begin_ == end_;
}

Result<std::string> AgeInput::line(std::size_t size_max) {
  std::string line;
  while (!TRY(at_end())) {
    const char* const begin = buffer_.data() + begin_;
    const std::size_t rest = end_ - begin_;
    const auto* const feed = static_cast<const char*>(std::memchr(begin, '\n', rest));
    const std::size_t count = feed != nullptr ? static_cast<std::size_t>(feed - begin) : rest;
    if (line.size() + count > size_max) {
      return Error{Code::too_large, "the age file's header has more than 65536 bytes"};
    }
    line.append(begin, count);
    begin_ += count;
    if (feed == nullptr) continue;
    ++begin_;
    return line;
  }
  return bad_age_header("the file ends within it");
}

Status AgeInput::fill() {
  if (at_end_) return {};
  begin_ = 0;
  end_ = 0;
  end_ = TRY(read_(buffer_));
  at_end_ = end_ == 0;
  return {};
}

Result<AgeHeader> read_age_header(AgeInput& input) {
  AgeHeader header;
  std::size_t room = age_header_size_max;
  const auto next = [&]() -> Result<std::string> {
    std::string line = TRY(input.line(room));
    room -= line.size();
    return line;
  };
  std::string line = TRY(next());
  if (line != version_line) {
    if (!line.starts_with(version_start)) return bad_age_header("it isn't an age file");
    return Error{Code::unsupported, "the age file's header names a version that this program doesn't know"};
  }
  header.authenticated = line + "\n";
  line = TRY(next());
  while (line.starts_with(stanza_start)) {
    if (header.stanzas.size() == age_recipients_max) {
      return Error{Code::too_large, "the age file's header has more than 128 stanzas"};
    }
    header.authenticated += line + "\n";
    AgeStanza stanza{TRY(parse_arguments(std::string_view(line).substr(stanza_start.size()))), {}};
    do {
      line = TRY(next());
      if (line.size() > columns) return bad_age_header("a line of a stanza is longer than 64 characters");
      const auto bytes = from_base64(line, Padding::refused);
      if (!bytes) return bad_age_header("a stanza isn't in base64");
      stanza.body.insert(stanza.body.end(), bytes->begin(), bytes->end());
      header.authenticated += line + "\n";
    } while (line.size() == columns);
    header.stanzas.push_back(std::move(stanza));
    line = TRY(next());
  }
  if (header.stanzas.empty()) return bad_age_header("it has no stanza");
  std::string_view last = line;
  if (!take(last, mac_start) || !take(last, " ")) return bad_age_header("it has no authentication line");
  const auto mac = array_from_base64<32>(last, Padding::refused);
  if (!mac) return bad_age_header("its authentication isn't 32 bytes in base64");
  header.mac = *mac;
  header.authenticated += mac_start;
  return header;
}

std::string encode_age_header(std::span<const AgeStanza> stanzas) {
  std::string text = std::string(version_line) + "\n";
  for (const AgeStanza& stanza : stanzas) {
    text += "->";
    for (const std::string& argument : stanza.arguments) text += " " + argument;
    text += "\n";
    const std::string body = to_base64(stanza.body, Padding::refused);
    // Ends with a line of fewer characters than 64, if need be an empty one.
    for (std::size_t begin = 0; begin <= body.size(); begin += columns) text += body.substr(begin, columns) + "\n";
  }
  return text + std::string(mac_start);
}

Error bad_age_header(const std::string& what) {
  return {Code::damaged, "the age file's header is damaged: " + what};
}

}  // namespace fristad
