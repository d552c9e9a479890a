#include "node/service.h"

#include <algorithm>
#include <filesystem>

#include "api/api.h"
#include "api/hma/hma.h"
#include "base/try.h"
#include "federation/federation.h"
#include "federation/ledger.h"
#include "federation/reader.h"
#include "http/server.h"
#include "record/exchange.h"

namespace fristad {
namespace {

HttpServerOptions options_of(const ServiceSettings& settings, const ListenAddress& listen, int cores) {
  return {.address = listen.host,
          .port = listen.port,
          .certificate_file = settings.certificate_file,
          .key_file = settings.key_file,
          .io_threads = settings.io_threads > 0 ? settings.io_threads : cores,
          .handler_threads = settings.handler_threads,
          .connections_max = static_cast<std::size_t>(settings.connections_max),
          .connections_per_address_max = static_cast<std::size_t>(settings.connections_per_address_max),
          .behind_proxy = settings.behind_proxy};
}

// Behind a proxy that does TLS, browsers say https.
bool browsers_use_tls(const ServiceSettings& settings) {
  return std::ranges::any_of(settings.origins, [](const std::string& one) { return one.starts_with("https://"); });
}

// When a file was last written; 0 if it isn't there.
std::int64_t written_at(const std::string& path) {
  std::error_code error;
  const auto at = std::filesystem::last_write_time(path, error);
  return error ? 0 : at.time_since_epoch().count();
}

Result<std::vector<PeerState>> peers_of(Node& node) {
  std::vector<PeerState> states;
  for (PeerRow& row : TRY(node.ledger().peers())) {
    PeerState& state = states.emplace_back();
    const auto log = node.journal().known_log(row.member);
    state.log_size = log ? log->head.size : 0;
    state.member = std::move(row.member);
    state.contact_ms = row.contact_ms;
    state.heard_ms = row.heard_ms;
    state.read_to = row.read_to;
    state.cosigned = row.cosigned;
    state.cosigned_ms = row.cosigned_ms;
    state.cosigners = row.cosigners;
    state.trouble = std::move(row.trouble);
    state.trouble_ms = row.trouble_ms;
  }
  return states;
}

Result<std::map<std::string, std::int64_t>> evidence_of(Node& node) {
  std::map<std::string, std::int64_t> counts;
  for (const Evidence& one : TRY(node.ledger().evidence())) ++counts[one.member];
  return counts;
}

Result<std::vector<FollowedErasure>> erasures_of(const Node& node) {
  std::vector<FollowedErasure> all;
  for (ErasureConfirmation& one : TRY(node.erasure_confirmations())) {
    FollowedErasure& erasure = all.emplace_back();
    erasure.at_ms = one.at_ms;
    erasure.position = one.position;
    erasure.scope = std::move(one.scope);
    erasure.confirmed = std::move(one.confirmed);
    erasure.open = std::move(one.open);
  }
  return all;
}

AllianceParts alliance_parts(Node& node) {
  AllianceParts parts{.alliance = node.alliance()};
  parts.root = node.root_key();
  parts.peers = [&node] { return peers_of(node); };
  parts.evidence = [&node] { return evidence_of(node); };
  parts.card = [&node](const OwnCard& own) {
    return node.card({.name = own.name,
                      .kind = own.kind,
                      .jurisdiction = own.jurisdiction,
                      .address = own.address,
                      .remit = own.remit});
  };
  parts.accept = [&node](const By& by, std::string_view letter, const Card& own) {
    return node.accept(by, letter, own);
  };
  parts.share = [&node](const By& by, const ListId& list, std::span<const std::string> readers) {
    return node.share(by, list, readers);
  };
  parts.stop_sharing = [&node](const By& by, const ListId& list, std::span<const std::string> readers) {
    return node.stop_sharing(by, list, readers);
  };
  parts.erasures = [&node] { return erasures_of(node); };
  parts.new_keys_room = [&node]() -> std::optional<std::uint64_t> {
    const auto waiting = node.waiting_keys();
    return waiting ? std::optional(waiting->room) : std::nullopt;
  };
  parts.clock_offset_ms = [&node] { return node.reader().clock_offset_ms(); };
  return parts;
}

}  // namespace

struct Service::Impl {
  Status start_hma(const ServiceSettings& settings, int cores);

  Node& node;
  std::unique_ptr<Api> api = {};
  std::unique_ptr<HttpServer> server = {};
  std::unique_ptr<Hma> hma = {};
  std::unique_ptr<HttpServer> hma_server = {};
  std::unique_ptr<Federation> federation = {};
  std::string certificate_file = {};
  std::int64_t certificate_written = 0;
};

Service::Service(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Service::~Service() = default;

Result<std::unique_ptr<Service>> Service::start(Node& node, const ServiceSettings& settings, const Log& log,
                                                const NodeSeams& seams, int cores) {
  const bool tls = !settings.certificate_file.empty();
  if (!tls && (!settings.listen.is_loopback() || (settings.hma && !settings.hma->listen.is_loopback()))) {
    return Error{Code::invalid_argument,
                 "without a certificate the node listens on loopback alone: name certificate_file and key_file, or put "
                 "a proxy that does TLS in front"};
  }
  auto impl = std::make_unique<Impl>(Impl{.node = node});
  impl->api = TRY(
      Api::make({.journal = node.journal(),
                 .material = node.material(),
                 .people = node.people(),
                 .log = log,
                 .clock = seams.clock,
                 .random = seams.random,
                 .handle_key = node.key_for("entry handles"),
                 .answer_key = node.key_for("kept answers"),
                 .erase_entry = [&node](const By& by, const ListId& list, std::int64_t number,
                                        std::string_view ground) { return node.erase_entry(by, list, number, ground); },
                 .prove = [&node](std::uint32_t in, std::uint64_t position) { return node.prove(in, position); },
                 .alliance = alliance_parts(node)},
                {.rp_id = settings.rp_id(),
                 .origins = settings.browser_origins(),
                 .secure_cookies = tls || browsers_use_tls(settings),
                 // While one hands over its answer and gets the next picture, another uses the core.
                 .hashers = settings.hashers > 0 ? settings.hashers : cores + 1,
                 .sandbox = {},
                 .image_bytes_max = static_cast<std::uint64_t>(settings.image_bytes_max),
                 .uploads_bytes_max = static_cast<std::uint64_t>(settings.uploads_bytes_max),
                 .open_metrics = settings.open_metrics}));
  // Before any request comes: what it names for the metrics is only read from then on.
  if (settings.hma) {
    impl->hma = TRY(Hma::make(*impl->api, {.open = settings.hma->open,
                                           .hosts = settings.hma->hosts,
                                           .url_hosts = settings.hma->url_hosts,
                                           .shadow = settings.hma->shadow}));
  }
  impl->server =
      TRY(HttpServer::start(options_of(settings, settings.listen, cores), impl->api->router(), impl->api->seams()));
  impl->api->watch("api", [server = impl->server.get()] { return server->info(); });
  impl->certificate_file = settings.certificate_file;
  impl->certificate_written = written_at(settings.certificate_file);
  if (settings.hma) TRY(impl->start_hma(settings, cores));
  if (settings.federation) {
    const FederationSettings& chosen = *settings.federation;
    impl->federation = TRY(node.join(
        log, {.address = chosen.listen.host, .port = chosen.listen.port, .beat_ms = chosen.beat_seconds * 1000}));
  }
  return std::unique_ptr<Service>(new Service(std::move(impl)));
}

Status Service::Impl::start_hma(const ServiceSettings& settings, int cores) {
  HttpServerOptions options = options_of(settings, settings.hma->listen, cores);
  options.merge_slashes = true;
  hma_server = TRY(HttpServer::start(options, hma->router(), hma->seams()));
  api->watch("hma", [server = hma_server.get()] { return server->info(); });
  return {};
}

std::uint16_t Service::port() const {
  return impl_->server->port();
}

std::uint16_t Service::hma_port() const {
  return impl_->hma_server ? impl_->hma_server->port() : 0;
}

std::uint16_t Service::federation_port() const {
  return impl_->federation ? impl_->federation->port() : 0;
}

void Service::tend() {
  impl_->api->tend();
  const std::int64_t written = written_at(impl_->certificate_file);
  if (written == impl_->certificate_written) return;
  // A renewal may be half done: what isn't whole is tried again in a minute, and the old one serves on.
  if (reload()) impl_->certificate_written = written;
}

Status Service::reload() {
  TRY(impl_->server->reload_certificate());
  if (impl_->hma_server) TRY(impl_->hma_server->reload_certificate());
  return {};
}

void Service::stop(std::int64_t wait_ms) {
  if (impl_->federation) impl_->federation->stop();
  impl_->api->close();
  if (impl_->hma_server) impl_->hma_server->stop(wait_ms);
  impl_->server->stop(wait_ms);
}

}  // namespace fristad
