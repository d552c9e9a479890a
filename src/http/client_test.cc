#include "http/client.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <latch>
#include <thread>

#include "tests/support/certificate.h"
#include "tests/support/http_server.h"

namespace fristad {
namespace {

using testing::echo;
using testing::hello;
using testing::TestServer;

HttpClientOptions to(std::uint16_t port) {
  return {.host = "127.0.0.1", .port = port};
}

// Listens, and answers each connection in turn with given bytes, whatever it is asked; then closes it.
class Parrot {
 public:
  explicit Parrot(
      std::vector<std::string> answers, bool closes = true, std::function<void()> on_heard = [] {})
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 10), 0);
    EXPECT_EQ(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this, closes, answers = std::move(answers), on_heard = std::move(on_heard)] {
      for (const std::string& answer : answers) {
        const int connection = accept(socket_, nullptr, nullptr);
        if (connection < 0) return;
        std::array<char, 4096> request;
        const bool heard = recv(connection, request.data(), request.size(), 0) > 0;
        if (heard) on_heard();
        if (heard && !answer.empty()) {
          ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
        while (!closes && recv(connection, request.data(), request.size(), 0) > 0) {
        }
        ::close(connection);
      }
    });
  }
  ~Parrot() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  Parrot(const Parrot&) = delete;
  Parrot& operator=(const Parrot&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

Code failure(const Result<HttpAnswer>& answer) {
  return answer ? Code::internal : answer.error().code;
}

TEST(Client, AsksAndKeepsItsConnection) {
  TestServer server({hello(), echo(false)});
  HttpClient client(to(server.port()));
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.send({.target = "/hello/a"});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "hello a");
    EXPECT_EQ(answer->headers.find("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(client.send({.method = Method::post, .target = "/echo", .body = std::string(100'000, 'x')})->body.size(),
              100'000u);
    EXPECT_EQ(client.send({.method = Method::head, .target = "/hello/a"})->body, "");
    EXPECT_EQ(client.send({.target = "/other"})->status, 404);
  }
  EXPECT_EQ(server->info().connections, 1u);
  HttpClient moved(std::move(client));
  EXPECT_EQ(moved.send({.target = "/hello/b"})->body, "hello b");
}

TEST(Client, SendsHeaders) {
  const Route show{.method = Method::get, .pattern = "/show", .handler = [](Request& request) {
                     return Response::text(200, std::string(request.headers.find("X-A")) + " " +
                                                    std::string(request.headers.find("Host")));
                   }};
  TestServer server({show});
  HttpClient client(to(server.port()));
  HttpCall call{.target = "/show"};
  call.headers.add("X-A", "b");
  EXPECT_EQ(client.send(call)->body, "b 127.0.0.1:" + std::to_string(server.port()));
}

TEST(Client, RefusesCallsThatCannotBeSent) {
  HttpClient client(to(1));
  for (const char* target : {"", "a", "/a b", "/a\r\nX: b", "http://a/"}) {
    EXPECT_EQ(failure(client.send({.target = target})), Code::invalid_argument) << target;
  }
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
           {"X", "a\r\nY: b"}, {"X Y", "a"}, {"Host", "b"}, {"content-length", "1"}}) {
    HttpCall call;
    call.headers.add(name, value);
    EXPECT_EQ(failure(client.send(call)), Code::invalid_argument) << name;
  }
  EXPECT_EQ(failure(HttpClient({.host = "a\r\nX: b"}).send({})), Code::invalid_argument);
}

TEST(Client, TakesRedirectsForAnswers) {
  Parrot parrot({"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"});
  const auto answer = HttpClient(to(parrot.port())).send({});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(answer->headers.find("Location"), "http://127.0.0.1:1/");
}

TEST(Client, ReadsAllKindsOfBodies) {
  for (const std::string& text :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), std::string("HTTP/1.1 200 OK\r\n\r\nabc"),
        std::string("HTTP/1.0 200 OK\r\n\r\nabc"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x\r\nbc\r\n0\r\nX: y\r\n\r\n"),
        std::string("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
                    "3\r\n\r\nabc")}) {
    Parrot parrot({text});
    const auto answer = HttpClient(to(parrot.port())).send({});
    ASSERT_TRUE(answer) << text << answer.error().message;
    EXPECT_EQ(answer->body, "abc") << text;
  }
}

TEST(Client, SaysWhatIsWrongWithAnAnswer) {
  for (const auto& [text, code] : std::vector<std::pair<std::string, Code>>{
           {"", Code::unavailable},
           {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", Code::unavailable},
           {"HTTP/1.1 200 OK\r\nContent-Le", Code::unavailable},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", Code::unavailable},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", Code::unavailable},
           {"SSH-2.0-OpenSSH\r\n", Code::damaged},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", Code::damaged},
           {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", Code::damaged},
           {"HTTP/1.1 101 Switching Protocols\r\n\r\n", Code::damaged},
           {"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", Code::too_large},
           {"HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x'), Code::too_large},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n" + std::string(1001, 'x'), Code::too_large},
           {"HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'), Code::too_large}}) {
    Parrot parrot({text});
    HttpClientOptions options = to(parrot.port());
    options.body_bytes_max = 1000;
    EXPECT_EQ(failure(HttpClient(options).send({})), code) << text.substr(0, 100);
  }
}

TEST(Client, DoesNotWaitForEver) {
  Parrot parrot({"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"}, false);
  HttpClientOptions options = to(parrot.port());
  options.answer_ms = 50;
  HttpClient client(options);
  EXPECT_EQ(failure(client.send({})), Code::deadline_exceeded);
}

TEST(Client, ConnectsAnewWhenTheServerHasClosed) {
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
  Parrot parrot({answer, answer, answer});
  HttpClient client(to(parrot.port()));
  for (int i = 0; i < 3; ++i) {
    const auto got = client.send({});
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(got->body, "abc");
  }
}

TEST(Client, ConnectsOnlyWhereItMay) {
  TestServer server({hello()});
  std::vector<std::string> asked;
  HttpClientOptions options = to(server.port());
  options.may_connect = [&](const std::string& address) {
    asked.push_back(address);
    return is_public_address(address);
  };
  for (const char* host : {"127.0.0.1", "localhost", "::ffff:127.0.0.1", "::1"}) {
    options.host = host;
    EXPECT_EQ(failure(HttpClient(options).send({.target = "/hello/a"})), Code::permission_denied) << host;
  }
  EXPECT_EQ(asked[0], "127.0.0.1");
  EXPECT_NE(std::find(asked.begin(), asked.end(), "127.0.0.1"), asked.end());
  EXPECT_EQ(std::find(asked.begin(), asked.end(), "::ffff:127.0.0.1"), asked.end());
  options.may_connect = [](const std::string& address) { return address == "127.0.0.1"; };
  options.host = "localhost";
  EXPECT_TRUE(HttpClient(options).send({.target = "/hello/a"}));
}

TEST(Client, CanBeCutOffFromAnotherThread) {
  std::latch inside{1};
  std::latch open{1};
  const Route gate{.method = Method::get, .pattern = "/gate", .handler = [&](Request&) {
                     inside.count_down();
                     open.wait();
                     return Response::text(200, "through");
                   }};
  TestServer server({gate, hello()});
  HttpClientOptions options = to(server.port());
  options.answer_ms = 600'000;
  HttpClient client(options);
  EXPECT_TRUE(client.send({.target = "/hello/a"}));
  std::jthread stopper([&] {
    inside.wait();
    client.cancel();
  });
  EXPECT_EQ(failure(client.send({.target = "/gate"})), Code::cancelled);
  EXPECT_EQ(failure(client.send({.target = "/hello/a"})), Code::cancelled);
  open.count_down();
}

TEST(Client, CanBeCutOffInAHandshake) {
  std::latch heard{1};
  Parrot silent({""}, false, [&] { heard.count_down(); });  // says nothing
  HttpClientOptions options = to(silent.port());
  options.tls = true;
  options.connect_ms = 600'000;
  HttpClient client(options);
  std::jthread stopper([&] {
    heard.wait();
    client.cancel();
  });
  EXPECT_EQ(failure(client.send({})), Code::cancelled);
}

TEST(Client, SendsNothingAfterItWasCutOff) {
  TestServer server({hello()});
  HttpClient client(to(server.port()));
  client.cancel();
  client.cancel();
  EXPECT_EQ(failure(client.send({.target = "/hello/a"})), Code::cancelled);
  EXPECT_EQ(server.events(0).size(), 0u);
  EXPECT_EQ(server->info().connections, 0u);
}

TEST(Client, SaysThatNobodyIsThere) {
  std::uint16_t port = 0;
  {
    TestServer server({hello()});
    port = server.port();
  }
  EXPECT_EQ(failure(HttpClient(to(port)).send({})), Code::unavailable);
  EXPECT_EQ(failure(HttpClient({.host = "nothing.invalid"}).send({})), Code::unavailable);
}

TEST(Client, TrustsOnlyWhomItShall) {
  std::string name = std::filesystem::temp_directory_path() / "http_client_test.XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  const testing::CertificateFiles files = testing::make_certificate(name);
  const testing::CertificateFiles other = testing::make_certificate(name, "other.example");
  TestServer server({hello()}, {.certificate_file = files.certificate, .key_file = files.key});
  TestServer impostor({hello()}, {.certificate_file = other.certificate, .key_file = other.key});
  const auto ask = [&](std::uint16_t port, const std::string& host, const std::string& trusted) {
    return HttpClient({.host = host, .port = port, .tls = true, .trusted_file = trusted}).send({.target = "/hello/a"});
  };
  EXPECT_TRUE(ask(server.port(), "localhost", files.certificate));
  EXPECT_TRUE(ask(server.port(), "127.0.0.1", files.certificate));
  EXPECT_EQ(failure(ask(server.port(), "localhost", other.certificate)), Code::permission_denied);
  EXPECT_EQ(failure(ask(server.port(), "localhost", "")), Code::permission_denied);
  EXPECT_EQ(failure(ask(impostor.port(), "localhost", other.certificate)), Code::permission_denied);  // another name
  EXPECT_EQ(failure(ask(server.port(), "localhost", "/nothing")), Code::invalid_argument);
  EXPECT_EQ(failure(HttpClient({.host = "localhost", .port = server.port()}).send({})), Code::unavailable);
  std::filesystem::remove_all(name);
}

}  // namespace
}  // namespace fristad
