#include "http/server.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <future>
#include <latch>

#include "http/client.h"
#include "tests/support/certificate.h"
#include "tests/support/http_server.h"

namespace fristad {
namespace {

using testing::CertificateFiles;
using testing::echo;
using testing::get_text;
using testing::hello;
using testing::post_text;
using testing::RawAnswer;
using testing::RawConnection;
using testing::TestServer;

// A handler that stays inside until it is let go.
struct Gate {
  std::latch open{1};
  std::atomic<int> inside = 0;
  Route route() {
    return {.method = Method::get, .pattern = "/gate", .handler = [this](Request&) {
              ++inside;
              open.wait();
              return Response::text(200, "through");
            }};
  }
  void wait_for(int count) {
    TestServer::wait_until([&] { return inside == count; });
  }
};

TEST(Server, SaysWhyItCannotStart) {
  const auto start = [](const HttpServerOptions& options) {
    return HttpServer::start(options, Router(), {.clock = system_clock()});
  };
  EXPECT_EQ(start({.address = "localhost"}).error().code, Code::invalid_argument);
  EXPECT_EQ(start({.address = "192.0.2.1"}).error().code, Code::unavailable);  // not ours
  EXPECT_EQ(start({.certificate_file = "a"}).error().code, Code::invalid_argument);
  EXPECT_EQ(start({.certificate_file = "/nothing", .key_file = "/nothing"}).error().code, Code::invalid_argument);
  const auto first = start({});
  ASSERT_TRUE(first);
  EXPECT_NE((*first)->port(), 0);
  EXPECT_EQ(start({.port = (*first)->port()}).error().code, Code::unavailable);
}

TEST(Server, ServesManyConnectionsOnManyThreads) {
  TestServer server({echo(true), echo(false), hello()}, {.io_threads = 3, .handler_threads = 3});
  std::vector<std::jthread> clients;
  for (int client = 0; client < 16; ++client) {
    clients.emplace_back([&, client] {
      RawConnection connection(server.port());
      for (int i = 0; i < 50; ++i) {
        const std::string body(static_cast<std::size_t>(client * 500 + i), 'x');
        EXPECT_EQ(connection.ask(post_text(i % 2 == 0 ? "/quick" : "/echo", body)).body, body);
      }
    });
  }
}

TEST(Server, KeepsToItsNumberOfConnections) {
  TestServer server({hello()}, {.connections_max = 2});
  auto first = std::make_unique<RawConnection>(server.port());
  RawConnection second(server.port());
  EXPECT_EQ(first->ask(get_text("/hello/a")).status, 200);
  EXPECT_EQ(second.ask(get_text("/hello/a")).status, 200);
  RawConnection third(server.port());
  EXPECT_TRUE(third.ends());
  first.reset();
  TestServer::wait_until([&] { return server->info().connections == 1; });
  RawConnection fourth(server.port());
  EXPECT_EQ(fourth.ask(get_text("/hello/a")).status, 200);
}

TEST(Server, RefusesWhatDoesNotFitIntoTheQueue) {
  Gate gate;
  TestServer server({gate.route(), hello()}, {.handler_threads = 1, .handlers_waiting_max = 1});
  RawConnection running(server.port());
  running.send(get_text("/gate"));
  gate.wait_for(1);
  RawConnection waiting(server.port());
  waiting.send(get_text("/gate"));
  TestServer::wait_until([&] { return server->info().handlers_waiting == 1; });
  EXPECT_EQ(server->info().handlers_running, 1u);
  RawConnection refused(server.port());
  const RawAnswer answer = refused.ask(get_text("/gate"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.head.find("Retry-After: 1\r\n"), std::string::npos);
  EXPECT_EQ(refused.ask(get_text("/hello/a")).body, "hello a");  // quick ones need no place
  gate.open.count_down();
  EXPECT_EQ(running.read_answer().body, "through");
  EXPECT_EQ(waiting.read_answer().body, "through");
}

TEST(Server, LetsRequestsInFlightEndWhenItStops) {
  Gate gate;
  TestServer server({gate.route(), hello()});
  RawConnection idle(server.port());
  EXPECT_EQ(idle.ask(get_text("/hello/a")).status, 200);
  RawConnection half(server.port());
  half.send("GET /hello/a HTTP/1.1\r\n");
  RawConnection running(server.port());
  running.send(get_text("/gate"));
  gate.wait_for(1);
  std::jthread stopper([&] { server->stop(20'000); });
  EXPECT_TRUE(idle.ends());
  EXPECT_TRUE(half.ends());
  gate.open.count_down();
  const RawAnswer answer = running.read_answer();
  EXPECT_EQ(answer.body, "through");
  EXPECT_NE(answer.head.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(running.ends());
  stopper.join();
  EXPECT_EQ(server->info().connections, 0u);
  EXPECT_FALSE(RawConnection(server.port()).connected());
}

TEST(Server, CutsOffWhatIsLeftWhenItStops) {
  std::promise<Code> code;
  const Route wait{.method = Method::post, .pattern = "/wait", .handler = [&](Request& request) {
                     const auto body = request.read_all();
                     code.set_value(body ? Code::internal : body.error().code);
                     return Response();
                   }};
  TestServer server({wait});
  RawConnection connection(server.port());
  connection.send("POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  TestServer::wait_until([&] { return server->info().handlers_running == 1; });
  server->stop(10);
  EXPECT_EQ(code.get_future().get(), Code::unavailable);
  EXPECT_TRUE(connection.ends());
}

TEST(Server, ClosesEventStreamsWhenItStops) {
  std::promise<std::shared_ptr<EventStream>> opened;
  const Route events{.method = Method::get, .pattern = "/events", .handler = [&](Request&) {
                       Response response;
                       response.events = [&](std::shared_ptr<EventStream> stream) {
                         opened.set_value(std::move(stream));
                       };
                       return response;
                     }};
  std::shared_ptr<EventStream> stream;
  {
    TestServer server({events});
    RawConnection connection(server.port());
    connection.send(get_text("/events"));
    connection.read_until("\r\n\r\n");
    stream = opened.get_future().get();
    std::jthread stopper([&] { server->stop(20'000); });
    EXPECT_EQ(connection.read_all(), "0\r\n\r\n");
  }
  EXPECT_TRUE(stream->closed());  // and may be held longer than the server
  EXPECT_EQ(stream->send("", "a").error().code, Code::unavailable);
}

TEST(Server, StopsUnderLoad) {
  for (int round = 0; round < 20; ++round) {
    TestServer server({echo(true), echo(false)}, {.io_threads = 2, .handler_threads = 2});
    std::vector<std::jthread> clients;
    for (int client = 0; client < 4; ++client) {
      clients.emplace_back([&, client] {
        RawConnection connection(server.port());
        while (connection.ask(post_text(client % 2 == 0 ? "/quick" : "/echo", "abc")).status == 200) {
        }
      });
    }
    TestServer::wait_until([&] { return server.events(1).size() > 20; });
    server->stop(1000);
  }
}

TEST(Server, AsksForTheTextOfItsErrors) {
  Router router;
  auto server = HttpServer::start({}, std::move(router),
                                  {.clock = system_clock(), .on_error = [](int status, std::string_view) {
                                     return Response::json(status, "{\"status\":" + std::to_string(status) + "}");
                                   }});
  ASSERT_TRUE(server);
  RawConnection connection((*server)->port());
  EXPECT_EQ(connection.ask(get_text("/a")).body, "{\"status\":404}");
  EXPECT_EQ(connection.ask("x\r\n\r\n").body, "{\"status\":400}");
}

class Tls : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = std::filesystem::temp_directory_path() / "http_server_test.XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    files_ = testing::make_certificate(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  HttpServerOptions options() const { return {.certificate_file = files_.certificate, .key_file = files_.key}; }
  HttpClient client(const TestServer& server) const {
    return HttpClient({.host = "localhost", .port = server.port(), .tls = true, .trusted_file = files_.certificate});
  }

  // Whether a handshake with exactly this version succeeds.
  static bool shakes_hands(std::uint16_t port, int version) {
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    const std::string place = "127.0.0.1:" + std::to_string(port);
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> bio(BIO_new_ssl_connect(context.get()), BIO_free_all);
    BIO_ctrl(bio.get(), BIO_C_SET_CONNECT, 0, std::string(place).data());
    return BIO_ctrl(bio.get(), BIO_C_DO_STATE_MACHINE, 0, nullptr) == 1;
  }

  std::filesystem::path folder_;
  CertificateFiles files_;
};

TEST_F(Tls, ServesVersion13Alone) {
  TestServer server({echo(true, {.body_bytes = 60'000}), echo(false, {.body_bytes = 4 << 20})}, options());
  EXPECT_TRUE(shakes_hands(server.port(), TLS1_3_VERSION));
  EXPECT_FALSE(shakes_hands(server.port(), TLS1_2_VERSION));
  HttpClient browser = client(server);
  for (const std::size_t size : {0u, 1u, 50'000u, 3'000'000u}) {
    const std::string body(size, 'x');
    const auto answer = browser.send({.method = Method::post, .target = "/echo", .body = body});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(answer->body == body);
    if (size < 60'000) {
      EXPECT_TRUE(browser.send({.method = Method::post, .target = "/quick", .body = body})->body == body);
    }
  }
  EXPECT_EQ(server->info().connections, 1u);
  const auto refused = browser.send({.method = Method::post, .target = "/quick", .body = std::string(2'000'000, 'x')});
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(refused->status, 413);
}

TEST_F(Tls, RefusesFilesThatDoNotBelongTogether) {
  const CertificateFiles other = testing::make_certificate(folder_, "other.example");
  const auto server = HttpServer::start({.certificate_file = files_.certificate, .key_file = other.key}, Router(),
                                        {.clock = system_clock()});
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code, Code::invalid_argument);
}

TEST_F(Tls, TakesANewCertificate) {
  TestServer server({hello()}, options());
  const auto get = [&](HttpClient browser) { return browser.send({.target = "/hello/a"}); };
  ASSERT_TRUE(get(client(server)));
  const CertificateFiles old{folder_ / "old.crt", folder_ / "old.key"};
  std::filesystem::rename(files_.certificate, old.certificate);
  EXPECT_EQ(server->reload_certificate().error().code, Code::invalid_argument);  // the old one stays in use
  files_ = testing::make_certificate(folder_);
  EXPECT_FALSE(get(client(server)));
  ASSERT_TRUE(server->reload_certificate());
  EXPECT_TRUE(get(client(server)));
}

TEST_F(Tls, CutsOffSlowHandshakes) {
  HttpServerOptions short_time = options();
  short_time.header_ms = 100;
  TestServer server({hello()}, short_time);
  RawConnection silent(server.port());
  EXPECT_TRUE(silent.ends());
  RawConnection half(server.port());
  half.send("\x16\x03\x01");
  EXPECT_TRUE(half.ends());
  RawConnection plain(server.port());
  plain.send(get_text("/hello/a"));
  EXPECT_EQ(plain.read_all().find("hello a"), std::string::npos);
}

TEST_F(Tls, StreamsEventsAndStops) {
  std::promise<std::shared_ptr<EventStream>> opened;
  const Route events{.method = Method::get, .pattern = "/events", .handler = [&](Request& request) {
                       EXPECT_TRUE(request.peer.tls && request.peer.loopback);
                       Response response;
                       response.events = [&](std::shared_ptr<EventStream> stream) {
                         opened.set_value(std::move(stream));
                       };
                       return response;
                     }};
  TestServer server({events}, options());
  HttpClient browser = client(server);
  std::jthread sender([&] {
    const auto stream = opened.get_future().get();
    EXPECT_TRUE(stream->send("a", "b"));
    server->stop(20'000);
  });
  const auto answer = browser.send({.target = "/events"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "event: a\ndata: b\n\n");
}

}  // namespace
}  // namespace fristad
