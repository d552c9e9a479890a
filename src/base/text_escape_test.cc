#include "base/text_escape.h"

#include <gtest/gtest.h>

#include "tests/support/seed.h"

#include <random>

namespace fristad {
namespace {

std::string json(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

// Undoes escape_terminal: proves that it loses nothing.
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
    } else if (text[i + 1] == '\\') {
      out += '\\';
      ++i;
    } else {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 2, 2)), nullptr, 16));
      i += 3;
    }
  }
  return out;
}

TEST(TextEscape, TerminalShowsWhatMovesTheCursorOrTurnsTheText) {
  EXPECT_EQ(escape_terminal("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(escape_terminal("a\nb\tc\x7f"), "a\\x0ab\\x09c\\x7f");
  EXPECT_EQ(escape_terminal("photo\xe2\x80\xaegpj.exe"), "photo\\xe2\\x80\\xaegpj.exe");
  EXPECT_EQ(escape_terminal("\xc2\x9b"
                            "31m"),
            "\\xc2\\x9b31m");
  EXPECT_EQ(escape_terminal("\xff\xfe.jpg"), "\\xff\\xfe.jpg");
  EXPECT_EQ(escape_terminal("räksmörgås 写真 👍"), "räksmörgås 写真 👍");
  EXPECT_EQ(escape_terminal("a\\x1b"), "a\\\\x1b");
}

TEST(TextEscape, JudgesUtf8AsTheStandardDoes) {
  for (const char* good :
       {"", "a", "\xc2\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe2\x82", "\xc3("}) {
    EXPECT_FALSE(is_utf8(bad)) << escape_terminal(bad);
  }
}

TEST(TextEscape, JsonIsPrintableAndReplacesWrongBytesOnce) {
  EXPECT_EQ(json("a\"b\\c\n\x01"), "\"a\\\"b\\\\c\\n\\u0001\"");
  EXPECT_EQ(json("\xe2\x80\xae"), "\"\\u202e\"");
  EXPECT_EQ(json("\xf3\xa0\x81\x81"), "\"\\udb40\\udc41\"");
  EXPECT_EQ(json("x\xe2\x82y"), "\"x\xef\xbf\xbdy\"");
  EXPECT_EQ(json("\xff\xff"), "\"\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(TextEscape, CsvQuotesAndDisarmsFormulas) {
  EXPECT_EQ(escape_csv("plain.jpg"), "plain.jpg");
  EXPECT_EQ(escape_csv("a,b"), "\"a,b\"");
  EXPECT_EQ(escape_csv("a\"b"), "\"a\"\"b\"");
  EXPECT_EQ(escape_csv("=cmd|'/C calc'!A0"), "\"'=cmd|'/C calc'!A0\"");
  for (const char* start : {"=1", "+1", "-1", "@x", "＝1", " =1", "'=1"}) {
    const std::string cell = escape_csv(start);
    EXPECT_NE(cell.find('\''), std::string::npos) << cell;
  }
  EXPECT_EQ(escape_csv("\t=1"), "\\x09=1");
  EXPECT_EQ(escape_csv("a;=1"), "a\\x3b=1");
  EXPECT_EQ(escape_csv("a; \"=1"), "\"a\\x3b \"\"=1\"");
  EXPECT_EQ(escape_csv("a;b"), "\"a;b\"");
  EXPECT_EQ(escape_csv("a\nb"), "a\\x0ab");
}

TEST(TextEscape, AnyBytesComeOutPrintableAndComeBack) {
  const auto seed = testing::chosen_seed();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 40, '\0');
    // Half from a small alphabet, so that well-formed sequences and escapes are common.
    constexpr std::string_view alphabet = "\\x\xe2\x80\xae\xc3\xa5\x1b\n;=a\"\xf0\x9f\x91\x8d";
    for (char& c : bytes) c = round % 2 ? alphabet[random() % alphabet.size()] : static_cast<char>(random() & 255);
    const std::string shown = escape_terminal(bytes);
    EXPECT_TRUE(is_utf8(shown));
    EXPECT_EQ(unescape(shown), bytes);
    for (const std::string& text : {shown, escape_csv(bytes), json(bytes)}) {
      EXPECT_TRUE(is_utf8(text));
      EXPECT_EQ(text.find_first_of("\n\r\t\x1b"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace fristad
