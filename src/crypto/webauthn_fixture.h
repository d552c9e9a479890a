#pragma once

// For tests: a security key in software, with a browser around it.
//
//   fristad::testing::SoftwareKey key;
//   const WebauthnRegistration made = key.registered(challenge, "https://localhost");
//   const WebauthnAssertion given = key.answered(other_challenge, "https://localhost");
//
// What it says can be changed before it is signed: `flags`, `counter`, `rp_id`, `client_data()`.

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/base64.h"
#include "crypto/webauthn.h"

namespace fristad::testing {

enum class SoftwareKeyKind { es256, eddsa, rs256 };

class SoftwareKey {
 public:
  explicit SoftwareKey(SoftwareKeyKind kind = SoftwareKeyKind::es256, std::string site = "localhost")
      : rp_id(std::move(site)), kind_(kind), key_(made(kind)) {
    const Digest name = sha256(public_key());
    id.assign(name.begin(), name.end());
  }

  std::vector<std::uint8_t> id;
  std::string rp_id;
  std::uint8_t flags = 0x05;  // present and verified
  std::uint32_t counter = 0;  // the next that it says; counts on from 1, and 0 stays

  WebauthnRegistration registered(Bytes challenge, std::string_view origin) {
    return {.client_data_json = client_data("webauthn.create", challenge, origin),
            .authenticator_data = authenticator_data(static_cast<std::uint8_t>(flags | 0x40), attested())};
  }

  WebauthnAssertion answered(Bytes challenge, std::string_view origin) {
    return signed_over(client_data("webauthn.get", challenge, origin));
  }

  WebauthnAssertion signed_over(std::vector<std::uint8_t> client_data_json) {
    WebauthnAssertion answer{.credential_id = id,
                             .client_data_json = std::move(client_data_json),
                             .authenticator_data = authenticator_data(flags, {}),
                             .signature = {}};
    const Digest hash = sha256(Bytes(answer.client_data_json));
    std::vector<std::uint8_t> message = answer.authenticator_data;
    message.insert(message.end(), hash.begin(), hash.end());
    answer.signature = signature(message);
    return answer;
  }

  static std::vector<std::uint8_t> client_data(std::string_view type, Bytes challenge, std::string_view origin,
                                               std::string_view more = R"(,"crossOrigin":false)") {
    const std::string text = R"({"type":")" + std::string(type) + R"(","challenge":")" + to_base64url(challenge) +
                             R"(","origin":")" + std::string(origin) + '"' + std::string(more) + "}";
    return {text.begin(), text.end()};
  }

  std::vector<std::uint8_t> authenticator_data(std::uint8_t with_flags, const std::vector<std::uint8_t>& rest) {
    const Digest site = sha256(as_bytes(rp_id));
    std::vector<std::uint8_t> data(site.begin(), site.end());
    data.push_back(with_flags);
    for (int shift = 24; shift >= 0; shift -= 8) data.push_back(static_cast<std::uint8_t>(counter >> shift));
    if (counter != 0) ++counter;
    data.insert(data.end(), rest.begin(), rest.end());
    return data;
  }

  // Attested credential data: section 6.5.1 of WebAuthn, the key in COSE (RFC 9053).
  std::vector<std::uint8_t> attested() const {
    std::vector<std::uint8_t> data(16);
    data.push_back(static_cast<std::uint8_t>(id.size() >> 8));
    data.push_back(static_cast<std::uint8_t>(id.size()));
    data.insert(data.end(), id.begin(), id.end());
    const std::vector<std::uint8_t> cose = cose_key();
    data.insert(data.end(), cose.begin(), cose.end());
    return data;
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };

  static EVP_PKEY* made(SoftwareKeyKind kind) {
    switch (kind) {
      case SoftwareKeyKind::es256: return EVP_EC_gen("P-256");
      case SoftwareKeyKind::eddsa: return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      case SoftwareKeyKind::rs256: return EVP_RSA_gen(2048U);
    }
    return nullptr;
  }

  static void require(bool good) {
    if (!good) std::abort();
  }

  // A point, a key of 32 bytes or a modulus.
  std::vector<std::uint8_t> public_key() const {
    std::vector<std::uint8_t> bytes(256);
    std::size_t size = bytes.size();
    if (kind_ == SoftwareKeyKind::rs256) {
      BIGNUM* modulus = nullptr;
      require(EVP_PKEY_get_bn_param(key_.get(), OSSL_PKEY_PARAM_RSA_N, &modulus) == 1);
      require(BN_bn2binpad(modulus, bytes.data(), 256) == 256);
      BN_free(modulus);
      return bytes;
    }
    // Of P-256: 0x04, x, y.
    require(EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, bytes.data(), size, &size) == 1);
    bytes.resize(size);
    return bytes;
  }

  std::vector<std::uint8_t> cose_key() const {
    const std::vector<std::uint8_t> key = public_key();
    std::vector<std::uint8_t> cose;
    const auto add = [&](std::initializer_list<std::uint8_t> head, Bytes bytes) {
      cose.insert(cose.end(), head);
      cose.insert(cose.end(), bytes.begin(), bytes.end());
    };
    switch (kind_) {
      case SoftwareKeyKind::es256:
        require(key.size() == 65);
        add({0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}, Bytes(key).subspan(1, 32));
        add({0x22, 0x58, 0x20}, Bytes(key).subspan(33));
        break;
      case SoftwareKeyKind::eddsa: add({0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20}, key); break;
      case SoftwareKeyKind::rs256:
        add({0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20, 0x59, 0x01, 0x00}, key);
        add({0x21, 0x43, 0x01, 0x00, 0x01}, {});
        break;
    }
    return cose;
  }

  std::vector<std::uint8_t> signature(Bytes message) const {
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    const char* const digest = kind_ == SoftwareKeyKind::eddsa ? nullptr : "SHA256";
    std::vector<std::uint8_t> bytes(512);
    std::size_t size = bytes.size();
    require(EVP_DigestSignInit_ex(context.get(), nullptr, digest, nullptr, nullptr, key_.get(), nullptr) == 1);
    require(EVP_DigestSign(context.get(), bytes.data(), &size, message.data(), message.size()) == 1);
    bytes.resize(size);
    return bytes;
  }

  SoftwareKeyKind kind_;
  std::unique_ptr<EVP_PKEY, Free> key_;
};

}  // namespace fristad::testing
