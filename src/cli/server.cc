#include "cli/server.h"

#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <list>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "base/try.h"
#include "cli/command_socket.h"

namespace fristad {
namespace {

constexpr std::size_t sessions_max = 8;
constexpr int tick_ms = 250;
constexpr std::int64_t silence_max_ms = 5000;
constexpr std::int64_t farewell_ms = 10'000;

struct Session {
  UniqueFd socket;
  std::int64_t since_ms = 0;
  bool begun = false;
  bool heard = true;  // poll the socket: until the client has closed its side
  std::atomic<bool> stop = false;
  std::atomic<bool> done = false;
  std::thread thread = {};
};

bool is_gone(int socket) {
  pollfd one{.fd = socket, .events = POLLRDHUP, .revents = 0};
  return poll(&one, 1, 0) > 0 && (one.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

class Server {
 public:
  Server(Node& node, const Env& env, std::function<int(Env&)> run_command, UniqueFd listener, UniqueFd wake)
      : node_(node),
        env_(env),
        run_command_(std::move(run_command)),
        listener_(std::move(listener)),
        wake_(std::move(wake)) {}

  void run() {
    while (!env_.stop.load()) {
      wait(sessions_.size() < sessions_max);
      tidy_up();
    }
  }

  // Gives how many commands don't end.
  std::size_t end() {
    listener_.reset();
    for (const auto& session : sessions_) session->stop = true;
    const std::int64_t until_ms = env_.clock.steady_ms() + farewell_ms;
    while (running() > 0 && env_.clock.steady_ms() < until_ms) {
      wait(false);
      tidy_up();
    }
    const std::size_t left = running();
    for (auto& session : sessions_) {
      if (session->thread.joinable()) session->thread.detach();
      // Its thread still looks at it.
      if (session->begun) static_cast<void>(session.release());
    }
    sessions_.clear();
    return left;
  }

 private:
  std::size_t running() const {
    return static_cast<std::size_t>(std::ranges::count_if(sessions_, [](const auto& one) { return one->begun; }));
  }

  void wait(bool accepting) {
    std::vector<pollfd> fds{{.fd = wake_.get(), .events = POLLIN, .revents = 0}};
    if (accepting) fds.push_back({.fd = listener_.get(), .events = POLLIN, .revents = 0});
    const std::size_t first = fds.size();
    std::vector<Session*> polled;
    for (const auto& session : sessions_) {
      if (!session->heard) continue;
      fds.push_back({.fd = session->socket.get(), .events = POLLIN | POLLRDHUP, .revents = 0});
      polled.push_back(session.get());
    }
    if (poll(fds.data(), fds.size(), tick_ms) <= 0) return;
    if (fds[0].revents != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto got = read(wake_.get(), &count, sizeof(count));
    }
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (fds[first + i].revents != 0) hear(*polled[i]);
    }
    if (accepting && fds[1].revents != 0) accept_client();
  }

  void accept_client() {
    UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) return;
    if (const Status status = check_peer(client.get()); !status) {
      static_cast<void>(send_reply(client.get(), {.kind = ReplyKind::refused, .message = status.error().message}));
      return;
    }
    auto session = std::make_unique<Session>();
    session->socket = std::move(client);
    session->since_ms = env_.clock.steady_ms();
    sessions_.push_back(std::move(session));
  }

  void hear(Session& session) {
    if (session.begun) {
      // After its request a client says nothing more: it is gone, or asks to stop by closing its side.
      session.stop = true;
      session.heard = false;
      return;
    }
    auto request = receive_request(session.socket.get());
    if (request && !is_gone(session.socket.get())) {
      begin(session, *std::move(request));
      return;
    }
    if (!request && request.error().code != Code::cancelled) {
      static_cast<void>(
          send_reply(session.socket.get(), {.kind = ReplyKind::refused, .message = request.error().message}));
    }
    session.done = true;
  }

  void begin(Session& session, CommandRequest request) {
    try {
      session.thread = std::thread([this, &session, asked = std::move(request)]() mutable {
        const CommandReply reply = answer(session, asked);
        asked = {};
        static_cast<void>(send_reply(session.socket.get(), reply));
        session.done = true;
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = write(wake_.get(), &one, sizeof(one));
      });
      session.begun = true;
    } catch (const std::system_error& error) {
      static_cast<void>(send_reply(session.socket.get(), {.kind = ReplyKind::refused, .message = error.what()}));
      session.done = true;
    }
  }

  CommandReply answer(Session& session, CommandRequest& request) {
    // A working directory of this thread's own, and of those that it starts.
    if (unshare(CLONE_FS) != 0 || fchdir(request.folder.get()) != 0) {
      return {.kind = ReplyKind::refused,
              .message = os_error("the server can't go to where you are: start it where unshare() is allowed, or stop "
                                  "it for this command",
                                  errno)
                             .message};
    }
    static_cast<void>(send_reply(session.socket.get(), {.kind = ReplyKind::begun}));
    Env env{.clock = env_.clock,
            .random = env_.random,
            .cores = env_.cores,
            .stop = session.stop,
            .node_folder = env_.node_folder,
            .credentials_folder = env_.credentials_folder,
            .arguments = std::move(request.arguments),
            .node = &node_,
            .in = request.in.get(),
            .err = request.err.get(),
            .out = BufferedWriter(request.out.get())};
    try {
      return {.kind = ReplyKind::ended, .exit_code = run_command_(env)};
    } catch (const std::exception& error) {
      env.say(error.what());
      return {.kind = ReplyKind::ended, .exit_code = exit_failed};
    }
  }

  void tidy_up() {
    const std::int64_t now_ms = env_.clock.steady_ms();
    sessions_.remove_if([&](const std::unique_ptr<Session>& session) {
      if (!session->begun && now_ms - session->since_ms > silence_max_ms) return true;
      if (!session->done.load()) return false;
      if (session->thread.joinable()) session->thread.join();
      return true;
    });
  }

  Node& node_;
  const Env& env_;
  const std::function<int(Env&)> run_command_;
  UniqueFd listener_;
  UniqueFd wake_;
  std::list<std::unique_ptr<Session>> sessions_;
};

void keep(const std::stop_token& stop, Node& node, const ServeOptions& options) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  const auto check = [&](std::string_view what, const Status& status) {
    if (!status && options.on_trouble) options.on_trouble(what, status.error());
  };
  const std::chrono::milliseconds period(options.publish_ms);
  while (!never.wait_for(lock, stop, period, [&] { return stop.stop_requested(); })) {
    check("the logs weren't published", node.publish());
    check("the index wasn't saved", node.material().save());
    check("an erasure isn't finished", node.finish_erasures());
    check("what is over wasn't put away", node.people().tend());
    const auto muted = node.watch_members();
    check("other members weren't watched", muted ? Status() : Status(muted.error()));
    if (options.each_minute) options.each_minute();
  }
}

}  // namespace

Result<std::size_t> serve(Node& node, const Env& env, const std::function<int(Env&)>& run_command,
                          const ServeOptions& options) {
  const std::string path = node_socket_path(node.folder());
  UniqueFd listener = TRY(listen_for_commands(path));
  UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return os_error("no event descriptor", errno);
  std::jthread keeper([&](const std::stop_token& stop) { keep(stop, node, options); });
  auto server = std::make_unique<Server>(node, env, run_command, std::move(listener), std::move(wake));
  server->run();
  unlink(path.c_str());
  keeper.request_stop();
  const std::size_t left = server->end();
  // Threads that don't end still look at it.
  if (left > 0) static_cast<void>(server.release());
  return left;
}

}  // namespace fristad
