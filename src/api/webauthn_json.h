#pragma once

// What a browser's PublicKeyCredential says, as JSON: members of bytes are base64url without padding (W3C WebAuthn
// level 3, section 5.1.3).
//
// Thread-safety: pure functions.

#include "api/fields.h"
#include "crypto/webauthn.h"

namespace fristad {

// "client_data_json" and "authenticator_data".
Result<WebauthnRegistration> read_registration(Fields& in);
// The same with "credential" and "signature".
Result<WebauthnAssertion> read_assertion(Fields& in);

}  // namespace fristad
