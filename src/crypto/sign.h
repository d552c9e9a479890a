#pragma once

// Ed25519 signatures (RFC 8032), and what is signed when a signature has to say what kind of thing it stands under.
//
//   auto key = fristad::SigningKey::generate(fristad::system_random());
//   fristad::Signature signature = key->sign(message);
//   fristad::verify(key->public_key(), message, signature);     // true
//
// Thread-safety: all functions may be called from any thread at once. Complexity: about 20 us to sign and 55 us to
// verify, and a hash of the message.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "fristad/result.h"

namespace fristad {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

// Moves, and is wiped with its owner.
class SigningKey {
 public:
  // Errors: those of `random`.
  static Result<SigningKey> generate(const Random& random);
  static SigningKey from_seed(const Key& seed);

  PublicKey public_key() const;
  Signature sign(Bytes message) const;

  // What from_seed() makes the same key of: for sealing, never for showing.
  std::span<const std::uint8_t, 32> seed() const;

 private:
  SigningKey() = default;

  Secret<64> bytes_;  // the seed, then the public key
};

// Refuses keys and signatures that aren't in their canonical form, and keys of small order.
[[nodiscard]] bool verify(const PublicKey& key, Bytes message, const Signature& signature);

// DSSE's pre-authentication encoding, version 1: "DSSEv1 <bytes> <type> <bytes> <body>", sizes in decimal. So a
// signature over a body of one type is never one over a body of another.
std::string pae(std::string_view type, Bytes body);

}  // namespace fristad
