#include "node/tar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/whole_file.h"
#include "record/record_fixture.h"

namespace fristad {
namespace {

using Files = std::map<std::string, std::string>;

std::string archive_of(const Files& files) {
  std::string out;
  TarWriter tar([&](Bytes bytes) {
    out += as_text(bytes);
    return Status();
  });
  for (const auto& [name, content] : files) {
    std::string_view rest = content;
    EXPECT_TRUE(tar.file(name, content.size(), [&](std::span<char> to) -> Result<std::size_t> {
      const std::size_t size = std::min({to.size(), rest.size(), std::size_t{700}});
      std::copy_n(rest.data(), size, to.data());
      rest.remove_prefix(size);
      return size;
    }));
  }
  EXPECT_TRUE(tar.finish());
  return out;
}

Result<Files> files_of(std::string_view archive, std::size_t piece) {
  Files files;
  TarReader tar([&](const std::string& name, std::uint64_t) -> Result<WriteBytes> {
    std::string& content = files[name];
    return WriteBytes([&content](Bytes bytes) {
      content += as_text(bytes);
      return Status();
    });
  });
  for (; !archive.empty(); archive.remove_prefix(std::min(piece, archive.size()))) {
    TRY(tar.take(as_bytes(archive.substr(0, piece))));
  }
  TRY(tar.finish());
  return files;
}

const Files example{{"a", ""}, {"b", std::string(512, 'b')}, {"c", std::string(1500, 'c')}, {"node.json", "{}"}};

TEST(Tar, ReadsWhatItWroteInPiecesOfAnySize) {
  const std::string archive = archive_of(example);
  EXPECT_EQ(archive.size() % 512, 0u);
  for (const std::size_t piece : {1u, 7u, 511u, 512u, 513u, 100'000u}) {
    const auto files = files_of(archive, piece);
    ASSERT_TRUE(files) << files.error().message;
    EXPECT_EQ(*files, example);
  }
}

TEST(Tar, IsReadByTheSystemsOwnTool) {
  const testing::TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder / "x.tar", archive_of(example), FileAccess::owner_only, FileExists::replace));
  ASSERT_EQ(std::system(("tar -x -f " + (folder / "x.tar") + " -C " + folder.path()).c_str()), 0);
  for (const auto& [name, content] : example) EXPECT_EQ(*read_file(folder / name, 10'000), content);
}

TEST(Tar, NoticesWhatIsCutOrDamaged) {
  const std::string archive = archive_of(example);
  for (std::size_t size = 0; size + 1024 < archive.size(); size += 100) {
    EXPECT_FALSE(files_of(archive.substr(0, size), 512)) << size;
  }
  for (const std::size_t at : {0u, 124u, 148u, 156u, 257u}) {
    std::string bad = archive;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_FALSE(files_of(bad, 512)) << at;
  }
  EXPECT_FALSE(files_of(archive + std::string(512, 'x'), 512));
}

}  // namespace
}  // namespace fristad
