#include "node/service.h"

#include "api/api.h"
#include "base/try.h"

namespace fristad {
namespace {

HttpServerOptions options_of(const ServiceSettings& settings, int cores) {
  return {.address = settings.listen.host,
          .port = settings.listen.port,
          .certificate_file = settings.certificate_file,
          .key_file = settings.key_file,
          .io_threads = settings.io_threads > 0 ? settings.io_threads : cores,
          .handler_threads = settings.handler_threads,
          .connections_max = static_cast<std::size_t>(settings.connections_max),
          .connections_per_address_max = static_cast<std::size_t>(settings.connections_per_address_max)};
}

}  // namespace

struct Service::Impl {
  Node& node;
  std::unique_ptr<Api> api = {};
  std::unique_ptr<HttpServer> server = {};
};

Service::Service(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::start(Node& node, const ServiceSettings& settings, const Log& log,
                                                const NodeSeams& seams, int cores) {
  const bool tls = !settings.certificate_file.empty();
  if (!tls && !settings.listen.is_loopback()) {
    return Error{Code::invalid_argument,
                 "without a certificate the node listens on loopback alone: name certificate_file and key_file, or put "
                 "a proxy that does TLS in front"};
  }
  auto impl = std::make_unique<Impl>(Impl{.node = node});
  impl->api = TRY(Api::make(
      {.journal = node.journal(),
       .material = node.material(),
       .people = node.people(),
       .log = log,
       .clock = seams.clock,
       .random = seams.random,
       .handle_key = node.key_for("entry handles"),
       .erase_entry = [&node](const By& by, const ListId& list, std::int64_t number,
                              std::string_view ground) { return node.erase_entry(by, list, number, ground); }},
      {.rp_id = settings.rp_id(),
       .origins = settings.origins,
       .secure_cookies = tls || settings.has_https_origins(),
       .hashers = settings.hashers > 0 ? settings.hashers : cores,
       .sandbox = {},
       .image_bytes_max = static_cast<std::uint64_t>(settings.image_bytes_max),
       .uploads_bytes_max = static_cast<std::uint64_t>(settings.uploads_bytes_max),
       .open_metrics = settings.open_metrics}));
  impl->server = TRY(HttpServer::start(options_of(settings, cores), impl->api->router(), impl->api->seams()));
  impl->api->watch("api", [server = impl->server.get()] { return server->info(); });
  return std::unique_ptr<Service>(new Service(std::move(impl)));
}

std::uint16_t Service::port() const {
  return impl_->server->port();
}

void Service::tend() {
  impl_->api->tend();
}

Status Service::reload() {
  return impl_->server->reload_certificate();
}

void Service::stop(std::int64_t wait_ms) {
  impl_->api->close();
  impl_->server->stop(wait_ms);
}

}  // namespace fristad
