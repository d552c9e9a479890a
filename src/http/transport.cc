#include "http/transport.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace fristad {

void Transport::close() {
  NetError ignored;
  socket().close(ignored);
}

namespace {

using Socket = asio::ip::tcp::socket;

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

  Socket& socket() override { return stream_.next_layer(); }

 private:
  TlsContext tls_;  // must outlive the stream
  asio::ssl::stream<Socket> stream_;
  asio::ssl::stream_base::handshake_type side_;
};

}  // namespace

std::unique_ptr<Transport> make_transport(Socket socket, const TlsContext& tls, const std::string& server_name) {
  if (!tls) return std::make_unique<PlainTransport>(std::move(socket));
  try {
    const auto side = server_name.empty() ? asio::ssl::stream_base::server : asio::ssl::stream_base::client;
    auto transport = std::make_unique<TlsTransport>(std::move(socket), tls, side);
    if (!server_name.empty() && !transport->expect_host(server_name)) return nullptr;
    return transport;
  } catch (const boost::system::system_error&) {
    return nullptr;
  }
}

}  // namespace fristad
