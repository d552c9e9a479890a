#include "crypto/seal.h"

#include <sodium.h>

#include <algorithm>

#include "base/try.h"
#include "crypto/primitives.h"

namespace fristad {
namespace {

constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(nonce_size + tag_size == seal_overhead && aead_tag_size == seal_once_overhead);

constexpr std::size_t salt_size = PassphraseSalt().size();
constexpr std::string_view wrapped_key_place = "fristad wrapped key 1";

constexpr unsigned long long argon2_passes = 3;
constexpr std::size_t argon2_bytes = std::size_t{64} << 20;

Error damaged() {
  return {Code::damaged, "the sealed value doesn't open: it was changed, or it belongs to another key or place"};
}

}  // namespace

Result<std::vector<std::uint8_t>> seal(const Key& key, Bytes plain, Bytes associated, const Random& random) {
  start_sodium();
  std::vector<std::uint8_t> sealed(plain.size() + seal_overhead);
  TRY(random(std::span(sealed).first(nonce_size)));
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data() + nonce_size, nullptr, plain.data(), plain.size(),
                                             associated.data(), associated.size(), nullptr, sealed.data(),
                                             key.bytes().data());
  return sealed;
}

Result<std::vector<std::uint8_t>> open(const Key& key, Bytes sealed, Bytes associated) {
  start_sodium();
  if (sealed.size() < seal_overhead) return damaged();
  std::vector<std::uint8_t> plain(sealed.size() - seal_overhead);
  const Bytes content = sealed.subspan(nonce_size);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain.data(), nullptr, nullptr, content.data(), content.size(),
                                                 associated.data(), associated.size(), sealed.data(),
                                                 key.bytes().data()) != 0) {
    return damaged();
  }
  return plain;
}

std::vector<std::uint8_t> seal_once(const Key& fresh, Bytes plain, Bytes associated) {
  std::vector<std::uint8_t> sealed(plain.size() + seal_once_overhead);
  aead_seal(fresh, AeadNonce{}, plain, associated, sealed);
  return sealed;
}

Result<std::vector<std::uint8_t>> open_once(const Key& key, Bytes sealed, Bytes associated) {
  if (sealed.size() < seal_once_overhead) return damaged();
  std::vector<std::uint8_t> plain(sealed.size() - seal_once_overhead);
  if (!aead_open(key, AeadNonce{}, sealed, associated, plain)) return damaged();
  return plain;
}

Result<Key> key_from_passphrase(std::string_view passphrase, const PassphraseSalt& salt) {
  static_assert(crypto_pwhash_argon2id_SALTBYTES == PassphraseSalt().size());
  start_sodium();
  if (passphrase.empty()) return Error{Code::invalid_argument, "the passphrase is empty; choose one"};
  if (passphrase.size() > passphrase_size_max) {
    return Error{Code::too_large, "the passphrase is longer than " + std::to_string(passphrase_size_max) +
                                      " bytes; choose a shorter one"};
  }
  Key key;
  if (crypto_pwhash_argon2id(key.bytes().data(), key.bytes().size(), passphrase.data(), passphrase.size(), salt.data(),
                             argon2_passes, argon2_bytes, crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0) {
    return Error{Code::unavailable, "not enough memory to turn the passphrase into a key: " +
                                        std::to_string(argon2_bytes >> 20) + " MiB are needed"};
  }
  return key;
}

Result<std::vector<std::uint8_t>> wrap_key(const Key& key, std::string_view passphrase, const Random& random) {
  const auto salt = TRY(random_array<salt_size>(random));
  const std::vector<std::uint8_t> sealed =
      TRY(seal(TRY(key_from_passphrase(passphrase, salt)), key.bytes(), as_bytes(wrapped_key_place), random));
  std::vector<std::uint8_t> wrapped(salt.begin(), salt.end());
  wrapped.insert(wrapped.end(), sealed.begin(), sealed.end());
  return wrapped;
}

Result<Key> unwrap_key(Bytes wrapped, std::string_view passphrase) {
  Key key;
  if (wrapped.size() != salt_size + seal_overhead + key.bytes().size()) {
    return Error{Code::damaged, "the wrapped key isn't 88 bytes long: restore it from its copy"};
  }
  PassphraseSalt salt{};
  std::ranges::copy(wrapped.first(salt_size), salt.begin());
  auto plain =
      open(TRY(key_from_passphrase(passphrase, salt)), wrapped.subspan(salt_size), as_bytes(wrapped_key_place));
  if (!plain) {
    return Error{Code::permission_denied,
                 "the passphrase doesn't open the key: try again, or restore the wrapped key if it was damaged"};
  }
  std::ranges::copy(*plain, key.bytes().begin());
  wipe(*plain);
  return key;
}

Key derive_key(const Key& from, std::string_view purpose) {
  start_sodium();
  std::string input = "fristad key 1 ";
  input += purpose;
  Key key;
  crypto_generichash(key.bytes().data(), key.bytes().size(), as_bytes(input).data(), input.size(), from.bytes().data(),
                     from.bytes().size());
  return key;
}

}  // namespace fristad
