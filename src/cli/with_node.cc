#include "cli/with_node.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "base/try.h"
#include "cli/command_socket.h"

namespace fristad {
namespace {

constexpr std::int64_t wait_for_others_ms = 10'000;
constexpr int tick_ms = 100;

// The exit code, or nothing if no server answers.
Result<std::optional<int>> run_in_server(const std::string& folder, const Env& env) {
  const auto socket = connect_to_server(node_socket_path(folder));
  if (!socket && socket.error().code == Code::not_found) return std::optional<int>();
  if (!socket) return socket.error();
  const UniqueFd here(open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!here) return os_error("cannot open the working directory", errno);
  const Status sent = send_request(socket->get(), env.arguments, env.in, STDOUT_FILENO, env.err, here.get());
  // A server that refuses somebody needn't hear him out: its reply says why.
  if (!sent && sent.error().code == Code::too_large) return sent.error();
  bool begun = false;
  bool asked_to_stop = false;
  while (true) {
    if (env.stop.load() && !asked_to_stop) {
      if (!begun) return Error{Code::cancelled, "stopped before the node's server came to it"};
      // The server takes it for a request to stop, and still answers.
      static_cast<void>(shutdown(socket->get(), SHUT_WR));
      asked_to_stop = true;
    }
    pollfd one{.fd = socket->get(), .events = POLLIN, .revents = 0};
    if (poll(&one, 1, tick_ms) <= 0) continue;
    const auto reply = TRY(receive_reply(socket->get()));
    if (!reply) {
      return Error{Code::unavailable, begun ? "the node's server ended before the command did: look what of it is "
                                              "recorded (fristad log show)"
                                            : "the node's server ended before it came to the command: try again"};
    }
    if (reply->kind == ReplyKind::refused) return Error{Code::unavailable, reply->message};
    if (reply->kind == ReplyKind::ended) return std::optional(reply->exit_code);
    begun = true;
  }
}

}  // namespace

void add_node_options(CLI::App& command, NodeOptions& options) {
  command.add_option("--node", options.folder, "The node's folder; else that of the environment variable FRISTAD_NODE");
  command.add_option("--key-file", options.key_file, "The node's key, if it isn't where the node was made with it");
}

void add_deciding_options(CLI::App& command, NodeOptions& options) {
  add_node_options(command, options);
  command.add_option("--actor", options.actor, "Who decides this: stands in the record")->capture_default_str();
}

Result<std::string> node_folder(const NodeOptions& options, const Env& env) {
  const std::string& folder = options.folder.empty() ? env.node_folder : options.folder;
  if (folder.empty()) {
    return Error{Code::invalid_argument, "name the node: --node DIR, or the environment variable FRISTAD_NODE"};
  }
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(folder, error);
  if (error) return Error{Code::unavailable, folder + ": " + error.message()};
  std::string text = path.lexically_normal().string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

NodeSeams node_seams(const Env& env) {
  return {.clock = env.clock, .random = env.random, .credentials_folder = env.credentials_folder};
}

int with_node(const NodeOptions& options, Env& env, const std::function<int(Node&)>& use) {
  if (env.node != nullptr) return use(*env.node);
  const auto folder = node_folder(options, env);
  if (!folder) {
    env.fail(folder.error());
    return exit_usage;
  }
  const std::int64_t until_ms = env.clock.steady_ms() + wait_for_others_ms;
  while (true) {
    const auto code = run_in_server(*folder, env);
    if (!code) return env.fail(code.error());
    if (*code) return **code;
    const auto node = Node::open({.folder = *folder, .key_file = options.key_file}, node_seams(env));
    if (node) return use(**node);
    const bool others = node.error().code == Code::conflict && !env.stop.load();
    if (!others || env.clock.steady_ms() > until_ms) return env.fail(node.error());
    std::this_thread::sleep_for(std::chrono::milliseconds(tick_ms));
  }
}

}  // namespace fristad
