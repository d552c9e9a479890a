#include "http/pinned.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "http/tls.h"

namespace fristad {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using OwnKey = std::unique_ptr<EVP_PKEY, FreeKey>;
using OwnCertificate = std::unique_ptr<X509, FreeCertificate>;
struct FreeText {
  void operator()(ASN1_IA5STRING* text) const { ASN1_IA5STRING_free(text); }
};
using OwnText = std::unique_ptr<ASN1_IA5STRING, FreeText>;

// A comment is what certificates have for people's notes; nothing else reads it.
constexpr int note_extension = NID_netscape_comment;

// Null: it has none, or more than one.
OwnText note_of(const X509* certificate) {
  if (certificate == nullptr) return nullptr;
  return OwnText(static_cast<ASN1_IA5STRING*>(X509_get_ext_d2i(certificate, note_extension, nullptr, nullptr)));
}

std::string_view text_of(const OwnText& note) {
  if (!note || ASN1_STRING_length(note.get()) > static_cast<int>(tls_note_bytes_max)) return {};
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(note.get())),
          static_cast<std::size_t>(ASN1_STRING_length(note.get()))};
}

bool add_note(X509* certificate, std::string_view note) {
  if (note.empty()) return true;
  const OwnText text(ASN1_IA5STRING_new());
  return note.size() <= tls_note_bytes_max && text &&
         ASN1_STRING_set(text.get(), note.data(), static_cast<int>(note.size())) == 1 &&
         X509_add1_ext_i2d(certificate, note_extension, text.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

// A context and what its verification asks.
struct PinnedContext {
  PinnedContext(std::function<bool(const TlsKey&, std::string_view)> asked, asio::ssl::context::method method)
      : trusts(std::move(asked)), context(method) {}

  std::function<bool(const TlsKey&, std::string_view)> trusts;
  asio::ssl::context context;
};

// noexcept: OpenSSL, which calls it, knows no exceptions.
int judge(X509_STORE_CTX* shown, void* argument) noexcept {
  const auto& pinned = *static_cast<const PinnedContext*>(argument);
  // Asio takes the oldest error in OpenSSL's queue for the reason; that shall be the refusal.
  ERR_set_mark();
  const std::optional<TlsKey> key = ed25519_key(X509_STORE_CTX_get0_cert(shown));
  const OwnText note = note_of(X509_STORE_CTX_get0_cert(shown));
  ERR_pop_to_mark();
  // What stands beside the leaf would be read for nothing.
  const bool alone = sk_X509_num(X509_STORE_CTX_get0_untrusted(shown)) == 1;
  const bool trusted = alone && key && pinned.trusts && pinned.trusts(*key, text_of(note));
  // The other end gets bad_certificate.
  X509_STORE_CTX_set_error(shown, trusted ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return trusted ? 1 : 0;
}

// Always the same for a key and a note: nobody looks at more, and no clock has to be right. Null: OpenSSL has no
// memory.
OwnCertificate certificate_of(EVP_PKEY* key, std::string_view note) {
  OwnCertificate certificate(X509_new());
  if (!certificate) return nullptr;
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  const unsigned char common_name[] = "fristad";
  const bool made = X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1) == 1 &&
                    ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate.get()), "19700101000000Z") == 1 &&
                    // No well-defined end (RFC 5280, section 4.1.2.5).
                    ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate.get()), "99991231235959Z") == 1 &&
                    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) == 1 &&
                    X509_set_issuer_name(certificate.get(), name) == 1 &&
                    X509_set_pubkey(certificate.get(), key) == 1 && add_note(certificate.get(), note) &&
                    X509_sign(certificate.get(), key, nullptr) > 0;
  if (!made) certificate.reset();
  return certificate;
}

Result<TlsContext> pinned_tls(PinnedTls& pinned, asio::ssl::context::method method) {
  try {
    const auto made = std::make_shared<PinnedContext>(pinned.trusts, method);
    SSL_CTX* const raw = made->context.native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION);
    SSL_CTX_set_options(raw, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(raw, 0);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_cert_verify_callback(raw, &judge, made.get());
    const OwnKey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, pinned.seed.data(), pinned.seed.size()));
    const OwnCertificate certificate = key ? certificate_of(key.get(), pinned.note) : nullptr;
    if (!certificate || SSL_CTX_use_certificate(raw, certificate.get()) != 1 ||
        SSL_CTX_use_PrivateKey(raw, key.get()) != 1) {
      return Error{Code::unavailable, "TLS can't be set up: OpenSSL makes no Ed25519 certificate here"};
    }
    OPENSSL_cleanse(pinned.seed.data(), pinned.seed.size());
    return TlsContext(made, &made->context);
  } catch (const boost::system::system_error& error) {
    return Error{Code::unavailable, std::string("TLS can't be set up: ") + error.what()};
  }
}

}  // namespace

PinnedTls::~PinnedTls() {
  OPENSSL_cleanse(seed.data(), seed.size());
}

Result<TlsContext> pinned_server_tls(PinnedTls& pinned) {
  return pinned_tls(pinned, asio::ssl::context::tls_server);
}

Result<TlsContext> pinned_client_tls(PinnedTls& pinned) {
  return pinned_tls(pinned, asio::ssl::context::tls_client);
}

std::optional<TlsKey> ed25519_key(const X509* certificate) {
  const EVP_PKEY* const key = certificate == nullptr ? nullptr : X509_get0_pubkey(certificate);
  if (key == nullptr || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) return std::nullopt;
  TlsKey bytes{};
  std::size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key(key, bytes.data(), &size) != 1 || size != bytes.size()) return std::nullopt;
  return bytes;
}

}  // namespace fristad
