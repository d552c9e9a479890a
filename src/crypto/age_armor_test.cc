#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "crypto/age.h"
#include "crypto/base64.h"

namespace fristad {
namespace {

const std::string begin = "-----BEGIN AGE ENCRYPTED FILE-----\n";
const std::string end = "-----END AGE ENCRYPTED FILE-----\n";

Result<std::string> dearmored(std::string_view text, std::size_t piece = 11) {
  const ReadBytes read = age_dearmored([&text, piece](std::span<char> bytes) -> Result<std::size_t> {
    const std::size_t count = std::min({text.size(), bytes.size(), piece});
    std::copy_n(text.data(), count, bytes.data());
    text.remove_prefix(count);
    return count;
  });
  std::string plain;
  while (true) {
    std::array<char, 13> bytes{};
    auto count = read(bytes);
    if (!count) return count.error();
    if (*count == 0) return plain;
    plain.append(bytes.data(), *count);
  }
}

std::string armored(std::string_view plain, std::string_view feed = "\n") {
  const std::string text = to_base64(as_bytes(plain));
  std::string out = begin.substr(0, begin.size() - 1) + std::string(feed);
  for (std::size_t at = 0; at < text.size(); at += 64) out += text.substr(at, 64) + std::string(feed);
  return out + end.substr(0, end.size() - 1) + std::string(feed);
}

TEST(AgeArmor, EverySizeComesBack) {
  std::string plain;
  for (int size = 0; size < 200; ++size) {
    for (const char* feed : {"\n", "\r\n"}) EXPECT_EQ(dearmored(armored(plain, feed)).value(), plain) << size;
    plain += static_cast<char>('a' + size % 26);
  }
  const std::string text = armored(plain);
  EXPECT_EQ(dearmored(text.substr(0, text.size() - 1)).value(), plain) << "the last line feed may be missing";
  EXPECT_EQ(dearmored(" \n\t\r\n" + text + " \n \n").value(), plain) << "blanks around it";
}

TEST(AgeArmor, OtherTextsAreRefused) {
  const std::string line(64, 'A');
  for (const std::string& bad : {std::string(),
                                 begin,
                                 end,
                                 begin + begin + end,
                                 "x\n" + begin + end,
                                 begin + end + "x\n",
                                 begin + end + begin,
                                 begin + "\n" + end,
                                 begin + "AAAA\n\n" + end,
                                 begin + "AAAA\nAAAA\n" + end,
                                 begin + "AA==\nAAAA\n" + end,
                                 begin + line + "AAAA\n" + end,
                                 begin + "AA\n" + end,
                                 begin + "AB==\n" + end,
                                 begin + " AAAA\n" + end,
                                 begin + "AAAA \n" + end,
                                 begin + "AAAA\n",
                                 begin + "AAAA" + end,
                                 begin + "Name: value\n\nAAAA\n" + end,
                                 " " + begin + end,
                                 std::string("-----begin age encrypted file-----\n") + end,
                                 begin + "AA-_\n" + end,
                                 std::string(2000, '\n') + begin + end,
                                 begin + end + std::string(2000, ' '),
                                 begin + std::string(5000, 'A')}) {
    const auto plain = dearmored(bad);
    ASSERT_FALSE(plain) << bad;
    EXPECT_EQ(plain.error().code, Code::damaged);
    EXPECT_TRUE(plain.error().message.starts_with("the age file's armor")) << plain.error().message;
  }
  EXPECT_TRUE(dearmored(begin + line + "\n" + end)) << "a last line of 64 characters";
}

TEST(AgeArmor, ErrorsComeThrough) {
  const ReadBytes read = age_dearmored([](std::span<char>) -> Result<std::size_t> {
    return Error{Code::unavailable, "no disk"};
  });
  std::array<char, 10> bytes{};
  EXPECT_EQ(read(bytes).error().message, "no disk");
}

}  // namespace
}  // namespace fristad
