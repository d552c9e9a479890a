#pragma once

// What TLS needs to know on each side. Only for this room: Asio shows.
//
// Thread-safety: a context may be used for many connections on many threads.

#include <openssl/types.h>

#include <optional>
#include <string>

#include "fristad/result.h"
#include "http/pinned.h"
#include "http/transport.h"

namespace fristad {

// TLS 1.3 alone, without resumption: a key that is lost opens no earlier connection. Error: invalid_argument (a file
// that can't be read or isn't PEM, a key that isn't the certificate's).
Result<TlsContext> server_tls(const std::string& certificate_file, const std::string& key_file);

// TLS 1.2 or 1.3. `trusted_file` is PEM; empty: whom the system trusts. Error: invalid_argument (the file).
Result<TlsContext> client_tls(const std::string& trusted_file);

// See pinned.h. Wipes the seed: the context has the key. Error: unavailable (OpenSSL can't).
Result<TlsContext> pinned_server_tls(PinnedTls& pinned);
Result<TlsContext> pinned_client_tls(PinnedTls& pinned);

// Nothing for a certificate with a key of another kind, or null.
std::optional<TlsKey> ed25519_key(const X509* certificate);

}  // namespace fristad
