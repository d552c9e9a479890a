#include "material/audit.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>

#include "material/member_fixture.h"
#include "record/exchange_fixture.h"

namespace fristad {
namespace {

using testing::Member;
using testing::pull_all;

constexpr std::uint64_t all_of_it = std::numeric_limits<std::uint64_t>::max();

Digest seed(std::uint8_t fill) {
  Digest digest;
  digest.fill(fill);
  return digest;
}

TEST(Draw, GivesDifferentNumbersAllBelowThePopulation) {
  for (const std::uint64_t population : {51u, 64u, 1000u, 4'000'000'000u}) {
    const auto drawn = drawn_from(seed(1), population, 50);
    EXPECT_EQ(drawn.size(), 50u);
    EXPECT_EQ(std::set(drawn.begin(), drawn.end()).size(), 50u);
    for (const std::uint64_t one : drawn) EXPECT_LT(one, population);
    EXPECT_EQ(drawn_from(seed(1), population, 50), drawn) << "everybody draws the same";
    EXPECT_NE(drawn_from(seed(2), population, 50), drawn);
  }
  EXPECT_EQ(drawn_from(seed(1), 3, 50), (std::vector<std::uint64_t>{0, 1, 2}));
  EXPECT_TRUE(drawn_from(seed(1), 0, 50).empty());
}

TEST(Draw, EachIsAsLikelyAsAnyOther) {
  std::map<std::uint64_t, int> times;
  for (int i = 0; i < 3000; ++i) {
    Digest digest = seed(3);
    digest[0] = static_cast<std::uint8_t>(i);
    digest[1] = static_cast<std::uint8_t>(i >> 8);
    for (const std::uint64_t one : drawn_from(digest, 6, 1)) ++times[one];
  }
  for (std::uint64_t one = 0; one < 6; ++one) EXPECT_NEAR(times[one], 500, 110) << one;  // five standard deviations
}

TEST(Draw, BothRootsDecide) {
  const AuditHeads heads{.size = 9, .root = seed(1), .own_root = seed(2)};
  EXPECT_NE(audit_seed(heads), audit_seed({.size = 9, .root = seed(3), .own_root = seed(2)}));
  EXPECT_NE(audit_seed(heads), audit_seed({.size = 9, .root = seed(1), .own_root = seed(3)}));
  EXPECT_NE(audit_seed(heads), audit_seed({.size = 9, .root = seed(2), .own_root = seed(1)}));
}

// se examines what us lists; nz looks on.
class AuditTest : public ::testing::Test {
 protected:
  AuditTest() {
    for (const std::string name : {"se", "us", "nz"}) told_.origins[name] = {false, name, all_of_it};
  }
  ListId listed(std::size_t count, bool wide = true) {
    const ListId list = us_.material->create_list("tester", {.title = "Theirs"}).value();
    if (wide) told_.wide.insert(list);
    std::vector<EntryBody> entries(count);
    for (EntryBody& entry : entries) {
      entry = {.pdq = testing::random_hash(rng_), .classification = Classification::baseline};
    }
    EXPECT_TRUE(us_.material->add_entries("tester", list, entries));
    return list;
  }
  AuditHeads heads() {
    const LogHead theirs = us_.journal->head(shared_log);
    return {.size = theirs.size, .root = theirs.root, .own_root = se_.journal->head(shared_log).root};
  }
  void share() {
    pull_all(*us_.journal, *se_.journal);
    pull_all(*us_.journal, *nz_.journal);
    pull_all(*se_.journal, *nz_.journal);
  }
  Status says(const AuditedEntry& entry, Verdict verdict, std::string_view reason, Basis basis = Basis::examined) {
    return se_.material->give_opinion("tester", entry.list, entry.number, verdict, basis, reason);
  }

  testing::Rng rng_{11};
  testing::Told told_;
  Member se_{"se", &told_};
  Member us_{"us", &told_};
  Member nz_{"nz", &told_};
};

TEST_F(AuditTest, OthersDrawTheSameAndSeeWhatCameOfIt) {
  const ListId one = listed(30);
  listed(100, false);
  const ListId two = listed(10);
  share();
  const auto drawn = se_.material->draw_audit("steward", "us", heads(), 8);
  ASSERT_TRUE(drawn) << drawn.error().message;
  EXPECT_EQ(drawn->of, 40) << "of what the whole alliance reads";
  EXPECT_EQ(drawn->sample, 8);
  // What comes later can't be drawn.
  listed(200, false);
  ASSERT_TRUE(us_.material->add_entries(
      "tester", one,
      std::vector<EntryBody>{{.pdq = testing::random_hash(rng_), .classification = Classification::baseline}}));
  share();
  auto entries = se_.material->audited(drawn->id).value();
  ASSERT_EQ(entries.size(), 8u);
  for (const AuditedEntry& entry : entries) {
    EXPECT_TRUE(entry.list == one || entry.list == two);
    EXPECT_TRUE(se_.material->entry(entry.list, entry.number)) << entry.number;
  }
  const auto seen = nz_.material->audited(drawn->id).value();
  ASSERT_EQ(seen.size(), entries.size());
  for (std::size_t i = 0; i < seen.size(); ++i) {
    EXPECT_EQ(seen[i].list, entries[i].list);
    EXPECT_EQ(seen[i].number, entries[i].number);
  }

  EXPECT_EQ(se_.material->state_audit("steward", drawn->id).error().code, Code::conflict) << "none was examined";
  for (std::size_t i = 0; i < 6; ++i) {
    ASSERT_TRUE(says(entries[i], i < 2 ? Verdict::dispute : Verdict::confirm,
                     i == 0   ? "wrong: an adult"
                     : i == 1 ? "not my law"
                              : ""));
  }
  ASSERT_TRUE(says(entries[6], Verdict::confirm, "", Basis::relayed));
  EXPECT_EQ(se_.material->audited(drawn->id).value()[6].state, AuditedEntry::State::open) << "that isn't examining it";
  ASSERT_TRUE(says(entries[6], Verdict::confirm, ""));
  const NumberRange last{entries[7].number, entries[7].number};
  ASSERT_TRUE(us_.material->withdraw("tester", entries[7].list, {&last, 1}, "wrong"));
  share();
  using State = AuditedEntry::State;
  entries = se_.material->audited(drawn->id).value();
  EXPECT_EQ(entries[0].state, State::wrong);
  EXPECT_EQ(entries[1].state, State::right) << "by another law it may be what it says";
  EXPECT_EQ(entries[7].state, State::gone);
  const auto stated = se_.material->state_audit("steward", drawn->id);
  ASSERT_TRUE(stated) << stated.error().message;
  EXPECT_EQ(se_.material->state_audit("steward", drawn->id).error().code, Code::conflict) << "once";
  share();
  const auto at_nz = nz_.material->audits().value();
  ASSERT_EQ(at_nz.size(), 1u);
  EXPECT_EQ(at_nz[0].by, "se");
  EXPECT_EQ(at_nz[0].member, "us");
  ASSERT_TRUE(at_nz[0].result);
  EXPECT_EQ(at_nz[0].result->examined, 7);
  EXPECT_EQ(at_nz[0].result->wrong, 1);
  EXPECT_EQ(at_nz[0].result->gone, 1);
  EXPECT_EQ(nz_.material->state_audit("steward", drawn->id).error().code, Code::permission_denied);
  const std::string before = testing::dump_of(*nz_.journal);
  ASSERT_TRUE(nz_.journal->rebuild());
  EXPECT_EQ(testing::dump_of(*nz_.journal), before);
}

TEST_F(AuditTest, WhatIsNotThereCannotBeDrawn) {
  EXPECT_EQ(se_.material->draw_audit("steward", "us", heads(), 8).error().code, Code::not_found);
  listed(5, false);
  share();
  EXPECT_EQ(se_.material->draw_audit("steward", "us", heads(), 8).error().code, Code::not_found);
  EXPECT_EQ(se_.material->audited(RecordId{}).error().code, Code::not_found);
  const ListId wide = listed(5);
  share();
  const auto drawn = se_.material->draw_audit("steward", "us", heads(), 8);
  ASSERT_TRUE(drawn) << drawn.error().message;
  EXPECT_EQ(drawn->sample, 5);
  told_.wide.erase(wide);
  EXPECT_EQ(se_.material->audited(drawn->id).error().code, Code::conflict) << "it is shared no more";
}

TEST(AuditRecords, AreRefusedWhereTheyCannotBeSo) {
  const auto code = [](Status (*check)(const Record&), std::string_view scope, const std::string& body) {
    Record record;
    record.id.fill(1);
    record.payload.scope = std::string(scope);
    record.payload.body = parse_json(body, {}).value();
    const Status checked = check(record);
    return checked ? Code::internal : checked.error().code;
  };
  const std::string root(64, 'a');
  const auto audit = [&](const std::string& member, const std::string& sample, const std::string& own_root) {
    return R"({"member":")" + member + R"(","of":9,"own_root":")" + own_root + R"(","root":")" + root +
           R"(","sample":)" + sample + R"(,"size":7})";
  };
  EXPECT_EQ(code(check_audit, "public", audit("us", "9", root)), Code::internal);
  EXPECT_EQ(code(check_audit, "alliance", audit("us", "9", root)), Code::invalid_argument);
  EXPECT_EQ(code(check_audit, "public", audit("us", "10", root)), Code::invalid_argument) << "more than there are";
  EXPECT_EQ(code(check_audit, "public", audit("us", "-1", root)), Code::invalid_argument);
  EXPECT_EQ(code(check_audit, "public", audit("", "9", root)), Code::invalid_argument);
  EXPECT_EQ(code(check_audit, "public", audit("us", "9", "aa")), Code::invalid_argument);
  EXPECT_EQ(code(check_audit, "public", "{}"), Code::invalid_argument);
  const auto result = [](char digit, const std::string& wrong) {
    return R"({"audit":")" + std::string(32, digit) + R"(","examined":3,"gone":0,"wrong":)" + wrong + "}";
  };
  const std::string own = R"({"audit":"01010101010101010101010101010101","examined":3,"gone":0,"wrong":1})";
  EXPECT_EQ(code(check_audit_result, "public", own), Code::internal);
  EXPECT_EQ(code(check_audit_result, "public", result('2', "1")), Code::invalid_argument) << "another's audit";
  EXPECT_EQ(code(check_audit_result, "public", result('1', "4")), Code::invalid_argument);
  EXPECT_EQ(code(check_audit_result, "public", result('x', "1")), Code::invalid_argument);
}

}  // namespace
}  // namespace fristad
