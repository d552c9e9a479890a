#include <gtest/gtest.h>

#include <future>

#include "tests/support/http_server.h"

namespace fristad {
namespace {

using testing::echo;
using testing::get_text;
using testing::hello;
using testing::post_text;
using testing::RawAnswer;
using testing::RawConnection;
using testing::TestServer;

bool keeps(const RawAnswer& answer) {
  return answer.head.find("Connection: keep-alive\r\n") != std::string::npos;
}
bool closes(const RawAnswer& answer) {
  return answer.head.find("Connection: close\r\n") != std::string::npos;
}

const std::string chunked = "Transfer-Encoding: chunked\r\n";

TEST(Connection, AnswersRequestAfterRequest) {
  TestServer server({echo(true), echo(false), hello()});
  RawConnection connection(server.port());
  for (int i = 0; i < 3; ++i) {
    for (const char* path : {"/quick", "/echo"}) {
      const std::string body = std::string(path) + std::to_string(i);
      const RawAnswer answer = connection.ask(post_text(path, body));
      EXPECT_EQ(answer.status, 200);
      EXPECT_EQ(answer.body, body);
      EXPECT_TRUE(keeps(answer));
      EXPECT_NE(answer.head.find("\r\nDate: "), std::string::npos);
      EXPECT_EQ(answer.head.find("Server:"), std::string::npos);
    }
    EXPECT_EQ(connection.ask(get_text("/hello/a%20b?c")).body, "hello a b");
  }
  const auto events = server.events(9);
  ASSERT_EQ(events.size(), 9u);
  EXPECT_EQ(events[0].route, "/quick");
  EXPECT_EQ(events[0].request_bytes, post_text("/quick", "/quick0").size());
  EXPECT_GT(events[0].response_bytes, 7u);
  EXPECT_EQ(server->info().connections, 1u);
}

TEST(Connection, ServesPipelinedRequestsInOrder) {
  TestServer server({echo(true), echo(false), hello()});
  RawConnection connection(server.port());
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += post_text(i % 3 == 0 ? "/quick" : "/echo", std::string(static_cast<std::size_t>(i) * 20, 'x'));
    all += "POST /echo HTTP/1.1\r\nHost: a\r\n" + chunked + "\r\n3\r\nabc\r\n0\r\n\r\n";
    all += "\r\n" + get_text("/nothing");
  }
  std::jthread sender([&] { connection.send(all); });
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(connection.read_answer().body.size(), static_cast<std::size_t>(i) * 20);
    EXPECT_EQ(connection.read_answer().body, "abc");
    EXPECT_EQ(connection.read_answer().status, 404);
  }
}

TEST(Connection, TakesRequestsInAnyPieces) {
  TestServer server({echo(true), echo(false)});
  RawConnection connection(server.port());
  for (const std::string& text : {post_text("/quick", "abc"), post_text("/echo", "abc"),
                                  "POST /echo HTTP/1.1\r\nHost: a\r\n" + chunked + "\r\n3\r\nabc\r\n0\r\n\r\n"}) {
    for (const char byte : text) ASSERT_TRUE(connection.send(std::string_view(&byte, 1)));
    EXPECT_EQ(connection.read_answer().body, "abc");
  }
}

TEST(Connection, ClosesWhenAsked) {
  TestServer server({hello()});
  for (const std::string& text :
       {get_text("/hello/a", "Connection: close\r\n"), std::string("GET /hello/a HTTP/1.0\r\n\r\n")}) {
    RawConnection connection(server.port());
    const RawAnswer answer = connection.ask(text);
    EXPECT_EQ(answer.body, "hello a");
    EXPECT_TRUE(closes(answer));
    EXPECT_TRUE(connection.ends());
  }
  RawConnection old(server.port());
  EXPECT_TRUE(keeps(old.ask("GET /hello/a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")));
  EXPECT_EQ(old.ask("GET /hello/b HTTP/1.0\r\n\r\n").body, "hello b");
}

TEST(Connection, SendsNoBodyToHead) {
  TestServer server({hello(), echo(false)});
  RawConnection connection(server.port());
  connection.send("HEAD /hello/abc HTTP/1.1\r\nHost: a\r\n\r\n");
  const RawAnswer answer = connection.read_answer(true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.head.find("Content-Length: 9\r\n"), std::string::npos);
  EXPECT_EQ(connection.ask(get_text("/hello/b")).body, "hello b");
}

TEST(Connection, SaysWhatIsNotThere) {
  TestServer server({hello(), echo(false)});
  RawConnection connection(server.port());
  EXPECT_EQ(connection.ask(get_text("/other")).status, 404);
  EXPECT_EQ(connection.ask(post_text("/other", "body")).status, 404);
  EXPECT_EQ(connection.ask(get_text("/a//b")).status, 400);
  EXPECT_EQ(connection.ask(get_text("/%2e%2e/b")).status, 400);
  RawAnswer answer = connection.ask(post_text("/hello/a", "body"));
  EXPECT_EQ(answer.status, 405);
  EXPECT_NE(answer.head.find("Allow: GET, HEAD\r\n"), std::string::npos);
  answer = connection.ask("OPTIONS /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(answer.status, 405);
  EXPECT_NE(answer.head.find("Allow: POST\r\n"), std::string::npos);
  EXPECT_EQ(connection.ask("TRACE /echo HTTP/1.1\r\nHost: a\r\n\r\n").status, 405);
  EXPECT_EQ(connection.ask("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n").status, 405);
  EXPECT_EQ(connection.ask("BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n").status, 501);
  EXPECT_EQ(connection.ask(get_text("http://b/hello/c")).body, "hello c");
}

TEST(Connection, MergesSlashesWhenAsked) {
  TestServer server({hello()}, {.merge_slashes = true});
  RawConnection connection(server.port());
  EXPECT_EQ(connection.ask(get_text("//hello///a")).body, "hello a");
}

// Each is refused, and nothing behind it is served: what follows would be the smuggled request.
TEST(Connection, ClosesOnWhatIsMalformed) {
  TestServer server({echo(true), echo(false), hello()});
  const std::string smuggled = get_text("/hello/smuggled");
  const std::string begin = "POST /quick HTTP/1.1\r\nHost: a\r\n";
  for (const std::string& bad : {begin + "Content-Length: 0\r\n" + chunked + "\r\n",
                                 begin + chunked + "Content-Length: 0\r\n\r\n",
                                 begin + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
                                 begin + "Content-Length: 0, 0\r\n\r\n",
                                 begin + "Content-Length: +0\r\n\r\n",
                                 begin + "Content-Length : 0\r\n\r\n",
                                 begin + "X: a\r\n b\r\n\r\n",
                                 begin + "X: a\nY: b\r\n\r\n",
                                 begin + "X: a\rY: b\r\n\r\n",
                                 begin + "\x01: a\r\n\r\n",
                                 begin + "X: \x02\r\n\r\n",
                                 begin + "Host: b\r\n\r\n",
                                 std::string("GET /hello/a HTTP/1.1\r\n\r\n"),
                                 std::string("GET /hello/a\r\n\r\n"),
                                 begin + "Transfer-Encoding: gzip, chunked\r\n\r\n",
                                 begin + "Transfer-Encoding: x\r\n\r\n",
                                 begin + chunked + chunked + "\r\n",
                                 begin + chunked + "\r\nx\r\n",
                                 begin + chunked + "\r\n-1\r\n",
                                 begin + chunked + "\r\n1\r\nab\r\n",
                                 std::string("GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
                                 std::string("\x16\x03\x01\x02\x00\x01\n", 7),
                                 std::string("\n\n"),
                                 begin + "Expect: x\r\n\r\n",
                                 begin + std::string("X: a\0\r\n\r\n", 9),
                                 std::string("GET /hello/\xff HTTP/1.1\r\nHost: a\r\n\r\n")}) {
    RawConnection connection(server.port());
    connection.send(bad + smuggled);
    const std::string answer = connection.read_all();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 5")) << bad << "\n" << answer;
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos) << bad;
    EXPECT_EQ(answer.find("smuggled"), std::string::npos) << bad;
    EXPECT_EQ(answer.find("\r\nDate: "), answer.rfind("\r\nDate: ")) << bad;
  }
}

TEST(Connection, RefusesLongHeads) {
  TestServer server({hello()}, {.header_bytes_max = 1000});
  RawConnection target(server.port());
  EXPECT_EQ(target.ask(get_text("/" + std::string(1000, 'a'))).status, 414);
  EXPECT_TRUE(target.ends());
  RawConnection headers(server.port());
  EXPECT_EQ(headers.ask(get_text("/", "X: " + std::string(1000, 'a') + "\r\n")).status, 431);
  EXPECT_TRUE(headers.ends());
}

// A handler that takes its time: 64 MiB arrive whole, and at no moment is more under way than the pipe and the buffers
// of the system hold (which grow to some MiB).
TEST(Connection, StreamsLargeBodiesInBoundedMemory) {
  constexpr std::int64_t under_way_max = 24 << 20;
  std::atomic<std::int64_t> sent = 0;
  std::atomic<std::int64_t> most = 0;
  const Route take{.method = Method::post,
                   .pattern = "/take",
                   .handler =
                       [&](Request& request) {
                         std::vector<char> buffer(64 * 1024);
                         std::int64_t total = 0;
                         for (int reads = 0;; ++reads) {
                           const auto count = request.body->read(buffer);
                           if (!count) return Response::text(422, count.error().message);
                           if (*count == 0) return Response::text(200, std::to_string(total));
                           total += static_cast<std::int64_t>(*count);
                           most = std::max(most.load(), sent - total);
                           if (reads % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
                         }
                       },
                   .limits = {.body_bytes = 100 << 20}};
  TestServer server({take});
  const std::string piece(1 << 20, 'x');
  for (const bool in_chunks : {true, false}) {
    RawConnection connection(server.port());
    sent = most = 0;
    connection.send("POST /take HTTP/1.1\r\nHost: a\r\n" +
                    (in_chunks ? chunked : "Content-Length: " + std::to_string(64 << 20) + "\r\n") + "\r\n");
    for (int i = 0; i < 64; ++i) {
      ASSERT_TRUE(connection.send(in_chunks ? "100000\r\n" + piece + "\r\n" : piece));
      sent += static_cast<std::int64_t>(piece.size());
    }
    if (in_chunks) connection.send("0\r\n\r\n");
    EXPECT_EQ(connection.read_answer().body, std::to_string(64 << 20));
    EXPECT_LT(most, under_way_max);
  }
}

TEST(Connection, RefusesBodiesOverTheRoutesLimit) {
  TestServer server({echo(true, {.body_bytes = 10}), echo(false, {.body_bytes = 10})});
  for (const std::string path : {"/quick", "/echo"}) {
    RawConnection announced(server.port());
    EXPECT_EQ(announced.ask(post_text(path, std::string(11, 'x'))).status, 413);
    EXPECT_EQ(announced.ask(post_text(path, std::string(10, 'x'))).status, 200);  // it was short enough to pass over
    RawConnection far(server.port());
    EXPECT_EQ(far.ask("POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000000\r\n\r\n").status, 413);
    EXPECT_TRUE(far.ends());
    RawConnection in_chunks(server.port());
    const RawAnswer answer = in_chunks.ask("POST " + path + " HTTP/1.1\r\nHost: a\r\n" + chunked +
                                           "\r\n6\r\nabcdef\r\n6\r\nabcdef\r\n0\r\n\r\n");
    EXPECT_EQ(answer.status, path == "/quick" ? 413 : 422);
    EXPECT_TRUE(closes(answer));
    EXPECT_TRUE(in_chunks.ends());
  }
  TestServer quick({echo(true, {.body_bytes = 1 << 20})});
  RawConnection connection(quick.port());
  EXPECT_EQ(connection.ask(post_text("/quick", std::string(64 * 1024, 'x'))).status, 200);
  EXPECT_EQ(connection.ask(post_text("/quick", std::string(64 * 1024 + 1, 'x'))).status, 413);
}

TEST(Connection, PassesOverBodiesThatNobodyReads) {
  const Route ignore{.method = Method::post,
                     .pattern = "/ignore",
                     .handler = [](Request&) { return Response::text(200, "no"); },
                     .limits = {.body_bytes = 100 << 20}};
  TestServer server({ignore, hello()});
  RawConnection small(server.port());
  EXPECT_TRUE(keeps(small.ask(post_text("/ignore", std::string(200'000, 'x')))));
  EXPECT_EQ(small.ask(get_text("/hello/a")).body, "hello a");
  small.send("POST /ignore HTTP/1.1\r\nHost: a\r\n" + chunked + "\r\n");
  EXPECT_EQ(small.read_answer().status, 200);
  small.send("3\r\nabc\r\n0\r\n\r\n");
  EXPECT_EQ(small.ask(get_text("/hello/b")).body, "hello b");

  RawConnection large(server.port());
  large.send("POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  EXPECT_TRUE(closes(large.read_answer()));
  EXPECT_TRUE(large.ends());

  RawConnection endless(server.port());
  endless.send("POST /ignore HTTP/1.1\r\nHost: a\r\n" + chunked + "\r\n");
  EXPECT_EQ(endless.read_answer().status, 200);
  const std::string chunk = "8000\r\n" + std::string(0x8000, 'x') + "\r\n";
  int sent = 0;
  while (sent < 10'000 && endless.send(chunk)) ++sent;
  EXPECT_LT(sent, 10'000);
}

TEST(Connection, AsksForALargeBodyOnlyWhenTheHandlerReads) {
  const Route refuse{
      .method = Method::post, .pattern = "/refuse", .handler = [](Request&) { return Response::text(401, ""); }};
  TestServer server({refuse, echo(false), echo(true)});
  const std::string expect = "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  for (const std::string path : {"/echo", "/quick"}) {
    RawConnection connection(server.port());
    EXPECT_EQ(connection.ask("POST " + path + " HTTP/1.1\r\nHost: a\r\n" + expect).status, 100);
    EXPECT_EQ(connection.ask("abc").body, "abc");
    EXPECT_EQ(connection.ask(post_text(path, "now", "Expect: 100-continue\r\n")).body, "now");  // didn't wait
  }
  RawConnection connection(server.port());
  const RawAnswer answer =
      connection.ask("POST /refuse HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 100000\r\n\r\n");
  EXPECT_EQ(answer.status, 401);
  EXPECT_TRUE(closes(answer));  // whether the body comes can't be known
}

TEST(Connection, CutsOffSlowClients) {
  TestServer server({echo(true, {.body_ms = 100}), echo(false, {.body_ms = 100})}, {.header_ms = 100, .idle_ms = 100});
  RawConnection silent(server.port());
  EXPECT_TRUE(silent.ends());

  RawConnection head(server.port());
  head.send("GET / HTTP/1.1\r\n");
  EXPECT_EQ(head.read_answer().status, 408);
  EXPECT_TRUE(head.ends());

  // One byte now and then makes it no better.
  const auto trickle = [](RawConnection& connection, const std::string& text) {
    for (int i = 0; i < 2000 && connection.send(text); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  };
  RawConnection slow_head(server.port());
  slow_head.send("GET / HTTP/1.1\r\n");
  trickle(slow_head, "X: a\r\n");
  EXPECT_EQ(slow_head.send("X: a\r\n"), false);

  for (const std::string path : {"/quick", "/echo"}) {
    RawConnection body(server.port());
    const std::string length = path == "/quick" ? "100" : "100000";
    const RawAnswer answer =
        body.ask("POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + length + "\r\n\r\nabc");
    EXPECT_EQ(answer.status, path == "/quick" ? 408 : 422);
    EXPECT_TRUE(closes(answer));
    EXPECT_EQ(answer.body == "deadline_exceeded", path == "/echo");
    EXPECT_TRUE(body.ends());
    RawConnection slow_body(server.port());
    slow_body.send("POST " + path +
                   " HTTP/1.1\r\nHost: a\r\nContent-Length: " + (path == "/quick" ? "50000" : "100000") + "\r\n\r\n");
    std::jthread feeder([&] { trickle(slow_body, "x"); });
    EXPECT_EQ(slow_body.read_answer().status, path == "/quick" ? 408 : 422);
  }
}

TEST(Connection, TellsTheHandlerThatTheClientIsGone) {
  std::promise<Code> code;
  const Route wait{.method = Method::post, .pattern = "/wait", .handler = [&](Request& request) {
                     const auto body = request.read_all();
                     code.set_value(body ? Code::internal : body.error().code);
                     return Response();
                   }};
  TestServer server({wait});
  {
    RawConnection connection(server.port());
    connection.send("POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc");
    TestServer::wait_until([&] { return server->info().handlers_running == 1; });
  }
  EXPECT_EQ(code.get_future().get(), Code::unavailable);
}

TEST(Connection, SlowClientsWithSmallBodiesHoldNoHandler) {
  TestServer server({echo(false), hello()}, {.handler_threads = 1});
  std::vector<std::unique_ptr<RawConnection>> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(std::make_unique<RawConnection>(server.port()));
    slow.back()->send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  }
  RawConnection other(server.port());
  EXPECT_EQ(other.ask(post_text("/echo", "abc")).body, "abc");
  EXPECT_EQ(slow.front()->ask("defghij").body, "abcdefghij");
}

TEST(Connection, BelievesTheProxyBesideItAlone) {
  const Route who{.method = Method::get, .pattern = "/who", .handler = [](Request& request) {
                    return Response::text(200, request.peer.address + (request.peer.loopback ? " here" : ""));
                  }};
  const auto asked = [&](bool behind_proxy, const std::string& header) {
    TestServer server({who}, {.behind_proxy = behind_proxy});
    return RawConnection(server.port()).ask("GET /who HTTP/1.1\r\nHost: a\r\n" + header + "\r\n").body;
  };
  EXPECT_EQ(asked(true, "X-Forwarded-For: 10.0.0.9, 203.0.113.7\r\n"), "203.0.113.7");
  EXPECT_EQ(asked(true, "X-Forwarded-For: 2001:db8::1\r\n"), "2001:db8::1");
  EXPECT_EQ(asked(true, "X-Forwarded-For: nonsense\r\n"), "127.0.0.1 here");
  EXPECT_EQ(asked(true, ""), "127.0.0.1 here");
  EXPECT_EQ(asked(false, "X-Forwarded-For: 203.0.113.7\r\n"), "127.0.0.1 here");
}

TEST(Connection, AnswersWhoHasNothingMoreToSay) {
  TestServer server({echo(false), hello()});
  RawConnection connection(server.port());
  connection.send(post_text("/echo", "abc"));
  connection.end_sending();
  EXPECT_EQ(connection.read_answer().body, "abc");
  EXPECT_TRUE(connection.ends());
}

}  // namespace
}  // namespace fristad
