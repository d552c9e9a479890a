#include "cli/command_socket.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <filesystem>

namespace fristad {
namespace {

namespace fs = std::filesystem;

class CommandSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "command_socket_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    client_ = UniqueFd(pair[0]);
    server_ = UniqueFd(pair[1]);
  }
  void TearDown() override { fs::remove_all(folder_); }

  Status send(std::span<const std::string> arguments) {
    const UniqueFd here(open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return send_request(client_.get(), arguments, 0, 1, 2, here.get());
  }

  fs::path folder_;
  UniqueFd client_;
  UniqueFd server_;
};

TEST_F(CommandSocketTest, ARequestArrivesWithItsDescriptors) {
  const std::vector<std::string> arguments{"list", "create", "", "two words\n\xff"};
  ASSERT_TRUE(send(arguments));
  const auto request = receive_request(server_.get());
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->arguments, arguments);
  struct stat sent {};
  struct stat arrived {};
  ASSERT_EQ(stat(folder_.c_str(), &sent), 0);
  ASSERT_EQ(fstat(request->folder.get(), &arrived), 0);
  EXPECT_EQ(arrived.st_ino, sent.st_ino);
  EXPECT_GT(request->in.get(), 2);
  EXPECT_NE(fcntl(request->err.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(CommandSocketTest, RefusesWhatIsNoRequest) {
  EXPECT_EQ(send(std::vector<std::string>{std::string(request_bytes_max, 'x')}).error().code, Code::too_large);
  const auto raw = [&](std::string_view text) {
    EXPECT_EQ(::send(client_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    return receive_request(server_.get()).error().code;
  };
  using namespace std::string_view_literals;
  EXPECT_EQ(raw("rubbish"), Code::unsupported);
  EXPECT_EQ(raw("fristad 99.0\0list\0"sv), Code::unsupported);
  EXPECT_EQ(raw("fristad " FRISTAD_VERSION), Code::unsupported);
  EXPECT_EQ(raw("fristad " FRISTAD_VERSION "\0list\0"sv), Code::damaged);  // no descriptors
  client_.reset();
  EXPECT_EQ(receive_request(server_.get()).error().code, Code::cancelled);
}

TEST_F(CommandSocketTest, RepliesArrive) {
  ASSERT_TRUE(send_reply(server_.get(), {.kind = ReplyKind::begun}));
  ASSERT_TRUE(send_reply(server_.get(), {.kind = ReplyKind::ended, .exit_code = 3}));
  ASSERT_TRUE(send_reply(server_.get(), {.kind = ReplyKind::refused, .message = "no"}));
  EXPECT_EQ(receive_reply(client_.get()).value()->kind, ReplyKind::begun);
  EXPECT_EQ(receive_reply(client_.get()).value()->exit_code, 3);
  EXPECT_EQ(receive_reply(client_.get()).value()->message, "no");
  ASSERT_EQ(::send(server_.get(), "x", 1, 0), 1);
  EXPECT_EQ(receive_reply(client_.get()).error().code, Code::damaged);
  server_.reset();
  EXPECT_FALSE(receive_reply(client_.get()).value());
}

TEST_F(CommandSocketTest, ListensForItsOwnUserAloneAndReplacesAStaleSocket) {
  const std::string path = folder_ / std::string(100, 'd') / "socket";
  EXPECT_EQ(connect_to_server(path).error().code, Code::not_found);
  fs::create_directory(fs::path(path).parent_path());
  for (int round = 0; round < 2; ++round) {
    const auto listener = listen_for_commands(path);
    ASSERT_TRUE(listener) << listener.error().message;
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    const auto connected = connect_to_server(path);
    ASSERT_TRUE(connected) << connected.error().message;
    EXPECT_TRUE(check_peer(connected->get()));
  }
  EXPECT_EQ(connect_to_server(path).error().code, Code::not_found);  // closed, but still there
}

}  // namespace
}  // namespace fristad
