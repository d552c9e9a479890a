#pragma once

// From method and path to a handler. Built once, then only read: any thread may ask.
//
//   Router router;
//   router.add({.method = Method::get, .pattern = "/api/v1/lists/{list}", .handler = show_list});

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace fristad {

struct RouteLimits {
  std::uint64_t body_bytes = 1 << 20;
  std::int64_t body_ms = 30'000;     // for the whole body to arrive
  std::int64_t handler_ms = 60'000;  // said in the log when it takes longer; a handler isn't interrupted
};

struct Route {
  Method method = Method::get;
  std::string pattern = {};  // parts between "/" are text or {name}; a last part {name...} takes the rest of the path
  Handler handler = {};
  RouteLimits limits = {};
  // The handler never waits (for a disk, a lock, the body): runs at once, where the request was read. Saves two
  // changes of thread. The body, which has at most 64 KiB, is there already.
  bool quick = false;
};

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;

  // A pattern that is there already, or malformed, is a bug of ours: asserts.
  void add(Route route);

  struct Found {
    const Route* route = nullptr;         // none: 404, or 405 if `allow` says what there is
    std::vector<std::string> allow = {};  // methods of that path
    std::vector<std::pair<std::string, std::string>> parameters = {};
  };
  // `path` as in Request. Where several patterns match, text goes before {name} and that before {name...}, from the
  // first part on. HEAD finds GET's route if it has none of its own. O(parts of the path x routes beginning alike).
  Found find(Method method, std::string_view path) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  struct Node;
  const Route* search(const Node& node, std::string_view path, Method method, std::vector<std::string>& allow) const;
  const Route* choose(const std::vector<std::size_t>& routes, Method method, std::vector<std::string>& allow) const;

  std::vector<Route> routes_;
  std::unique_ptr<Node> root_;
};

// Percent-decodes and checks a request's path: absolute, no empty part (but "//" becomes "/" if `merge_slashes`), no
// "." or "..", encoded or not, no control characters, no encoded "/" or NUL, UTF-8. Errors: invalid_argument.
Result<std::string> decode_path(std::string_view raw, bool merge_slashes);

}  // namespace fristad
