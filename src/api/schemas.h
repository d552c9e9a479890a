#pragma once

// The shapes of what the API takes and gives, in a line or two each, and the JSON Schema (2020-12) that they stand for.
//
// A shape is a list of members, "name:type": `name?` may be absent. Types are text, int, flag, id (32 hex digits),
// time (milliseconds since 1970), object (any), one(a|b) for a word of these, or another shape's name; behind it [] for
// a list of it, /null where null stands for nothing.
//
// Thread-safety: constants and pure functions.

#include <span>
#include <string>
#include <string_view>

namespace fristad {

struct Shape {
  std::string_view name;
  std::string_view members;
};

std::span<const Shape> shapes();

// The JSON Schema of a shape, as text. A shape that doesn't keep to the rules above is a bug of ours: asserts.
std::string schema_of(const Shape& shape);

}  // namespace fristad
