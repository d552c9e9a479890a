#include "crypto/age_header.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/age.h"

namespace fristad {
namespace {

const std::string mac = " AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";

Result<AgeHeader> parsed(std::string_view text, std::string* rest = nullptr) {
  const ReadBytes read = [&text](std::span<char> bytes) -> Result<std::size_t> {
    const std::size_t count = std::min({text.size(), bytes.size(), std::size_t{7}});
    std::copy_n(text.data(), count, bytes.data());
    text.remove_prefix(count);
    return count;
  };
  AgeInput input(read);
  auto header = read_age_header(input);
  if (rest != nullptr) {
    std::vector<std::uint8_t> left(100);
    left.resize(input.read(left).value());
    *rest = as_text(left);
  }
  return header;
}

TEST(AgeHeader, IsReadAsItIsWritten) {
  for (const std::size_t size : {0U, 1U, 32U, 47U, 48U, 49U, 96U}) {
    const std::vector<AgeStanza> stanzas{{{"one", "two"}, std::vector<std::uint8_t>(size, 0xab)}, {{"three"}, {}}};
    const std::string text = encode_age_header(stanzas);
    std::string rest;
    const auto header = parsed(text + mac + "payload", &rest);
    ASSERT_TRUE(header) << header.error().message;
    EXPECT_EQ(header->authenticated, text);
    EXPECT_EQ(rest, "payload");
    ASSERT_EQ(header->stanzas.size(), 2u);
    EXPECT_EQ(header->stanzas[0].arguments, stanzas[0].arguments);
    EXPECT_EQ(header->stanzas[0].body, stanzas[0].body) << size;
    EXPECT_EQ(header->stanzas[1].body, stanzas[1].body);
    EXPECT_EQ(encode_age_header(header->stanzas), text);
  }
}

TEST(AgeHeader, OtherTextsAreRefused) {
  const std::string version = "age-encryption.org/v1\n";
  const std::string end = "---" + mac;
  ASSERT_TRUE(parsed(version + "-> a\n\n" + end));
  for (const std::string& bad : {std::string(),
                                 std::string("age"),
                                 version,
                                 version + end,
                                 version + "-> a\n" + end,
                                 version + "-> \n\n" + end,
                                 version + "->\n\n" + end,
                                 version + "-> a \n\n" + end,
                                 version + "-> a  b\n\n" + end,
                                 version + "->  a\n\n" + end,
                                 version + "-> \x7f\n\n" + end,
                                 version + "-> \xc3\xa9\n\n" + end,
                                 version + "-> a\n=\n" + end,
                                 version + "-> a\nAA==\n" + end,
                                 version + "-> a\nAB\n" + end,
                                 version + "-> a\nA\n" + end,
                                 version + "-> a\n" + std::string(65, 'A') + "\n\n" + end,
                                 version + "-> a\n" + std::string(64, 'A') + "\n" + end,
                                 version + "-> a\n\n---\n",
                                 version + "-> a\n\n--- \n",
                                 version + "-> a\n\n---" + mac.substr(0, mac.size() - 1),
                                 version + "-> a\n\n--- A" + mac.substr(1),
                                 version + "-> a\n\n---" + mac.substr(1),
                                 version + "-> a\n\n",
                                 version + "-> a\n\n\n" + end,
                                 "age-encryption.org/v1\r\n-> a\n\n" + end}) {
    const auto header = parsed(bad);
    ASSERT_FALSE(header) << bad;
    EXPECT_TRUE(header.error().code == Code::damaged || header.error().code == Code::unsupported) << bad;
    EXPECT_TRUE(header.error().message.starts_with("the age file's header")) << header.error().message;
  }
  EXPECT_EQ(parsed("age-encryption.org/v2\nanything").error().code, Code::unsupported);
}

TEST(AgeHeader, ItsSizeIsLimited) {
  const std::string version = "age-encryption.org/v1\n";
  EXPECT_EQ(parsed(std::string(100'000, 'a')).error().code, Code::too_large);
  EXPECT_EQ(parsed(version + "-> " + std::string(70'000, 'a')).error().code, Code::too_large);
  std::string lines = version + "-> a\n";
  while (lines.size() < 70'000) lines += std::string(64, 'A') + "\n";
  EXPECT_EQ(parsed(lines + "\n---" + mac).error().code, Code::too_large);
  std::string many = version;
  for (std::size_t i = 0; i < age_recipients_max; ++i) many += "-> a\n\n";
  EXPECT_TRUE(parsed(many + "---" + mac));
  EXPECT_EQ(parsed(many + "-> a\n\n---" + mac).error().code, Code::too_large);
}

}  // namespace
}  // namespace fristad
