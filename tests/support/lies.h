#pragma once

// The lies that a member can tell: what it shows instead of its log, or of what it would honestly answer. A test that
// goes through all names of lies() takes in each that is added here. docs/internals/failure-cases.md says what for.
//
// Thread-safety: constants.

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "crypto/sign.h"
#include "federation/message.h"
#include "http/message.h"
#include "tests/support/lying_log.h"

namespace fristad::testing {

// A key that no card names.
SigningKey stranger();

// What is changed where; what is empty stays as it is.
struct Lie {
  std::string_view name;
  std::function<void(LyingLog&)> history = {};  // another one, of which head and leaves are shown
  std::function<void(const LyingLog&, HeadAnswer&)> head = {};
  std::function<void(ScopesAnswer&)> scopes = {};
  std::function<void(std::vector<LeafBytes>&)> leaves = {};
  std::function<void(std::vector<Parcel>&)> parcels = {};
  std::optional<Question> at = std::nullopt;  // and of which answer the bytes are changed
  std::function<void(Response&)> bytes = {};
  bool again = false;  // to what was said there first
};

const std::vector<Lie>& lies();

}  // namespace fristad::testing
