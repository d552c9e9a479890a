#pragma once

// A plain connection to a server on this machine, byte by byte: for what no well-behaved client would send.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace fristad::testing {

struct RawAnswer {
  int status = 0;  // 0: the connection ended before an answer was whole
  std::string head = {};
  std::string body = {};
};

class RawConnection {
 public:
  // Reading gives up after 20 s, so that a test fails instead of hanging. `receive_buffer` makes it a slow reader.
  explicit RawConnection(std::uint16_t port, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (receive_buffer > 0) setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawConnection() { ::close(socket_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  bool connected() const { return connected_; }

  // False: the server has closed the connection.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  void end_sending() { shutdown(socket_, SHUT_WR); }

  // False: nothing more comes (the server closed, or nothing came in time).
  bool receive() {
    std::array<char, 16 * 1024> piece;
    const ssize_t count = recv(socket_, piece.data(), piece.size(), 0);
    if (count <= 0) {
      closed_ = count == 0 || errno == ECONNRESET;
      return false;
    }
    received_.append(piece.data(), static_cast<std::size_t>(count));
    return true;
  }

  // Everything until the server closes.
  std::string read_all() {
    while (receive()) {
    }
    return std::exchange(received_, {});
  }

  // Whether the server closes the connection, and sends nothing more before.
  bool ends() { return read_all().empty() && closed_; }

  // What has come until `text` came, with it; "" if it doesn't.
  std::string read_until(std::string_view text) {
    std::size_t at = 0;
    while ((at = received_.find(text)) == std::string::npos) {
      if (!receive()) return "";
    }
    std::string read = received_.substr(0, at + text.size());
    received_.erase(0, read.size());
    return read;
  }

  // The next answer. Its body has a length, is chunked, or isn't there because the request was a HEAD.
  RawAnswer read_answer(bool head_only = false) {
    RawAnswer answer;
    answer.head = read_until("\r\n\r\n");
    if (answer.head.size() < 12) return {};
    answer.status = std::atoi(answer.head.c_str() + 9);
    if (head_only || answer.status < 200 || answer.status == 204 || answer.status == 304) return answer;
    if (answer.head.find("Transfer-Encoding: chunked\r\n") != std::string::npos) {
      while (true) {
        const std::string line = read_until("\r\n");
        if (line.empty()) return {};
        const std::size_t size = std::strtoul(line.c_str(), nullptr, 16);
        while (received_.size() < size + 2) {
          if (!receive()) return {};
        }
        answer.body += received_.substr(0, size);
        received_.erase(0, size + 2);
        if (size == 0) return answer;
      }
    }
    const std::size_t at = answer.head.find("Content-Length: ");
    if (at == std::string::npos) return {};
    const std::size_t size = std::strtoul(answer.head.c_str() + at + 16, nullptr, 10);
    while (received_.size() < size) {
      if (!receive()) return {};
    }
    answer.body = received_.substr(0, size);
    received_.erase(0, size);
    return answer;
  }

  RawAnswer ask(std::string_view request) { return send(request) ? read_answer() : RawAnswer(); }

 private:
  int socket_;
  bool connected_ = false;
  bool closed_ = false;
  std::string received_ = {};
};

}  // namespace fristad::testing
