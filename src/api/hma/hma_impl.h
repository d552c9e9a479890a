#pragma once

// What the parts of the drop-in share. Included by its sources alone.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/api_impl.h"
#include "api/call.h"
#include "api/hma/answer.h"
#include "api/hma/banks.h"
#include "api/hma/hma.h"
#include "api/hma/shadow.h"

namespace fristad {

class HmaCall;

using HmaHandler = Result<Response> (*)(HmaCall& call);

struct HmaRoute {
  ApiRoute at;  // where and for whom; its own handler isn't used
  HmaHandler handle = nullptr;
  // In shadow mode; nullptr: the request is passed on as it is.
  HmaHandler shadowed = nullptr;
};

// Of files: videos pass through, photos have a limit of their own (ApiOptions::image_bytes_max).
inline constexpr RouteLimits hma_upload_limits{.body_bytes = 1u << 30, .body_ms = 600'000, .handler_ms = 660'000};

struct Hma::Impl {
  Impl(Api::Impl& of, HmaOptions chosen)
      : api(of), options(std::move(chosen)), banks(of.parts.journal, of.parts.material) {}

  // The door, the handler, and errors as answers.
  Response handle(const HmaRoute& route, Request& request);
  std::optional<Response> refuse(const HmaRoute& route, Call& call) const;

  Api::Impl& api;
  const HmaOptions options;
  HmaBanks banks;
  std::unique_ptr<HmaShadow> shadow;  // in shadow mode
  std::vector<HmaRoute> routes;
  // When the newest entry was recorded; shared with the journal's subscriber.
  std::shared_ptr<std::atomic<std::int64_t>> newest_ms = std::make_shared<std::atomic<std::int64_t>>(0);
};

// A request within one of the API: what its own handlers get, and how HMA reads requests.
class HmaCall {
 public:
  HmaCall(Hma::Impl& of, Call& within, std::vector<std::pair<std::string, std::string>> members)
      : hma(of), call(within), request(within.request), query_(std::move(members)) {}

  Hma::Impl& hma;
  Call& call;
  Request& request;
  bool probing = false;  // refused for that: 429

  Material& material() const { return hma.api.parts.material; }
  std::string_view actor() const { return call.who().actor; }

  // A member of the query; nullptr if it isn't there.
  const std::string* query(std::string_view name) const;
  // Of a member that is a truth for pydantic ("1", "true", "on", "yes", ...); nothing if it is none.
  std::optional<bool> truth(std::string_view name, bool otherwise) const;
  // Of "banks=A,B"; nothing: all.
  std::optional<std::vector<std::string>> bank_names() const;

  // The one that the path names. Error: not_found.
  Result<HmaBank> bank() const;
  // The same, to be changed. Error: permission_denied (not ours) too.
  Result<HmaBank> bank_of_ours() const;

  // The body as Flask's request.get_json() has it. Errors: unsupported (another content type), invalid_argument.
  Result<const Json*> json();

 private:
  std::vector<std::pair<std::string, std::string>> query_;
  std::optional<Json> json_ = {};
};

// A truth as pydantic reads texts; nothing if it is none.
std::optional<bool> hma_truth(std::string_view text);

// The routes of each part, one file each.
std::span<const HmaRoute> hma_core_routes();
std::span<const HmaRoute> hma_hash_routes();
std::span<const HmaRoute> hma_match_routes();
std::span<const HmaRoute> hma_bank_routes();
std::span<const HmaRoute> hma_content_routes();
std::span<const HmaRoute> hma_config_routes();

}  // namespace fristad
