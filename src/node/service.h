#pragma once

// A node that serves: its HTTP API on one address and, if wanted, the drop-in for HMA clients on another.
//
//   auto settings = TRY(fristad::ServiceSettings::parse(text));
//   auto service = TRY(fristad::Service::start(*node, settings, log, seams));
//   ... service->port() ...
//   service->stop(10'000);     // before the node goes
//
// docs/operating/configuration.md is the reference of the settings.
//
// Thread-safety: start, stop and destroy on one thread; the rest from any.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "node/node.h"

namespace fristad {

struct ListenAddress {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;

  bool is_loopback() const;
  // "127.0.0.1:8340", "[::1]:8340". Errors: invalid_argument.
  static Result<ListenAddress> parse(std::string_view text);
};

// The drop-in for HMA clients, on a listener of its own. Off where it isn't set.
struct HmaSettings {
  ListenAddress listen{.port = 5100};
  bool open = false;  // no token needed: on loopback alone
  std::vector<std::string> hosts = {};
  std::vector<std::string> url_hosts = {};
  std::string shadow = {};
};

// Where other members' nodes reach this one. Off where it isn't set.
struct FederationSettings {
  ListenAddress listen{.port = 8343};
  std::int64_t beat_seconds = 60;  // how often each member is asked, at least
};

// What serve.json says. Every member has a default, so an empty file is one.
struct ServiceSettings {
  ListenAddress listen{.port = 8340};
  // PEM files, both or none. Without them the address has to be loopback: a proxy in front does TLS then.
  std::string certificate_file = {};
  std::string key_file = {};
  // How browsers reach the node: "https://se.example". The first one's host is what security keys are made for.
  std::vector<std::string> origins = {};
  bool behind_proxy = false;  // a proxy on this machine does TLS: who asks is whom its X-Forwarded-For names last
  int io_threads = 0;         // 0: as many as cores
  int handler_threads = 16;
  int hashers = 0;  // 0: one more than cores
  std::int64_t image_bytes_max = 32 << 20;
  std::int64_t uploads_bytes_max = 512 << 20;
  std::int64_t connections_max = 20'000;
  std::int64_t connections_per_address_max = 1000;
  bool open_metrics = false;
  std::optional<HmaSettings> hma = {};
  std::optional<FederationSettings> federation = {};
  LogLevel log_level = LogLevel::info;

  // `origins`; without any, on loopback, where a browser on this machine finds the node: "http://localhost:8340".
  std::vector<std::string> browser_origins() const;
  // The host of the first origin; "localhost" without one.
  std::string rp_id() const;

  // Errors: invalid_argument, naming the member: one that isn't known, or that can't be so.
  static Result<ServiceSettings> parse(std::string_view json);
  // Errors: those of parse(), not_found.
  static Result<ServiceSettings> read(const std::string& path);
};

class Service {
 public:
  // Errors: unavailable (an address is taken, no hasher), invalid_argument (a certificate that is none; plain HTTP on
  // an address that isn't loopback).
  static Result<std::unique_ptr<Service>> start(Node& node, const ServiceSettings& settings, const Log& log,
                                                const NodeSeams& seams, int cores);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  std::uint16_t port() const;
  // Of the drop-in; 0: it is off.
  std::uint16_t hma_port() const;
  // For other members; 0: it is off.
  std::uint16_t federation_port() const;
  // What is due every minute: old keys; a certificate that was renewed.
  void tend();
  // Reads certificate and key again. Errors: as start().
  Status reload();
  void stop(std::int64_t wait_ms);

 private:
  struct Impl;
  explicit Service(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fristad
