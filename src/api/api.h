#pragma once

// The node's HTTP API under /api/v1, /health and /metrics: routes, who may use them, and what they do in the rooms
// below.
//
//   auto api = TRY(fristad::Api::make(parts, options));
//   auto server = TRY(HttpServer::start(listen, api->router(), api->seams()));
//   ...
//   api->close();            // ends event streams
//   server->stop(10'000);    // and then it may be destroyed
//
// Every answer is JSON; errors are problem details (api/problem.h). docs/reference/api.md tells the rules that hold for
// all routes; GET /api/v1/openapi.json lists them.
//
// Thread-safety: router() and seams() once, before the server starts; then its handlers run on many threads.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/alliance_parts.h"
#include "api/route.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "crypto/secret.h"
#include "fristad/sandbox.h"
#include "http/server.h"
#include "material/material.h"
#include "people/people.h"
#include "record/journal.h"
#include "record/log_files.h"

namespace fristad {

// What the API works on. All of it outlives the Api.
struct ApiParts {
  Journal& journal;
  Material& material;
  People& people;
  const Log& log;
  Clock clock;
  Random random;
  Key handle_key;  // seals the handles that stand for entries
  Key answer_key;  // seals answers that are kept for a repeated request
  // Erases an entry everywhere: Node::erase_entry().
  std::function<Status(const By&, const ListId&, std::int64_t, std::string_view ground)> erase_entry;
  // Node::prove().
  std::function<Result<RecordProof>(std::uint32_t log, std::uint64_t position)> prove = {};
  AllianceParts alliance;
};

struct ApiOptions {
  std::string rp_id = "localhost";        // the host name under which browsers know the node
  std::vector<std::string> origins = {};  // that browsers may send changes from: "https://se.example"
  bool secure_cookies = true;             // false: plain HTTP on loopback
  int hashers = 2;                        // images that are hashed at once
  SandboxOptions sandbox = {};
  std::uint64_t image_bytes_max = 32u << 20;     // of one upload
  std::uint64_t uploads_bytes_max = 512u << 20;  // of all uploads at once
  bool open_metrics = false;                     // /metrics without a token
};

class Api {
 public:
  // Errors: unavailable (no hasher can be started).
  static Result<std::unique_ptr<Api>> make(ApiParts parts, ApiOptions options);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  std::span<const ApiRoute> routes() const;
  Router router();
  HttpSeams seams();
  // Asked for what /metrics and the node's status say of a server.
  void watch(std::string name, std::function<HttpServerInfo()> info);
  // Called every minute: forgets what is over.
  void tend();
  // Ends event streams; ready no more.
  void close();

  struct Impl;
  // For the drop-in, which stands beside it on a listener of its own.
  Impl& impl() { return *impl_; }

 private:
  explicit Api(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // the journal's subscriber looks whether it is still there
};

// The tables of operation of this room: idempotency keys, names of banks, what was imported from where.
const View& api_view();

}  // namespace fristad
