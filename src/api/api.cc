#include "api/api.h"

#include <set>

#include "api/api_impl.h"
#include "api/openapi.h"
#include "api/pages.h"
#include "api/problem.h"
#include "base/try.h"

namespace fristad {
namespace {

// Which records make which event, and who may hear it.
struct Tells {
  std::string_view kind;  // or its beginning
  std::string_view event;
  Right right;
};
constexpr std::array tells{
    Tells{"list", "lists", Right::read_lists},           Tells{"entries.", "lists", Right::read_lists},
    Tells{"entry.", "lists", Right::read_lists},         Tells{"opinion", "lists", Right::read_lists},
    Tells{"approval.", "approvals", Right::own_account}, Tells{"user", "users", Right::manage_users},
    Tells{"token", "tokens", Right::manage_users},       Tells{"alliance.", "alliance", Right::read_alliance},
    Tells{"scope.", "alliance", Right::read_alliance},
};

}  // namespace

Api::Api(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Api::~Api() = default;

Result<std::unique_ptr<Api>> Api::make(ApiParts parts, ApiOptions options) {
  auto hashers = TRY(Hashers::start(options.hashers, options.sandbox));
  auto impl = std::make_shared<Impl>(std::move(parts), std::move(options), std::move(hashers));
  for (const auto& some : {alliance_routes(), alliance_letter_routes(), alliance_list_routes(), alliance_vote_routes(),
                           approval_routes(), audit_routes(), entry_routes(), list_routes(), match_routes(),
                           me_routes(), node_routes(), session_routes(), token_routes(), user_routes()}) {
    impl->routes.insert(impl->routes.end(), some.begin(), some.end());
  }
  impl->openapi = openapi_document(impl->routes);
  for (const ApiRoute& route : impl->routes) impl->metrics.add_route(route.method, route.pattern);
  for (const std::string_view pattern : page_patterns) impl->metrics.add_route(Method::get, pattern);
  impl->parts.journal.subscribe([weak = std::weak_ptr(impl)](std::span<const Record> records) {
    if (const auto inner = weak.lock()) inner->tell(records);
  });
  impl->parts.people.on_change([weak = std::weak_ptr(impl)] {
    if (const auto inner = weak.lock()) inner->events.recheck();
  });
  return std::unique_ptr<Api>(new Api(std::move(impl)));
}

// Says only what kind of thing changed: what it is now, is asked for.
void Api::Impl::tell(std::span<const Record> records) {
  if (closing) return;
  std::set<std::string_view> told;
  for (const Record& record : records) {
    for (const Tells& one : tells) {
      if (!record.payload.kind.starts_with(one.kind) || !told.insert(one.event).second) continue;
      events.send(one.right, one.event, "{}");
    }
  }
}

std::span<const ApiRoute> Api::routes() const {
  return impl_->routes;
}

void Api::Impl::done(const HttpEvent& event) {
  metrics.done(event);
  if (!event.slow && event.status < 500) return;
  parts.log.warning("request", {{"method", to_text(event.method)},
                                {"route", event.route},
                                {"status", event.status},
                                {"duration_us", event.duration_us}});
}

Router Api::router() {
  Router router;
  for (const ApiRoute& route : impl_->routes) {
    router.add({.method = route.method,
                .pattern = std::string(route.pattern),
                .handler = [impl = impl_.get(), &route](Request& request) { return impl->handle(route, request); },
                .limits = route.limits,
                .quick = route.quick});
  }
  for (const std::string_view pattern : page_patterns) {
    router.add({.method = Method::get, .pattern = std::string(pattern), .handler = [](Request& request) {
                  auto page = page_response(request);
                  return hardened(page ? *std::move(page) : problem_response(404, "there is nothing at this address"));
                }});
  }
  return router;
}

HttpSeams Api::seams() {
  return {.clock = impl_->parts.clock,
          .on_done = [impl = impl_.get()](const HttpEvent& event) { impl->done(event); },
          .on_error = [](int status, std::string_view what) { return hardened(problem_response(status, what)); }};
}

void Api::watch(std::string name, std::function<HttpServerInfo()> info) {
  const std::scoped_lock lock(impl_->watching);
  impl_->servers.emplace_back(std::move(name), std::move(info));
}

std::vector<std::pair<std::string, HttpServerInfo>> Api::Impl::server_infos() const {
  std::vector<std::pair<std::string, HttpServerInfo>> infos;
  const std::scoped_lock lock(watching);
  for (const auto& [name, info] : servers) infos.emplace_back(name, info());
  return infos;
}

void Api::tend() {
  if (const Status done = impl_->keys.tend(impl_->parts.clock.utc_ms()); !done) {
    impl_->parts.log.warning("not_tended", {{"code", to_string(done.error().code)}});
  }
  // Sessions and tokens that nobody ended, but whose time is over.
  impl_->events.recheck();
}

void Api::close() {
  impl_->closing = true;
  impl_->events.close();
}

}  // namespace fristad
