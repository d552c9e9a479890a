#include "cli/file_matcher.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace fristad {
namespace {

PdqHash random_hash(std::mt19937_64& random) {
  return {{random(), random(), random(), random()}};
}

PdqHash with_flips(PdqHash hash, int count) {
  hash.words[0] ^= (std::uint64_t{1} << count) - 1;
  return hash;
}

FileHash picture_of(const std::vector<PdqHash>& orientations, int quality) {
  FileHash hash;
  ImageHash& image = hash.image.emplace();
  image.pdq.quality = quality;
  image.pdq.hash = orientations[0];
  std::copy(orientations.begin(), orientations.end(), image.pdq.dihedral.begin());
  return hash;
}

class FileMatcherTest : public testing::Test {
 protected:
  void SetUp() override {
    std::mt19937_64 random(5);
    for (std::size_t i = 0; i < orientation_count; ++i) orientations_.push_back(random_hash(random));
  }

  std::size_t match(const std::vector<PdqHash>& index, const FileHash& hash, const FileMatchOptions& options) {
    const auto segment = Segment::build(index);
    EXPECT_TRUE(segment);
    return FileMatcher(*known_of_index(*segment, "known.frseg"), options).match(hash, matches_).value();
  }

  std::vector<PdqHash> orientations_;
  std::vector<FileMatch> matches_;
};

TEST_F(FileMatcherTest, TellsTheNearestOrientationOfEachEntryOnce) {
  // Row 1 is near to two orientations of the picture, row 2 to one, row 3 to none.
  orientations_[6] = with_flips(orientations_[3], 4);
  const std::vector<PdqHash> index{with_flips(orientations_[0], 9), with_flips(orientations_[3], 3), orientations_[7],
                                   with_flips(orientations_[1], 40)};
  EXPECT_EQ(match(index, picture_of(orientations_, 100), {}), 0u);
  ASSERT_EQ(matches_.size(), 3u);
  EXPECT_EQ(matches_[0].known.entry, 2u);
  EXPECT_EQ(matches_[0].orientation, Orientation::antitransposed);
  EXPECT_EQ(matches_[1].known.entry, 1u);
  EXPECT_EQ(matches_[1].known.distance, 1u);
  EXPECT_EQ(matches_[1].orientation, Orientation::transposed);
  EXPECT_EQ(matches_[2].known.entry, 0u);
  EXPECT_EQ(matches_[2].known.distance, 9u);
  EXPECT_FALSE(matches_[2].digest);
}

TEST_F(FileMatcherTest, ObeysItsOptions) {
  const std::vector<PdqHash> index{orientations_[0], orientations_[5], with_flips(orientations_[0], 20)};
  const FileHash picture = picture_of(orientations_, 50);
  match(index, picture, {.orientations = 1});
  EXPECT_EQ(matches_.size(), 2u);
  match(index, picture, {.limit = 19});
  EXPECT_EQ(matches_.size(), 2u);
  match(index, picture, {.quality_min = 51});
  EXPECT_TRUE(matches_.empty());
  EXPECT_EQ(match(index, picture, {.matches_max = 1}), 2u);
  ASSERT_EQ(matches_.size(), 1u);
  EXPECT_EQ(matches_[0].known.entry, 0u);
}

TEST_F(FileMatcherTest, AFileWithoutHashesMatchesNothing) {
  match({PdqHash{}}, FileHash{}, {});
  EXPECT_TRUE(matches_.empty());
}

}  // namespace
}  // namespace fristad
