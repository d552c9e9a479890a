#include "cli/walker.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

namespace fristad {
namespace {

namespace fs = std::filesystem;

class WalkerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "walker_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  void make(const std::string& path) {
    fs::create_directories((root_ / path).parent_path());
    const UniqueFd fd(open((root_ / path).c_str(), O_WRONLY | O_CREAT, 0644));
    ASSERT_TRUE(fd) << path;
    ASSERT_EQ(write(fd.get(), "x", 1), 1);
  }

  // The paths below the root, errors with a "!" before them.
  std::vector<std::string> walk(std::vector<std::string> roots, const WalkOptions& options = {}) {
    std::size_t at = 0;
    Walker walker([&] { return at < roots.size() ? std::optional(roots[at++]) : std::nullopt; }, options);
    std::vector<std::string> paths;
    FoundFile found;
    while (walker.next(found)) {
      const std::string path = found.path.substr(std::min(found.path.size(), root_.string().size()));
      paths.push_back((found.error || !open_found(found) ? "!" : "") + path);
    }
    counts_ = walker.counts();
    return paths;
  }

  fs::path root_;
  WalkCounts counts_;
};

using Paths = std::vector<std::string>;

TEST_F(WalkerTest, FindsFilesInTheOrderOfNames) {
  for (const char* path : {"b/2", "b/1", "a", "c/d/e", "b-", "B"}) make(path);
  fs::create_directory(root_ / "empty");
  EXPECT_EQ(walk({root_}), (Paths{"/B", "/a", "/b/1", "/b/2", "/b-", "/c/d/e"}));
  EXPECT_EQ(walk({root_.string() + "/"}), (Paths{"/B", "/a", "/b/1", "/b/2", "/b-", "/c/d/e"}));
  EXPECT_EQ(counts_.folders, 5u);
  EXPECT_EQ(walk({root_ / "a", root_ / "c"}), (Paths{"/a", "/c/d/e"}));
}

TEST_F(WalkerTest, NeverFollowsLinksNorOpensSpecialFiles) {
  make("in/a");
  make("out/secret");
  fs::create_symlink("../out", root_ / "in/folder");
  fs::create_symlink("../out/secret", root_ / "in/file");
  fs::create_symlink(".", root_ / "in/loop");
  ASSERT_EQ(mkfifo((root_ / "in/pipe").c_str(), 0644), 0);
  EXPECT_EQ(walk({root_ / "in"}), Paths{"/in/a"});
  EXPECT_EQ(counts_.links_skipped, 3u);
  EXPECT_EQ(counts_.special_skipped, 1u);
  // What the user names is followed; a pipe that the user names is an error and waits for nobody.
  EXPECT_EQ(walk({root_ / "in/folder"}), Paths{"/in/folder/secret"});
  EXPECT_EQ(walk({root_ / "in/file"}), Paths{"/in/file"});
  EXPECT_EQ(walk({root_ / "in/pipe"}), Paths{"!/in/pipe"});
  EXPECT_EQ(walk({root_ / "nowhere"}), Paths{"!/nowhere"});
}

TEST_F(WalkerTest, AFileExchangedForALinkIsNotFollowed) {
  make("in/a");
  make("secret");
  std::size_t at = 0;
  Walker walker([&] { return at++ == 0 ? std::optional((root_ / "in").string()) : std::nullopt; }, {});
  FoundFile found;
  ASSERT_TRUE(walker.next(found));
  fs::remove(root_ / "in/a");
  fs::create_symlink("../secret", root_ / "in/a");
  EXPECT_FALSE(open_found(found));
}

TEST_F(WalkerTest, GoesDeeperThanPathMaxWithFewDescriptors) {
  const std::string name(200, 'd');
  constexpr int depth = 300;
  UniqueFd folder(open(root_.c_str(), O_RDONLY | O_DIRECTORY));
  std::string path;
  for (int i = 0; i < depth; ++i) {
    ASSERT_EQ(mkdirat(folder.get(), name.c_str(), 0755), 0);
    path += "/" + name;
    folder = UniqueFd(openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY));
    ASSERT_TRUE(folder);
    // A file beside each folder, behind it in order: found on the way back.
    ASSERT_TRUE(UniqueFd(openat(folder.get(), "z", O_WRONLY | O_CREAT, 0644)));
  }
  const Paths paths = walk({root_});
  ASSERT_EQ(paths.size(), static_cast<std::size_t>(depth));
  EXPECT_EQ(paths.front(), path + "/z");
  EXPECT_EQ(paths.back(), "/" + name + "/z");
  for (const std::string& found : paths) EXPECT_FALSE(found.starts_with('!'));
}

TEST_F(WalkerTest, StopsAtItsDepthLimitAndSaysSo) {
  make("1/2/3/4/a");
  make("1/2/b");
  EXPECT_EQ(walk({root_}, {.depth_max = 3}), (Paths{"!/1/2/3", "/1/2/b"}));
  EXPECT_EQ(walk({root_}, {.depth_max = 5}), (Paths{"/1/2/3/4/a", "/1/2/b"}));
}

// A folder moved away, deep inside, must neither lead out of the tree nor hang.
TEST_F(WalkerTest, SurvivesAFolderMovedAwayWhileItIsWalked) {
  constexpr int depth = 200;
  std::string path = "in";
  for (int i = 0; i < depth; ++i) path += "/d";
  make(path + "/a");
  make("in/z");
  make("secret");
  std::size_t at = 0;
  Walker walker([&] { return at++ == 0 ? std::optional((root_ / "in").string()) : std::nullopt; }, {});
  FoundFile found;
  ASSERT_TRUE(walker.next(found));
  EXPECT_TRUE(found.path.ends_with("/a"));
  fs::rename(root_ / "in/d/d", root_ / "moved");
  std::vector<FoundFile> rest;
  while (walker.next(found)) rest.push_back(found);
  ASSERT_EQ(rest.size(), 1u);
  ASSERT_TRUE(rest[0].error);
  EXPECT_EQ(rest[0].error->code, Code::unavailable);
}

TEST_F(WalkerTest, StaysOnOneFileSystem) {
  struct stat here {};
  struct stat there {};
  ASSERT_EQ(stat("/", &here), 0);
  ASSERT_EQ(stat("/proc", &there), 0);
  ASSERT_NE(here.st_dev, there.st_dev);
  std::size_t at = 0;
  Walker walker([&] { return at++ == 0 ? std::optional<std::string>("/proc/self") : std::nullopt; },
                {.one_file_system = true});
  FoundFile found;
  ASSERT_TRUE(walker.next(found));
  ASSERT_TRUE(found.only_device);
  EXPECT_EQ(*found.only_device, there.st_dev);
  found = {};
  found.name = "/etc/passwd";
  found.only_device = there.st_dev;
  EXPECT_FALSE(open_found(found));
  found.only_device.reset();
  EXPECT_TRUE(open_found(found));
}

}  // namespace
}  // namespace fristad
