#pragma once

// The drop-in for HMA 2.0 ("Open Media Match" of facebook/ThreatExchange, hasher-matcher-actioner): its routes /h, /m
// and /c with its shapes, codes and texts, so that its clients need only a new address. It stands on a listener of its
// own beside the API, off by default. docs/reference/hma.md lists the routes, and where Fristad differs and why.
//
//   auto hma = TRY(fristad::Hma::make(*api, {.hosts = {"hma.example"}}));
//   auto server = TRY(HttpServer::start({.port = 5100, .merge_slashes = true}, hma->router(), hma->seams()));
//
// A bank is a list whose purpose is to match and that isn't withdrawn; a content is an entry of it.
//
// Thread-safety: router() and seams() once, before the server starts; then its handlers run on many threads. The Api
// outlives it.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/api.h"
#include "http/client.h"
#include "http/server.h"

namespace fristad {

struct HmaOptions {
  // No token is needed. Only where the listener is bound to loopback: whoever reaches it may do what a token of the
  // scope "banks" may.
  bool open = false;
  // What the Host header may say, beside localhost, 127.0.0.1 and [::1]: else a web page could come in by a name of its
  // own that means this address (DNS rebinding). "hma.example" stands for every port.
  std::vector<std::string> hosts = {};
  // Which hosts `?url=` may name: "cdn.example", or "*.cdn.example" for those below it. Empty: none.
  std::vector<std::string> url_hosts = {};
  std::uint64_t url_bytes_max = 100u << 20;
  std::int64_t url_ms = 30'000;
  // The address of a real HMA: it answers, and our own answers are compared with its ("shadow mode"). Empty: none.
  std::string shadow = {};
  // Which addresses `?url=` may be fetched from, asked at each connection. A seam: tests fetch from this machine.
  std::function<bool(const std::string& address)> may_fetch = is_public_address;
};

class Hma {
 public:
  // Before the API's own server starts: both count in the same metrics. Errors: invalid_argument (`shadow` is no URL),
  // those of the store.
  static Result<std::unique_ptr<Hma>> make(Api& api, HmaOptions options);
  ~Hma();
  Hma(const Hma&) = delete;
  Hma& operator=(const Hma&) = delete;

  Router router();
  HttpSeams seams();

  struct Impl;

 private:
  explicit Hma(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace fristad
