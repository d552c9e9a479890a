#pragma once

// A route of the API as data: what it is called, who may, what it takes and gives. From this table come the router, the
// OpenAPI document and the test that tries every role on every route.
//
// Thread-safety: plain values.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fristad/result.h"
#include "http/message.h"
#include "http/router.h"
#include "people/roles.h"

namespace fristad {

class Call;

// Who gets in: everybody; a session or token; a session, each also where a second factor is still to be added; whoever
// has the route's right.
enum class Door { open, caller, session, right };

struct ApiRoute {
  Method method = Method::get;
  std::string_view pattern;
  Door door = Door::right;
  Right right = Right::node_status;  // of Door::right
  std::string_view summary;
  // Names of schemas (api/schemas.h); "" for none. Of a route whose body isn't JSON, its media types, with commas.
  std::string_view takes = "";
  std::string_view gives = "";
  int status = 200;
  // Names of query members, with commas: "cursor,count".
  std::string_view query = "";
  // Its answer has an ETag: what is read goes with If-None-Match, what is changed with If-Match.
  bool has_etag = false;
  Result<Response> (*handle)(Call& call) = nullptr;
  RouteLimits limits = {};
  bool quick = false;
  // What it answers is shown once: it isn't kept for a repeated request.
  bool secret_answer = false;
};

}  // namespace fristad
