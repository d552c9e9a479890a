#pragma once

// A server for a test, with the usual handlers of one, and what its seams were told.

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "http/server.h"
#include "tests/support/raw_connection.h"

namespace fristad::testing {

class TestServer {
 public:
  struct Event {
    std::string route;
    int status;
    bool slow;
    std::uint64_t request_bytes;
    std::uint64_t response_bytes;
  };

  explicit TestServer(std::vector<Route> routes, HttpServerOptions options = {}) {
    Router router;
    for (Route& route : routes) router.add(std::move(route));
    auto started = HttpServer::start(options, std::move(router),
                                     {.clock = system_clock(), .on_done = [this](const HttpEvent& event) {
                                        const std::lock_guard lock(mutex_);
                                        events_.push_back({std::string(event.route), event.status, event.slow,
                                                           event.request_bytes, event.response_bytes});
                                      }});
    if (!started) {
      ADD_FAILURE() << started.error().message;
      std::abort();
    }
    server_ = std::move(*started);
  }

  HttpServer* operator->() { return server_.get(); }
  std::uint16_t port() const { return server_->port(); }

  // As soon as there are so many.
  std::vector<Event> events(std::size_t count) {
    wait_until([&] {
      const std::lock_guard lock(mutex_);
      return events_.size() >= count;
    });
    const std::lock_guard lock(mutex_);
    return events_;
  }

  // Gives up after 20 s; the test's next expectation says so.
  static void wait_until(const std::function<bool()>& condition) {
    for (int i = 0; i < 4000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

 private:
  std::mutex mutex_;
  std::vector<Event> events_;
  std::unique_ptr<HttpServer> server_;
};

inline Route echo(bool quick, RouteLimits limits = {}) {
  return {.method = Method::post,
          .pattern = quick ? "/quick" : "/echo",
          .handler =
              [](Request& request) {
                auto body = request.read_all();
                return body ? Response::text(200, *body) : Response::text(422, to_string(body.error().code));
              },
          .limits = limits,
          .quick = quick};
}

inline Route hello() {
  return {.method = Method::get,
          .pattern = "/hello/{name}",
          .handler =
              [](Request& request) { return Response::text(200, "hello " + std::string(request.parameter("name"))); },
          .quick = true};
}

inline std::string get_text(const std::string& path, const std::string& headers = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}
inline std::string post_text(const std::string& path, const std::string& body, const std::string& headers = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers +
         "\r\n" + body;
}

}  // namespace fristad::testing
