#include "crypto/sign.h"

#include <sodium.h>

#include "crypto/primitives.h"

namespace fristad {

Result<SigningKey> SigningKey::generate(const Random& random) {
  return from_seed(TRY(Key::generate(random)));
}

SigningKey SigningKey::from_seed(const Key& seed) {
  start_sodium();
  SigningKey key;
  PublicKey unused{};
  crypto_sign_seed_keypair(unused.data(), key.bytes_.bytes().data(), seed.bytes().data());
  return key;
}

PublicKey SigningKey::public_key() const {
  PublicKey key{};
  std::ranges::copy(bytes_.bytes().last<32>(), key.begin());
  return key;
}

Signature SigningKey::sign(Bytes message) const {
  Signature signature{};
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), bytes_.bytes().data());
  return signature;
}

std::span<const std::uint8_t, 32> SigningKey::seed() const {
  return bytes_.bytes().first<32>();
}

bool verify(const PublicKey& key, Bytes message, const Signature& signature) {
  start_sodium();
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}

std::string pae(std::string_view type, Bytes body) {
  std::string text = "DSSEv1 " + std::to_string(type.size()) + " ";
  text.append(type).append(" ").append(std::to_string(body.size())).append(" ").append(as_text(body));
  return text;
}

}  // namespace fristad
