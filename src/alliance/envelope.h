#pragma once

// A signed letter of one line: a DSSE envelope (github.com/secure-systems-lab/dsse, version 1) around canonical JSON,
// as key statements are. One possible text for the same content and signature.
//
//   const Letter letter = signed_letter(card_type, body, record_key, sign);
//   letter_text(letter);                                   // {"payload":"eyJ…","payloadType":…,"signatures":[…]}
//
// Thread-safety: pure functions. Complexity: one signature, or one check.

#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "crypto/sign.h"
#include "fristad/result.h"

namespace fristad {

// Bytes in, a signature of the node's record key out: the key itself stays where it is.
using Signer = std::function<Signature(Bytes)>;

struct Letter {
  std::string payload;  // canonical JSON
  PublicKey key{};
  Signature signature{};
};

Letter signed_letter(std::string_view type, const Json& payload, const PublicKey& key, const Signer& sign);
bool is_signed(std::string_view type, std::string_view payload, const PublicKey& key, const Signature& signature);

std::string letter_text(std::string_view type, const Letter& letter);

// What stands in a letter whose signer is known only from what it says: to be believed only once is_signed() and
// letter_text() have agreed, with the key that it was found to be of.
struct UnprovedLetter {
  Json payload = {};
  std::string payload_text = {};
  Signature signature{};
};
// Errors: too_large, damaged (not of that type, nor in that form).
Result<UnprovedLetter> open_letter(std::string_view type, std::string_view text, std::size_t bytes_max);
// Errors: permission_denied (not signed by that key), damaged (another text than letter_text() writes).
Status prove_letter(std::string_view type, std::string_view text, const UnprovedLetter& letter, const PublicKey& key);

}  // namespace fristad
