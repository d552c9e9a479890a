#pragma once

// The Unix socket of a node that a server has open: how a command line, its streams and its working directory come to
// the server, and its exit code comes back.
//
// One packet each (SOCK_SEQPACKET). The request is the version of the program and the arguments, each ended by a zero
// byte, with four descriptors: stdin, stdout, stderr, working directory. The replies are `begun`, then `ended` with the
// exit code; or `refused` with a message.
//
// Thread-safety: any thread, one at a time for one socket.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "fristad/result.h"

namespace fristad {

inline constexpr std::size_t request_bytes_max = 128 * 1024;

struct CommandRequest {
  std::vector<std::string> arguments;
  UniqueFd in;
  UniqueFd out;
  UniqueFd err;
  UniqueFd folder;
};

enum class ReplyKind : char { begun = 'b', ended = 'e', refused = 'r' };

struct CommandReply {
  ReplyKind kind = ReplyKind::begun;
  int exit_code = 0;         // of `ended`
  std::string message = {};  // of `refused`
};

// Makes the socket, mode 0600, in the place of one that a killed server has left. The caller holds the node's lock.
Result<UniqueFd> listen_for_commands(const std::string& path);
// Error: not_found (nobody listens there).
Result<UniqueFd> connect_to_server(const std::string& path);

// Who may give commands: root, and who runs this process. Error: permission_denied.
Status check_peer(int socket);

// The descriptors stay the caller's. Errors: too_large (arguments), unavailable.
Status send_request(int socket, std::span<const std::string> arguments, int in, int out, int err, int folder);
// Errors: damaged (not a request), unsupported (another version of the program), cancelled (the client went away).
Result<CommandRequest> receive_request(int socket);

Status send_reply(int socket, const CommandReply& reply);
// Nothing: the other side has closed. Error: damaged.
Result<std::optional<CommandReply>> receive_reply(int socket);

}  // namespace fristad
