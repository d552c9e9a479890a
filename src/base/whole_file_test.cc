#include "base/whole_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

namespace fristad {
namespace {

class WholeFile : public ::testing::Test {
 protected:
  WholeFile() {
    std::string name = ::testing::TempDir() + "fristad-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~WholeFile() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_;
};

TEST_F(WholeFile, IsReadAsItWasWritten) {
  const std::string content("a\0b\xff", 4);
  ASSERT_TRUE(write_file(path("key"), content, FileAccess::owner_only, FileExists::refuse));
  EXPECT_EQ(*read_file(path("key"), 4), content);
  struct stat status {};
  ASSERT_EQ(stat(path("key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(WholeFile, IsReplacedOnlyWhenThatIsAsked) {
  ASSERT_TRUE(write_file(path("a"), "1", FileAccess::everybody_reads, FileExists::refuse));
  const Status refused = write_file(path("a"), "2", FileAccess::everybody_reads, FileExists::refuse);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::already_exists);
  EXPECT_EQ(*read_file(path("a"), 10), "1");
  ASSERT_TRUE(write_file(path("a"), "3", FileAccess::everybody_reads, FileExists::replace));
  EXPECT_EQ(*read_file(path("a"), 10), "3");
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(folder_)) ++files;
  EXPECT_EQ(files, 1u) << "nothing else is left";
}

TEST_F(WholeFile, SaysWhatWasWrong) {
  EXPECT_EQ(read_file(path("absent"), 10).error().code, Code::not_found);
  ASSERT_TRUE(write_file(path("large"), std::string(11, 'x'), FileAccess::owner_only, FileExists::replace));
  EXPECT_EQ(read_file(path("large"), 10).error().code, Code::too_large);
  EXPECT_FALSE(write_file(path("absent/file"), "", FileAccess::owner_only, FileExists::replace));
}

TEST_F(WholeFile, GrowsByWhatIsAppended) {
  ASSERT_TRUE(make_folders(path("b/c/d")));
  ASSERT_TRUE(make_folders(path("b/c/d")));
  ASSERT_TRUE(append_to_file(path("b/c/d/e"), "one\n"));
  ASSERT_TRUE(append_to_file(path("b/c/d/e"), "two\n"));
  EXPECT_EQ(*read_file(path("b/c/d/e"), 100), "one\ntwo\n");
}

}  // namespace
}  // namespace fristad
