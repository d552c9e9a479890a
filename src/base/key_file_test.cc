#include "base/key_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace fristad {
namespace {

namespace fs = std::filesystem;

class KeyFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "key_file_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ / "key";
  }
  void TearDown() override { fs::remove_all(folder_); }

  Result<std::array<std::uint8_t, 32>> read(const std::string& text) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << text;
    chmod(path_.c_str(), 0600);
    return read_key_file(path_);
  }

  fs::path folder_;
  std::string path_;
};

Status sevens(std::span<std::uint8_t> bytes) {
  std::fill(bytes.begin(), bytes.end(), 0x77);
  return {};
}

TEST_F(KeyFileTest, WritesWhatItReads) {
  ASSERT_TRUE(write_key_file(path_, sevens));
  std::array<std::uint8_t, 32> expected{};
  expected.fill(0x77);
  EXPECT_EQ(read_key_file(path_).value(), expected);
  EXPECT_EQ(fs::file_size(path_), 65u);
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(KeyFileTest, NeverOverwrites) {
  ASSERT_TRUE(write_key_file(path_, sevens));
  EXPECT_EQ(write_key_file(path_, sevens).error().code, Code::already_exists);
}

TEST_F(KeyFileTest, LeavesNothingWithoutRandomness) {
  const auto broken = [](std::span<std::uint8_t>) -> Status { return Error{Code::unavailable, "no random bytes"}; };
  EXPECT_FALSE(write_key_file(path_, broken));
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(KeyFileTest, RefusesFilesThatOthersCanRead) {
  ASSERT_TRUE(write_key_file(path_, sevens));
  for (const mode_t mode : {0640u, 0604u, 0610u}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    const auto key = read_key_file(path_);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, Code::permission_denied);
    EXPECT_NE(key.error().message.find("chmod 600"), std::string::npos);
  }
}

TEST_F(KeyFileTest, RefusesWhatIsNoKey) {
  const std::string digits(64, 'a');
  EXPECT_TRUE(read(digits));
  EXPECT_TRUE(read(digits + "\r\n"));
  for (const std::string& text : {std::string(), digits.substr(1), digits + "a", digits + "\n\n",
                                  digits + "\n" + digits, std::string(64, 'g'), std::string(1'000'000, 'a')}) {
    EXPECT_FALSE(read(text));
  }
  EXPECT_EQ(read_key_file(folder_ / "none").error().code, Code::not_found);
  EXPECT_FALSE(read_key_file(folder_));
}

}  // namespace
}  // namespace fristad
