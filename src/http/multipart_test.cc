#include "http/multipart.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/try.h"
#include "tests/support/seed.h"

namespace fristad {
namespace {

// Gives `text` in pieces of at most `piece` bytes.
struct Pieces : BodyReader {
  Pieces(std::string body, std::size_t size) : text(std::move(body)), piece(size) {}
  Result<std::size_t> read(std::span<char> buffer) override {
    const std::size_t count = std::min({piece, buffer.size(), text.size() - at});
    std::copy_n(text.data() + at, count, buffer.data());
    at += count;
    return count;
  }
  std::string text;
  std::size_t piece;
  std::size_t at = 0;
};

struct Piece {
  std::string name, filename, type, bytes;
  bool operator==(const Piece&) const = default;
};

Result<std::vector<Piece>> parts_of(const std::string& body, std::size_t piece, std::size_t buffer_bytes = 5,
                                    const std::string& type = "multipart/form-data; boundary=b",
                                    MultipartLimits limits = {}) {
  Pieces pieces(body, piece);
  MultipartReader reader(type, pieces, limits);
  std::vector<Piece> parts;
  std::vector<char> buffer(buffer_bytes);
  while (auto part = TRY(reader.next())) {
    parts.push_back({part->name, part->filename.value_or("-"), part->content_type, ""});
    while (const std::size_t count = TRY(reader.read(buffer))) parts.back().bytes.append(buffer.data(), count);
    EXPECT_EQ(reader.read(buffer).value(), 0u);
  }
  EXPECT_FALSE(reader.next().value());
  return parts;
}

const std::string two_parts =
    "--b\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n-\r\n--\r\n--c\r\n"
    "--b  \r\ncontent-type: image/png\r\nX-Other: 1\r\nContent-Disposition: form-data; name=file; filename=\"a "
    "\xc3\xa5.png\"\r\n"
    "\r\n\r\n--b--\r\nepilogue";

TEST(Multipart, ReadsParts) {
  const std::vector<Piece> expected = {{"note", "-", "", "hello\r\n-\r\n--\r\n--c"},
                                       {"file", "a \xc3\xa5.png", "image/png", ""}};
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 64u, 100'000u}) {
    for (const std::size_t buffer : {1u, 5u, 100'000u}) {
      EXPECT_EQ(parts_of(two_parts, piece, buffer).value(), expected);
      EXPECT_EQ(parts_of("a preamble\r\n" + two_parts, piece, buffer).value(), expected);
      EXPECT_EQ(parts_of("\r\n" + two_parts, piece, buffer).value(), expected);
    }
  }
  EXPECT_EQ(parts_of("--b--", 1).value(), std::vector<Piece>());
}

TEST(Multipart, PassesOverWhatNobodyReads) {
  Pieces pieces(two_parts, 3);
  MultipartReader reader("Multipart/Form-Data; boundary=\"b\"", pieces);
  EXPECT_EQ(reader.next().value()->name, "note");
  EXPECT_EQ(reader.next().value()->name, "file");
  EXPECT_FALSE(reader.next().value());
}

TEST(Multipart, KeepsRandomBytesAsTheyAre) {
  const auto seed = testing::chosen_seed();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 50; ++round) {
    std::string bytes(random() % 60'000, '\0');
    for (char& byte : bytes) byte = "\r\n-b"[random() % 4];
    while (true) {  // what the delimiter forbids
      const std::size_t at = ("\r\n" + bytes).find("\r\n--b");
      if (at == std::string::npos) break;
      bytes.erase(at, 3);
    }
    const std::string body = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n" + bytes + "\r\n--b--";
    const auto parts = parts_of(body, 1 + random() % 20'000, 1 + random() % 20'000);
    ASSERT_TRUE(parts) << parts.error().message;
    ASSERT_EQ(parts->size(), 1u);
    EXPECT_TRUE((*parts)[0].bytes == bytes);
  }
}

TEST(Multipart, RefusesOtherTypes) {
  for (const std::string& type :
       {std::string(""), std::string("text/plain"), std::string("multipart/mixed; boundary=b"),
        std::string("multipart/form-data"), std::string("multipart/form-data; boundary=\"\""),
        "multipart/form-data; boundary=" + std::string(71, 'b')}) {
    const auto parts = parts_of(two_parts, 100, 5, type);
    ASSERT_FALSE(parts) << type;
    EXPECT_EQ(parts.error().code, Code::invalid_argument);
  }
}

TEST(Multipart, RefusesWhatIsMalformed) {
  const std::string good = "Content-Disposition: form-data; name=a";
  for (const std::string& bad : {std::string(""),
                                 std::string("--"),
                                 std::string("--b"),
                                 std::string("--b\r\n"),
                                 "--b\r\n" + good,
                                 "--b\r\n" + good + "\r\n\r\n",
                                 "--b\r\n" + good + "\r\n\r\nabc\r\n--",
                                 "--b\r\n" + good + "\r\n\r\nabc\r\n--b",
                                 "--bc\r\n" + good + "\r\n\r\n\r\n--b--",
                                 std::string("--b\r\n\r\n\r\n--b--"),
                                 "--b\n" + good + "\n\n\r\n--b--",
                                 "--b\r\n" + good + "\r\n folded\r\n\r\n\r\n--b--",
                                 "--b\r\n" + good + "\r\n" + good + "\r\n\r\n\r\n--b--",
                                 std::string("--b\r\nContent-Disposition: form-data\r\n\r\n\r\n--b--"),
                                 std::string("--b\r\nContent-Disposition: attachment; name=a\r\n\r\n\r\n--b--"),
                                 std::string("--b\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\n\r\n--b--"),
                                 std::string("--b\r\nContent-Disposition : form-data; name=a\r\n\r\n\r\n--b--"),
                                 std::string("--b\r\nContent-Disposition: form-data; name=\"a\rb\"\r\n\r\n\r\n--b--"),
                                 "--b\r\n" + good + std::string(2000, 'n') + "\r\n\r\n\r\n--b--",
                                 std::string(9000, 'x') + "\r\n" + two_parts}) {
    for (const std::size_t piece : {1u, 1000u}) {
      const auto parts = parts_of(bad, piece);
      ASSERT_FALSE(parts) << bad;
      EXPECT_EQ(parts.error().code, Code::damaged) << bad;
    }
  }
}

TEST(Multipart, KeepsItsLimits) {
  const std::string part = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n";
  const std::string type = "multipart/form-data; boundary=b";
  EXPECT_TRUE(parts_of(part + part + "--b--", 9, 9, type, {.parts_max = 2}));
  EXPECT_EQ(parts_of(part + part + part + "--b--", 9, 9, type, {.parts_max = 2}).error().code, Code::too_large);
  for (const std::size_t piece : {1u, 100'000u}) {
    // The fields take 43 bytes and what follows: at the limit in any pieces, and one byte over it in none.
    const std::string head = "--b\r\nContent-Disposition: form-data; name=a\r\nX: ";
    EXPECT_TRUE(parts_of(head + std::string(57, 'x') + "\r\n\r\n\r\n--b--", piece, 9, type, {.header_bytes_max = 100}));
    EXPECT_EQ(parts_of(head + std::string(58, 'x') + "\r\n\r\n\r\n--b--", piece, 9, type, {.header_bytes_max = 100})
                  .error()
                  .code,
              Code::too_large);
    EXPECT_EQ(parts_of(head + std::string(60'000, 'x'), piece, 9, type).error().code, Code::too_large);
    EXPECT_EQ(parts_of("--b" + std::string(60'000, ' '), piece, 9, type).error().code, Code::too_large);
  }
}

TEST(Multipart, StaysFailed) {
  Pieces pieces("--b\r\nContent-Disposition: form-data; name=a\r\n\r\nabc", 100);
  MultipartReader reader("multipart/form-data; boundary=b", pieces);
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.next().error().code, Code::damaged);
  EXPECT_EQ(reader.next().error().code, Code::damaged);
  std::array<char, 4> buffer;
  EXPECT_EQ(reader.read(buffer).error().code, Code::damaged);
}

}  // namespace
}  // namespace fristad
