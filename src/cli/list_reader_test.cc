#include "cli/list_reader.h"

#include <gtest/gtest.h>

#include "tests/support/seed.h"

#include <algorithm>
#include <random>

#include "base/hex.h"
#include "base/text_escape.h"

namespace fristad {
namespace {

const std::string pdq_a = "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22";
const std::string md5_a = "0123456789abcdef0123456789abcdef";
const std::string sha1_a = "0123456789abcdef0123456789abcdef01234567";
const std::string sha256_a = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

ReadBytes pieces_of(std::string text, std::size_t piece) {
  return [text = std::move(text), piece, at = std::size_t{0}](std::span<char> bytes) mutable -> Result<std::size_t> {
    const std::size_t count = std::min({piece, bytes.size(), text.size() - at});
    std::copy_n(text.data() + at, count, bytes.data());
    at += count;
    return count;
  };
}

std::string show(const SegmentRow& row) {
  std::string out;
  if (row.pdq) out += "pdq=" + row.pdq->to_hex() + " ";
  if (row.md5) out += "md5=" + to_hex(*row.md5) + " ";
  if (row.sha1) out += "sha1=" + to_hex(*row.sha1) + " ";
  if (row.sha256) out += "sha256=" + to_hex(*row.sha256) + " ";
  return out + "[" + std::string(row.entry.id) + "|" + std::string(row.entry.classification) + "|" +
         std::string(row.entry.note) + "]";
}

// Everything that the reader says of a text, one string an event.
std::vector<std::string> events_of(const std::string& text, const ListOptions& options = {},
                                   std::size_t piece = 1u << 20) {
  auto list = ListReader::start(pieces_of(text, piece), options);
  if (!list) return {"error: " + list.error().message};
  std::vector<std::string> events;
  while (true) {
    const auto event = list->next();
    if (!event) return events.emplace_back("error: " + event.error().message), events;
    if (*event == ListEvent::end) return events;
    if (*event == ListEvent::row) {
      events.push_back(show(list->row()));
    } else {
      events.push_back(std::to_string(list->bad_row().line) + ": " + list->bad_row().message);
    }
  }
}

using Events = std::vector<std::string>;

TEST(ListReader, ReadsColumnsInAnyOrderWithMarkAndCrLf) {
  EXPECT_EQ(
      events_of("\xef\xbb\xbfid,SHA1,note,pdq\r\n7," + sha1_a + ",\"a, \"\"b\"\"\"," + pdq_a + "\r\n8,,," + pdq_a),
      (Events{"pdq=" + pdq_a + " sha1=" + sha1_a + " [7||a, \"b\"]", "pdq=" + pdq_a + " [8||]"}));
}

TEST(ListReader, ReadsJsonLines) {
  EXPECT_EQ(events_of("{\"md5\":\"" + md5_a + "\",\"id\":\"\\u00e5\",\"pdq\":null}\n\n{\"sha256\":\"" + sha256_a +
                      "\",\"classification\":\"baseline\"}\n"),
            (Events{"md5=" + md5_a + " [å||]", "sha256=" + sha256_a + " [|baseline|]"}));
}

TEST(ListReader, QuotedCellsMaySpanLines) {
  EXPECT_EQ(events_of("md5,note\n" + md5_a + ",\"one\r\ntwo \"\"x\"\"\n\nthree\"\n" + md5_a + ",z\n"),
            (Events{"md5=" + md5_a + " [||one\ntwo \"x\"\n\nthree]", "md5=" + md5_a + " [||z]"}));
}

TEST(ListReader, NamesBadRowsByLineAndGoesOn) {
  const Events events = events_of("md5,id\n" + md5_a + ",1\n" + md5_a.substr(1) + ",2\n,3\n" + md5_a + "\n" + md5_a +
                                  ",a\"b\n" + md5_a + ",\"a\"b\n" + std::string(32, 'x') + ",4\n" + md5_a + ",\xff\n" +
                                  md5_a + "," + std::string(70'000, 'x') + "\n" + md5_a + ",9\n");
  EXPECT_EQ(events, (Events{"md5=" + md5_a + " [1||]", "3: md5 is not 32 hex digits, but 31 characters",
                            "4: there is no hash in it", "5: 1 cells, but the header names 2 columns",
                            "6: a quotation mark inside a cell: quote the cell and double the mark",
                            "7: a quotation mark inside a cell: quote the cell and double the mark",
                            "8: md5 is not 32 hex digits, but 32 characters with others among them",
                            "9: not UTF-8: convert the list, with iconv for instance",
                            "10: id is longer than 65,535 bytes", "md5=" + md5_a + " [9||]"}));
}

TEST(ListReader, SaysWhichLinesAnOpenMarkSwallowed) {
  EXPECT_EQ(events_of("md5,id\n" + md5_a + ",\"1\n" + md5_a + ",2\n"),
            Events{"2: a quotation mark is not closed within 1 MiB: lines 2 to 3 were not read"});
  std::string text = "md5,id\n" + md5_a + ",\"1\n";
  for (int i = 0; i < 40'000; ++i) text += md5_a + ",2\n";
  const Events events = events_of(text);
  EXPECT_TRUE(events[0].starts_with("2: a quotation mark is not closed within 1 MiB: lines 2 to "));
  EXPECT_GT(events.size(), 1000u);
}

TEST(ListReader, RefusesHeadersThatItCannotUnderstand) {
  EXPECT_TRUE(events_of("")[0].starts_with("error: the list is empty"));
  EXPECT_TRUE(events_of("id,note\n")[0].starts_with("error: line 1: no column of hashes"));
  EXPECT_TRUE(events_of("md5,colour\n")[0].starts_with("error: line 1: unknown column \"colour\""));
  EXPECT_NE(events_of("md5;id\n")[0].find("commas, not semicolons"), std::string::npos);
  EXPECT_TRUE(events_of("md5,MD5\n")[0].starts_with("error: line 1: two columns are named md5"));
  EXPECT_TRUE(events_of("[{}]")[0].starts_with("error: the list is one JSON array"));
  EXPECT_TRUE(events_of("\xff\xfem\0d\0")[0].starts_with("error: the list is UTF-16"));
  EXPECT_EQ(events_of("md5,colour\n" + md5_a + ",red\n", {.ignore_columns = true}), Events{"md5=" + md5_a + " [||]"});
}

TEST(ListReader, RefusesBadJsonRows) {
  const Events events = events_of("{}\n{\"md5\":1}\n{\"md5\":\"\",\"x\":{}}\n[1]\n{\"md5\":\n{\"md5\":\"" + md5_a +
                                  "\",\"md5\":\"\"}\n{\"md5\":\"" + md5_a + "\"} x\n{\"md5\":\"" + md5_a + "\"}\n");
  ASSERT_EQ(events.size(), 8u);
  EXPECT_EQ(events[0], "1: there is no hash in it");
  EXPECT_EQ(events[1], "2: md5 is not a string");
  EXPECT_TRUE(events[2].starts_with("3: unknown key \"x\""));
  EXPECT_EQ(events[3], "4: not a JSON object");
  EXPECT_TRUE(events[4].starts_with("5: not JSON: "));
  EXPECT_EQ(events[5], "6: md5 is there twice");
  EXPECT_TRUE(events[6].starts_with("7: not JSON: "));
  EXPECT_EQ(events[7], "md5=" + md5_a + " [||]");
}

TEST(ListReader, LinesOverTheLimitAreBadRows) {
  const std::string long_line(list_row_bytes_max + 1, 'x');
  EXPECT_EQ(events_of("md5\n" + long_line + "\n" + md5_a + "\n"),
            (Events{"2: longer than 1 MiB", "md5=" + md5_a + " [||]"}));
  EXPECT_EQ(events_of("{\"md5\":\"" + md5_a + "\"}\n" + long_line),
            (Events{"md5=" + md5_a + " [||]", "2: longer than 1 MiB"}));
}

TEST(ListReader, ChoosesTheFormatByName) {
  EXPECT_EQ(list_format_of_name("a.b/list.CSV"), ListFormat::csv);
  EXPECT_EQ(list_format_of_name("list.jsonl"), ListFormat::json_lines);
  EXPECT_EQ(list_format_of_name("list.ndjson"), ListFormat::json_lines);
  EXPECT_EQ(list_format_of_name("list"), ListFormat::automatic);
  EXPECT_EQ(list_format_of_name(""), ListFormat::automatic);
}

// Texts written to a list come back from it, whatever they are and however the bytes arrive.
TEST(ListReader, RoundTripsRandomTextsInAnyPieces) {
  const auto seed = testing::chosen_seed();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  constexpr std::array<std::string_view, 9> parts{"a", ",", "\"", "\n", "å", " ", ";", "=", "👍"};
  std::string csv = "note,md5,id\n";
  std::string json;
  Events expected;
  for (int i = 0; i < 300; ++i) {
    std::string note;
    for (auto count = random() % 12; count > 0; --count) note += parts[random() % parts.size()];
    std::string quoted;
    for (const char c : note) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    csv += "\"" + quoted + "\"," + md5_a + "," + std::to_string(i) + "\n";
    std::string text;
    append_json_string(text, note);
    json += "{\"note\":" + text + ",\"md5\":\"" + md5_a + "\",\"id\":\"" + std::to_string(i) + "\"}\n";
    expected.push_back("md5=" + md5_a + " [" + std::to_string(i) + "||" + note + "]");
  }
  for (const std::size_t piece : {std::size_t{1}, 1 + random() % 300, std::size_t{1} << 20}) {
    EXPECT_EQ(events_of(csv, {}, piece), expected);
    EXPECT_EQ(events_of(json, {}, piece), expected);
  }
}

}  // namespace
}  // namespace fristad
