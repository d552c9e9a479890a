// Any bytes as what comes over a connection, and as path, query, parameters and URL: no crash, and what is taken keeps
// its promises. The pieces in which bytes come must change nothing.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text_escape.h"
#include "http/client.h"
#include "http/query.h"
#include "http/request_parser.h"
#include "http/router.h"
#include "http/syntax.h"

namespace {

using namespace fristad;

void require(bool truth) {
  if (!truth) std::abort();
}

struct Reading {
  int refused = 0;
  bool done = false;
  std::string path = {};
  std::string body = {};
};

Reading read(std::string_view bytes, std::size_t piece) {
  Reading reading;
  RequestParser parser;
  std::string input;
  bool headed = false;
  for (std::size_t at = 0; at < bytes.size() && !reading.done; at += piece) {
    input += bytes.substr(at, piece);
    if (!headed) {
      const auto size = parser.head_size(input, 4096);
      if (!size) return {.refused = size.error().status};
      if (*size == 0) continue;
      const auto head = parser.parse_head(std::string_view(input).substr(0, *size));
      if (!head) return {.refused = head.error().status};
      require(!head->chunked || head->body_bytes == 0);
      headed = true;
      reading.path = head->path;
      input.erase(0, *size);
    }
    while (!parser.done()) {
      const auto used = parser.take_body(input, reading.body);
      if (!used) return {.refused = used.error().status};
      input.erase(0, *used);
      if (*used == 0) break;
    }
    reading.done = parser.done();
  }
  return reading;
}

const Router& table() {
  static const Router router = [] {
    Router made;
    for (const char* pattern : {"/", "/a", "/a/{b}", "/a/{b}/c", "/{x}/{y}/{z...}", "/a/b/{rest...}"}) {
      made.add({.method = Method::get, .pattern = pattern, .handler = [](Request&) { return Response(); }});
    }
    made.add({.method = Method::post, .pattern = "/a/{other}", .handler = [](Request&) { return Response(); }});
    return made;
  }();
  return router;
}

void read_path(std::string_view text) {
  for (const bool merge : {false, true}) {
    const auto path = decode_path(text, merge);
    if (!path) continue;
    require(path->starts_with('/') && is_utf8(*path) && path->find("//") == std::string::npos);
    require(("/" + *path + "/").find("/../") == std::string::npos && (*path + "/").find("/./") == std::string::npos);
    const Router::Found found = table().find(Method::get, *path);
    require(found.route == nullptr || found.allow.empty());
    for (const auto& [name, value] : found.parameters)
      require(!value.empty() && path->find(value) != std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Reading whole = read(text, size + 1);
  const Reading pieces = read(text, 1 + size % 7);
  // A piece at a time, the first thing wrong may be another one than in all at once: but wrong is wrong.
  require((whole.refused != 0) == (pieces.refused != 0));
  require(whole.done == pieces.done);
  if (whole.done) require(whole.path == pieces.path && whole.body == pieces.body);
  read_path(text);
  if (whole.done) read_path(whole.path);
  if (const auto members = parse_query(text)) {
    require(members->size() <= query_members_max);
    for (const auto& [name, value] : *members) require(is_utf8(name) && is_utf8(value));
  }
  if (const auto parsed = parse_parameterized(text)) require(is_field_value(parsed->value));
  if (const auto target = HttpTarget::parse(text)) {
    require(!target->host.empty() && target->port != 0 && target->path.starts_with('/'));
    require(is_field_value(target->host) && is_field_value(target->path));
  }
  static_cast<void>(is_public_address(std::string(text.substr(0, 64))));
  return 0;
}
