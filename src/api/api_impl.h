#pragma once

// What the parts of the API share. Included by this room's sources alone.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/api.h"
#include "api/events.h"
#include "api/hashers.h"
#include "api/idempotency.h"
#include "api/metrics.h"
#include "api/quotas.h"

namespace fristad {

struct Api::Impl {
  Impl(ApiParts of, ApiOptions chosen, std::unique_ptr<Hashers> workers)
      : parts(std::move(of)),
        options(std::move(chosen)),
        hashers(std::move(workers)),
        uploads(options.uploads_bytes_max),
        events([this](const Caller& caller) { return parts.people.still(caller); }),
        keys(parts.journal, parts.answer_key, parts.random),
        started_ms(parts.clock.utc_ms()) {}

  // The door, the repeated request, the handler, and errors as answers.
  Response handle(const ApiRoute& route, Request& request);
  Response admitted(const ApiRoute& route, Request& request);
  void tell(std::span<const Record> records);
  // What came of a request: counted, and told in the log where something was wrong.
  void done(const HttpEvent& event);

  ApiParts parts;
  const ApiOptions options;
  std::unique_ptr<Hashers> hashers;
  UploadBudget uploads;
  Metrics metrics;
  Quotas quotas;
  ProbingDetector probing;
  Events events;
  IdempotencyKeys keys;
  std::vector<ApiRoute> routes;
  std::string openapi;  // the document
  std::vector<std::pair<std::string, HttpServerInfo>> server_infos() const;

  mutable std::mutex watching;
  std::vector<std::pair<std::string, std::function<HttpServerInfo()>>> servers;  // guarded by `watching`
  std::atomic<bool> closing = false;
  const std::int64_t started_ms;
};

// With the headers that all answers have.
Response hardened(Response response);

// The routes of each resource, one file each.
std::span<const ApiRoute> alliance_routes();
std::span<const ApiRoute> alliance_letter_routes();
std::span<const ApiRoute> alliance_list_routes();
std::span<const ApiRoute> alliance_vote_routes();
std::span<const ApiRoute> approval_routes();
std::span<const ApiRoute> audit_routes();
std::span<const ApiRoute> entry_routes();
std::span<const ApiRoute> list_routes();
std::span<const ApiRoute> match_routes();
std::span<const ApiRoute> me_routes();
std::span<const ApiRoute> node_routes();
std::span<const ApiRoute> session_routes();
std::span<const ApiRoute> token_routes();
std::span<const ApiRoute> user_routes();

}  // namespace fristad
