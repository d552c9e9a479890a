#include "http/response_head.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

TEST(ResponseHead, WritesLines) {
  Response response = Response::json(200, "{}");
  response.headers.add("X-A", "b");
  std::string out;
  ASSERT_TRUE(append_head(out, response, {.body_bytes = 2, .date = "D"}));
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: keep-alive\r\nContent-Length: 2\r\nContent-Type: "
            "application/json\r\nX-A: b\r\n\r\n");
}

TEST(ResponseHead, SaysHowTheBodyEnds) {
  const auto head = [](Framing framing, bool keep_alive) {
    std::string out;
    EXPECT_TRUE(append_head(out, Response(), {.framing = framing, .keep_alive = keep_alive}));
    return out;
  };
  EXPECT_NE(head(Framing::length, true).find("Content-Length: 0\r\n"), std::string::npos);
  EXPECT_NE(head(Framing::chunked, true).find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(head(Framing::close, false), "HTTP/1.1 200 OK\r\nDate: \r\nConnection: close\r\n\r\n");
  EXPECT_EQ(head(Framing::none, true), "HTTP/1.1 200 OK\r\nDate: \r\nConnection: keep-alive\r\n\r\n");
}

TEST(ResponseHead, KeepsWhatIsTheServersOwn) {
  Response response;
  for (const char* name : {"content-length", "Transfer-encoding", "CONNECTION", "Date", "Server"}) {
    response.headers.add(name, "5");
  }
  std::string out;
  ASSERT_TRUE(append_head(out, response, {.body_bytes = 1}));
  EXPECT_EQ(out.find('5'), std::string::npos);
}

TEST(ResponseHead, RefusesToSplitAnswers) {
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"X", "a\r\nSet-Cookie: b"},
                                                                                    {"X", "a\nb"},
                                                                                    {"X", std::string("a\0b", 3)},
                                                                                    {"X Y", "a"},
                                                                                    {"", "a"},
                                                                                    {"X:", "a"}}) {
    Response response;
    response.headers.add(name, value);
    std::string out;
    const Status appended = append_head(out, response, {});
    ASSERT_FALSE(appended) << name << value;
    EXPECT_EQ(appended.error().code, Code::internal);
  }
  for (const int status : {0, 100, 199, 600, -200}) {
    std::string out;
    EXPECT_FALSE(append_head(out, Response{.status = status}, {}));
  }
}

TEST(ResponseHead, WritesDates) {
  EXPECT_EQ(http_date(784'111'777'000), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(951'782'399'999), "Mon, 28 Feb 2000 23:59:59 GMT");
  EXPECT_EQ(http_date(951'782'400'000), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(ResponseHead, WritesChunks) {
  std::string out;
  append_chunk(out, std::string(26, 'x'));
  EXPECT_EQ(out, "1a\r\n" + std::string(26, 'x') + "\r\n");
  EXPECT_EQ(status_text(503), "Service Unavailable");
  EXPECT_EQ(status_text(299), "Unknown");
}

}  // namespace
}  // namespace fristad
