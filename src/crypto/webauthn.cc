#include "crypto/webauthn.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/json.h"
#include "base/try.h"
#include "crypto/base64.h"
#include "crypto/secret.h"

namespace fristad {
namespace {

constexpr std::size_t client_data_bytes_max = 8192;
constexpr std::size_t authenticator_data_bytes_max = 8192;
constexpr std::size_t signature_bytes_max = 1024;

// Flags of authenticator data: section 6.1.
constexpr std::uint8_t user_present = 0x01;
constexpr std::uint8_t user_verified = 0x04;
constexpr std::uint8_t has_credential = 0x40;

constexpr std::array<std::int32_t, 3> algorithms{COSE_ES256, COSE_EDDSA, COSE_RS256};

template <class T, void (*release)(T**)>
struct Free {
  void operator()(T* object) const { release(&object); }
};
template <class T, void (*release)(T**)>
using Owned = std::unique_ptr<T, Free<T, release>>;

Error refused(std::string_view why) {
  return {Code::permission_denied, "the security key's answer doesn't count: " + std::string(why)};
}

Error no_memory() {
  return {Code::unavailable, "not enough memory to check the security key's answer"};
}

void start_fido() {
  static const bool started = (fido_init(0), true);
  static_cast<void>(started);
}

Status check_sizes(Bytes client_data, Bytes authenticator_data) {
  if (client_data.size() > client_data_bytes_max || authenticator_data.size() > authenticator_data_bytes_max) {
    return Error{Code::too_large, "the security key's answer has over 8,192 bytes"};
  }
  return {};
}

Status check_client_data(Bytes client_data, std::string_view type, Bytes challenge, const WebauthnSite& site) {
  const auto json =
      parse_json(as_text(client_data), {.bytes_max = client_data_bytes_max, .depth_max = 8, .reals = true});
  if (!json) return refused("its client data isn't JSON");
  const auto text_of = [&](std::string_view name) {
    const Json* const member = json->find(name);
    return member != nullptr && member->text() != nullptr ? std::string_view(*member->text()) : std::string_view();
  };
  if (text_of("type") != type) return refused("it is of another ceremony");
  const auto answered = from_base64url(text_of("challenge"));
  if (!answered || challenge.empty() || !equal_secrets(*answered, challenge))
    return refused("it answers another challenge");
  if (std::ranges::find(site.origins, text_of("origin")) == site.origins.end()) {
    return refused("it was given to another site");
  }
  // A page within a page of somebody else's.
  const Json* const cross_origin = json->find("crossOrigin");
  const bool same = cross_origin == nullptr || (cross_origin->truth() != nullptr && !*cross_origin->truth());
  if (!same || json->find("topOrigin") != nullptr) return refused("it was given within another site's page");
  return {};
}

Status check_flags(std::uint8_t flags) {
  if ((flags & user_present) == 0) return refused("nobody touched the key");
  if ((flags & user_verified) == 0) return refused("the key didn't verify who touched it (PIN or finger)");
  return {};
}

// Whether libfido2 takes the bytes for a public key: points that aren't on the curve are none.
template <class T>
bool is_key(T* key, int (*fill)(T*, const void*, std::size_t), Bytes bytes) {
  return key != nullptr && fill(key, bytes.data(), bytes.size()) == FIDO_OK;
}

// Runs `use` with the algorithm's key object; false if the bytes are no such key.
template <class Use>
bool with_public_key(std::int32_t algorithm, Bytes bytes, const Use& use) {
  switch (algorithm) {
    case COSE_ES256: {
      const Owned<es256_pk_t, es256_pk_free> key(es256_pk_new());
      return is_key(key.get(), es256_pk_from_ptr, bytes) && use(key.get());
    }
    case COSE_EDDSA: {
      const Owned<eddsa_pk_t, eddsa_pk_free> key(eddsa_pk_new());
      return is_key(key.get(), eddsa_pk_from_ptr, bytes) && use(key.get());
    }
    case COSE_RS256: {
      const Owned<rs256_pk_t, rs256_pk_free> key(rs256_pk_new());
      return is_key(key.get(), rs256_pk_from_ptr, bytes) && use(key.get());
    }
    default: return false;
  }
}

using Registered = Owned<fido_cred_t, fido_cred_free>;

// libfido2 has to be told the algorithm before it reads: it is asked for each. Empty if it is none of them.
Result<Registered> read_registered(Bytes authenticator_data) {
  for (const std::int32_t algorithm : algorithms) {
    Registered registered(fido_cred_new());
    if (!registered || fido_cred_set_type(registered.get(), algorithm) != FIDO_OK) return no_memory();
    if (fido_cred_set_authdata_raw(registered.get(), authenticator_data.data(), authenticator_data.size()) == FIDO_OK) {
      return registered;
    }
  }
  return Registered();
}

}  // namespace

Result<WebauthnCredential> check_registration(const WebauthnRegistration& answer, Bytes challenge,
                                              const WebauthnSite& site) {
  start_fido();
  const Bytes data(answer.authenticator_data);
  TRY(check_sizes(answer.client_data_json, data));
  TRY(check_client_data(answer.client_data_json, "webauthn.create", challenge, site));
  // The hash of the site's name, flags, counter: section 6.1.
  if (data.size() < 37) return refused("its authenticator data is cut off");
  if (!std::ranges::equal(data.first(32), sha256(as_bytes(site.rp_id)))) return refused("it is for another site");
  TRY(check_flags(data[32]));
  if ((data[32] & has_credential) == 0) return refused("it holds no key");
  const Registered registered = TRY(read_registered(data));
  if (!registered) return refused("its key is damaged, or of none of the kinds ES256, EdDSA and RS256");
  const std::int32_t algorithm = fido_cred_type(registered.get());
  const Bytes id(fido_cred_id_ptr(registered.get()), fido_cred_id_len(registered.get()));
  const Bytes key(fido_cred_pubkey_ptr(registered.get()), fido_cred_pubkey_len(registered.get()));
  if (id.empty() || id.size() > webauthn_id_bytes_max) return refused("the name of its key has not 1 to 1,023 bytes");
  if (!with_public_key(algorithm, key, [](const void*) { return true; })) {
    return refused("its key is none");
  }
  return WebauthnCredential{.id = {id.begin(), id.end()},
                            .algorithm = algorithm,
                            .public_key = {key.begin(), key.end()},
                            .counter = fido_cred_sigcount(registered.get())};
}

Result<std::uint32_t> check_assertion(const WebauthnAssertion& answer, Bytes challenge, const WebauthnSite& site,
                                      const WebauthnCredential& credential) {
  start_fido();
  const Bytes data(answer.authenticator_data);
  TRY(check_sizes(answer.client_data_json, data));
  if (answer.signature.size() > signature_bytes_max) {
    return Error{Code::too_large, "the security key's signature has over 1,024 bytes"};
  }
  if (answer.credential_id != credential.id) return refused("it is of another key");
  TRY(check_client_data(answer.client_data_json, "webauthn.get", challenge, site));

  const Owned<fido_assert_t, fido_assert_free> assertion(fido_assert_new());
  fido_assert_t* const given = assertion.get();
  const Digest client_data_hash = sha256(Bytes(answer.client_data_json));
  if (given == nullptr || fido_assert_set_count(given, 1) != FIDO_OK ||
      fido_assert_set_rp(given, site.rp_id.c_str()) != FIDO_OK ||
      fido_assert_set_clientdata_hash(given, client_data_hash.data(), client_data_hash.size()) != FIDO_OK) {
    return no_memory();
  }
  if (fido_assert_set_authdata_raw(given, 0, data.data(), data.size()) != FIDO_OK) {
    return refused("its authenticator data is damaged");
  }
  TRY(check_flags(fido_assert_flags(given, 0)));
  if (fido_assert_set_up(given, FIDO_OPT_TRUE) != FIDO_OK || fido_assert_set_uv(given, FIDO_OPT_TRUE) != FIDO_OK ||
      fido_assert_set_sig(given, 0, answer.signature.data(), answer.signature.size()) != FIDO_OK) {
    return refused("it has no signature");
  }
  const bool good = with_public_key(credential.algorithm, credential.public_key, [&](const void* key) {
    return fido_assert_verify(given, 0, credential.algorithm, key) == FIDO_OK;
  });
  if (!good) return refused("it is for another site, or its signature is wrong");
  const std::uint32_t counter = fido_assert_sigcount(given, 0);
  if ((counter != 0 || credential.counter != 0) && counter <= credential.counter) {
    return refused("its counter went back, so there may be a copy of the key: reset it");
  }
  return counter;
}

}  // namespace fristad
