#pragma once

// JSON values, and the one text that stands for each of them: the JSON Canonicalization Scheme of RFC 8785. Two
// programs that agree on a value agree on its bytes, so bytes can be hashed and signed.
//
//   fristad::Json body = fristad::Json::object({{"title", "Known"}, {"limit", 31}});
//   fristad::canonical(body);                       // {"limit":31,"title":"Known"}
//   fristad::parse_canonical("{ \"limit\":31 }", {});  // damaged: this is not its canonical form
//
// Numbers are integers within +-(2^53 - 1), the range on which all programs agree. Others are refused unless the limits
// allow them.
//
// Thread-safety: plain values. Complexity: one pass, and n log n for the keys of an object.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fristad/result.h"

namespace fristad {

// Orders texts by their UTF-16 code units, as RFC 8785 section 3.2.3 asks.
struct Utf16Less {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const;
};

class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::map<std::string, Json, Utf16Less>;

  Json() = default;  // null
  Json(bool truth) : value_(truth) {}
  Json(std::int64_t number) : value_(number) {}
  Json(int number) : value_(std::int64_t{number}) {}
  Json(double number) : value_(number) {}
  Json(std::string text) : value_(std::move(text)) {}
  Json(std::string_view text) : value_(std::string(text)) {}
  Json(const char* text) : value_(std::string(text)) {}
  Json(Array items) : value_(std::move(items)) {}
  Json(Object members) : value_(std::move(members)) {}
  static Json object(std::initializer_list<std::pair<const std::string, Json>> members = {}) {
    return Json(Object(members));
  }

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  // Each is nullptr if the value is of another type.
  const bool* truth() const { return std::get_if<bool>(&value_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
  const double* real() const { return std::get_if<double>(&value_); }
  const std::string* text() const { return std::get_if<std::string>(&value_); }
  const Array* array() const { return std::get_if<Array>(&value_); }
  const Object* members() const { return std::get_if<Object>(&value_); }
  Object* members() { return std::get_if<Object>(&value_); }

  // The member of that name; nullptr if there is none, or this is no object.
  const Json* find(std::string_view name) const;

  friend bool operator==(const Json&, const Json&) = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

struct JsonLimits {
  std::size_t bytes_max = std::size_t{1} << 20;
  int depth_max = 16;  // of arrays and objects inside one another
  bool reals = false;  // numbers that are not integers, or too large to be exact
};

// Errors: damaged (says what and at which byte: not JSON, not UTF-8, a key twice, a number that is no exact integer),
// too_large (bytes, depth).
Result<Json> parse_json(std::string_view text, const JsonLimits& limits);

// The same for a text that must be its own canonical form.
Result<Json> parse_canonical(std::string_view text, const JsonLimits& limits);

std::string canonical(const Json& value);

// Appends a string literal as RFC 8785 section 3.2.2.2 writes it. `text` is UTF-8.
void append_canonical_string(std::string& out, std::string_view text);

}  // namespace fristad
