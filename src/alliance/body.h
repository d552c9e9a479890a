#pragma once

// How this room reads the objects of records and of letters: each member by name, by its form, and none beside them.
// Messages between nodes are read the same way.
//
//   StrictBody body(json);
//   const std::string name = TRY(body.text("name", 1, 200));
//   TRY(body.end());
//
// Fill what is read field by field: a TRY among the braces of an initializer that returns early leaves the fields
// before it undestroyed, in both compilers, and then every wrong letter from outside costs memory for good.
//
// Errors of every function: invalid_argument, which names the member.
//
// Thread-safety: plain values.

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/hex.h"
#include "base/json.h"
#include "base/try.h"
#include "fristad/result.h"

namespace fristad {

// Of reasons.
inline constexpr std::size_t alliance_reason_bytes_max = 1000;

class StrictBody {
 public:
  explicit StrictBody(const Json& body) : body_(body) {}

  Result<const Json*> any(std::string_view name);
  // UTF-8 without control characters other than line feed and tab.
  Result<std::string> text(std::string_view name, std::size_t bytes_min, std::size_t bytes_max);
  Result<std::string> reason() { return text("reason", 1, alliance_reason_bytes_max); }
  // A member's code.
  Result<std::string> member(std::string_view name);
  Result<std::vector<std::string>> words(std::string_view name, std::size_t count_max);
  Result<const Json::Array*> list(std::string_view name, std::size_t count_max);
  Result<std::int64_t> integer(std::string_view name);
  Result<bool> truth(std::string_view name);
  template <std::size_t size>
  Result<std::array<std::uint8_t, size>> hex(std::string_view name) {
    std::array<std::uint8_t, size> bytes{};
    const std::string digits = TRY(text(name, 2 * size, 2 * size));
    // One text for the same bytes: what is hashed has no second form.
    if (!from_hex(digits, bytes) || to_hex(bytes) != digits) {
      return wrong(name, "has " + std::to_string(2 * size) + " hex digits");
    }
    return bytes;
  }

  // Refuses what wasn't asked for.
  Status end() const;

 private:
  static Error wrong(std::string_view name, std::string_view what);

  const Json& body_;
  std::set<std::string_view> known_{};
};

}  // namespace fristad
