#include "http/server.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cassert>
#include <latch>
#include <optional>
#include <system_error>
#include <thread>

#include "base/published.h"
#include "base/try.h"
#include "http/connection.h"
#include "http/response_head.h"
#include "http/tls.h"

namespace fristad {
namespace {

using asio::ip::tcp;

constexpr std::chrono::milliseconds accept_pause(100);

Peer peer_of(const tcp::endpoint& endpoint, bool tls) {
  asio::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  return {.address = address.to_string(), .loopback = address.is_loopback(), .tls = tls};
}

// Often enough for the shortest time limit, and seldom enough to cost nothing.
std::chrono::milliseconds sweep_interval(const HttpServerOptions& options, const Router& router) {
  std::int64_t shortest = std::min({options.header_ms, options.idle_ms, options.write_ms, options.heartbeat_ms});
  for (const Route& route : router.routes()) shortest = std::min(shortest, route.limits.body_ms);
  return std::chrono::milliseconds(std::clamp<std::int64_t>(shortest / 4, 10, 250));
}

}  // namespace

struct HttpServer::Impl {
  // An IoThread, and what makes it run.
  struct Loop {
    explicit Loop(ServerCore& core) : state(core), timer(state.io), work(state.io.get_executor()) {}

    void sweep(std::chrono::milliseconds interval) {
      refresh();
      // A connection that is cut leaves the list.
      const std::vector<std::shared_ptr<HttpConnection>> now = state.connections;
      for (const std::shared_ptr<HttpConnection>& connection : now) connection->sweep();
      timer.expires_after(interval);
      timer.async_wait([this, interval](const NetError& error) {
        if (!error) sweep(interval);
      });
    }

    void refresh() {
      state.now_ms = state.core.seams.clock.steady_ms();
      const std::int64_t utc_ms = state.core.seams.clock.utc_ms();
      if (const std::int64_t second = utc_ms / 1000; second != date_second) {
        date_second = second;
        state.date = http_date(utc_ms);
      }
    }

    IoThread state;
    asio::steady_timer timer;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    std::int64_t date_second = -1;
    std::jthread thread = {};
  };

  Impl(const HttpServerOptions& options, Router router, HttpSeams seams)
      : core{.options = options,
             .router = std::move(router),
             .seams = std::move(seams),
             .pool = HandlerPool(options.handler_threads, options.handlers_waiting_max),
             .admission = Admission(options.connections_max, options.connections_per_address_max)},
        tls(nullptr) {
    for (int number = 0; number < std::max(options.io_threads, 1); ++number) {
      loops.push_back(std::make_unique<Loop>(core));
    }
    acceptor.emplace(loops[0]->state.io);
    accept_timer.emplace(loops[0]->state.io);
  }

  ~Impl() {
    stop(0);
    // What waits in the first loop may hold sockets of the others.
    accept_timer.reset();
    acceptor.reset();
    for (std::unique_ptr<Loop>& loop : loops) loop.reset();
  }

  Status listen() {
    NetError error;
    const auto address = asio::ip::make_address(core.options.address, error);
    if (error) {
      return Error{Code::invalid_argument, "'" + core.options.address + "' isn't an IP address to listen on"};
    }
    const tcp::endpoint endpoint(address, core.options.port);
    acceptor->open(endpoint.protocol(), error);
    if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor->bind(endpoint, error);
    if (!error) acceptor->listen(tcp::acceptor::max_listen_connections, error);
    if (!error) port = acceptor->local_endpoint(error).port();
    if (error) {
      return Error{Code::unavailable, "can't listen on " + core.options.address + " port " +
                                          std::to_string(core.options.port) + ": " + error.message()};
    }
    return {};
  }

  Status load_certificate() {
    if (core.options.certificate_file.empty() != core.options.key_file.empty()) {
      return Error{Code::invalid_argument, "TLS needs both a certificate and its key, or neither"};
    }
    if (!secure()) return {};
    if (core.options.pinned && !core.options.certificate_file.empty()) {
      return Error{Code::invalid_argument, "a server shows its certificate or its pinned key: leave out one of them"};
    }
    tls.set(std::make_shared<const TlsContext>(
        TRY(core.options.pinned ? pinned_server_tls(*core.options.pinned)
                                : server_tls(core.options.certificate_file, core.options.key_file))));
    return {};
  }

  bool secure() const { return core.options.pinned || !core.options.certificate_file.empty(); }

  void run() {
    running = true;
    const auto interval = sweep_interval(core.options, core.router);
    for (const std::unique_ptr<Loop>& loop : loops) {
      loop->refresh();
      asio::post(loop->state.io, [&loop = *loop, interval] { loop.sweep(interval); });
    }
    asio::post(loops[0]->state.io, [this] { accept(); });
    for (const std::unique_ptr<Loop>& loop : loops) {
      loop->thread = std::jthread([&io = loop->state.io] { io.run(); });
    }
  }

  // On the first loop; the connections go to all loops in turn.
  void accept() {
    Loop& loop = *loops[next_loop++ % loops.size()];
    acceptor->async_accept(loop.state.io, [this, &loop](const NetError& error, tcp::socket socket) {
      if (core.stopping || error == asio::error::operation_aborted) return;
      if (!error) {
        welcome(loop, std::move(socket));
        return accept();
      }
      // Out of file descriptors, most likely: others must close first.
      accept_timer->expires_after(accept_pause);
      accept_timer->async_wait([this](const NetError& stopped) {
        if (!stopped) accept();
      });
    });
  }

  void welcome(Loop& loop, tcp::socket socket) {
    NetError error;
    const tcp::endpoint endpoint = socket.remote_endpoint(error);
    if (error) return;
    socket.set_option(tcp::no_delay(true), error);
    Peer peer = peer_of(endpoint, secure());
    if (!core.admission.admit(peer)) return;
    auto transport = make_transport(std::move(socket), secure() ? *tls.get() : TlsContext());
    if (!transport) return core.admission.leave(peer);
    auto connection = std::make_shared<HttpConnection>(loop.state, std::move(transport), std::move(peer));
    if (&loop == loops[0].get()) return connection->begin();
    asio::post(loop.state.io, [connection = std::move(connection)] { connection->begin(); });
  }

  // Returns when it has been done.
  void on_each_connection(void (HttpConnection::*what)()) {
    std::latch done(static_cast<std::ptrdiff_t>(loops.size()));
    for (const std::unique_ptr<Loop>& loop : loops) {
      asio::post(loop->state.io, [&loop = *loop, &done, what] {
        const std::vector<std::shared_ptr<HttpConnection>> now = loop.state.connections;
        for (const std::shared_ptr<HttpConnection>& connection : now) (*connection.*what)();
        done.count_down();
      });
    }
    done.wait();
  }

  void stop(std::int64_t wait_ms) {
    if (core.stopping.exchange(true) || !running) return;
    asio::post(loops[0]->state.io, [this] {
      NetError ignored;
      acceptor->close(ignored);
      accept_timer->cancel();
    });
    on_each_connection(&HttpConnection::stop);
    core.admission.wait_for_none(std::chrono::milliseconds(wait_ms));
    on_each_connection(&HttpConnection::cut);
    // A handler that waits for its connection is told so by the cut; others end when they end.
    core.pool.stop();
    // What handlers still posted is heard before the loops end: nobody outside holds a way in afterwards.
    on_each_connection(&HttpConnection::cut);
    for (const std::unique_ptr<Loop>& loop : loops) loop->state.io.stop();
    for (const std::unique_ptr<Loop>& loop : loops) loop->thread.join();
  }

  ServerCore core;
  Published<TlsContext> tls;
  std::vector<std::unique_ptr<Loop>> loops = {};
  std::optional<tcp::acceptor> acceptor = {};
  std::optional<asio::steady_timer> accept_timer = {};
  std::size_t next_loop = 0;
  std::uint16_t port = 0;
  bool running = false;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions& options, Router router,
                                                      HttpSeams seams) {
  assert(seams.clock.utc_ms && seams.clock.steady_ms);
  try {
    auto impl = std::make_unique<Impl>(options, std::move(router), std::move(seams));
    TRY(impl->load_certificate());
    TRY(impl->listen());
    impl->run();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
  } catch (const std::system_error& error) {  // no more threads, or no epoll
    return Error{Code::unavailable, std::string("the server can't be set up: ") + error.what()};
  }
}

std::uint16_t HttpServer::port() const {
  return impl_->port;
}

HttpServerInfo HttpServer::info() const {
  return {.connections = impl_->core.admission.open(),
          .event_streams = impl_->core.event_streams,
          .handlers_running = impl_->core.pool.running(),
          .handlers_waiting = impl_->core.pool.waiting()};
}

Status HttpServer::reload_certificate() {
  if (impl_->core.options.pinned) return {};
  return impl_->load_certificate();
}

Status HttpServer::replace_pinned(PinnedTls next) {
  if (!impl_->core.options.pinned) return Error{Code::invalid_argument, "this server has no pinned key to replace"};
  impl_->tls.set(std::make_shared<const TlsContext>(TRY(pinned_server_tls(next))));
  return {};
}

void HttpServer::stop(std::int64_t wait_ms) {
  impl_->stop(wait_ms);
}

}  // namespace fristad
