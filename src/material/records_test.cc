#include "material/records.h"

#include <gtest/gtest.h>

#include "tests/support/hash_sets.h"

namespace fristad {
namespace {

TEST(EntryBody, ReadsWhatItWroteAndTheIndexReadsTheSame) {
  testing::Rng rng(5);
  for (int i = 0; i < 200; ++i) {
    EntryBody entry{.classification = static_cast<Classification>(rng() % 4)};
    const std::uint64_t kinds = rng() % 15 + 1;
    if ((kinds & 1) != 0) entry.pdq = testing::random_hash(rng);
    if ((kinds & 2) != 0) entry.md5.emplace()[3] = static_cast<std::uint8_t>(rng());
    if ((kinds & 4) != 0) entry.sha1.emplace()[4] = static_cast<std::uint8_t>(rng());
    if ((kinds & 8) != 0) entry.sha256.emplace()[5] = static_cast<std::uint8_t>(rng());
    // Texts that look like members.
    if (rng() % 2 == 0) entry.note = R"(",","pdq":"00","md5":"ff)";
    if (rng() % 2 == 0) entry.id = R"({"sha1":"11"})";
    const std::string item = entry.to_item();
    const auto back = EntryBody::from_item(item);
    ASSERT_TRUE(back) << back.error().message << item;
    EXPECT_EQ(back->to_item(), item);
    EXPECT_EQ(back->note, entry.note);
    const LiveEntry found = indexed(item, 17);
    EXPECT_EQ(found.handle, 17u);
    EXPECT_EQ(found.pdq, entry.pdq);
    EXPECT_EQ(found.md5, entry.md5);
    EXPECT_EQ(found.sha1, entry.sha1);
    EXPECT_EQ(found.sha256, entry.sha256);
  }
}

// Reading the item back is the judge.
TEST(EntryBody, ChecksAsReadingItBackWould) {
  testing::Rng rng(6);
  const std::vector<std::string> texts{"",
                                       "a note",
                                       "\"quoted\" and \\",
                                       std::string("\x00\x01\n", 3),
                                       "\xff not UTF-8",
                                       "\xc3\xa5ngstr\xc3\xb6m",
                                       "data:image/png;base64,iVBORw0KGgo",
                                       std::string(321, 'A'),
                                       "/9j/" + std::string(60, 'A'),
                                       std::string(4096, ' '),
                                       std::string(4097, ' '),
                                       std::string(4096, '\x01'),
                                       std::string(8192, '\t'),
                                       std::string(9000, ' ')};
  const auto draw = [&] { return rng() % 3 == 0 ? texts[rng() % texts.size()] : std::string(); };
  int good = 0;
  for (int i = 0; i < 3000; ++i) {
    EntryBody entry{.id = draw(), .raw = draw(), .scheme = draw(), .note = draw(), .context = draw()};
    if (rng() % 8 != 0) entry.pdq = testing::random_hash(rng);
    if (rng() % 8 == 0) entry.md5.emplace()[3] = static_cast<std::uint8_t>(rng());
    const Status checked = entry.check();
    if (checked) ++good;
    const auto read = EntryBody::from_item(entry.to_item());
    ASSERT_EQ(static_cast<bool>(checked), static_cast<bool>(read)) << i << entry.to_item().substr(0, 200);
  }
  EXPECT_GT(good, 300);
  EXPECT_LT(good, 2700);
}

TEST(EntryBody, RefusesWhatIsNone) {
  for (const std::string item : {R"({"class":"baseline"})", R"({"class":"baseline","md5":"00"})",
                                 R"({"class":"worse","pdq":"00"})", "{}", "[]", R"({"pdq":"ff"})"}) {
    EXPECT_FALSE(EntryBody::from_item(item)) << item;
  }
}

TEST(Subscription, ReadsWhatItWroteAndNothingElse) {
  const SubscriptionBody body{.list = {1, 2, 3},
                              .subscription = {.subscribed = true,
                                               .enforce = true,
                                               .national = true,
                                               .heed_disputes = false,
                                               .enforced_per_day = enforced_per_day_max}};
  const auto read = SubscriptionBody::from_json(body.to_json());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->list, body.list);
  EXPECT_EQ(read->subscription, body.subscription);
  for (const std::string_view name :
       {"list", "subscribed", "enforce", "national", "heed_disputes", "enforced_per_day"}) {
    Json lacking = body.to_json();
    lacking.members()->erase(lacking.members()->find(name));
    EXPECT_FALSE(SubscriptionBody::from_json(lacking)) << name;
  }
  for (const std::int64_t cap : {std::int64_t{-1}, enforced_per_day_max + 1}) {
    SubscriptionBody wrong = body;
    wrong.subscription.enforced_per_day = cap;
    EXPECT_FALSE(SubscriptionBody::from_json(wrong.to_json())) << cap;
  }
}

TEST(Opinion, SaysWrongByItsFirstWord) {
  for (const std::string_view reason : {"wrong", "Wrong", "wrong: an adult", "wrong, see 4711", "WRONG 1"}) {
    EXPECT_TRUE(says_wrong(reason)) << reason;
  }
  for (const std::string_view reason : {"", "not my law", "wrongly classified", "it is wrong", "wron"}) {
    EXPECT_FALSE(says_wrong(reason)) << reason;
  }
}

TEST(NumberRanges, ReadWhatTheyWrote) {
  const std::vector<NumberRange> ranges{{1, 5}, {9, 9}, {1024, 2047}};
  EXPECT_EQ(to_text(ranges), "1-5,9,1024-2047");
  EXPECT_EQ(*parse_ranges("1-5,9,1024-2047"), ranges);
  for (const std::string text :
       {"", "0", "5-1", "1,1", "3,2", "1-", "-1", "1,", "a", "1-2-3", "1 2", "99999999999999999999"}) {
    EXPECT_FALSE(parse_ranges(text)) << text;
  }
}

TEST(EntryPlace, IsTheHandleAndTheNumber) {
  const EntryPlace place{{3, 123'456'789}, 999};
  const EntryPlace back = EntryPlace::of(place.handle());
  EXPECT_EQ(back.chunk, place.chunk);
  EXPECT_EQ(back.item, place.item);
  EXPECT_EQ(EntryPlace::of_number(3, place.number()).handle(), place.handle());
}

}  // namespace
}  // namespace fristad
