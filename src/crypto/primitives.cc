#include "crypto/primitives.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <memory>
#include <vector>

namespace fristad {
namespace {

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
struct FreeKdf {
  void operator()(EVP_KDF_CTX* context) const { EVP_KDF_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

void require(bool good) {
  if (!good) std::abort();
}

// Fetched once: a lookup for every value would cost more than the value. The context is kept for the same reason, and
// reset after each use, which wipes the key in it.
EVP_CIPHER_CTX* cipher_context() {
  thread_local const Cipher context(EVP_CIPHER_CTX_new());
  require(context != nullptr);
  return context.get();
}

const EVP_CIPHER* cipher() {
  static const EVP_CIPHER* const fetched = EVP_CIPHER_fetch(nullptr, "ChaCha20-Poly1305", nullptr);
  return fetched;
}

const EVP_KDF* hkdf() {
  static const EVP_KDF* const fetched = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  return fetched;
}

// OpenSSL counts bytes with int.
constexpr std::size_t piece_size = std::size_t{1} << 30;
static_assert(piece_size < INT_MAX);

}  // namespace

void aead_seal(const Key& key, const AeadNonce& nonce, Bytes plain, Bytes associated, std::span<std::uint8_t> sealed) {
  require(sealed.size() == plain.size() + aead_tag_size);
  EVP_CIPHER_CTX* const context = cipher_context();
  int written = 0;
  require(EVP_EncryptInit_ex2(context, cipher(), key.bytes().data(), nonce.data(), nullptr) == 1);
  for (; !associated.empty(); associated = associated.subspan(std::min(associated.size(), piece_size))) {
    const int size = static_cast<int>(std::min(associated.size(), piece_size));
    require(EVP_EncryptUpdate(context, nullptr, &written, associated.data(), size) == 1);
  }
  std::uint8_t* out = sealed.data();
  for (; !plain.empty(); plain = plain.subspan(std::min(plain.size(), piece_size))) {
    const int size = static_cast<int>(std::min(plain.size(), piece_size));
    require(EVP_EncryptUpdate(context, out, &written, plain.data(), size) == 1);
    out += written;
  }
  require(EVP_EncryptFinal_ex(context, out, &written) == 1);
  require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, aead_tag_size, out) == 1);
  EVP_CIPHER_CTX_reset(context);
}

bool aead_open(const Key& key, const AeadNonce& nonce, Bytes sealed, Bytes associated, std::span<std::uint8_t> plain) {
  if (sealed.size() < aead_tag_size) return false;
  require(plain.size() == sealed.size() - aead_tag_size);
  std::array<std::uint8_t, aead_tag_size> tag{};
  std::ranges::copy(sealed.last(aead_tag_size), tag.begin());
  sealed = sealed.first(plain.size());
  EVP_CIPHER_CTX* const context = cipher_context();
  int written = 0;
  require(EVP_DecryptInit_ex2(context, cipher(), key.bytes().data(), nonce.data(), nullptr) == 1);
  require(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, aead_tag_size, tag.data()) == 1);
  for (; !associated.empty(); associated = associated.subspan(std::min(associated.size(), piece_size))) {
    const int size = static_cast<int>(std::min(associated.size(), piece_size));
    require(EVP_DecryptUpdate(context, nullptr, &written, associated.data(), size) == 1);
  }
  std::uint8_t* out = plain.data();
  for (; !sealed.empty(); sealed = sealed.subspan(std::min(sealed.size(), piece_size))) {
    const int size = static_cast<int>(std::min(sealed.size(), piece_size));
    require(EVP_DecryptUpdate(context, out, &written, sealed.data(), size) == 1);
    out += written;
  }
  std::array<std::uint8_t, EVP_MAX_BLOCK_LENGTH> nothing{};
  const bool good = EVP_DecryptFinal_ex(context, nothing.data(), &written) == 1;
  EVP_CIPHER_CTX_reset(context);
  // Nobody may use what wasn't authenticated, not even by mistake.
  if (!good) wipe(plain);
  return good;
}

Key hkdf_sha256(Bytes secret, Bytes salt, std::string_view info) {
  const std::unique_ptr<EVP_KDF_CTX, FreeKdf> context(EVP_KDF_CTX_new(const_cast<EVP_KDF*>(hkdf())));
  require(context != nullptr);
  std::string digest = "SHA256";
  // The parameters are not const, but only read.
  std::vector<OSSL_PARAM> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<std::uint8_t*>(secret.data()), secret.size())};
  if (!salt.empty()) {
    parameters.push_back(
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, const_cast<std::uint8_t*>(salt.data()), salt.size()));
  }
  if (!info.empty()) {
    parameters.push_back(
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, const_cast<char*>(info.data()), info.size()));
  }
  parameters.push_back(OSSL_PARAM_construct_end());
  Key key;
  require(EVP_KDF_derive(context.get(), key.bytes().data(), key.bytes().size(), parameters.data()) == 1);
  return key;
}

Digest hmac_sha256(const Key& key, std::string_view message) {
  start_sodium();
  Digest digest;
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.bytes().data(), key.bytes().size());
  crypto_auth_hmacsha256_update(&state, as_bytes(message).data(), message.size());
  crypto_auth_hmacsha256_final(&state, digest.data());
  sodium_memzero(&state, sizeof state);
  return digest;
}

Result<Key> scrypt(std::string_view passphrase, Bytes salt, int work_factor) {
  require(work_factor > 0 && work_factor < 32);
  const std::uint64_t cost = std::uint64_t{1} << work_factor;
  // 128 r N bytes, and a little for the blocks beside them.
  const std::uint64_t memory_max = cost * 1024 + (1U << 20);
  Key key;
  if (EVP_PBE_scrypt(passphrase.data(), passphrase.size(), salt.data(), salt.size(), cost, 8, 1, memory_max,
                     key.bytes().data(), key.bytes().size()) != 1) {
    ERR_clear_error();
    return Error{Code::unavailable, "not enough memory to turn the passphrase into a key: " +
                                        std::to_string(memory_max >> 20) + " MiB are needed"};
  }
  return key;
}

Point x25519_base(const Key& scalar) {
  start_sodium();
  Point point{};
  crypto_scalarmult_base(point.data(), scalar.bytes().data());
  return point;
}

bool x25519(const Key& scalar, const Point& point, Key& shared) {
  start_sodium();
  return crypto_scalarmult(shared.bytes().data(), scalar.bytes().data(), point.data()) == 0;
}

void start_sodium() {
  static const bool started = sodium_init() >= 0;
  require(started);
}

}  // namespace fristad
