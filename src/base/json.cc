#include "base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/text_escape.h"
#include "base/try.h"

namespace fristad {
namespace {

constexpr std::int64_t exact_max = (std::int64_t{1} << 53) - 1;

class Parser {
 public:
  Parser(std::string_view text, const JsonLimits& limits) : text_(text), limits_(limits) {}

  Result<Json> parse() {
    if (text_.size() > limits_.bytes_max) {
      return Error{Code::too_large, "JSON of " + std::to_string(text_.size()) + " bytes: at most " +
                                        std::to_string(limits_.bytes_max) + " are taken"};
    }
    Json value = TRY(parse_value(0));
    skip_space();
    if (at_ != text_.size()) return wrong("something follows the value");
    return value;
  }

 private:
  Error wrong(std::string_view what) const {
    return Error{Code::damaged,
                 "not the JSON that is asked for, at byte " + std::to_string(at_) + ": " + std::string(what)};
  }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(char wanted) {
    skip_space();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  Result<Json> parse_value(int depth) {
    skip_space();
    if (at_ == text_.size()) return wrong("it ends where a value is due");
    switch (text_[at_]) {
      case '{': return parse_object(depth + 1);
      case '[': return parse_array(depth + 1);
      case '"': return Json(TRY(parse_string()));
      case 't': return take_word("true") ? Result<Json>(Json(true)) : wrong("an unknown word");
      case 'f': return take_word("false") ? Result<Json>(Json(false)) : wrong("an unknown word");
      case 'n': return take_word("null") ? Result<Json>(Json()) : wrong("an unknown word");
      default: return parse_number();
    }
  }

  Status check_depth(int depth) const {
    if (depth <= limits_.depth_max) return {};
    return Error{Code::too_large, "JSON nested deeper than " + std::to_string(limits_.depth_max)};
  }

  Result<Json> parse_array(int depth) {
    TRY(check_depth(depth));
    ++at_;
    Json::Array items;
    if (take(']')) return Json(std::move(items));
    for (;;) {
      items.push_back(TRY(parse_value(depth)));
      if (take(']')) return Json(std::move(items));
      if (!take(',')) return wrong("a comma or ] is due");
    }
  }

  Result<Json> parse_object(int depth) {
    TRY(check_depth(depth));
    ++at_;
    Json::Object members;
    if (take('}')) return Json(std::move(members));
    for (;;) {
      skip_space();
      if (at_ == text_.size() || text_[at_] != '"') return wrong("a name is due");
      std::string name = TRY(parse_string());
      if (!take(':')) return wrong("a colon is due");
      Json value = TRY(parse_value(depth));
      if (!members.emplace(std::move(name), std::move(value)).second) return wrong("a name stands here twice");
      if (take('}')) return Json(std::move(members));
      if (!take(',')) return wrong("a comma or } is due");
    }
  }

  Result<Json> parse_number() {
    const std::size_t start = at_;
    const auto digits = [&] {
      const std::size_t from = at_;
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
      return at_ - from;
    };
    if (text_[at_] == '-') ++at_;
    const std::size_t first = at_;
    const std::size_t whole = digits();
    if (whole == 0) return wrong("a value is due");
    if (whole > 1 && text_[first] == '0') return wrong("a number with a zero in front");
    bool integer = true;
    if (at_ < text_.size() && text_[at_] == '.') {
      integer = false;
      ++at_;
      if (digits() == 0) return wrong("a number without digits after its point");
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      integer = false;
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (digits() == 0) return wrong("a number without digits in its exponent");
    }
    const std::string_view number = text_.substr(start, at_ - start);
    std::int64_t exact = 0;
    if (integer && number != "-0" &&
        std::from_chars(number.data(), number.data() + number.size(), exact).ec == std::errc() && exact >= -exact_max &&
        exact <= exact_max) {
      return Json(exact);
    }
    double real = 0;
    if (!limits_.reals) return wrong("a number that is no integer within 2^53 - 1");
    if (std::from_chars(number.data(), number.data() + number.size(), real).ec != std::errc() || !std::isfinite(real)) {
      return wrong("a number out of range");
    }
    return Json(real);
  }

  Result<std::uint32_t> parse_hex4() {
    std::uint32_t unit = 0;
    const std::string_view digits = text_.substr(std::min(at_, text_.size())).substr(0, 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    if (error != std::errc() || digits.size() < 4 || end != digits.data() + 4) return wrong("\\u without four digits");
    at_ += 4;
    return unit;
  }

  Result<std::uint32_t> parse_escaped_code_point() {
    const std::uint32_t unit = TRY(parse_hex4());
    if (unit < 0xD800 || unit > 0xDFFF) return unit;
    if (unit > 0xDBFF || !take_word("\\u")) return wrong("half of a surrogate pair");
    const std::uint32_t low = TRY(parse_hex4());
    if (low < 0xDC00 || low > 0xDFFF) return wrong("half of a surrogate pair");
    return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
  }

  static void append_utf8(std::string& out, std::uint32_t c) {
    const auto byte = [&](std::uint32_t bits) { out += static_cast<char>(bits); };
    if (c < 0x80) {
      byte(c);
    } else if (c < 0x800) {
      byte(0xC0 | c >> 6);
      byte(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      byte(0xE0 | c >> 12);
      byte(0x80 | (c >> 6 & 0x3F));
      byte(0x80 | (c & 0x3F));
    } else {
      byte(0xF0 | c >> 18);
      byte(0x80 | (c >> 12 & 0x3F));
      byte(0x80 | (c >> 6 & 0x3F));
      byte(0x80 | (c & 0x3F));
    }
  }

  Result<std::string> parse_string() {
    ++at_;
    std::string out;
    for (;;) {
      const std::size_t from = at_;
      while (at_ < text_.size() && text_[at_] >= 0x20 && text_[at_] < 0x7F && text_[at_] != '"' && text_[at_] != '\\') {
        ++at_;
      }
      out += text_.substr(from, at_ - from);
      if (at_ == text_.size()) return wrong("it ends within a text");
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return out;
      }
      if (c == '\\') {
        ++at_;
        if (at_ == text_.size()) return wrong("it ends within a text");
        const char escape = text_[at_++];
        constexpr std::string_view names = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        if (const std::size_t i = names.find(escape); i != std::string_view::npos) {
          out += meanings[i];
        } else if (escape == 'u') {
          append_utf8(out, TRY(parse_escaped_code_point()));
        } else {
          return wrong("an unknown escape");
        }
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20) return wrong("a control character within a text");
      const CodePoint point = first_code_point(text_.substr(at_));
      if (!point.valid) return wrong("not UTF-8");
      out += text_.substr(at_, point.length);
      at_ += point.length;
    }
  }

  std::string_view text_;
  const JsonLimits& limits_;
  std::size_t at_ = 0;
};

// As ECMAScript's Number::toString writes it, which RFC 8785 section 3.2.2.3 takes over.
void append_real(std::string& out, double number) {
  if (number == 0) {
    out += '0';
    return;
  }
  if (number < 0) out += '-';
  std::array<char, 32> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(number), std::chars_format::scientific).ptr;
  const std::string_view shortest(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t e = shortest.find('e');
  std::string digits(shortest.substr(0, e));
  std::erase(digits, '.');
  int exponent = 0;
  const std::string_view power = shortest.substr(e + (shortest[e + 1] == '+' ? 2 : 1));
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;  // the decimal point stands after so many digits
  if (point > 21 || point <= -6) {
    out += digits[0];
    if (count > 1) out += '.' + digits.substr(1);
    out += point > 0 ? "e+" : "e-";
    out += std::to_string(std::abs(exponent));
  } else if (point <= 0) {
    out += "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  } else if (count <= point) {
    out += digits + std::string(static_cast<std::size_t>(point - count), '0');
  } else {
    out += digits.substr(0, static_cast<std::size_t>(point)) + '.' + digits.substr(static_cast<std::size_t>(point));
  }
}

void append_canonical(std::string& out, const Json& value) {
  if (const bool* truth = value.truth()) {
    out += *truth ? "true" : "false";
  } else if (const std::int64_t* number = value.integer()) {
    out += std::to_string(*number);
  } else if (const double* real = value.real()) {
    append_real(out, *real);
  } else if (const std::string* text = value.text()) {
    append_canonical_string(out, *text);
  } else if (const Json::Array* items = value.array()) {
    char before = '[';
    if (items->empty()) out += before;
    for (const Json& item : *items) {
      out += before;
      append_canonical(out, item);
      before = ',';
    }
    out += ']';
  } else if (const Json::Object* members = value.members()) {
    char before = '{';
    if (members->empty()) out += before;
    for (const auto& [name, member] : *members) {
      out += before;
      append_canonical_string(out, name);
      out += ':';
      append_canonical(out, member);
      before = ',';
    }
    out += '}';
  } else {
    out += "null";
  }
}

}  // namespace

// UTF-8 orders as code points do. UTF-16 differs in one thing: what lies above U+FFFF (F0..F4 in UTF-8) comes before
// U+E000..U+FFFF (EE and EF).
bool Utf16Less::operator()(std::string_view a, std::string_view b) const {
  const auto [in_a, in_b] = std::ranges::mismatch(a, b);
  if (in_a == a.end() || in_b == b.end()) return a.size() < b.size();
  const auto rank = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0xF0 ? byte - 2 : byte >= 0xEE ? byte + 0x20 : static_cast<int>(byte);
  };
  return rank(*in_a) < rank(*in_b);
}

const Json* Json::find(std::string_view name) const {
  const Object* const all = members();
  if (all == nullptr) return nullptr;
  const auto at = all->find(name);
  return at == all->end() ? nullptr : &at->second;
}

Result<Json> parse_json(std::string_view text, const JsonLimits& limits) {
  return Parser(text, limits).parse();
}

Result<Json> parse_canonical(std::string_view text, const JsonLimits& limits) {
  Json value = TRY(parse_json(text, limits));
  if (canonical(value) != text) return Error{Code::damaged, "the JSON is not in its canonical form (RFC 8785)"};
  return value;
}

std::string canonical(const Json& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

void append_canonical_string(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  constexpr std::string_view special = "\"\\\b\f\n\r\t";
  constexpr std::string_view names = "\"\\bfnrt";
  out += '"';
  const auto plain = [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; };
  for (auto at = text.begin();; ++at) {
    const auto end = std::find_if_not(at, text.end(), plain);
    out.append(at, end);
    at = end;
    if (at == text.end()) break;
    if (const std::size_t i = special.find(*at); i != std::string_view::npos) {
      out += '\\';
      out += names[i];
    } else {
      out += "\\u00";
      out += hex[static_cast<unsigned char>(*at) >> 4];
      out += hex[static_cast<unsigned char>(*at) & 15];
    }
  }
  out += '"';
}

}  // namespace fristad
