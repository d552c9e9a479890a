#include "http/pinned.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <new>

#include "base/hex.h"
#include "http/client.h"
#include "http/tls.h"
#include "tests/support/certificate.h"
#include "tests/support/http_server.h"

namespace fristad {
namespace {

using testing::get_text;
using testing::hello;
using testing::TestServer;
using Trusts = std::function<bool(const TlsKey& key, std::string_view note)>;

struct Identity {
  Identity(std::string_view secret, std::string_view open) {
    EXPECT_TRUE(from_hex(secret, seed) && from_hex(open, key));
  }
  std::array<std::uint8_t, 32> seed{};
  TlsKey key{};
};

// RFC 8032, section 7.1: tests 1 to 3.
const Identity& server_identity() {
  static const Identity made("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                             "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  return made;
}
const Identity& client_identity() {
  static const Identity made("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                             "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  return made;
}
const Identity& stranger() {
  static const Identity made("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                             "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
  return made;
}

Trusts only(const Identity& identity) {
  return [key = identity.key](const TlsKey& shown, std::string_view) { return shown == key; };
}

HttpServerOptions pinned_server(Trusts trusts = only(client_identity())) {
  return {.pinned = PinnedTls{.seed = server_identity().seed, .trusts = std::move(trusts)}};
}

HttpClientOptions pinned_client(std::uint16_t port, const Identity& identity = client_identity(),
                                Trusts trusts = only(server_identity())) {
  return {.host = "127.0.0.1", .port = port, .pinned = PinnedTls{.seed = identity.seed, .trusts = std::move(trusts)}};
}

// Answers with the key that the client showed.
Route who() {
  return {.method = Method::post,
          .pattern = "/who",
          .handler =
              [](Request& request) {
                EXPECT_TRUE(request.peer.tls && request.read_all());
                return Response::text(200, request.peer.key ? to_hex(*request.peer.key) : "nobody");
              },
          .limits = {.body_bytes = 4 << 20}};
}

Code failure(const Result<HttpAnswer>& answer) {
  return answer ? Code::internal : answer.error().code;
}

Code get(HttpClientOptions options) {
  return failure(HttpClient(std::move(options)).send({.target = "/hello/a"}));
}
// What get() says of an answer.
constexpr Code answered = Code::internal;

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(SSL* connection) const { SSL_free(connection); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

// One that we wouldn't make: another name, and over since long ago.
struct Shown {
  explicit Shown(const Identity& identity)
      : key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, identity.seed.data(), identity.seed.size())),
        certificate(X509_new()) {
    X509* const made = certificate.get();
    X509_set_version(made, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 7);
    ASN1_TIME_set_string_X509(X509_getm_notBefore(made), "19800101000000Z");
    ASN1_TIME_set_string_X509(X509_getm_notAfter(made), "19810101000000Z");
    const unsigned char name[] = "somebody";
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC, name, -1, -1, 0);
    X509_set_issuer_name(made, X509_get_subject_name(made));
    X509_set_pubkey(made, key.get());
    EXPECT_GT(X509_sign(made, key.get(), nullptr), 0);
  }
  Owned<EVP_PKEY> key;
  Owned<X509> certificate;
};

// A client that trusts every server, and shows what it is told to.
class RawTls {
 public:
  explicit RawTls(int version = TLS1_3_VERSION) : context_(SSL_CTX_new(TLS_client_method())) {
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
  }

  RawTls& show(const Shown& shown) {
    SSL_CTX_use_certificate(context_.get(), shown.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), shown.key.get());
    return *this;
  }
  RawTls& show(const testing::CertificateFiles& files) {
    EXPECT_EQ(SSL_CTX_use_certificate_file(context_.get(), files.certificate.c_str(), SSL_FILETYPE_PEM), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context_.get(), files.key.c_str(), SSL_FILETYPE_PEM), 1);
    return *this;
  }
  RawTls& show_beside(X509* certificate) {
    EXPECT_EQ(SSL_CTX_add1_chain_cert(context_.get(), certificate), 1);
    return *this;
  }

  // The answer to a request; "" from a server that refuses the client.
  std::string ask(std::uint16_t port) {
    const Owned<BIO> bio(BIO_new_ssl_connect(context_.get()));
    std::string place = "127.0.0.1:" + std::to_string(port);
    BIO_ctrl(bio.get(), BIO_C_SET_CONNECT, 0, place.data());
    if (BIO_ctrl(bio.get(), BIO_C_DO_STATE_MACHINE, 0, nullptr) != 1) return "";
    const std::string request = get_text("/hello/a", "Connection: close\r\n");
    BIO_write(bio.get(), request.data(), static_cast<int>(request.size()));
    std::string answer;
    std::array<char, 4096> piece;
    for (int count = 0; (count = BIO_read(bio.get(), piece.data(), static_cast<int>(piece.size()))) > 0;) {
      answer.append(piece.data(), static_cast<std::size_t>(count));
    }
    SSL* connection = nullptr;
    BIO_ctrl(bio.get(), BIO_C_GET_SSL, 0, &connection);
    resumable_ = SSL_SESSION_is_resumable(SSL_get_session(connection)) == 1;
    return answer;
  }
  bool resumable() const { return resumable_; }

 private:
  Owned<SSL_CTX> context_;
  bool resumable_ = true;
};

class Pinned : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "http_pinned_test.XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    files_ = testing::make_certificate(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  testing::CertificateFiles files_;
};

TEST(PinnedTls, WipesItsSeed) {
  alignas(PinnedTls) std::array<std::uint8_t, sizeof(PinnedTls)> memory{};
  auto* const pinned = new (memory.data()) PinnedTls{.seed = server_identity().seed};
  EXPECT_EQ(std::memcmp(memory.data(), server_identity().seed.data(), 32), 0);
  std::destroy_at(pinned);
  EXPECT_TRUE(std::all_of(memory.begin(), memory.begin() + 32, [](std::uint8_t byte) { return byte == 0; }));

  for (const auto make : {pinned_server_tls, pinned_client_tls}) {
    PinnedTls used{.seed = server_identity().seed};
    ASSERT_TRUE(make(used));
    EXPECT_EQ(used.seed, decltype(used.seed)());
  }
}

TEST_F(Pinned, KnowsWhoIsThere) {
  TestServer server({who(), hello()}, pinned_server());
  HttpClient client(pinned_client(server.port()));
  for (const std::size_t size : {0u, 10u, 3'000'000u}) {
    const auto answer = client.send({.method = Method::post, .target = "/who", .body = std::string(size, 'x')});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, to_hex(client_identity().key));
  }
  EXPECT_EQ(client.send({.target = "/hello/a"})->body, "hello a");
  EXPECT_EQ(server->info().connections, 1u);
}

TEST_F(Pinned, ServesManyWithTheirOwnKeys) {
  TestServer server({who()}, pinned_server([](const TlsKey&, std::string_view) { return true; }));
  HttpClient first(pinned_client(server.port()));
  HttpClient second(pinned_client(server.port(), stranger()));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(first.send({.method = Method::post, .target = "/who"})->body, to_hex(client_identity().key));
    EXPECT_EQ(second.send({.method = Method::post, .target = "/who"})->body, to_hex(stranger().key));
  }
}

TEST_F(Pinned, AsksNobodyForAKeyWithoutPins) {
  TestServer server({who()}, {.certificate_file = files_.certificate, .key_file = files_.key});
  HttpClient client({.host = "localhost", .port = server.port(), .tls = true, .trusted_file = files_.certificate});
  EXPECT_EQ(client.send({.method = Method::post, .target = "/who"})->body, "nobody");
}

TEST_F(Pinned, RefusesAServerWithAnotherKey) {
  TestServer server({hello()}, pinned_server());
  EXPECT_EQ(get(pinned_client(server.port())), answered);
  EXPECT_EQ(get(pinned_client(server.port(), client_identity(), only(stranger()))), Code::permission_denied);
  EXPECT_EQ(get(pinned_client(server.port(), client_identity(), {})), Code::permission_denied);
  // Who trusts the issuers of the web, or this very certificate's name, doesn't trust it.
  EXPECT_EQ(get({.host = "127.0.0.1", .port = server.port(), .tls = true}), Code::permission_denied);
  TestServer other({hello()}, {.certificate_file = files_.certificate, .key_file = files_.key});
  EXPECT_EQ(get(pinned_client(other.port(), client_identity(), [](const TlsKey&, std::string_view) { return true; })),
            Code::permission_denied);
  TestServer plain({hello()});
  EXPECT_EQ(get(pinned_client(plain.port())), Code::unavailable);
}

TEST_F(Pinned, RefusesAClientWithAnotherKey) {
  TestServer server({hello(), who()}, pinned_server());
  // The alert isn't lost, however much the client sends before it looks.
  for (const std::size_t size : {0u, 10u, 100'000u, 3'000'000u}) {
    HttpClient client(pinned_client(server.port(), stranger()));
    for (int i = 0; i < 2; ++i) {
      const auto answer = client.send({.method = Method::post, .target = "/who", .body = std::string(size, 'x')});
      EXPECT_EQ(failure(answer), Code::permission_denied) << size << " " << (answer ? "" : answer.error().message);
    }
  }
  EXPECT_EQ(get(pinned_client(server.port())), answered);
  TestServer lonely({hello()}, pinned_server(Trusts()));
  EXPECT_EQ(get(pinned_client(lonely.port())), Code::permission_denied);
}

TEST_F(Pinned, RefusesWhateverElseAClientShows) {
  TestServer server({hello()}, pinned_server());
  const Shown right(client_identity());
  EXPECT_TRUE(RawTls().show(right).ask(server.port()).ends_with("hello a"));
  EXPECT_EQ(RawTls().ask(server.port()), "");
  EXPECT_EQ(RawTls().show(files_).ask(server.port()), "");
  EXPECT_EQ(RawTls().show(Shown(stranger())).ask(server.port()), "");
  EXPECT_EQ(RawTls().show(right).show_beside(Shown(stranger()).certificate.get()).ask(server.port()), "");
  EXPECT_EQ(RawTls().show(Shown(stranger())).show_beside(right.certificate.get()).ask(server.port()), "");
  EXPECT_EQ(RawTls(TLS1_2_VERSION).show(right).ask(server.port()), "");
  testing::RawConnection plain(server.port());
  plain.send(get_text("/hello/a"));
  EXPECT_EQ(plain.read_all().find("hello a"), std::string::npos);
}

TEST_F(Pinned, RefusesAServerOfVersion12) {
  const Shown right(server_identity());
  const auto shakes_hands = [&](int version) {
    const Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_set_max_proto_version(context.get(), version);
    SSL_CTX_use_certificate(context.get(), right.certificate.get());
    SSL_CTX_use_PrivateKey(context.get(), right.key.get());
    const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listening, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listening, 1), 0);
    EXPECT_EQ(getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size), 0);
    bool shaken = false;
    std::jthread thread([&] {
      const int socket = accept(listening, nullptr, nullptr);
      const Owned<SSL> connection(SSL_new(context.get()));
      SSL_set_fd(connection.get(), socket);
      shaken = SSL_accept(connection.get()) == 1;
      ::close(socket);
    });
    EXPECT_EQ(get(pinned_client(ntohs(address.sin_port))), Code::unavailable);  // no answer comes either way
    thread.join();
    ::close(listening);
    return shaken;
  };
  EXPECT_TRUE(shakes_hands(TLS1_3_VERSION));
  EXPECT_FALSE(shakes_hands(TLS1_2_VERSION));
}

TEST_F(Pinned, ResumesNothing) {
  TestServer server({hello()}, pinned_server());
  RawTls client;
  EXPECT_NE(client.show(Shown(client_identity())).ask(server.port()), "");
  EXPECT_FALSE(client.resumable());
}

TEST_F(Pinned, AsksAtEachHandshake) {
  std::atomic<bool> client_trusted = true;
  std::atomic<bool> server_trusted = true;
  TestServer server({hello()}, pinned_server([&](const TlsKey&, std::string_view) { return client_trusted.load(); }));
  const auto options = [&] {
    return pinned_client(server.port(), client_identity(),
                         [&](const TlsKey&, std::string_view) { return server_trusted.load(); });
  };
  HttpClient kept(options());
  EXPECT_TRUE(kept.send({.target = "/hello/a"}));
  EXPECT_EQ(get(options()), answered);
  client_trusted = false;
  EXPECT_EQ(get(options()), Code::permission_denied);
  EXPECT_TRUE(kept.send({.target = "/hello/a"}));
  client_trusted = true;
  server_trusted = false;
  EXPECT_EQ(get(options()), Code::permission_denied);
  TestServer::wait_until([&] { return server->info().connections == 1; });
  EXPECT_TRUE(kept.send({.target = "/hello/a"}));
  EXPECT_EQ(server->info().connections, 1u);
  server_trusted = true;
  EXPECT_EQ(get(options()), answered);
}

TEST_F(Pinned, StandsAlone) {
  HttpServerOptions both = pinned_server();
  both.certificate_file = files_.certificate;
  both.key_file = files_.key;
  EXPECT_EQ(HttpServer::start(both, Router(), {.clock = system_clock()}).error().code, Code::invalid_argument);
  TestServer server({hello()}, pinned_server());
  HttpClientOptions options = pinned_client(server.port());
  options.trusted_file = files_.certificate;
  EXPECT_EQ(get(options), Code::invalid_argument);
  // There is nothing to read anew, and the key stays.
  EXPECT_TRUE(server->reload_certificate());
  EXPECT_EQ(get(pinned_client(server.port())), answered);
}

TEST_F(Pinned, ClosesWhomItRefused) {
  TestServer server({hello()}, pinned_server());
  testing::RawConnection silent(server.port());
  silent.send("GET / HTTP/1.1\r\n");  // no TLS: refused, and then it stays
  TestServer::wait_until([&] { return server->info().connections == 1; });
  silent.read_all();
  TestServer::wait_until([&] { return server->info().connections == 0; });
  EXPECT_EQ(server->info().connections, 0u);
}

TEST_F(Pinned, WhatStandsBesideAKeyIsShown) {
  std::string seen_by_server;
  std::string seen_by_client;
  const auto note = [](std::string& seen) {
    return [&seen](const TlsKey&, std::string_view shown) {
      seen = std::string(shown);
      return true;
    };
  };
  TestServer server({hello()}, pinned_server(note(seen_by_server)));
  HttpClientOptions client = pinned_client(server.port(), client_identity(), note(seen_by_client));
  client.pinned->note = std::string(tls_note_bytes_max, 'x');
  EXPECT_EQ(get(client), answered);
  EXPECT_EQ(seen_by_server, client.pinned->note);
  EXPECT_EQ(seen_by_client, "");
  client.pinned->note = "";
  EXPECT_EQ(get(client), answered);
  EXPECT_EQ(seen_by_server, "");
  client.pinned->note = std::string(tls_note_bytes_max + 1, 'x');
  EXPECT_EQ(get(client), Code::unavailable) << "too long to be shown";
}

TEST_F(Pinned, AnotherKeyIsShownToThoseWhoConnectAfterwards) {
  TestServer server({hello()}, pinned_server());
  HttpClient before(pinned_client(server.port()));
  ASSERT_TRUE(before.send({.target = "/hello/a"}));
  PinnedTls next{.seed = stranger().seed, .trusts = only(client_identity())};
  ASSERT_TRUE(server->replace_pinned(std::move(next)));
  EXPECT_TRUE(before.send({.target = "/hello/a"})) << "a connection that there is goes on";
  EXPECT_NE(get(pinned_client(server.port())), answered);
  EXPECT_EQ(get(pinned_client(server.port(), client_identity(), only(stranger()))), answered);
}

}  // namespace
}  // namespace fristad
