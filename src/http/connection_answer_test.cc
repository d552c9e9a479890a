#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

#include "base/try.h"
#include "tests/support/http_server.h"

namespace fristad {
namespace {

using testing::get_text;
using testing::hello;
using testing::post_text;
using testing::RawAnswer;
using testing::RawConnection;
using testing::TestServer;

Route get(const std::string& pattern, Handler handler, bool quick = false) {
  return {.method = Method::get, .pattern = pattern, .handler = std::move(handler), .quick = quick};
}

Response streamed(std::function<Status(BodyWriter&)> stream) {
  Response response;
  response.stream = std::move(stream);
  return response;
}

Response evented(std::function<void(std::shared_ptr<EventStream>)> events) {
  Response response;
  response.events = std::move(events);
  return response;
}

TEST(Answer, SendsLargeBodies) {
  const std::string large(10 << 20, 'x');
  TestServer server({get(
                         "/large", [&](Request&) { return Response::text(200, large); }, true),
                     hello()});
  RawConnection connection(server.port());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(connection.ask(get_text("/large")).body == large);
    EXPECT_EQ(connection.ask(get_text("/hello/a")).body, "hello a");
  }
}

TEST(Answer, HasNoBodyWhereTheStatusForbidsOne) {
  TestServer server({get("/none", [](Request&) { return Response::text(204, "body"); }), hello()});
  RawConnection connection(server.port());
  const RawAnswer answer = connection.ask(get_text("/none"));
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.head.find("Content-Length"), std::string::npos);
  EXPECT_EQ(connection.ask(get_text("/hello/a")).body, "hello a");
}

TEST(Answer, StreamsParts) {
  const auto count = [](Request&) {
    return streamed([](BodyWriter& writer) -> Status {
      for (int i = 0; i < 1000; ++i) TRY(writer.write(std::to_string(i) + "\n"));
      TRY(writer.write(std::string(300'000, 'x')));
      return {};
    });
  };
  TestServer server({get("/count", count), get("/quick", count, true), hello()});
  RawConnection connection(server.port());
  for (const char* path : {"/count", "/quick"}) {
    const RawAnswer answer = connection.ask(get_text(path));
    EXPECT_EQ(answer.body.size(), 3890u + 300'000u);
    EXPECT_TRUE(answer.body.starts_with("0\n1\n2\n"));
    connection.send("HEAD " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(connection.read_answer(true).status, 200);
    EXPECT_EQ(connection.ask(get_text("/hello/a")).body, "hello a");
  }
  RawConnection old(server.port());
  old.send("GET /count HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string all = old.read_all();  // its end is the connection's
  EXPECT_EQ(all.find("chunked"), std::string::npos);
  EXPECT_EQ(all.size() - all.find("\r\n\r\n") - 4, 3890u + 300'000u);
}

TEST(Answer, BreaksOffWhenAStreamFails) {
  TestServer server(
      {get("/early", [](Request&) { return streamed([](BodyWriter&) {
                                      return Error{Code::damaged, "x"};
                                    }); }),
       get("/late",
           [](Request&) {
             return streamed([](BodyWriter& writer) -> Status {
               TRY(writer.write("abc"));
               return Error{Code::damaged, "x"};
             });
           }),
       get("/throws",
           [](Request&) { return streamed([](BodyWriter&) -> Status { throw std::runtime_error("x"); }); })});
  RawConnection connection(server.port());
  EXPECT_EQ(connection.ask(get_text("/early")).status, 500);
  EXPECT_EQ(connection.ask(get_text("/throws")).status, 500);
  connection.send(get_text("/late", "Connection: close\r\n"));
  const std::string late = connection.read_all();  // broken off, or an error if the first part was still here
  EXPECT_FALSE(late.ends_with("0\r\n\r\n")) << late;
}

TEST(Answer, EchoesWhileTheBodyComes) {
  const Route echo{.method = Method::post,
                   .pattern = "/echo",
                   .handler =
                       [](Request& request) {
                         return streamed([&request](BodyWriter& writer) -> Status {
                           std::array<char, 1000> buffer;
                           while (const std::size_t count = TRY(request.body->read(buffer))) {
                             TRY(writer.write({buffer.data(), count}));
                           }
                           return {};
                         });
                       },
                   .limits = {.body_bytes = 10 << 20}};
  TestServer server({echo, hello()});
  RawConnection connection(server.port());
  const std::string body(2'000'000, 'x');
  std::jthread sender([&] { connection.send(post_text("/echo", body)); });
  EXPECT_TRUE(connection.read_answer().body == body);
}

TEST(Answer, SurvivesHandlersThatThrow) {
  const auto throws = [](Request&) -> Response { throw std::runtime_error("x"); };
  const auto splits = [](Request&) {
    Response response;
    response.headers.add("X", "a\r\nSet-Cookie: b");
    return response;
  };
  TestServer server({get("/throws", throws), get("/quick", throws, true), get("/splits", splits), hello()});
  for (const char* path : {"/throws", "/quick", "/splits"}) {
    RawConnection connection(server.port());
    const RawAnswer answer = connection.ask(get_text(path));
    EXPECT_EQ(answer.status, 500) << path;
    EXPECT_EQ(answer.head.find("Set-Cookie"), std::string::npos);
  }
}

TEST(Answer, StopsAStreamWhoseReaderDoesNotRead) {
  std::promise<Code> code;
  const auto endless = [&](Request&) {
    return streamed([&](BodyWriter& writer) -> Status {
      const std::string part(64 * 1024, 'x');
      while (true) {
        Status written = writer.write(part);
        if (written) continue;
        code.set_value(written.error().code);
        return written;
      }
    });
  };
  TestServer server({get("/endless", endless)}, {.write_ms = 100});
  RawConnection connection(server.port(), 4096);
  connection.send(get_text("/endless"));
  EXPECT_EQ(code.get_future().get(), Code::unavailable);
  EXPECT_EQ(server.events(1).at(0).status, 499);
}

TEST(Answer, SaysWhenAHandlerWasSlow) {
  TestServer server({{.method = Method::get,
                      .pattern = "/slow",
                      .handler =
                          [](Request&) {
                            std::this_thread::sleep_for(std::chrono::milliseconds(20));
                            return Response();
                          },
                      .limits = {.handler_ms = 1}},
                     hello()});
  RawConnection connection(server.port());
  connection.ask(get_text("/slow"));
  connection.ask(get_text("/hello/a"));
  const auto events = server.events(2);
  EXPECT_TRUE(events.at(0).slow);
  EXPECT_FALSE(events.at(1).slow);
}

// Events of a test, and the stream that they go to.
struct Events {
  std::promise<std::shared_ptr<EventStream>> opened;
  Route route(bool quick = false) {
    return get(
        "/events",
        [this](Request&) {
          return evented([this](std::shared_ptr<EventStream> stream) { opened.set_value(std::move(stream)); });
        },
        quick);
  }
  std::shared_ptr<EventStream> stream() { return opened.get_future().get(); }
};

TEST(Events, AreSentAsTheyCome) {
  for (const bool quick : {false, true}) {
    Events events;
    TestServer server({events.route(quick)});
    RawConnection connection(server.port());
    connection.send(get_text("/events"));
    const std::string head = connection.read_until("\r\n\r\n");
    EXPECT_NE(head.find("Content-Type: text/event-stream\r\n"), std::string::npos);
    EXPECT_NE(head.find("Cache-Control: no-store\r\n"), std::string::npos);
    const auto stream = events.stream();
    EXPECT_EQ(server->info().event_streams, 1u);
    EXPECT_TRUE(stream->send("list", "one\ntwo"));
    EXPECT_EQ(connection.read_until("\n\n\r\n"), "21\r\nevent: list\ndata: one\ndata: two\n\n\r\n");
    EXPECT_TRUE(stream->send("", "three"));
    EXPECT_EQ(connection.read_until("\n\n\r\n"), "d\r\ndata: three\n\n\r\n");
    stream->close();
    EXPECT_EQ(connection.read_all(), "0\r\n\r\n");
    EXPECT_TRUE(stream->closed());
    EXPECT_EQ(stream->send("", "four").error().code, Code::unavailable);
    TestServer::wait_until([&] { return server->info().event_streams == 0; });
    EXPECT_EQ(server->info().event_streams, 0u);
  }
}

TEST(Events, CloseWhenTheClientIsGone) {
  Events events;
  TestServer server({events.route()});
  std::shared_ptr<EventStream> stream;
  {
    RawConnection connection(server.port());
    connection.send(get_text("/events"));
    connection.read_until("\r\n\r\n");
    stream = events.stream();
    EXPECT_FALSE(stream->closed());
  }
  TestServer::wait_until([&] { return stream->closed(); });
  EXPECT_TRUE(stream->closed());
  EXPECT_EQ(stream->send("", "a").error().code, Code::unavailable);
}

TEST(Events, CloseWhenNobodyHoldsThem) {
  Events events;
  TestServer server({events.route()});
  RawConnection connection(server.port());
  connection.send(get_text("/events"));
  connection.read_until("\r\n\r\n");
  events.stream().reset();
  EXPECT_EQ(connection.read_all(), "0\r\n\r\n");
}

TEST(Events, BeatWhenNothingHappens) {
  Events events;
  TestServer server({events.route()}, {.heartbeat_ms = 50});
  RawConnection connection(server.port());
  connection.send("GET /events HTTP/1.0\r\n\r\n");
  connection.read_until("\r\n\r\n");
  const auto stream = events.stream();
  EXPECT_EQ(connection.read_until(":\n\n"), ":\n\n");
  EXPECT_EQ(connection.read_until(":\n\n"), ":\n\n");
  EXPECT_TRUE(stream->send("", "a"));
  EXPECT_NE(connection.read_until("data: a\n\n"), "");
}

TEST(Events, CutOffAReaderThatDoesNotRead) {
  Events events;
  TestServer server({events.route()});
  RawConnection connection(server.port(), 4096);
  connection.send(get_text("/events"));
  connection.read_until("\r\n\r\n");
  const auto stream = events.stream();
  const std::string data(16'000, 'x');
  Status sent;
  for (int i = 0; i < 100'000 && sent; ++i) sent = stream->send("", data);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Code::unavailable);
  EXPECT_FALSE(connection.read_all().ends_with("0\r\n\r\n"));
  TestServer::wait_until([&] { return server->info().connections == 0; });
  EXPECT_EQ(server->info().connections, 0u);
}

TEST(Events, MayBeSentFromManyThreads) {
  Events events;
  TestServer server({events.route()}, {.io_threads = 2});
  RawConnection connection(server.port());
  connection.send("GET /events HTTP/1.0\r\n\r\n");
  connection.read_until("\r\n\r\n");
  auto stream = events.stream();
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) EXPECT_TRUE(stream->send("", "a"));
      });
    }
  }
  stream->close();
  const std::string all = connection.read_all();
  std::string expected;
  for (int i = 0; i < 80; ++i) expected += "data: a\n\n";
  EXPECT_EQ(all, expected);
}

}  // namespace
}  // namespace fristad
