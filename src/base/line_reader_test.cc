#include "base/line_reader.h"

#include <gtest/gtest.h>

#include "tests/support/seed.h"

#include <algorithm>
#include <random>
#include <string>

namespace fristad {
namespace {

// Gives `text` in pieces of at most `piece` bytes.
ReadBytes pieces_of(std::string text, std::size_t piece) {
  return [text = std::move(text), piece, at = std::size_t{0}](std::span<char> bytes) mutable -> Result<std::size_t> {
    const std::size_t count = std::min({piece, bytes.size(), text.size() - at});
    std::copy_n(text.data() + at, count, bytes.data());
    at += count;
    return count;
  };
}

std::vector<std::string> lines_of(const std::string& text, std::size_t piece, std::size_t bytes_max = 100,
                                  char separator = '\n') {
  LineReader reader(pieces_of(text, piece), bytes_max, separator);
  std::vector<std::string> lines;
  while (true) {
    const auto line = reader.next();
    EXPECT_TRUE(line);
    if (!line || !*line) return lines;
    EXPECT_EQ((*line)->number, lines.size() + 1);
    lines.push_back((*line)->too_long ? "<too long>" : std::string((*line)->text));
  }
}

using Lines = std::vector<std::string>;

TEST(LineReader, SplitsAndTolerates) {
  for (const std::size_t piece : {1u, 2u, 3u, 1000u}) {
    EXPECT_EQ(lines_of("", piece), Lines());
    EXPECT_EQ(lines_of("a\r\n\nb", piece), (Lines{"a", "", "b"}));
    EXPECT_EQ(lines_of("a\n", piece), Lines{"a"});
    EXPECT_EQ(lines_of(std::string("a\nb\0c\r\0", 7), piece, 100, '\0'), (Lines{"a\nb", "c\r"}));
  }
}

TEST(LineReader, SkipsLinesOverTheLimitWhole) {
  for (const std::size_t piece : {1u, 7u, 1000u}) {
    EXPECT_EQ(lines_of("1234\n12345\n1234\r\n", piece, 4), (Lines{"1234", "<too long>", "1234"}));
    EXPECT_EQ(lines_of("123456789", piece, 4), Lines{"<too long>"});
  }
  const std::string huge(3'000'000, 'x');
  EXPECT_EQ(lines_of(huge + "\nb\n" + huge, 5000, 1'000'000), (Lines{"<too long>", "b", "<too long>"}));
}

TEST(LineReader, EqualsTheSimpleSplitOnRandomText) {
  const auto seed = testing::chosen_seed();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    std::string text;
    Lines expected;
    for (int i = 0; i < 50; ++i) {
      expected.emplace_back(random() % (round % 4 == 0 ? 20'000 : 40), 'x');
      text += expected.back() + "\n";
    }
    EXPECT_EQ(lines_of(text, 1 + random() % 100'000, 20'000), expected);
  }
}

TEST(LineReader, TheLastLineMayBeLongAndLackItsEnd) {
  std::string last;
  for (int i = 0; i < 60'000; ++i) last += std::to_string(i);
  for (const std::size_t piece : {1000u, 1u << 20}) {
    EXPECT_EQ(lines_of("a\n" + last, piece, 1u << 20), (Lines{"a", last}));
    EXPECT_EQ(lines_of("a\n" + last + "\r", piece, 1u << 20), (Lines{"a", last}));
  }
}

TEST(LineReader, PeeksWithoutTaking) {
  LineReader reader(pieces_of("abc\nd", 1), 100);
  EXPECT_TRUE(reader.peek(3).value().starts_with("abc"));
  EXPECT_FALSE(reader.buffered());
  EXPECT_EQ(reader.next().value()->text, "abc");
  EXPECT_EQ(reader.next().value()->text, "d");
  EXPECT_EQ(reader.peek(3).value(), "");
}

TEST(LineReader, PassesOnTheErrorOfItsSource) {
  LineReader reader([](std::span<char>) -> Result<std::size_t> { return Error{Code::unavailable, "disk"}; }, 100);
  EXPECT_EQ(reader.next().error().message, "disk");
}

}  // namespace
}  // namespace fristad
