#include "cli/new_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace fristad {
namespace {

namespace fs = std::filesystem;

TEST(NewFileTest, AppearsWholeAndReplacesNothing) {
  std::string pattern = fs::temp_directory_path() / "new_file_test.XXXXXX";
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const fs::path folder = pattern;
  const std::string path = folder / "file";
  {
    auto left = NewFile::create(path);
    ASSERT_TRUE(left) << left.error().message;
    left->writer().write("half");
  }
  EXPECT_TRUE(fs::is_empty(folder));

  auto file = NewFile::create(path);
  ASSERT_TRUE(file);
  file->writer().write("all of it");
  EXPECT_FALSE(fs::exists(path));
  ASSERT_TRUE(file->finish());
  std::ifstream stream(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(stream), {}), "all of it");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);

  EXPECT_EQ(NewFile::create(path).error().code, Code::already_exists);
  auto late = NewFile::create(path + "2");
  ASSERT_TRUE(late);
  std::ofstream(path + "2") << "precious";
  EXPECT_EQ(late->finish().error().code, Code::already_exists);
  EXPECT_EQ(NewFile::create(folder / "none" / "file").error().code, Code::not_found);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace fristad
