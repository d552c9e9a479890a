#pragma once

// One request on its way through the API: who asks, what was sent, and how it is answered.
//
// Thread-safety: belongs to the thread that its handler runs on.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/api.h"
#include "api/fields.h"
#include "base/json_writer.h"
#include "base/try.h"

namespace fristad {

class Call {
 public:
  Call(Api::Impl& of, Request& what, const ApiRoute& where) : api(of), request(what), route(where) {}

  Api::Impl& api;
  Request& request;
  const ApiRoute& route;
  std::optional<Caller> caller = {};  // who; nobody on an open route
  std::string session_secret = {};    // of the cookie
  std::optional<Decide> once = {};    // notes the idempotency key, with the decision
  mutable bool decided = false;       // by() was asked for

  const Caller& who() const { return *caller; }
  bool may(Right right) const { return caller && caller->rights.has(right); }
  // Who decides, with the idempotency key, if one came. Only one decision of a request can carry it: the last.
  By by() const {
    decided = true;
    return once ? By(who().actor, *once) : By(who().actor);
  }

  // All of the body, as it came. Errors: those of Request::read_all().
  Result<std::string_view> body_text();
  // The body as a JSON object; {} if there is none. Errors: those of the body and of parse_json.
  Result<const Json*> body(std::size_t bytes_max = std::size_t{1} << 20);

  // From the path: {list}, {entry}, ... Errors: not_found, since a malformed id names nothing.
  Result<RecordId> id(std::string_view name) const;
  Result<std::int64_t> number(std::string_view name, std::int64_t least = 1) const;
  // A member of the query that is a whole number.
  Result<std::int64_t> query_number(std::string_view name, std::int64_t least, std::int64_t most,
                                    std::int64_t otherwise) const;

  // `If-Match`, as etag() gave it: the revision that the client saw. Error: invalid_argument.
  Result<std::optional<std::uint32_t>> if_revision() const;

 private:
  std::optional<std::string> text_ = {};
  std::optional<Json> body_ = {};
};

// {…} as the answer.
Response json_response(int status, std::string body);
std::string etag(std::uint32_t revision);
// The answer with its ETag, or 304 if the client has it already.
Response with_etag(const Call& call, std::uint32_t revision, Response response);

// A "next" that was given out as a text. Error: invalid_argument.
Result<std::int64_t> number_of_cursor(std::string_view text);

// Parses "r12" between quotation marks.
std::optional<std::uint32_t> revision_of_etag(std::string_view text);

}  // namespace fristad
