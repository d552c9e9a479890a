#pragma once

// Whom we talk to, and who it is that talks to us.
//
// Thread-safety: pure functions.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "alliance/alliance.h"
#include "federation/ledger.h"
#include "http/message.h"

namespace fristad {

using CardsByCode = std::map<std::string, Card, std::less<>>;

// Whom we read: active members; founders, as long as not all of them are known to have founded the alliance; and as a
// candidate those whose letter we hold. Errors: those of the ledger.
Result<CardsByCode> peers_to_read(const Membership& membership, const Ledger& ledger, std::string_view own);

// How many records of that member's log are here.
using SizeOf = std::function<std::uint64_t(std::string_view member)>;

// Whose TLS key that is: also of those who have been suspended or have left, so that they can be told so. A key that
// was followed by another counts as long as we haven't read as far as that.
Result<std::optional<std::string>> member_with(const Membership& membership, const Ledger& ledger, const SizeOf& size,
                                               const TlsKey& key);

// Of whose TLS key that is a statement by its root key, newer than what we know of it: a member that has new keys is
// let in before we have read how they were voted on, as otherwise we might never read it.
Result<std::optional<KeyStatement>> newer_key(const Membership& membership, const Ledger& ledger, const TlsKey& key,
                                              std::string_view statement);

}  // namespace fristad
