// Nodes that share lists, and between them no network: a question is a call.

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "base/hex.h"
#include "federation/answers.h"
#include "federation/reader.h"
#include "node/node.h"
#include "record/exchange.h"
#include "record/record_fixture.h"
#include "tests/support/hash_sets.h"

namespace fristad {
namespace {

using testing::TemporaryFolder;

class MembershipTest : public ::testing::Test {
 protected:
  struct Member {
    TemporaryFolder folder;
    std::unique_ptr<Node> node;
    std::unique_ptr<Answers> answers;
    std::string served = {};  // all that it has answered, since that was emptied
  };

  MembershipTest() {
    for (const std::string code : {"nz", "se", "us"}) make(code);
    Founding founding{.name = "Alliance", .charter = "We protect children.\n", .founders = {}};
    for (auto& [code, member] : members_) {
      std::string jurisdiction = code;
      for (char& letter : jurisdiction) letter = static_cast<char>(letter & ~0x20);
      founding.founders.push_back(
          member.node
              ->card({.name = code, .jurisdiction = jurisdiction, .address = "https://" + code + ".example:8343"})
              .value());
    }
    for (auto& [code, member] : members_) EXPECT_TRUE(member.node->alliance().found("steward", founding));
    settle();
    list_ = se().material().create_list("analyst", {.title = "Known"}).value();
  }

  void make(const std::string& code) {
    Member& member = members_[code];
    NodeSeams seams;
    seams.clock = {.utc_ms = [this] { return now_ms_; }, .steady_ms = [this] { return now_ms_; }};
    seams.random = [rng = std::make_shared<std::mt19937_64>(code.front())](std::span<std::uint8_t> bytes) {
      for (auto& byte : bytes) byte = static_cast<std::uint8_t>((*rng)());
      return Status();
    };
    const Status made = init_node({.folder = member.folder / "node",
                                   .member = code,
                                   .key_file = member.folder / "key",
                                   .shares_folder = member.folder / "shares"},
                                  seams);
    EXPECT_TRUE(made) << made.error().message;
    member.node = Node::open({.folder = member.folder / "node"}, seams).value();
    member.answers = std::make_unique<Answers>(member.node->journal(), member.node->alliance(), member.node->ledger(),
                                               AnswersOptions{.clock = seams.clock});
  }
  Node& se() { return *members_.at("se").node; }
  Node& us() { return *members_.at("us").node; }

  Result<Pulled> pull(const std::string& reader, const std::string& author) {
    Member& from = members_.at(author);
    return members_.at(reader).node->reader().pull(author, [&](Question question, std::string_view body) {
      auto answer = from.answers->answer(reader, question, body);
      if (answer) from.served += *answer;
      return answer;
    });
  }
  void settle(const std::vector<std::string>& who = {"nz", "se", "us"}) {
    for (int round = 0; round < 12; ++round) {
      bool anything = false;
      now_ms_ += 5000;  // nobody waits for witnesses longer than that
      for (const std::string& reader : who) {
        for (const std::string& author : who) {
          if (reader == author) continue;
          const auto pulled = pull(reader, author);
          anything = anything || (pulled && pulled->any());
        }
      }
      if (!anything) return;
    }
    ADD_FAILURE() << "they don't come to an end";
  }
  EntryBody entry() { return {.pdq = testing::random_hash(rng_), .classification = Classification::baseline}; }
  static std::vector<MaterialMatch> match(Node& node, const EntryBody& entry) {
    MatchScratch scratch;
    return node.material().match(*entry.pdq, 0, scratch).value();
  }
  static std::uint32_t log_of_se(Node& reader) { return reader.journal().known_log("se")->number; }
  std::vector<ErasureConfirmation> erasures() { return se().erasure_confirmations().value(); }

  std::int64_t now_ms_ = 1'800'000'000'000;
  testing::Rng rng_{5};
  std::map<std::string, Member> members_;
  ListId list_{};
};

using Codes = std::vector<std::string>;

TEST_F(MembershipTest, AFormerReaderHearsOfCorrectionsOfWhatItHasAndOfNothingElse) {
  const std::vector<EntryBody> old{entry(), entry(), entry()};
  const std::int64_t first = se().material().add_entries("analyst", list_, old).value();
  ASSERT_TRUE(se().share("steward", list_, Codes{"nz", "us"}));
  settle();
  ASSERT_EQ(match(us(), old[0]).size(), 1u);
  ASSERT_TRUE(us().material().keep_matches("analyst", "case 1", match(us(), old[0])));

  ASSERT_TRUE(se().stop_sharing("steward", list_, Codes{"us"}));
  settle();
  const std::uint64_t had = us().journal().known_log("se")->head.size;
  members_.at("se").served.clear();
  const EntryBody fresh = entry();
  const std::int64_t newer = se().material().add_entries("analyst", list_, {&fresh, 1}).value();
  const std::vector<NumberRange> wrong{{first, first}, {newer, newer}};
  ASSERT_TRUE(se().material().withdraw("analyst", list_, wrong, "wrong"));
  ASSERT_TRUE(se().erase_entry("analyst", list_, first + 1, "court"));
  ASSERT_TRUE(se().erase_entry("analyst", list_, newer, "court"));
  ASSERT_EQ(erasures().size(), 2u);
  EXPECT_EQ(erasures()[0].open, (Codes{"nz", "us"}));
  EXPECT_EQ(erasures()[1].open, Codes{"nz"}) << "us never had it";
  settle({"se", "us"});
  EXPECT_EQ(erasures()[0].confirmed, Codes{"us"});

  EXPECT_TRUE(match(us(), old[0]).empty());
  EXPECT_TRUE(match(us(), old[1]).empty());
  ASSERT_EQ(match(us(), old[2]).size(), 1u);
  EXPECT_EQ(match(us(), old[2])[0].ruling.level, Level::observe) << "it isn't shared any more";
  const NumberRange all{first, newer};
  EXPECT_EQ(us().material().recalls(list_, {&all, 1})->size(), 1u);
  const Place chunk{log_of_se(us()), EntryPlace::of_number(shared_log, first).chunk.position};
  EXPECT_EQ(us().journal().read(chunk)->items.at(1), "");
  EXPECT_TRUE(us().journal().wrong_views()->empty());
  EXPECT_TRUE(us().journal().quarantined()->empty());

  // Of all that it was served since then it has the two corrections, and no number of the new entry.
  std::vector<std::string> kinds;
  for (std::uint64_t at = had; at < se().journal().head(shared_log).size; ++at) {
    const auto record = us().journal().read(Place{log_of_se(us()), at});
    if (record && record->payload.scope != "public") kinds.push_back(record->payload.kind);
  }
  EXPECT_EQ(kinds, (std::vector<std::string>{"entries.withdrawn", "record.erased"}));
  const std::string& served = members_.at("se").served;
  EXPECT_NE(served.find("\"entries\":\"" + std::to_string(first) + "\""), std::string::npos);
  EXPECT_EQ(served.find(std::to_string(newer)), std::string::npos);
  EXPECT_EQ(served.find(fresh.to_item()), std::string::npos);
  EXPECT_FALSE(us().material().entry(list_, newer));

  settle();
  for (const ErasureConfirmation& one : erasures()) EXPECT_EQ(one.open, Codes{});
  EXPECT_EQ(erasures()[0].confirmed, (Codes{"nz", "us"}));
  EXPECT_EQ(erasures()[1].confirmed, Codes{"nz"});
  EXPECT_TRUE(testing::verified(se().journal(), shared_log).good());
  EXPECT_TRUE(se().journal().wrong_views()->empty());

  // Let in again it reads the same once more, and what is new.
  const EntryBody last = entry();
  ASSERT_TRUE(se().material().add_entries("analyst", list_, {&last, 1}));
  ASSERT_TRUE(se().share("steward", list_, Codes{"us"}));
  settle();
  EXPECT_TRUE(match(us(), old[0]).empty());
  EXPECT_EQ(match(us(), last).size(), 1u);
  EXPECT_EQ(us().material().list(list_)->entries, se().material().list(list_)->entries);
  EXPECT_EQ(us().material().list(list_)->withdrawn, se().material().list(list_)->withdrawn);
  EXPECT_TRUE(us().journal().wrong_views()->empty());
}

// What was corrected just before is on its way, and doesn't get lost with the list.
TEST_F(MembershipTest, WhatAFormerReaderHadntReadOfCorrectionsIsRepeatedForIt) {
  const std::vector<EntryBody> old{entry(), entry(), entry(), entry()};
  const std::int64_t first = se().material().add_entries("analyst", list_, old).value();
  ASSERT_TRUE(se().share("steward", list_, Codes{"nz", "us"}));
  settle();
  const NumberRange read{first, first};
  ASSERT_TRUE(se().material().withdraw("analyst", list_, {&read, 1}, "wrong"));
  ASSERT_TRUE(se().erase_entry("analyst", list_, first + 1, "court"));
  settle();
  const NumberRange unread{first + 2, first + 2};
  ASSERT_TRUE(se().material().withdraw("analyst", list_, {&unread, 1}, "wrong too"));
  ASSERT_TRUE(se().erase_entry("analyst", list_, first + 3, "court"));
  ASSERT_TRUE(se().stop_sharing("steward", list_, Codes{"us"}));
  EXPECT_EQ(erasures()[0].confirmed, (Codes{"nz", "us"})) << "it had read that";
  EXPECT_EQ(erasures()[1].open, (Codes{"nz", "us"}));
  settle();
  EXPECT_EQ(erasures()[1].confirmed, (Codes{"nz", "us"}));
  for (const EntryBody& one : old) EXPECT_TRUE(match(us(), one).empty());
  EXPECT_EQ(us().material().entry(list_, first + 2)->reason, "wrong too");
  const auto spans = us().journal().spans(log_of_se(us())).value();
  for (const ScopeSpan& span : spans) {
    if (!se().alliance().corrects(span.scope).value()) continue;
    EXPECT_EQ(span.last, 4) << "what it corrects, who reads it, and two corrections";
  }
  EXPECT_TRUE(us().journal().wrong_views()->empty());
  EXPECT_TRUE(se().journal().wrong_views()->empty());
  EXPECT_TRUE(testing::verified(se().journal(), shared_log).good());
}

TEST_F(MembershipTest, WhoLosesAListWithTheWholeAllianceIsToldToo) {
  const std::vector<EntryBody> old{entry(), entry()};
  const std::int64_t first = se().material().add_entries("analyst", list_, old).value();
  const Codes everybody{std::string(whole_alliance)};
  ASSERT_TRUE(se().share("steward", list_, everybody));
  settle();
  ASSERT_TRUE(se().stop_sharing("steward", list_, Codes{"us"}));
  const NumberRange one{first, first};
  ASSERT_TRUE(se().material().withdraw("analyst", list_, {&one, 1}, "wrong"));
  ASSERT_TRUE(se().stop_sharing("steward", list_, everybody));
  ASSERT_TRUE(se().erase_entry("analyst", list_, first + 1, "court"));
  settle();
  EXPECT_EQ(erasures()[0].confirmed, (Codes{"nz", "us"}));
  EXPECT_TRUE(match(us(), old[0]).empty());
  for (const std::string code : {"nz", "us"}) EXPECT_TRUE(match(*members_.at(code).node, old[1]).empty()) << code;
}

}  // namespace
}  // namespace fristad
