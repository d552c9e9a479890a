#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "api/fields.h"
#include "base/json.h"
#include "base/try.h"
#include "base/whole_file.h"
#include "node/service.h"

namespace fristad {
namespace {

constexpr std::size_t settings_bytes_max = 65'536;
constexpr std::array<std::string_view, 4> levels{"debug", "info", "warning", "error"};

// "https://se.example" or with a port: what a browser sends as Origin, exactly.
Status check_origin(std::string_view origin) {
  const Error wrong{Code::invalid_argument,
                    "\"origins\" holds addresses as browsers write them, without a path: \"https://se.example\""};
  const std::size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return wrong;
  if (origin.substr(0, scheme) != "https" && origin.substr(0, scheme) != "http") return wrong;
  const std::string_view host = origin.substr(scheme + 3);
  if (host.empty() || host.find_first_of("/?#@ ") != std::string_view::npos) return wrong;
  return {};
}

template <class T>
Status set_number(Fields& in, std::string_view name, std::int64_t least, std::int64_t most, T& to) {
  if (const auto value = TRY(in.maybe_integer(name, least, most))) to = static_cast<T>(*value);
  return {};
}

Status set_text(Fields& in, std::string_view name, std::string& to) {
  if (auto value = TRY(in.maybe_text(name, 4096))) to = *std::move(value);
  return {};
}

Result<FederationSettings> read_federation(const Json& json) {
  Fields in(json);
  FederationSettings settings;
  if (const auto listen = TRY(in.maybe_text("listen", 100))) settings.listen = TRY(ListenAddress::parse(*listen));
  TRY(set_number(in, "beat_seconds", 1, 3600, settings.beat_seconds));
  TRY(in.end());
  return settings;
}

Result<HmaSettings> read_hma(const Json& object) {
  Fields in(object);
  HmaSettings hma;
  if (const auto listen = TRY(in.maybe_text("listen", 100))) hma.listen = TRY(ListenAddress::parse(*listen));
  hma.open = TRY(in.maybe_flag("open")).value_or(false);
  if (in.any("hosts") != nullptr) hma.hosts = TRY(in.texts("hosts", 64, 300));
  if (in.any("url_hosts") != nullptr) hma.url_hosts = TRY(in.texts("url_hosts", 1000, 300));
  TRY(set_text(in, "shadow", hma.shadow));
  TRY(in.end());
  if (hma.open && !hma.listen.is_loopback()) {
    return Error{Code::invalid_argument, "\"open\" lets in whoever can connect: that is for loopback alone"};
  }
  return hma;
}

}  // namespace

bool ListenAddress::is_loopback() const {
  return host == "::1" || host.starts_with("127.");
}

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  const Error wrong{Code::invalid_argument, "an address to listen on is a number and a port: 127.0.0.1:8340, [::]:443"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::array<unsigned char, 16> ignored{};
  ListenAddress address{.host = std::string(host)};
  if (inet_pton(AF_INET, address.host.c_str(), ignored.data()) != 1 &&
      inet_pton(AF_INET6, address.host.c_str(), ignored.data()) != 1) {
    return wrong;
  }
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || end != port.data() + port.size() || port.empty()) return wrong;
  return address;
}

std::vector<std::string> ServiceSettings::browser_origins() const {
  if (!origins.empty() || !listen.is_loopback() || listen.port == 0) return origins;
  return {(certificate_file.empty() ? "http://localhost:" : "https://localhost:") + std::to_string(listen.port)};
}

std::string ServiceSettings::rp_id() const {
  if (origins.empty()) return "localhost";
  std::string host = origins.front().substr(origins.front().find("://") + 3);
  if (const std::size_t colon = host.rfind(':'); colon != std::string::npos && !host.ends_with(']')) host.erase(colon);
  return host;
}

Result<ServiceSettings> ServiceSettings::parse(std::string_view json) {
  const auto parsed = parse_json(json, {.bytes_max = settings_bytes_max});
  if (!parsed) return Error{Code::invalid_argument, "it is no JSON: " + parsed.error().message};
  Fields in(*parsed);
  ServiceSettings settings;
  if (const auto listen = TRY(in.maybe_text("listen", 100))) settings.listen = TRY(ListenAddress::parse(*listen));
  TRY(set_text(in, "certificate_file", settings.certificate_file));
  TRY(set_text(in, "key_file", settings.key_file));
  if (in.any("origins") != nullptr) settings.origins = TRY(in.texts("origins", 16, 300));
  for (const std::string& origin : settings.origins) TRY(check_origin(origin));
  settings.behind_proxy = TRY(in.maybe_flag("behind_proxy")).value_or(false);
  TRY(set_number(in, "io_threads", 0, 64, settings.io_threads));
  TRY(set_number(in, "handler_threads", 1, 256, settings.handler_threads));
  TRY(set_number(in, "hashers", 0, 256, settings.hashers));
  TRY(set_number(in, "image_bytes_max", 1024, 64 << 20, settings.image_bytes_max));
  TRY(set_number(in, "uploads_bytes_max", 1 << 20, std::int64_t{1} << 40, settings.uploads_bytes_max));
  TRY(set_number(in, "connections_max", 1, 1'000'000, settings.connections_max));
  TRY(set_number(in, "connections_per_address_max", 1, 1'000'000, settings.connections_per_address_max));
  settings.open_metrics = TRY(in.maybe_flag("open_metrics")).value_or(settings.open_metrics);
  if (const auto level = TRY(in.maybe_text("log_level", 16))) {
    const auto* const known = std::ranges::find(levels, *level);
    if (known == levels.end()) {
      return Error{Code::invalid_argument, "\"log_level\" is debug, info, warning or error"};
    }
    settings.log_level = static_cast<LogLevel>(known - levels.begin());
  }
  if (const Json* const hma = in.any("hma")) {
    auto read = read_hma(*hma);
    if (!read) return Error{read.error().code, "\"hma\": " + read.error().message};
    settings.hma = *std::move(read);
  }
  if (const Json* const federation = in.any("federation")) {
    auto read = read_federation(*federation);
    if (!read) return Error{read.error().code, "\"federation\": " + read.error().message};
    settings.federation = *std::move(read);
  }
  TRY(in.end());
  if (settings.certificate_file.empty() != settings.key_file.empty()) {
    return Error{Code::invalid_argument, "\"certificate_file\" and \"key_file\" come together"};
  }
  return settings;
}

Result<ServiceSettings> ServiceSettings::read(const std::string& path) {
  auto settings = parse(TRY(read_file(path, settings_bytes_max)));
  if (settings) return settings;
  return Error{settings.error().code, path + ": " + settings.error().message};
}

}  // namespace fristad
