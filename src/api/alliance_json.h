#pragma once

// What the routes of the alliance share. Included by this room's sources alone.
//
// Thread-safety: pure functions.

#include <string>
#include <string_view>

#include "alliance/alliance.h"
#include "alliance/fingerprint.h"
#include "api/call.h"

namespace fristad {

// What is compared by voice.
inline std::string words_of(const PublicKey& root) {
  return to_words(root_fingerprint(root));
}

// From the path: {member}. Error: not_found.
Result<std::string> member_in(const Call& call);
// The kind of a member, by its word. Error: invalid_argument.
Result<MemberKind> kind_in(Fields& in);
// A letter as somebody pasted it: without the space around it that mail leaves. Errors: those of Fields::text().
Result<std::string> letter_in(Fields& in, std::string_view name, std::size_t bytes_max);

// The card of a member or, before the alliance exists, of a founder; nullptr if nobody has that code.
const Card* card_in(const Membership& now, std::string_view member);

// Of what a change is: `what`, `member`, and as far as there are any `name`, `words`, `address`, `jurisdiction`,
// `invited_by`, `grounds` and `text`. Into an object that is open.
void write_change(JsonWriter& json, const Change& change);

}  // namespace fristad
