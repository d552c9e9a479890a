#include "http/transport.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "http/tls.h"

namespace fristad {
namespace {

using Socket = asio::ip::tcp::socket;

struct Drain : std::enable_shared_from_this<Drain> {
  Drain(Socket& from, std::shared_ptr<TransportUser> told) : socket(from), user(std::move(told)) {}

  void read() {
    socket.async_read_some(asio::buffer(bytes), [self = shared_from_this()](const NetError& error, std::size_t) {
      if (error) return self->user->on_shutdown();
      self->read();
    });
  }

  Socket& socket;
  std::shared_ptr<TransportUser> user;
  std::array<char, 4096> bytes{};
};

class PlainTransport : public Transport {
 public:
  explicit PlainTransport(Socket socket) : socket_(std::move(socket)) {}

  void handshake(std::shared_ptr<TransportUser> user) override { user->on_handshake({}); }

  void read_some(asio::mutable_buffer buffer, std::shared_ptr<TransportUser> user) override {
    socket_.async_read_some(
        asio::mutable_buffers_1(buffer),
        [user = std::move(user)](const NetError& error, std::size_t bytes) { user->on_read(error, bytes); });
  }

  void write_some(const std::array<asio::const_buffer, 2>& buffers, std::shared_ptr<TransportUser> user) override {
    socket_.async_write_some(
        buffers, [user = std::move(user)](const NetError& error, std::size_t bytes) { user->on_write(error, bytes); });
  }

  void shutdown(std::shared_ptr<TransportUser> user) override {
    NetError ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    user->on_shutdown();
  }

  std::optional<TlsKey> peer_key() override { return std::nullopt; }
  Socket& socket() override { return socket_; }

 private:
  Socket socket_;
};

class TlsTransport : public Transport {
 public:
  TlsTransport(Socket socket, TlsContext tls, asio::ssl::stream_base::handshake_type side)
      : tls_(std::move(tls)), stream_(std::move(socket), *tls_), side_(side) {}

  // False: the name can't be set.
  bool expect_host(const std::string& host) {
    NetError error;
    asio::ip::make_address(host, error);
    // The name tells the server which certificate to show; an address can't stand there (RFC 6066, section 3).
    // (Not SSL_set_tlsext_host_name: it is a macro with a cast of C.)
    std::string name = host;
    if (error &&
        SSL_ctrl(stream_.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) != 1) {
      return false;
    }
    stream_.set_verify_mode(asio::ssl::verify_peer, error);
    if (error) return false;
    stream_.set_verify_callback(asio::ssl::host_name_verification(host), error);
    return !error;
  }

  void handshake(std::shared_ptr<TransportUser> user) override {
    stream_.async_handshake(side_, [user = std::move(user)](const NetError& error) { user->on_handshake(error); });
  }

  void read_some(asio::mutable_buffer buffer, std::shared_ptr<TransportUser> user) override {
    stream_.async_read_some(
        asio::mutable_buffers_1(buffer),
        [user = std::move(user)](const NetError& error, std::size_t bytes) { user->on_read(error, bytes); });
  }

  void write_some(const std::array<asio::const_buffer, 2>& buffers, std::shared_ptr<TransportUser> user) override {
    const asio::const_buffer& first = buffers[0].size() > 0 ? buffers[0] : buffers[1];
    stream_.async_write_some(
        asio::const_buffers_1(first),
        [user = std::move(user)](const NetError& error, std::size_t bytes) { user->on_write(error, bytes); });
  }

  void shutdown(std::shared_ptr<TransportUser> user) override {
    stream_.async_shutdown([user = std::move(user)](const NetError& /*error*/) { user->on_shutdown(); });
  }

  std::optional<TlsKey> peer_key() override { return ed25519_key(SSL_get0_peer_certificate(stream_.native_handle())); }
  Socket& socket() override { return stream_.next_layer(); }

 private:
  TlsContext tls_;  // must outlive the stream
  asio::ssl::stream<Socket> stream_;
  asio::ssl::stream_base::handshake_type side_;
};

std::unique_ptr<TlsTransport> make_tls(Socket socket, const TlsContext& tls,
                                       asio::ssl::stream_base::handshake_type side) {
  try {
    return std::make_unique<TlsTransport>(std::move(socket), tls, side);
  } catch (const boost::system::system_error&) {
    return nullptr;
  }
}

}  // namespace

void Transport::close() {
  NetError ignored;
  socket().close(ignored);
}

void Transport::drain(std::shared_ptr<TransportUser> user) {
  NetError ignored;
  socket().shutdown(Socket::shutdown_send, ignored);
  std::make_shared<Drain>(socket(), std::move(user))->read();
}

std::unique_ptr<Transport> make_transport(Socket socket, const TlsContext& tls) {
  if (!tls) return std::make_unique<PlainTransport>(std::move(socket));
  return make_tls(std::move(socket), tls, asio::ssl::stream_base::server);
}

std::unique_ptr<Transport> make_client_transport(Socket socket, const TlsContext& tls, const std::string& host) {
  if (!tls) return std::make_unique<PlainTransport>(std::move(socket));
  auto transport = make_tls(std::move(socket), tls, asio::ssl::stream_base::client);
  if (transport && !host.empty() && !transport->expect_host(host)) return nullptr;
  return transport;
}

}  // namespace fristad
