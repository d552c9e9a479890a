#pragma once

// Whom we talk to, and who it is that talks to us.
//
// Thread-safety: pure functions.

#include <map>
#include <optional>
#include <string>

#include "alliance/alliance.h"
#include "federation/ledger.h"
#include "http/message.h"

namespace fristad {

using CardsByCode = std::map<std::string, Card, std::less<>>;

// Whom we read: active members; founders, as long as not all of them are known to have founded the alliance; and as a
// candidate those whose letter we hold. Errors: those of the ledger.
Result<CardsByCode> peers_to_read(const Membership& membership, const Ledger& ledger, std::string_view own);

// Whose TLS key that is: also of those who have been suspended or have left, so that they can be told so.
Result<std::optional<std::string>> member_with(const Membership& membership, const Ledger& ledger, const TlsKey& key);

}  // namespace fristad
