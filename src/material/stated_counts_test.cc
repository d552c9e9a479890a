#include "material/stated_counts.h"

#include <gtest/gtest.h>

#include <limits>

#include "material/member_fixture.h"

namespace fristad {
namespace {

using testing::Member;
using testing::pull_all;

constexpr std::uint64_t all_of_it = std::numeric_limits<std::uint64_t>::max();

std::string text_of(const std::vector<OriginCounts>& counts) {
  std::string text;
  for (const OriginCounts& one : counts) {
    text += one.member + " " + one.classification;
    for (const std::int64_t count : {one.added, one.withdrawn, one.disputed, one.overturned, one.hits}) {
      text += " " + std::to_string(count);
    }
    text += "; ";
  }
  return text;
}

class StatedCountsTest : public ::testing::Test {
 protected:
  StatedCountsTest() {
    for (const std::string name : {"se", "us"}) told_.origins[name] = {false, name, all_of_it};
  }
  std::vector<EntryBody> entries(std::size_t count) {
    std::vector<EntryBody> all(count);
    for (EntryBody& entry : all) {
      entry = {.pdq = testing::random_hash(rng_), .classification = Classification::baseline};
    }
    return all;
  }

  testing::Rng rng_{9};
  testing::Told told_;
  Member se_{"se", &told_};
  Member us_{"us", &told_};
};

TEST_F(StatedCountsTest, SaysWhatTheWholeAllianceMayReadAndNothingOfOtherLists) {
  const ListId wide = us_.material->create_list("tester", {.title = "For all"}).value();
  told_.wide.insert(wide);
  const std::vector<EntryBody> known = entries(3);
  const std::int64_t first = us_.material->add_entries("tester", wide, known).value();
  const ListId few = us_.material->create_list("tester", {.title = "For a few"}).value();
  ASSERT_TRUE(us_.material->add_entries("tester", few, entries(7)));
  const NumberRange range{first, first};
  ASSERT_TRUE(us_.material->withdraw("tester", wide, {&range, 1}, "wrong"));
  pull_all(*us_.journal, *se_.journal);
  ASSERT_TRUE(se_.material->keep_matches("tester", "case 1", se_.match(*known[1].pdq)));

  const auto stated = se_.material->state_counts("tester");
  ASSERT_TRUE(stated) << stated.error().message;
  EXPECT_EQ(text_of(*stated), "us baseline 3 1 0 0 1; ");
  ASSERT_TRUE(us_.material->state_counts("tester"));
  pull_all(*se_.journal, *us_.journal);
  const auto at_us = us_.material->stated_counts();
  ASSERT_TRUE(at_us) << at_us.error().message;
  ASSERT_EQ(at_us->size(), 2u);
  EXPECT_EQ((*at_us)[0].by, "se");
  EXPECT_EQ((*at_us)[0].at_ms, se_.now_ms);
  EXPECT_EQ(text_of((*at_us)[0].counts), "us baseline 3 1 0 0 1; ");
  EXPECT_EQ(text_of((*at_us)[1].counts), "us baseline 3 1 0 0 0; ") << "it has kept no match of it";

  // The newest counts, the others stay in the log; a rebuild says the same.
  ASSERT_TRUE(se_.material->keep_matches("tester", "case 2", se_.match(*known[2].pdq)));
  ASSERT_TRUE(se_.material->state_counts("tester"));
  pull_all(*se_.journal, *us_.journal);
  EXPECT_EQ(text_of(us_.material->stated_counts()->at(0).counts), "us baseline 3 1 0 0 2; ");
  const std::string before = testing::dump_of(*us_.journal);
  ASSERT_TRUE(us_.journal->rebuild());
  EXPECT_EQ(testing::dump_of(*us_.journal), before);
}

TEST_F(StatedCountsTest, WithoutAnAllianceThereIsNothingToState) {
  Member alone("nz");
  const ListId list = alone.material->create_list("tester", {.title = "Ours"}).value();
  ASSERT_TRUE(alone.material->add_entries("tester", list, entries(2)));
  EXPECT_EQ(text_of(*alone.material->state_counts("tester")), "");
  EXPECT_TRUE(alone.material->stated_counts()->empty());
}

TEST(StatedCounts, TakesItsOwnTextAndNoOther) {
  const std::vector<OriginCounts> counts{{.member = "us",
                                          .classification = "national",
                                          .added = 5,
                                          .withdrawn = 4,
                                          .disputed = 3,
                                          .overturned = 2,
                                          .hits = 1}};
  const Json good = stated_json(counts);
  EXPECT_EQ(text_of(*stated_from(good)), text_of(counts));
  const auto bent = [&](const std::string& from, const std::string& to) {
    std::string text = canonical(good);
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    const auto read = stated_from(parse_json(text, {}).value());
    return read ? Code::internal : read.error().code;
  };
  EXPECT_EQ(bent("\"added\":5", "\"added\":-5"), Code::invalid_argument);
  EXPECT_EQ(bent("\"hits\":1", "\"hits\":\"1\""), Code::invalid_argument);
  EXPECT_EQ(bent("\"hits\"", "\"hit\""), Code::invalid_argument);
  EXPECT_EQ(bent("national", "local"), Code::invalid_argument);
  EXPECT_EQ(bent("\"us\"", "\"\""), Code::invalid_argument);
  EXPECT_EQ(bent("\"us\"", "\"" + std::string(64, 'u') + "\""), Code::invalid_argument);
  EXPECT_EQ(bent("\"us\"", "7"), Code::invalid_argument);
  EXPECT_EQ(bent("\"counts\"", "\"count\""), Code::invalid_argument);
  EXPECT_FALSE(stated_from(stated_json(std::vector<OriginCounts>(stated_rows_max + 1, counts[0]))));
  Record record;
  record.payload = {.kind = std::string(kind_stated), .scope = "alliance", .body = good};
  EXPECT_FALSE(check_stated(record)) << "for everybody, or not at all";
  record.payload.scope = "public";
  EXPECT_TRUE(check_stated(record));
}

}  // namespace
}  // namespace fristad
