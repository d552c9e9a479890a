#include "cli/command_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/try.h"

namespace fristad {
namespace {

constexpr std::size_t descriptors = 4;
constexpr std::size_t reply_bytes_max = 4096;
constexpr int backlog = 64;
constexpr std::string_view greeting = "fristad " FRISTAD_VERSION;

struct Address {
  sockaddr_un name{};
  UniqueFd folder;  // what `name` goes through
};

// Paths of sockets are short. One that is too long is reached through its open folder.
Result<Address> address_of(const std::string& path) {
  Address address;
  address.name.sun_family = AF_UNIX;
  std::string reachable = path;
  if (path.size() >= sizeof(address.name.sun_path)) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return Error{Code::too_large, "the name of the socket is too long"};
    address.folder = UniqueFd(open(path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!address.folder) return os_error("cannot open the node's folder", errno);
    reachable = "/proc/self/fd/" + std::to_string(address.folder.get()) + path.substr(slash);
    if (reachable.size() >= sizeof(address.name.sun_path)) {
      return Error{Code::too_large, "the name of the socket is too long"};
    }
  }
  std::ranges::copy(reachable, std::begin(address.name.sun_path));
  return address;
}

const sockaddr* as_sockaddr(const sockaddr_un& name) {
  return reinterpret_cast<const sockaddr*>(&name);
}

UniqueFd new_socket() {
  return UniqueFd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

Status send_packet(int socket, msghdr& message) {
  ssize_t sent = 0;
  do {
    sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return os_error("cannot reach the other side of the node's socket", errno);
  return {};
}

// Takes over every descriptor of the message, wanted or not.
std::vector<UniqueFd> descriptors_of(msghdr& message) {
  std::vector<UniqueFd> taken;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      taken.emplace_back(fd);
    }
  }
  return taken;
}

}  // namespace

Result<UniqueFd> listen_for_commands(const std::string& path) {
  const Address address = TRY(address_of(path));
  UniqueFd listener = new_socket();
  if (!listener) return os_error("cannot make a socket", errno);
  unlink(path.c_str());
  // Before bind(), so that it never can be reached by others.
  if (fchmod(listener.get(), S_IRUSR | S_IWUSR) != 0 ||
      bind(listener.get(), as_sockaddr(address.name), sizeof(address.name)) != 0 ||
      chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || listen(listener.get(), backlog) != 0 ||
      fcntl(listener.get(), F_SETFL, O_NONBLOCK) != 0) {
    return os_error(path + ": cannot listen for commands", errno);
  }
  return listener;
}

Result<UniqueFd> connect_to_server(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return Error{Code::not_found, address.error().message};
  UniqueFd connected = new_socket();
  if (!connected) return os_error("cannot make a socket", errno);
  int outcome = 0;
  do {
    outcome = connect(connected.get(), as_sockaddr(address->name), sizeof(address->name));
  } while (outcome != 0 && errno == EINTR);
  if (outcome == 0) return connected;
  if (errno == EACCES || errno == EPERM) {
    return Error{Code::permission_denied, path + ": a server has the node open, and takes commands of its own user"};
  }
  return Error{Code::not_found, path + ": nobody listens"};
}

Status check_peer(int socket) {
  ucred peer{};
  socklen_t size = sizeof(peer);
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return os_error("unknown client", errno);
  if (peer.uid == 0 || peer.uid == geteuid()) return {};
  return Error{Code::permission_denied, "commands are taken from root and from the server's own user"};
}

Status send_request(int socket, std::span<const std::string> arguments, int in, int out, int err, int folder) {
  std::string text(greeting);
  text += '\0';
  for (const std::string& argument : arguments) {
    text += argument;
    text += '\0';
  }
  if (text.size() > request_bytes_max) {
    return Error{Code::too_large, "the command line is over 128 KiB, too long for a running server"};
  }
  const std::array<int, descriptors> fds{in, out, err, folder};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(fds))> control{};
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(fds));
  std::memcpy(CMSG_DATA(rights), fds.data(), sizeof(fds));
  return send_packet(socket, message);
}

Result<CommandRequest> receive_request(int socket) {
  std::string text(request_bytes_max, '\0');
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * 2 * descriptors)> control{};
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t got = 0;
  do {
    got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return os_error("no request", errno);
  std::vector<UniqueFd> fds = descriptors_of(message);
  if (got == 0) return Error{Code::cancelled, "the client went away"};
  text.resize(static_cast<std::size_t>(got));
  if (!text.starts_with(greeting) || text.size() == greeting.size() || text[greeting.size()] != '\0') {
    return Error{Code::unsupported, "the server of this node is fristad " FRISTAD_VERSION
                                    ", this program another version: start the server anew"};
  }
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || fds.size() != descriptors || text.back() != '\0') {
    return Error{Code::damaged, "not a request"};
  }
  CommandRequest request{.arguments = {},
                         .in = std::move(fds[0]),
                         .out = std::move(fds[1]),
                         .err = std::move(fds[2]),
                         .folder = std::move(fds[3])};
  std::string_view rest = std::string_view(text).substr(greeting.size() + 1);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\0');
    request.arguments.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return request;
}

Status send_reply(int socket, const CommandReply& reply) {
  std::string text(1, static_cast<char>(reply.kind));
  if (reply.kind == ReplyKind::ended) text += std::to_string(reply.exit_code);
  if (reply.kind == ReplyKind::refused) text += reply.message.substr(0, reply_bytes_max - 1);
  iovec part{.iov_base = text.data(), .iov_len = text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return send_packet(socket, message);
}

Result<std::optional<CommandReply>> receive_reply(int socket) {
  std::string text(reply_bytes_max, '\0');
  ssize_t got = 0;
  int resets = 0;
  do {
    got = recv(socket, text.data(), text.size(), 0);
    // Told once when the other side closed without reading everything; what it had sent before comes after that.
  } while (got < 0 && (errno == EINTR || (errno == ECONNRESET && ++resets == 1)));
  if (got <= 0) return std::optional<CommandReply>();
  text.resize(static_cast<std::size_t>(got));
  CommandReply reply{.kind = static_cast<ReplyKind>(text.front())};
  const std::string rest = text.substr(1);
  switch (reply.kind) {
    case ReplyKind::begun: return std::optional(reply);
    case ReplyKind::refused: reply.message = rest; return std::optional(reply);
    case ReplyKind::ended:
      if (rest.size() != 1 || rest.front() < '0' || rest.front() > '9') break;
      reply.exit_code = rest.front() - '0';
      return std::optional(reply);
  }
  return Error{Code::damaged, "the node's server gives answers that this program doesn't know"};
}

}  // namespace fristad
