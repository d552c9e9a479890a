#include <gtest/gtest.h>

#include <map>
#include <random>

#include "alliance/alliance_node_fixture.h"
#include "base/hex.h"
#include "base/try.h"

namespace fristad {
namespace {

using testing::charter_a;
using testing::charter_b;
using testing::codes;
using testing::dump_of;
using testing::everybody;
using testing::foreign;
using testing::founded;
using testing::founding_of;
using testing::Node;
using testing::record_id;
using testing::us_alone;
using testing::voted;

TEST(AllianceViews, RecordsThatMakeNoSenseAreRefused) {
  Node node;
  const Founding founding = founding_of({"nz", "se", "us"});
  EXPECT_FALSE(node.hear(founded("dk", founding))) << "not a founder";
  Record record = founded("us", founding);
  record.payload.scope = "alliance";
  EXPECT_FALSE(node.hear(record)) << "scope";
  record = founded("us", founding);
  record.revision = 1;
  EXPECT_FALSE(node.hear(record)) << "revision";
  Json body = founding.to_json();
  body.members()->emplace("more", 1);
  EXPECT_FALSE(node.hear(foreign("us", kind_founded, "public", body)));
  EXPECT_FALSE(node.hear(foreign("us", kind_muted, "private", MutedBody{"nz", true, "why"}.to_json())))
      << "another's brake";
  EXPECT_FALSE(node.hear(foreign("us", kind_vote, "alliance", Json::object())));
  EXPECT_FALSE(node.hear(foreign("us", kind_left, "public", Json::object())));
  EXPECT_FALSE(node.hear(foreign("us", kind_joined, "public", Json::object())));
  EXPECT_FALSE(node.hear(foreign("us", kind_invited, "alliance", Json::object())));
}

TEST(AllianceViews, OtherMembersSayWhoReadsTheirsAndNoOthers) {
  Node node;
  node.found(founding_of({"nz", "se", "us"}));
  const RecordId scope = record_id("us", 99);
  const auto let = [&](const std::string& author, const ReadersBody& body) {
    return node.hear(foreign(author, kind_readers, to_hex(body.scope), body.to_json()));
  };
  EXPECT_FALSE(let("nz", {.scope = scope, .add = {"nz"}}));
  EXPECT_FALSE(*node.alliance->reads("nz", to_hex(scope)));
  ASSERT_TRUE(let("us", {.scope = scope, .add = {"nz"}}));
  EXPECT_TRUE(*node.alliance->reads("nz", to_hex(scope)));
  // What is said by name goes before what is said of all, in the same record.
  ASSERT_TRUE(let("us", {.scope = scope, .add = {"*"}, .remove = {"nz"}}));
  EXPECT_FALSE(*node.alliance->reads("nz", to_hex(scope)));
  ASSERT_TRUE(let("us", {.scope = scope, .add = {"nz"}, .remove = {"*"}}));
  EXPECT_TRUE(*node.alliance->reads("nz", to_hex(scope)));
  EXPECT_FALSE(let("us", {.scope = scope, .add = {"nz"}, .remove = {"nz"}}));
  EXPECT_FALSE(let("us", {.scope = scope}));
}

TEST(AllianceViews, AMemberSaysWhatItsOwnScopesCorrectAndNoOthers) {
  Node node;
  node.found(founding_of({"nz", "se", "us"}));
  const std::string scope = to_hex(record_id("us", 98));
  const auto says = [&](const std::string& author, const std::string& where, const RecordId& of) {
    return node.hear(foreign(author, kind_corrects, where, CorrectsBody{.of = of}.to_json()));
  };
  EXPECT_FALSE(says("us", scope, record_id("us", 98))) << "itself";
  EXPECT_FALSE(says("us", scope, record_id("nz", 99)));
  EXPECT_FALSE(says("nz", scope, record_id("nz", 99)));
  EXPECT_FALSE(says("us", "alliance", record_id("us", 99)));
  EXPECT_FALSE(node.hear(foreign("us", kind_corrects, scope, Json::object())));
  ASSERT_TRUE(says("us", scope, record_id("us", 99)));
  ASSERT_TRUE(says("us", scope, record_id("us", 97)));
  EXPECT_EQ(*node.alliance->corrects(scope), record_id("us", 99)) << "it is said once";
}

TEST(AllianceViews, TheLargestFoundingCanBeRecorded) {
  Node node;
  std::vector<std::string> founders = codes(49);
  founders.push_back("se");
  Founding founding = founding_of(founders);
  founding.charter = std::string(charter_bytes_max, '\n');
  const auto id = node.alliance->found("a", founding);
  EXPECT_TRUE(id) << id.error().message;
}

TEST(AllianceViews, ARebuildGivesTheSameViews) {
  Node node;
  ASSERT_TRUE(node.alliance->found("a", founding_of({"nz", "se", "us"})));
  ASSERT_TRUE(node.alliance->grant("a", node.new_scope(), everybody));
  const RecordId lost = node.new_scope();
  ASSERT_TRUE(node.alliance->grant("a", lost, us_alone));
  ASSERT_TRUE(node.alliance->withdraw("a", lost, us_alone));
  ASSERT_TRUE(node.alliance->mute("a", "us", true, "a wrong list"));
  ASSERT_TRUE(node.alliance->leave("a", "it came to nothing"));
  ASSERT_TRUE(node.alliance->found("a", founding_of({"se", "us"})));
  ASSERT_TRUE(node.journal->transact("a", [&](Decision& decision) -> Status {
    const AllianceState state = state_of(founding_of({"se", "us"}), {});
    TRY(decision.emit({.kind = std::string(kind_vote),
                       .scope = "alliance",
                       .body = VoteBody{state.id, state.hash, 0, charter_a}.to_json()}));
    TRY(decision.emit({.kind = std::string(kind_invited),
                       .scope = "alliance",
                       .body = Invitation{.alliance = state.id, .member = "nz", .jurisdiction = "NZ"}.to_json()}));
    TRY(decision.emit(
        {.kind = std::string(kind_joined), .scope = "public", .body = JoinedBody{{1}, record_id("us")}.to_json()}));
    return {};
  }));
  const std::string before = dump_of(*node.journal);
  EXPECT_NE(before.find("scope_reader"), std::string::npos);
  EXPECT_NE(before.find("alliance_vote"), std::string::npos);
  EXPECT_NE(before.find("scope_corrects"), std::string::npos);
  const Status rebuilt = node.journal->rebuild();
  ASSERT_TRUE(rebuilt) << rebuilt.error().message;
  EXPECT_EQ(dump_of(*node.journal), before);
  const auto wrong = node.journal->wrong_views();
  ASSERT_TRUE(wrong);
  EXPECT_TRUE(wrong->empty());
}

TEST(AllianceViews, LogsAreReadInAnyOrder) {
  const std::uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 rng(seed);
  const Founding founding = founding_of({"nz", "se", "us"});
  const AllianceState state = state_of(founding, {});
  const RecordId scope = record_id("us", 99);
  const auto let = [&](const ReadersBody& body) { return foreign("us", kind_readers, to_hex(scope), body.to_json()); };
  const std::map<std::string, std::vector<Record>> logs{
      {"nz",
       {founded("nz", founding), voted("nz", state, charter_a), voted("nz", state, charter_b),
        foreign("nz", kind_left, "public", LeftBody{state.id, "why"}.to_json())}},
      {"us",
       {founded("us", founding), voted("us", state, charter_b), voted("us", state, charter_a, 1),
        let({.scope = scope, .add = {"*"}}), let({.scope = scope, .remove = {"nz"}})}},
  };
  std::string first;
  for (int order = 0; order < 6; ++order) {
    Node node;
    ASSERT_TRUE(node.alliance->found("a", founding));
    // So that the logs have the same numbers in each.
    for (const auto& [author, log] : logs) ASSERT_TRUE(node.hear(log.front()));
    std::map<std::string, std::size_t> read{{"nz", 1}, {"us", 1}};
    while (read["nz"] < logs.at("nz").size() || read["us"] < logs.at("us").size()) {
      const std::string author = rng() % 2 == 0 ? "nz" : "us";
      if (read[author] == logs.at(author).size()) continue;
      ASSERT_TRUE(node.hear(logs.at(author)[read[author]++]));
    }
    std::string dump;
    ASSERT_TRUE(node.journal->dump([&](std::string_view line) {
      dump += std::string(line) + "\n";
      return Status();
    }));
    if (first.empty()) first = dump;
    ASSERT_EQ(dump, first);
    ASSERT_FALSE(*node.alliance->reads("nz", to_hex(scope)));
  }
}

}  // namespace
}  // namespace fristad
