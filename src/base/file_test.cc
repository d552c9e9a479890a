#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace fristad {
namespace {

TEST(File, WriterDeliversEverythingInOrder) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer_end(ends[1]);
  BufferedWriter writer(writer_end.get());
  writer.write("one ");
  writer.write("two");
  ASSERT_TRUE(writer.flush());
  writer_end.reset();
  std::array<char, 16> bytes{};
  const auto got = read_some(reader.get(), bytes);
  ASSERT_TRUE(got);
  EXPECT_EQ(std::string_view(bytes.data(), *got), "one two");
  EXPECT_EQ(read_some(reader.get(), bytes).value(), 0u);
}

TEST(File, WriterKeepsItsFirstFailure) {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  UniqueFd reader(ends[0]);
  const UniqueFd writer_end(ends[1]);
  reader.reset();
  BufferedWriter writer(writer_end.get());
  writer.write("lost");
  EXPECT_FALSE(writer.flush());
  EXPECT_TRUE(writer.closed());
  writer.write("more");
  EXPECT_FALSE(writer.flush());
}

TEST(File, ErrnoBecomesACodeAndWords) {
  const Error error = os_error("cannot open", EACCES);
  EXPECT_EQ(error.code, Code::permission_denied);
  EXPECT_EQ(error.message, "cannot open: Permission denied");
  EXPECT_EQ(os_error("x", ENOENT).code, Code::not_found);
  EXPECT_EQ(os_error("x", EIO).code, Code::unavailable);
}

}  // namespace
}  // namespace fristad
