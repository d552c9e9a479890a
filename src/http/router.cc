#include "http/router.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <map>

#include "base/text_escape.h"
#include "base/try.h"
#include "http/query.h"

namespace fristad {
namespace {

enum class Part { text, parameter, rest };

Part kind_of(std::string_view part) {
  if (!part.starts_with('{')) return Part::text;
  return part.ends_with("...}") ? Part::rest : Part::parameter;
}

std::string_view name_of(std::string_view part) {
  part.remove_prefix(1);
  part.remove_suffix(part.ends_with("...}") ? 4 : 1);
  return part;
}

// Takes the first part from a path such as "/a/b"; "/" alone has none.
bool take_part(std::string_view& path, std::string_view& part) {
  if (path.size() < 2) return false;
  const std::size_t end = std::min(path.find('/', 1), path.size());
  part = path.substr(1, end - 1);
  path.remove_prefix(end);
  return true;
}

[[maybe_unused]] bool is_pattern(std::string_view pattern) {
  if (!pattern.starts_with('/') || (pattern.size() > 1 && pattern.ends_with('/'))) return false;
  std::vector<std::string_view> names;
  for (std::string_view part; take_part(pattern, part);) {
    if (part.empty() || part == "." || part == "..") return false;
    if (kind_of(part) == Part::text) {
      if (part.find_first_of("{}") != std::string_view::npos) return false;
      continue;
    }
    if (!part.ends_with('}') || (kind_of(part) == Part::rest && !pattern.empty())) return false;
    const std::string_view name = name_of(part);
    if (name.empty() || name.find_first_of("{}.") != std::string_view::npos) return false;
    if (std::find(names.begin(), names.end(), name) != names.end()) return false;
    names.push_back(name);
  }
  return true;
}

}  // namespace

// From the first part of the path on, the parts that routes have in common are looked at once.
struct Router::Node {
  std::map<std::string, Node, std::less<>> texts = {};
  std::unique_ptr<Node> parameter = {};
  std::vector<std::size_t> here = {};  // routes that end here
  std::vector<std::size_t> rest = {};  // routes that take whatever follows
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Route route) {
  assert(is_pattern(route.pattern) && route.handler);
  Node* node = root_.get();
  std::vector<std::size_t>* ends = &node->here;
  std::string_view path = route.pattern;
  for (std::string_view part; take_part(path, part);) {
    switch (kind_of(part)) {
      case Part::rest: ends = &node->rest; continue;
      case Part::text: node = &node->texts[std::string(part)]; break;
      case Part::parameter:
        if (!node->parameter) node->parameter = std::make_unique<Node>();
        node = node->parameter.get();
    }
    ends = &node->here;
  }
  assert(std::none_of(ends->begin(), ends->end(), [&](std::size_t at) { return routes_[at].method == route.method; }));
  ends->push_back(routes_.size());
  routes_.push_back(std::move(route));
}

const Route* Router::choose(const std::vector<std::size_t>& routes, Method method,
                            std::vector<std::string>& allow) const {
  const Route* get = nullptr;
  for (const std::size_t at : routes) {
    if (routes_[at].method == method) return &routes_[at];
    if (routes_[at].method == Method::get) get = &routes_[at];
    allow.emplace_back(to_text(routes_[at].method));
  }
  return method == Method::head ? get : nullptr;
}

const Route* Router::search(const Node& node, std::string_view path, Method method,
                            std::vector<std::string>& allow) const {
  std::string_view left = path;
  std::string_view part;
  if (!take_part(left, part)) return choose(node.here, method, allow);
  if (const auto next = node.texts.find(part); next != node.texts.end()) {
    if (const Route* route = search(next->second, left, method, allow)) return route;
  }
  if (node.parameter) {
    if (const Route* route = search(*node.parameter, left, method, allow)) return route;
  }
  return choose(node.rest, method, allow);
}

Router::Found Router::find(Method method, std::string_view path) const {
  Found found;
  found.route = search(*root_, path, method, found.allow);
  if (found.route == nullptr) {
    if (std::find(found.allow.begin(), found.allow.end(), "GET") != found.allow.end()) found.allow.emplace_back("HEAD");
    std::sort(found.allow.begin(), found.allow.end());
    found.allow.erase(std::unique(found.allow.begin(), found.allow.end()), found.allow.end());
    return found;
  }
  found.allow.clear();
  std::string_view pattern = found.route->pattern;
  std::string_view left = path;
  std::string_view part;
  for (std::string_view wanted; take_part(pattern, wanted);) {
    const std::string_view rest = left.substr(1);
    take_part(left, part);
    if (kind_of(wanted) == Part::text) continue;
    found.parameters.emplace_back(name_of(wanted), kind_of(wanted) == Part::rest ? rest : part);
  }
  return found;
}

Result<std::string> decode_path(std::string_view raw, bool merge_slashes) {
  const auto refused = [](const char* what) { return Error{Code::invalid_argument, what}; };
  if (!raw.starts_with('/')) return refused("the path doesn't begin with '/'");
  std::string path;
  path.reserve(raw.size());
  while (!raw.empty()) {
    raw.remove_prefix(1);
    const std::size_t end = std::min(raw.find('/'), raw.size());
    const bool last = end == raw.size();
    const std::string part = TRY(percent_decode(raw.substr(0, end), Plus::is_plus));
    raw.remove_prefix(end);
    if (part.empty()) {
      if (last && path.empty()) return std::string("/");
      if (last || !merge_slashes) return refused("the path has an empty part: write one '/' where there are two");
      continue;
    }
    if (part == "." || part == "..") return refused("the path has a part '.' or '..'");
    for (const char c : part) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte == 0x7f) return refused("the path has a control character");
      if (c == '/') return refused("the path has an encoded '/' in a part");
    }
    if (!is_utf8(part)) return refused("the path isn't UTF-8");
    path += '/';
    path += part;
  }
  return path;
}

}  // namespace fristad
