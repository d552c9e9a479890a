#pragma once

// Reads the members of a JSON object that a client sent: each by its name, with its limits, and none that isn't known.
//
//   Fields in(body);
//   const std::string title = TRY(in.text("title", 200));
//   const auto limit = TRY(in.maybe_integer("limit", 0, 31));
//   TRY(in.end());   // refuses what nobody asked for
//
// Errors of all: invalid_argument, naming the member and what it has to be; never its value.
//
// Thread-safety: one thread at a time. Complexity: a look into the object for each.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "fristad/result.h"

namespace fristad {

class Fields {
 public:
  // `object` must outlive it.
  explicit Fields(const Json& object) : object_(object) {}

  Result<std::string> text(std::string_view name, std::size_t bytes_max);
  Result<std::optional<std::string>> maybe_text(std::string_view name, std::size_t bytes_max);
  Result<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most);
  Result<std::optional<std::int64_t>> maybe_integer(std::string_view name, std::int64_t least, std::int64_t most);
  Result<bool> flag(std::string_view name);
  Result<std::optional<bool>> maybe_flag(std::string_view name);
  Result<std::vector<std::string>> texts(std::string_view name, std::size_t count_max, std::size_t bytes_max);
  Result<const Json::Array*> array(std::string_view name, std::size_t count_max);
  // Any value; null if it isn't there.
  const Json* any(std::string_view name);

  Status end() const;

 private:
  const Json* find(std::string_view name);

  const Json& object_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace fristad
