#pragma once

// A TCP connection, plain or TLS: one face, so that what stands on it is compiled once. Only for this room: Asio shows.
//
// Thread-safety: all calls on the thread of the socket's io_context; so are the user's.

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "http/message.h"

namespace fristad {

namespace asio = boost::asio;
using NetError = boost::system::error_code;

// Is told how each operation ended, and lives at least until then.
class TransportUser {
 public:
  virtual ~TransportUser() = default;
  virtual void on_handshake(const NetError& error) = 0;
  virtual void on_read(const NetError& error, std::size_t bytes) = 0;
  virtual void on_write(const NetError& error, std::size_t bytes) = 0;
  virtual void on_shutdown() = 0;
};

// At most one operation of each kind at a time.
class Transport {
 public:
  virtual ~Transport() = default;
  virtual void handshake(std::shared_ptr<TransportUser> user) = 0;
  virtual void read_some(asio::mutable_buffer buffer, std::shared_ptr<TransportUser> user) = 0;
  // The bytes stay where they are until on_write.
  virtual void write_some(const std::array<asio::const_buffer, 2>& buffers, std::shared_ptr<TransportUser> user) = 0;
  // Says that no more will be written.
  virtual void shutdown(std::shared_ptr<TransportUser> user) = 0;
  // Of the certificate that the other end showed, if its key is an Ed25519 one.
  virtual std::optional<TlsKey> peer_key() = 0;
  virtual asio::ip::tcp::socket& socket() = 0;
  // Below TLS, after a handshake that failed: says that no more will be written, and passes over what comes until the
  // other end closes; then on_shutdown.
  void drain(std::shared_ptr<TransportUser> user);
  // Cuts: what is under way ends with an error.
  void close();
};

using TlsContext = std::shared_ptr<asio::ssl::context>;

// Without a context: plain. Null when OpenSSL has no memory.
std::unique_ptr<Transport> make_transport(asio::ip::tcp::socket socket, const TlsContext& tls);

// The client's side. Checks that the certificate is for `host`; "": the context knows by itself whom to trust.
std::unique_ptr<Transport> make_client_transport(asio::ip::tcp::socket socket, const TlsContext& tls,
                                                 const std::string& host);

}  // namespace fristad
