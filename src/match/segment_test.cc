#include "fristad/segment.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/hash_sets.h"

namespace fristad {
namespace {

using testing::Rng;

constexpr std::uint64_t seed = 17;
const SealKey key{1, 2, 3};

class SegmentFile : public ::testing::Test {
 protected:
  SegmentFile() {
    std::string name = std::filesystem::temp_directory_path() / "fristad-segment-XXXXXX";
    folder = ::mkdtemp(name.data());
    path = folder / "known.frseg";
  }
  ~SegmentFile() override { std::filesystem::remove_all(folder); }

  // Every kind of row: with all hashes, with some, with texts and without.
  void write(std::size_t rows, const SegmentWriteOptions& options) {
    auto writer = SegmentWriter::create(path, options);
    ASSERT_TRUE(writer) << writer.error().message;
    Rng rng(seed);
    for (std::size_t i = 0; i < rows; ++i) {
      SegmentRow row;
      if (i % 7 != 3) hashes.push_back(*(row.pdq = testing::random_hash(rng)));
      if (i % 7 != 3) pdq_rows.push_back(static_cast<std::uint32_t>(i));
      if (i % 2 == 0 || !row.pdq) row.sha256.emplace().fill(static_cast<std::uint8_t>(i % 251));
      if (i % 3 == 0) row.md5.emplace().fill(static_cast<std::uint8_t>(i % 250));
      if (i % 5 == 0) row.sha1.emplace().fill(static_cast<std::uint8_t>(i % 249));
      const std::string id = "id-" + std::to_string(i);
      if (i % 4 != 0) row.entry.id = id;
      if (i % 3 != 0) row.entry.classification = i % 2 == 0 ? "baseline" : "national";
      if (i % 11 == 0) row.entry.note = "a note, \"quoted\"\n";
      ASSERT_TRUE(writer->add(row));
    }
    const Status finished = writer->finish();
    ASSERT_TRUE(finished) << finished.error().message;
  }

  std::string bytes() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void replace(const std::string& bytes) const {
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
  }

  std::filesystem::path folder;
  std::filesystem::path path;
  std::vector<PdqHash> hashes;
  std::vector<std::uint32_t> pdq_rows;
};

TEST_F(SegmentFile, KeepsWhatWasWritten) {
  write(20'000, {.threads = 2});
  for (const bool load : {false, true}) {
    auto segment = Segment::open(path, {.load = load, .verify_deep = true});
    ASSERT_TRUE(segment) << segment.error().message;
    EXPECT_EQ(segment->info().rows, 20'000u);
    EXPECT_EQ(segment->info().pdq_hashes, hashes.size());
    EXPECT_TRUE(segment->info().indexed);
    EXPECT_FALSE(segment->info().sealed);
    EXPECT_EQ(segment->info().bytes, std::filesystem::file_size(path));

    MatchScratch scratch;
    std::vector<Match> matches;
    for (std::size_t i = 0; i < hashes.size(); i += 97) {
      segment->match(hashes[i], 31, scratch, matches);
      ASSERT_EQ(matches, (std::vector<Match>{{pdq_rows[i], 0}}));
    }
    EXPECT_EQ(segment->entry(1).id, "id-1");
    EXPECT_EQ(segment->entry(1).classification, "national");
    EXPECT_EQ(segment->entry(22).note, "a note, \"quoted\"\n");
    EXPECT_EQ(segment->entry(0).id, "");

    std::vector<std::uint32_t> rows;
    std::vector<std::uint8_t> digest(16, 30);
    segment->find(DigestKind::md5, digest, rows);
    std::vector<std::uint32_t> expected;
    for (std::uint32_t i = 0; i < 20'000; ++i) {
      if (i % 3 == 0 && i % 250 == 30) expected.push_back(i);
    }
    EXPECT_EQ(rows, expected);
    digest.assign(16, 251);
    segment->find(DigestKind::md5, digest, rows);
    EXPECT_TRUE(rows.empty());
  }
}

TEST_F(SegmentFile, EmptyAndTinyOnesWork) {
  for (const std::size_t rows : {0u, 1u, 2u, 5u}) {
    hashes.clear();
    pdq_rows.clear();
    write(rows, {.overwrite = true});
    auto segment = Segment::open(path, {.verify_deep = true});
    ASSERT_TRUE(segment) << segment.error().message;
    EXPECT_EQ(segment->info().rows, rows);
    MatchScratch scratch;
    std::vector<Match> matches{{1, 1}};
    segment->match(PdqHash{}, 31, scratch, matches);
    EXPECT_TRUE(matches.empty());
  }
}

TEST_F(SegmentFile, SealedOnesOpenWithTheirKeyOnly) {
  write(9'500, {.key = key});
  auto segment = Segment::open(path, {.key = key, .verify_deep = true});
  ASSERT_TRUE(segment) << segment.error().message;
  EXPECT_TRUE(segment->info().sealed);
  EXPECT_EQ(segment->entry(1).id, "id-1");

  const auto without = Segment::open(path, {});
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, Code::permission_denied);
  SealKey other = key;
  other[31] ^= 1;
  const auto wrong = Segment::open(path, {.key = other});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::permission_denied);
}

TEST_F(SegmentFile, SealedOnesShowNothingInClear) {
  write(200, {.key = key});
  const std::string file = bytes();
  EXPECT_EQ(file.find("id-"), std::string::npos);
  EXPECT_EQ(file.find("baseline"), std::string::npos);
  for (const PdqHash& hash : hashes) {
    const std::string words(reinterpret_cast<const char*>(hash.words.data()), 8);
    EXPECT_EQ(file.find(words), std::string::npos);
  }
}

TEST_F(SegmentFile, AKeyForAPlainFileIsRefused) {
  write(10, {});
  const auto segment = Segment::open(path, {.key = key});
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, Code::invalid_argument);
}

// The promise: a flipped byte is an error, never a wrong answer. Every byte of the header and of the last block, and
// many between.
class DamagedSegment : public SegmentFile, public ::testing::WithParamInterface<bool> {};

TEST_P(DamagedSegment, AFlippedByteAnywhereIsFound) {
  const SegmentWriteOptions write_options{.key = GetParam() ? std::optional(key) : std::nullopt};
  const SegmentOpenOptions open_options{.key = write_options.key};
  write(300, write_options);
  const std::string good = bytes();
  Rng rng(seed);
  for (std::size_t at = 0; at < good.size(); at += at < 600 ? 1 : 1 + rng() % 37) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (1 << rng() % 8));
    replace(bad);
    const auto segment = Segment::open(path, open_options);
    ASSERT_FALSE(segment) << "byte " << at << " seed " << seed;
    EXPECT_FALSE(segment.error().message.empty());
  }
  replace(good);
  EXPECT_TRUE(Segment::open(path, open_options));
}

TEST_P(DamagedSegment, ACutOrGrownFileIsFound) {
  const SegmentWriteOptions write_options{.key = GetParam() ? std::optional(key) : std::nullopt};
  const SegmentOpenOptions open_options{.key = write_options.key};
  write(300, write_options);
  const std::string good = bytes();
  Rng rng(seed);
  for (std::size_t size = 0; size < good.size(); size += 1 + rng() % 211) {
    replace(good.substr(0, size));
    EXPECT_FALSE(Segment::open(path, open_options)) << size;
  }
  replace(good + '\0');
  EXPECT_FALSE(Segment::open(path, open_options));
  replace(good + good);
  EXPECT_FALSE(Segment::open(path, open_options));
}

INSTANTIATE_TEST_SUITE_P(PlainAndSealed, DamagedSegment, ::testing::Bool());

TEST_F(SegmentFile, ForeignFilesAreNamedAsSuch) {
  replace("pdq,id\n");
  const auto csv = Segment::open(path, {});
  ASSERT_FALSE(csv);
  EXPECT_NE(csv.error().message.find("not a segment"), std::string::npos) << csv.error().message;
  const auto folder_itself = Segment::open(folder, {});
  ASSERT_FALSE(folder_itself);
  const auto missing = Segment::open(folder / "nothing", {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
}

TEST_F(SegmentFile, ANewerVersionIsUnsupported) {
  write(10, {});
  std::string file = bytes();
  file[8] = 2;
  replace(file);
  const auto segment = Segment::open(path, {});
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, Code::unsupported);
}

TEST_F(SegmentFile, NothingIsLeftBehindWhenAWriterIsDropped) {
  {
    auto writer = SegmentWriter::create(path, {});
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->add({.pdq = PdqHash{}}));
  }
  EXPECT_EQ(files(), 0u);
}

TEST_F(SegmentFile, AnExistingFileIsKept) {
  replace("precious");
  const auto refused = SegmentWriter::create(path, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::already_exists);
  EXPECT_EQ(bytes(), "precious");
  write(3, {.overwrite = true});
  EXPECT_TRUE(Segment::open(path, {}));
  EXPECT_EQ(files(), 1u);
}

TEST_F(SegmentFile, AFileThatCameMeanwhileIsKept) {
  auto writer = SegmentWriter::create(path, {});
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->add({.pdq = PdqHash{}}));
  replace("precious");
  const Status finished = writer->finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, Code::already_exists);
  EXPECT_EQ(bytes(), "precious");
}

TEST_F(SegmentFile, BadRowsAreRefused) {
  auto writer = SegmentWriter::create(path, {});
  ASSERT_TRUE(writer);
  EXPECT_EQ(writer->add({.entry = {.id = "no hash"}}).error().code, Code::invalid_argument);
  const std::string huge(70'000, 'x');
  EXPECT_EQ(writer->add({.pdq = PdqHash{}, .entry = {.note = huge}}).error().code, Code::too_large);
  for (int i = 1; i < 65'535; ++i) {
    const std::string name = std::to_string(i);
    ASSERT_TRUE(writer->add({.pdq = PdqHash{}, .entry = {.classification = name}}));
  }
  EXPECT_EQ(writer->add({.pdq = PdqHash{}, .entry = {.classification = "one too many"}}).error().code,
            Code::invalid_argument);
  ASSERT_TRUE(writer->finish());
  auto segment = Segment::open(path, {});
  ASSERT_TRUE(segment);
  EXPECT_EQ(segment->info().rows, 65'534u);
  EXPECT_EQ(segment->entry(65'533).classification, "65534");
}

TEST_F(SegmentFile, AFullDiskIsAnError) {
  path = "/dev/full/known.frseg";
  EXPECT_FALSE(SegmentWriter::create(path, {}));
}

}  // namespace
}  // namespace fristad
