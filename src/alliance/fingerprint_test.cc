#include "alliance/fingerprint.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace fristad {
namespace {

struct Published {
  std::array<std::uint8_t, 4> address;
  const char* words;
};

// "A Proposal for Proquints: Identifiers that are Readable, Spellable, and Pronounceable", Wilkerson, 2009.
constexpr std::array published{
    Published{{127, 0, 0, 1}, "lusab-babad"},      Published{{63, 84, 220, 193}, "gutih-tugad"},
    Published{{63, 118, 7, 35}, "gutuk-bisog"},    Published{{140, 98, 193, 141}, "mudof-sakat"},
    Published{{64, 255, 6, 200}, "haguz-biram"},   Published{{128, 30, 52, 45}, "mabiv-gibot"},
    Published{{147, 67, 119, 2}, "natag-lisaf"},   Published{{212, 58, 253, 68}, "tibup-zujah"},
    Published{{216, 35, 68, 215}, "tobog-higil"},  Published{{216, 68, 232, 21}, "todah-vobij"},
    Published{{198, 81, 129, 136}, "sinid-makam"}, Published{{12, 110, 110, 204}, "budov-kuras"},
};

TEST(Fingerprint, WordsAreThePublishedOnes) {
  for (const auto& [address, words] : published) {
    EXPECT_EQ(to_words(address), words);
    std::array<std::uint8_t, 4> back{};
    EXPECT_TRUE(from_words(words, back)) << words;
    EXPECT_EQ(back, address) << words;
  }
}

TEST(Fingerprint, EveryWordComesBack) {
  for (unsigned bits = 0; bits < 65536; ++bits) {
    const std::array<std::uint8_t, 2> bytes{static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits)};
    std::array<std::uint8_t, 2> back{};
    ASSERT_TRUE(from_words(to_words(bytes), back)) << bits;
    ASSERT_EQ(back, bytes);
  }
}

TEST(Fingerprint, RefusesOtherTexts) {
  std::array<std::uint8_t, 4> bytes{};
  for (const char* words : {"", "lusab", "lusab-", "lusab-babad-", "-lusab-baba", "lusabxbabad", "LUSAB-babad",
                            "lusab babad", "usabl-babad", "lusab-babac", "lusab-babad-gutih", "lusab-bab\xc3\xa4"}) {
    EXPECT_FALSE(from_words(words, bytes)) << words;
  }
  EXPECT_FALSE(from_words(std::string_view("lusab-ba\0ad", 11), bytes));
  std::array<std::uint8_t, 3> odd{};
  EXPECT_FALSE(from_words("lusab-babad", odd));
  EXPECT_FALSE(from_words("", {}));
}

TEST(Fingerprint, IsReadAsPeopleTypeIt) {
  const Fingerprint fingerprint = root_fingerprint({1, 2, 3});
  const std::string words = to_words(fingerprint);
  EXPECT_EQ(words.size(), 8U * 6 - 1);
  EXPECT_EQ(fingerprint_from_words(words), fingerprint);
  std::string typed = " ";
  for (const char c : words) typed += c == '-' ? std::string(" - ") : std::string(1, static_cast<char>(c & ~0x20));
  EXPECT_EQ(fingerprint_from_words(typed + "\n"), fingerprint);
  EXPECT_FALSE(fingerprint_from_words(words + "-babab"));
  EXPECT_FALSE(fingerprint_from_words(words.substr(6)));
  EXPECT_FALSE(fingerprint_from_words(std::string(1'000'000, ' ')));
}

TEST(Fingerprint, AKeyAndAnAllianceOfTheSameBytesDiffer) {
  const Digest bytes{9};
  EXPECT_NE(root_fingerprint(bytes), alliance_fingerprint(bytes));
  EXPECT_NE(root_fingerprint(bytes), root_fingerprint(Digest{10}));
}

}  // namespace
}  // namespace fristad
