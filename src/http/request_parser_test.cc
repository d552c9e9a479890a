#include "http/request_parser.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/seed.h"

namespace fristad {
namespace {

constexpr std::size_t head_max = 4096;

struct Read {
  int refused = 0;  // the status
  RequestHead head = {};
  std::string body = {};
  std::size_t used = 0;
  bool done = false;
};

// Feeds `bytes` as they would come, in pieces.
Read read(std::string_view bytes, std::size_t piece) {
  Read result;
  RequestParser parser;
  std::string input;
  std::size_t head_size = 0;
  for (std::size_t at = 0; at <= bytes.size() && !result.done; at += piece) {
    input += bytes.substr(at, piece);
    if (head_size == 0) {
      const auto size = parser.head_size(input, head_max);
      if (!size) return {.refused = size.error().status};
      if (*size == 0) continue;
      head_size = *size;
      auto head = parser.parse_head(std::string_view(input).substr(0, head_size));
      if (!head) return {.refused = head.error().status};
      result.head = std::move(*head);
      result.used = head_size;
      input.erase(0, head_size);
    }
    while (!parser.done()) {
      const auto used = parser.take_body(input, result.body);
      if (!used) return {.refused = used.error().status};
      result.used += *used;
      input.erase(0, *used);
      if (*used == 0) break;
    }
    result.done = parser.done();
  }
  return result;
}

int refused(const std::string& bytes) {
  const int status = read(bytes, 100'000).refused;
  for (const std::size_t piece : {1u, 2u, 5u}) EXPECT_EQ(read(bytes, piece).refused, status) << bytes;
  return status;
}

std::string get(const std::string& headers) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}
std::string post(const std::string& headers) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

TEST(RequestParser, ReadsARequestInAnyPieces) {
  const std::string bytes =
      "POST /a%20b?c=d&e HTTP/1.1\r\nHost: example.org:8080\r\ncontent-length: 5\r\nX-Empty:\r\nX-Pad: \t a b "
      "\t\r\n\r\nhelloGET";
  for (const std::size_t piece : {1u, 2u, 3u, 10u, 1000u}) {
    const Read request = read(bytes, piece);
    EXPECT_EQ(request.refused, 0);
    EXPECT_TRUE(request.done);
    EXPECT_EQ(request.head.method, Method::post);
    EXPECT_EQ(request.head.path, "/a%20b");
    EXPECT_EQ(request.head.query, "c=d&e");
    EXPECT_EQ(request.head.headers.find("x-pad"), "a b");
    EXPECT_TRUE(request.head.headers.has("X-Empty"));
    EXPECT_EQ(request.head.body_bytes, 5u);
    EXPECT_TRUE(request.head.keep_alive);
    EXPECT_EQ(request.body, "hello");
    EXPECT_EQ(request.used, bytes.size() - 3);
  }
}

TEST(RequestParser, ReadsChunksExtensionsAndTrailers) {
  const std::string bytes = post("Transfer-Encoding: Chunked\r\n") +
                            "5\r\nhello\r\nA;x=\"y\";z\r\n0123456789\r\n000\r\nContent-Type: x\r\nX-T: 1\r\n\r\nrest";
  for (const std::size_t piece : {1u, 2u, 3u, 10u, 1000u}) {
    const Read request = read(bytes, piece);
    EXPECT_EQ(request.refused, 0);
    EXPECT_TRUE(request.done);
    EXPECT_TRUE(request.head.chunked);
    EXPECT_EQ(request.body, "hello0123456789");
    EXPECT_FALSE(request.head.headers.has("X-T"));
    EXPECT_EQ(request.used, bytes.size() - 4);
  }
}

TEST(RequestParser, KnowsWhoWantsToStay) {
  EXPECT_TRUE(read(get(""), 100).head.keep_alive);
  EXPECT_FALSE(read(get("Connection: Close\r\n"), 100).head.keep_alive);
  EXPECT_FALSE(read(get("Connection: keep-alive\r\nConnection: x, close\r\n"), 100).head.keep_alive);
  EXPECT_FALSE(read("GET / HTTP/1.0\r\n\r\n", 100).head.keep_alive);
  EXPECT_TRUE(read("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 100).head.keep_alive);
}

TEST(RequestParser, KnowsExpectations) {
  EXPECT_TRUE(read(post("Content-Length: 1\r\nExpect: 100-Continue\r\n") + "a", 1000).head.expects_continue);
  EXPECT_EQ(refused(post("Content-Length: 1\r\nExpect: cake\r\n") + "a"), 417);
}

TEST(RequestParser, TakesTheHostFromAWholeUrl) {
  const Read request = read("GET HTTP://b.example:8?q HTTP/1.1\r\nHost: a\r\n\r\n", 1000);
  EXPECT_EQ(request.head.path, "/");
  EXPECT_EQ(request.head.query, "q");
  EXPECT_EQ(request.head.headers.find("Host"), "b.example:8");
  EXPECT_EQ(read("GET https://b/x/y?q HTTP/1.1\r\nHost: a\r\n\r\n", 1000).head.path, "/x/y");
  for (const char* target : {"ftp://b/", "http:///x", "http://u@b/", "b:80", "x", "*", "http:/b"}) {
    EXPECT_EQ(refused("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n"), 400) << target;
  }
}

TEST(RequestParser, NamesMethodsThatAreNotServed) {
  for (const auto& [line, status] : std::vector<std::pair<std::string, int>>{{"OPTIONS *", 405},
                                                                             {"OPTIONS /a", 405},
                                                                             {"TRACE /", 405},
                                                                             {"CONNECT a:80", 405},
                                                                             {"BREW /", 501},
                                                                             {"get /", 501}}) {
    const Read request = read(line + " HTTP/1.1\r\nHost: a\r\n\r\n", 1000);
    EXPECT_FALSE(request.head.method) << line;
    EXPECT_EQ(request.head.method_refusal, status) << line;
  }
}

// Pairs of readings that make two servers disagree about where a request ends: RFC 9112, section 11.2.
TEST(RequestParser, RefusesAmbiguousFraming) {
  for (const char* headers : {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                              "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                              "Content-Length: 5\r\nContent-Length: 5\r\n",
                              "Content-Length: 5\r\nContent-Length: 6\r\n",
                              "Content-Length: 5, 5\r\n",
                              "Content-Length: 5,6\r\n",
                              "Content-Length:\r\n",
                              "Content-Length: +5\r\n",
                              "Content-Length: -5\r\n",
                              "Content-Length: 0x5\r\n",
                              "Content-Length: 5 5\r\n",
                              "Content-Length: 5a\r\n",
                              "Content-Length: 18446744073709551616\r\n",
                              "Content-Length : 5\r\n",
                              "Content-Length\t: 5\r\n",
                              " Content-Length: 5\r\n",
                              "X: a\r\n Content-Length: 5\r\n",
                              "X: a\r\n\tb\r\n",
                              "Content_Length\x0b: 5\r\n",
                              "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                              "X: a\nContent-Length: 5\r\n",
                              "X: a\rContent-Length: 5\r\n",
                              "X: a\r\r\n",
                              "\rX: a\r\n",
                              "X: \x01\r\n",
                              "X: \x7f\r\n",
                              ": a\r\n",
                              "X\r\n",
                              "X a: b\r\n",
                              "X(: b\r\n",
                              "Connection: a b\r\n"}) {
    EXPECT_EQ(refused(post(headers) + "hello"), 400) << headers;
  }
  EXPECT_EQ(refused(post(std::string("X: a\0b\r\n", 8))), 400);
  EXPECT_EQ(refused(post(std::string("X\0: a\r\n", 7))), 400);
  for (const char* coding : {"gzip", "chunked, gzip", "gzip, chunked", "identity", "\"chunked\"", "xchunked",
                             "chunked,", "chunked\x0b", ""}) {
    const int status = refused(post("Transfer-Encoding: " + std::string(coding) + "\r\n"));
    EXPECT_TRUE(status == 501 || status == 400) << coding;
  }
  EXPECT_EQ(refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(RequestParser, RefusesMalformedLines) {
  for (const char* line : {"GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET /\tHTTP/1.1",
                           "GET / http/1.1", "GET / HTTP/1", "GET / HTTP/1.1x", "GET / HTTX/1.1", "GET /a b HTTP/1.1",
                           "G\x01T / HTTP/1.1", "GET /\xc3\xa5 HTTP/1.1", "GET /\x7f HTTP/1.1", "GET /<a> HTTP/1.1",
                           "GET /#a HTTP/1.1", "GET /\\a HTTP/1.1", "(GET) / HTTP/1.1", "/ HTTP/1.1"}) {
    EXPECT_EQ(refused(std::string(line) + "\r\nHost: a\r\n\r\n"), 400) << line;
  }
  EXPECT_EQ(refused("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(refused("GET / HTTP/0.9\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(refused("GET / HTTP/1.1\nHost: a\n\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a\n\r\n"), 400);
  EXPECT_EQ(refused("\n"), 400);
}

TEST(RequestParser, WantsOneHost) {
  EXPECT_EQ(refused("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(refused(get("Host: a\r\n")), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.0\r\n\r\n"), 0);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 0);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 0);
}

TEST(RequestParser, RefusesMalformedChunks) {
  for (const char* body :
       {"5\r\nhelloXY\r\n", "5\r\nhello\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n", "+5\r\nhello\r\n0\r\n\r\n", "-1\r\n", "\r\n", "g\r\n",
        "5;\x01\r\nhello\r\n0\r\n\r\n", "5 5\r\nhello\r\n0\r\n\r\n", "10000000000000000\r\n",
        "5\r\nhello\r\n0\r\nX\r\n\r\n", "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n",
        "5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", "5\rXhello\r\n0\r\n\r\n", "7\r\nhello\r\n0\r\nX"}) {
    EXPECT_EQ(refused(post("Transfer-Encoding: chunked\r\n") + body), 400) << body;
  }
  EXPECT_EQ(refused(post("Transfer-Encoding: chunked\r\n") + "1;" + std::string(20'000, 'a')), 400);
  EXPECT_EQ(refused(post("Transfer-Encoding: chunked\r\n") + "0\r\nX: " + std::string(20'000, 'a')), 400);
}

TEST(RequestParser, KeepsItsLimits) {
  EXPECT_EQ(refused("GET /" + std::string(head_max, 'a')), 414);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(head_max, 'a')), 431);
  std::string many;
  for (int i = 0; i < 99; ++i) many += "a:\r\n";
  EXPECT_EQ(refused(get(many)), 0);
  EXPECT_EQ(refused(get(many + "a:\r\n")), 431);
  RequestParser parser;
  const std::string long_target = "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
  ASSERT_EQ(parser.head_size(long_target, 20'000).value(), long_target.size());
  EXPECT_EQ(parser.parse_head(long_target).error().status, 414);
}

TEST(RequestParser, BeginsAnew) {
  RequestParser parser;
  std::string body;
  for (int round = 0; round < 2; ++round) {
    const std::string bytes = post("Content-Length: 2\r\n");
    ASSERT_EQ(parser.head_size(bytes, head_max).value(), bytes.size());
    ASSERT_TRUE(parser.parse_head(bytes));
    EXPECT_FALSE(parser.done());
    EXPECT_EQ(parser.take_body("ab", body).value(), 2u);
    EXPECT_TRUE(parser.done());
    parser.reset();
    EXPECT_FALSE(parser.done());
  }
  EXPECT_EQ(body, "abab");
}

TEST(RequestParser, SurvivesRandomChanges) {
  const auto seed = testing::chosen_seed();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string good = post("Transfer-Encoding: chunked\r\n") + "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n";
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (unsigned change = random() % 4; change > 0; --change) {
      const std::size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0: bytes[at] = static_cast<char>(random()); break;
        case 1: bytes.erase(at, 1 + random() % 3); break;
        case 2: bytes.insert(at, 1, "\r\n :,;0a"[random() % 8]); break;
      }
      if (bytes.empty()) break;
    }
    // The pieces in which bytes come change nothing.
    const Read whole = read(bytes, bytes.size() + 1);
    const Read pieces = read(bytes, 1 + random() % 7);
    EXPECT_EQ(whole.refused, pieces.refused) << bytes;
    EXPECT_EQ(whole.done, pieces.done) << bytes;
    EXPECT_EQ(whole.done ? whole.body : "", pieces.done ? pieces.body : "");
  }
}

}  // namespace
}  // namespace fristad
