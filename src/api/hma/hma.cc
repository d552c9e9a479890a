#include "api/hma/hma.h"

#include <algorithm>
#include <array>

#include "api/hma/door.h"
#include "api/hma/hma_impl.h"
#include "http/query.h"
#include "http/syntax.h"

namespace fristad {
namespace {

constexpr std::string_view bearer = "Bearer ";
constexpr int looked_back_max = 1000;

// When the newest entries were recorded, as far as that is found among the newest records: it only tells clients how
// fresh the index is.
Result<std::int64_t> newest_entry_ms(const Journal& journal) {
  std::int64_t at_ms = 0;
  int looked_at = 0;
  const Status looked =
      journal.for_each_back(shared_log, journal.head(shared_log).size, [&](const Record& record) -> Status {
        if (record.payload.kind == kind_entries) at_ms = record.payload.at_ms;
        if (at_ms != 0 || ++looked_at == looked_back_max) return Error{Code::cancelled, "found"};
        return {};
      });
  if (!looked && looked.error().code != Code::cancelled) return looked.error();
  return at_ms != 0 ? at_ms : journal.now_ms();
}

Caller loopback_caller() {
  constexpr std::array scopes{TokenScope::banks};
  return {.kind = CallerKind::token, .actor = "hma-loopback", .rights = rights_of(std::span(scopes))};
}

}  // namespace

Hma::Hma(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Hma::~Hma() = default;

Result<std::unique_ptr<Hma>> Hma::make(Api& api, HmaOptions options) {
  auto impl = std::make_unique<Impl>(api.impl(), std::move(options));
  if (!impl->options.shadow.empty()) {
    impl->shadow = TRY(HmaShadow::make(impl->options.shadow, api.impl().metrics, api.impl().parts.log));
  }
  TRY(impl->banks.all());
  *impl->newest_ms = TRY(newest_entry_ms(api.impl().parts.journal));
  api.impl().parts.journal.subscribe([newest = impl->newest_ms](std::span<const Record> records) {
    for (const Record& record : records) {
      if (record.payload.kind == kind_entries) *newest = record.payload.at_ms;
    }
  });
  for (const auto& some : {hma_core_routes(), hma_hash_routes(), hma_match_routes(), hma_bank_routes(),
                           hma_content_routes(), hma_config_routes()}) {
    impl->routes.insert(impl->routes.end(), some.begin(), some.end());
  }
  for (const HmaRoute& route : impl->routes) api.impl().metrics.add_route(route.at.method, route.at.pattern);
  return std::unique_ptr<Hma>(new Hma(std::move(impl)));
}

Router Hma::router() {
  Router router;
  for (const HmaRoute& route : impl_->routes) {
    router.add({.method = route.at.method,
                .pattern = std::string(route.at.pattern),
                .handler = [impl = impl_.get(), &route](Request& request) { return impl->handle(route, request); },
                .limits = route.at.limits,
                .quick = route.at.quick && !impl_->shadow});
  }
  return router;
}

HttpSeams Hma::seams() {
  Api::Impl& api = impl_->api;
  return {.clock = api.parts.clock,
          .on_done = [&api](const HttpEvent& event) { api.done(event); },
          .on_error = [](int status, std::string_view) { return hma_page(status); }};
}

// ---- The door ----

std::optional<Response> Hma::Impl::refuse(const HmaRoute& route, Call& call) const {
  const std::string_view host = call.request.headers.find("Host");
  if (!is_host_of_ours(host, options.hosts)) return hma_message(403, "this listener isn't known by that Host");
  const std::string_view origin = call.request.headers.find("Origin");
  if (!origin.empty() && !is_origin_of(origin, host)) {
    return hma_message(403, "the request comes from another site's page");
  }
  if (route.at.door == Door::open) return std::nullopt;
  const std::string_view authorization = call.request.headers.find("Authorization");
  if (authorization.starts_with(bearer)) {
    call.caller = api.parts.people.who_has_token(authorization.substr(bearer.size()));
  } else if (options.open && call.request.peer.loopback) {
    call.caller = loopback_caller();
  }
  if (!call.caller) return hma_message(401, "send a token: Authorization: Bearer ...");
  if (call.may(route.at.right)) return std::nullopt;
  return hma_message(403, "the token lacks the right \"" + std::string(to_text(route.at.right)) + "\"");
}

Response Hma::Impl::handle(const HmaRoute& route, Request& request) {
  Call call(api, request, route.at);
  if (auto refused = refuse(route, call)) return *std::move(refused);
  auto members = parse_query(request.query);
  if (!members) return hma_error(members.error());
  HmaCall within(*this, call, *std::move(members));
  HmaHandler handler = route.handle;
  if (shadow) handler = route.shadowed != nullptr ? route.shadowed : pass_on;
  auto answer = handler(within);
  if (answer) return *std::move(answer);
  return within.probing ? hma_message(429, answer.error().message) : hma_error(answer.error());
}

// ---- The request ----

std::optional<bool> hma_truth(std::string_view text) {
  for (const std::string_view yes : {"1", "true", "on", "yes", "t", "y"}) {
    if (equal_fold(text, yes)) return true;
  }
  for (const std::string_view no : {"0", "false", "off", "no", "f", "n"}) {
    if (equal_fold(text, no)) return false;
  }
  return std::nullopt;
}

const std::string* HmaCall::query(std::string_view name) const {
  const auto at = std::ranges::find(query_, name, &std::pair<std::string, std::string>::first);
  return at == query_.end() ? nullptr : &at->second;
}

std::optional<bool> HmaCall::truth(std::string_view name, bool otherwise) const {
  const std::string* const text = query(name);
  return text == nullptr || text->empty() ? otherwise : hma_truth(*text);
}

std::optional<std::vector<std::string>> HmaCall::bank_names() const {
  const std::string* const text = query("banks");
  if (text == nullptr || text->empty()) return std::nullopt;
  std::vector<std::string> names;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find(','));
    names.emplace_back(name);
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
  }
  return names;
}

Result<HmaBank> HmaCall::bank() const {
  const std::string_view name = request.parameter("bank_name");
  const auto banks = TRY(hma.banks.all());
  const HmaBank* const bank = banks->named(name);
  if (bank == nullptr) return Error{Code::not_found, "bank '" + std::string(name) + "' not found"};
  return *bank;
}

Result<HmaBank> HmaCall::bank_of_ours() const {
  HmaBank found = TRY(bank());
  if (found.own) return found;
  return Error{Code::permission_denied,
               "bank '" + found.name + "' is another member's list: only its owner changes it"};
}

Result<const Json*> HmaCall::json() {
  if (json_) return &*json_;
  const auto type = parse_parameterized(request.headers.find("Content-Type"));
  const std::string_view name = type ? std::string_view(type->value) : std::string_view();
  if (!equal_fold(name, "application/json") && !(name.starts_with("application/") && name.ends_with("+json"))) {
    return Error{Code::unsupported,
                 "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."};
  }
  auto parsed = parse_json(TRY(call.body_text()), {.bytes_max = 1 << 20, .depth_max = 32, .reals = true});
  if (!parsed) {
    return Error{Code::invalid_argument,
                 "The browser (or proxy) sent a request that this server could not understand."};
  }
  json_ = *std::move(parsed);
  return &*json_;
}

}  // namespace fristad
