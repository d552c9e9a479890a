#include "http/tls.h"

namespace fristad {
namespace {

Error wrong(const std::string& file, const NetError& error) {
  return {Code::invalid_argument, file + " isn't what TLS can use: " + error.message()};
}

}  // namespace

Result<TlsContext> server_tls(const std::string& certificate_file, const std::string& key_file) {
  try {
    auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
    SSL_CTX* const raw = tls->native_handle();
    SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION);
    SSL_CTX_set_num_tickets(raw, 0);
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    NetError error;
    tls->use_certificate_chain_file(certificate_file, error);
    if (error) return wrong(certificate_file, error);
    tls->use_private_key_file(key_file, asio::ssl::context::pem, error);
    if (error) return wrong(key_file, error);
    if (SSL_CTX_check_private_key(raw) != 1) {
      return Error{Code::invalid_argument, key_file + " isn't the key of the certificate in " + certificate_file};
    }
    return tls;
  } catch (const boost::system::system_error& error) {
    return Error{Code::unavailable, std::string("TLS can't be set up: ") + error.what()};
  }
}

Result<TlsContext> client_tls(const std::string& trusted_file) {
  try {
    auto tls = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
    NetError error;
    if (trusted_file.empty()) {
      tls->set_default_verify_paths(error);
    } else {
      tls->load_verify_file(trusted_file, error);
    }
    if (error) return wrong(trusted_file.empty() ? "the system's list of trusted issuers" : trusted_file, error);
    return tls;
  } catch (const boost::system::system_error& error) {
    return Error{Code::unavailable, std::string("TLS can't be set up: ") + error.what()};
  }
}

}  // namespace fristad
