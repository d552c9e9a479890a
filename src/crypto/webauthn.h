#pragma once

// Security keys and passkeys in browsers: what the relying party of WebAuthn checks (W3C Web Authentication level 2,
// sections 7.1 and 7.2), by libfido2.
//
//   const auto challenge = TRY(fristad::random_array<32>(random));      // to the browser, and kept for its answer
//   const fristad::WebauthnCredential key = TRY(fristad::check_registration(answer, challenge, site));
//   ...
//   const std::uint32_t counter = TRY(fristad::check_assertion(answer, other_challenge, site, key));   // keep it
//
// Attestation isn't asked for ("none"): which maker's key somebody holds decides nothing here. The user has to be
// present and verified (PIN or finger), so a key alone is two factors. Keys of ES256, EdDSA and RS256 (2,048 bits).
//
// Errors of all functions: permission_denied (says which check failed), too_large, unavailable (memory).
//
// Thread-safety: pure functions. Complexity: a signature's check, some 100 us.

#include <cstdint>
#include <string>
#include <vector>

#include "crypto/digest.h"
#include "fristad/result.h"

namespace fristad {

// Whose answers count.
struct WebauthnSite {
  std::string rp_id;                 // host name: "se.example"
  std::vector<std::string> origins;  // "https://se.example", exactly as browsers write them
};

// As the browser gives it: navigator.credentials.create(), response.clientDataJSON and
// response.getAuthenticatorData().
struct WebauthnRegistration {
  std::vector<std::uint8_t> client_data_json;
  std::vector<std::uint8_t> authenticator_data;
};

// Of navigator.credentials.get().
struct WebauthnAssertion {
  std::vector<std::uint8_t> credential_id;
  std::vector<std::uint8_t> client_data_json;
  std::vector<std::uint8_t> authenticator_data;
  std::vector<std::uint8_t> signature;
};

// A registered key, to be kept.
struct WebauthnCredential {
  std::vector<std::uint8_t> id;
  std::int32_t algorithm = 0;            // of COSE: -7, -8, -257
  std::vector<std::uint8_t> public_key;  // as libfido2 takes it
  std::uint32_t counter = 0;
};

inline constexpr std::size_t webauthn_id_bytes_max = 1023;

Result<WebauthnCredential> check_registration(const WebauthnRegistration& answer, Bytes challenge,
                                              const WebauthnSite& site);

// Gives the counter to keep. A key that counts has to count on, or there are two of it; many always say 0.
Result<std::uint32_t> check_assertion(const WebauthnAssertion& answer, Bytes challenge, const WebauthnSite& site,
                                      const WebauthnCredential& credential);

}  // namespace fristad
