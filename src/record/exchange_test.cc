#include "record/exchange.h"

#include <gtest/gtest.h>

#include <chrono>
#include <latch>
#include <map>
#include <set>
#include <thread>

#include "base/hex.h"
#include "record/exchange_fixture.h"
#include "record/record_fixture.h"

namespace fristad {
namespace {

using testing::extension_of;
using testing::leaves_of;
using testing::pull_leaves;
using testing::pull_scope;
using testing::shared_dump;
using testing::TemporaryFolder;

// A kind that only some nodes know, and one that is never another's.
const View& newer_view() {
  static constexpr std::array kinds{
      Kind{.name = "newer",
           .from_others = true,
           .apply = [](Fold& fold, const Record& record) -> Status {
             return fold.fact({.kind = "newer", .subject = "x", .at_ms = record.payload.at_ms, .dimensions = "{}"});
           }},
      Kind{.name = "ours.alone"},
      Kind{.name = "refused", .from_others = true, .apply = [](Fold& fold, const Record& record) -> Status {
             if (record.place.log < own_logs) return {};
             TRY(fold.fact({.kind = "half", .subject = "x", .at_ms = 1, .dimensions = "{}"}));
             return Error{Code::invalid_argument, "no fold takes this"};
           }}};
  static constexpr View view{.name = "newer", .migrations = {}, .tables = {}, .kinds = kinds};
  return view;
}

const Kinds& newer_kinds() {
  static const Kinds kinds({&journal_view(), &testing::note_view(), &newer_view()});
  return kinds;
}

struct Member : testing::JournalMember {
  explicit Member(std::string code, const Kinds& known = newer_kinds()) : JournalMember(std::move(code), known) {}
};

TEST(Exchange, AReaderComesToHaveWhatItsAuthorHas) {
  Member se("se");
  Member us("us");
  for (int i = 0; i < 5; ++i) us.says(testing::note("n" + std::to_string(i), {R"({"w":1})", R"({"w":2})"}));
  us.says({.kind = "note.added", .scope = "private", .body = Json::object({{"text", "own"}})});
  pull_leaves(*us.journal, *se.journal);
  EXPECT_EQ(se.journal->known_log("us")->head.root, us.journal->head(shared_log).root);
  EXPECT_EQ(pull_scope(*us.journal, *se.journal, "alliance").folded, 5u);
  EXPECT_EQ(se.journal->arrivals(), 5);
  auto expected = shared_dump(*us.journal);
  std::erase_if(expected, [](const std::string& line) { return line.find("own") != std::string::npos; });
  EXPECT_EQ(shared_dump(*se.journal), expected);
  ASSERT_TRUE(se.journal->rebuild());
  EXPECT_EQ(shared_dump(*se.journal), expected);
  EXPECT_TRUE(se.journal->wrong_views()->empty());
  // And goes on after a restart.
  us.says(testing::note("later"));
  se.open();
  pull_leaves(*us.journal, *se.journal);
  EXPECT_EQ(pull_scope(*us.journal, *se.journal, "alliance").last, 6);
  std::vector<std::int64_t> arrivals;
  ASSERT_TRUE(se.journal->for_each_arrival(3, [&](std::int64_t arrival, const Record& record) {
    EXPECT_EQ(record.author, "us");
    arrivals.push_back(arrival);
    return Status();
  }));
  EXPECT_EQ(arrivals, (std::vector<std::int64_t>{4, 5, 6}));
  EXPECT_TRUE(se.journal->quarantined()->empty());
}

// Decisions that wait at the same time share a transaction: also the first leaves of a log and those after them.
TEST(Exchange, ANewLogMayGrowTwiceInOneTransaction) {
  Member se("se");
  Member us("us");
  us.says(testing::note("a"));
  const auto first = leaves_of(*us.journal, 0);
  const Extension start = extension_of(*us.journal, 0, first);
  us.says(testing::note("b"));
  const auto second = leaves_of(*us.journal, 1);
  const Extension more = extension_of(*us.journal, 1, second);
  // Holds the writer until both wait.
  std::latch begun(1);
  std::latch go(1);
  std::jthread holder([&] {
    EXPECT_TRUE(se.journal->transact("anna", [&](Decision&) {
      begun.count_down();
      go.wait();
      return Status();
    }));
  });
  begun.wait();
  std::jthread one([&] { EXPECT_TRUE(se.journal->extend(start)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  std::jthread two([&] { EXPECT_TRUE(se.journal->extend(more)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  go.count_down();
  holder.join();
  one.join();
  two.join();
  EXPECT_EQ(se.journal->known_log("us")->head.size, 2u);
}

TEST(Exchange, SubscribersHearOfWhatWasDelivered) {
  Member se("se");
  Member us("us");
  us.says(testing::note("a"));
  std::vector<std::string> heard;
  se.journal->subscribe([&](std::span<const Record> records) {
    for (const Record& record : records) heard.push_back(record.author + ":" + record.payload.kind);
  });
  pull_leaves(*us.journal, *se.journal);
  pull_scope(*us.journal, *se.journal, "alliance");
  EXPECT_EQ(heard, std::vector<std::string>{"us:note.added"});
}

TEST(Exchange, LeavesThatDontLeadToTheSignedHeadAreRefused) {
  Member se("se");
  Member us("us");
  for (int i = 0; i < 4; ++i) us.says(testing::note("n" + std::to_string(i)));
  const auto leaves = leaves_of(*us.journal, 0);
  const auto refused = [&](std::vector<LeafBytes> changed, std::uint64_t from = 0) {
    const Status status = se.journal->extend(extension_of(*us.journal, from, changed));
    EXPECT_FALSE(status);
    EXPECT_FALSE(se.journal->known_log("us"));
    return status ? Code::internal : status.error().code;
  };
  EXPECT_EQ(refused({leaves.begin(), leaves.end() - 1}), Code::damaged);
  EXPECT_EQ(refused({leaves[1], leaves[0], leaves[2], leaves[3]}), Code::damaged);
  EXPECT_EQ(refused({leaves[0], leaves[1], leaves[1], leaves[3]}), Code::damaged);
  for (std::size_t byte = 0; byte < leaf_size; byte += 13) {
    auto changed = leaves;
    changed[2][byte] ^= 1;
    EXPECT_NE(refused(changed), Code::conflict) << byte;
  }
  EXPECT_EQ(refused({leaves.begin() + 1, leaves.end()}, 1), Code::conflict);
  Extension nobodys = extension_of(*us.journal, 0, leaves);
  nobodys.key_at = [](std::uint64_t) { return std::optional<PublicKey>(); };
  EXPECT_EQ(se.journal->extend(nobodys).error().code, Code::not_found);
  Extension own = extension_of(*us.journal, 0, leaves);
  own.member = "se";
  EXPECT_EQ(se.journal->extend(own).error().code, Code::invalid_argument);
  pull_leaves(*us.journal, *se.journal);
  // What was taken once isn't taken again.
  EXPECT_EQ(se.journal->extend(extension_of(*us.journal, 0, leaves)).error().code, Code::conflict);
}

TEST(Exchange, OneThatNoFoldTakesIsQuarantinedAndTheRestFlows) {
  Member se("se");
  Member us("us");
  for (int i = 0; i < 3; ++i) us.says(testing::note("n" + std::to_string(i)));
  us.says({.kind = "ours.alone", .scope = "alliance"});
  us.says({.kind = "refused", .scope = "alliance"});
  us.says(testing::note("last"));
  pull_leaves(*us.journal, *se.journal);
  auto parcels = us.journal->parcels(shared_log, "alliance", 1, 1 << 20).value();
  ASSERT_EQ(parcels.size(), 6u);
  // One that was changed on its way comes again as it was: until then nothing behind it is taken.
  const auto right = parcels[1];
  parcels[1].content.back() ^= 1;
  auto delivered = se.journal->deliver("us", "alliance", parcels);
  ASSERT_TRUE(delivered) << delivered.error().message;
  EXPECT_EQ(delivered->torn, 1u);
  EXPECT_EQ(delivered->folded, 1u);
  EXPECT_EQ(delivered->last, 1);
  EXPECT_TRUE(se.journal->quarantined()->empty());
  parcels[1] = right;
  delivered = se.journal->deliver("us", "alliance", std::span(parcels).subspan(1));
  ASSERT_TRUE(delivered) << delivered.error().message;
  EXPECT_FALSE(delivered->torn);
  EXPECT_EQ(delivered->folded, 3u);
  EXPECT_EQ(delivered->quarantined, 2u);
  EXPECT_EQ(delivered->last, 6);
  const auto quarantined = se.journal->quarantined().value();
  ASSERT_EQ(quarantined.size(), 2u);
  EXPECT_EQ(quarantined[0].member, "us");
  EXPECT_EQ(quarantined[0].position, 3u);
  const std::string dump = testing::dump_of(*se.journal);
  EXPECT_EQ(dump.find("half"), std::string::npos);
  EXPECT_NE(dump.find("last"), std::string::npos);
  ASSERT_TRUE(se.journal->rebuild());
  EXPECT_EQ(testing::dump_of(*se.journal), dump);
}

// Every byte of a content is bound to its leaf: nothing changed is ever folded.
TEST(Exchange, NoChangedByteIsFolded) {
  Member us("us");
  us.says(testing::note("text", {R"({"w":1})"}));
  const auto parcels = us.journal->parcels(shared_log, "alliance", 1, 1 << 20).value();
  Member se("se");
  pull_leaves(*us.journal, *se.journal);
  for (std::size_t byte = 0; byte < parcels[0].content.size(); byte += 3) {
    auto changed = parcels;
    changed[0].content[byte] ^= 0x10;
    TemporaryFolder copy;
    std::filesystem::copy(se.folder.path(), copy.path(), std::filesystem::copy_options::recursive);
    Store store = Store::open({.sqlite_path = copy / "node.db"}).value();
    auto journal = Journal::open(store, newer_kinds(), se.keys(), testing::test_options()).value();
    const auto delivered = journal->deliver("us", "alliance", changed);
    ASSERT_TRUE(delivered);
    EXPECT_EQ(delivered->folded, 0u) << byte;
    EXPECT_EQ(delivered->torn, 0u) << byte;
    EXPECT_EQ(delivered->last, 0) << byte;
  }
}

TEST(Exchange, OutOfOrderOrTwiceIsAConflictAndChangesNothing) {
  Member se("se");
  Member us("us");
  for (int i = 0; i < 4; ++i) us.says(testing::note("n" + std::to_string(i)));
  pull_leaves(*us.journal, *se.journal);
  const auto parcels = us.journal->parcels(shared_log, "alliance", 1, 1 << 20).value();
  const auto some = [&](std::size_t from, std::size_t to) { return std::span(parcels).subspan(from, to - from); };
  EXPECT_EQ(se.journal->deliver("us", "alliance", some(1, 4)).error().code, Code::conflict);
  EXPECT_TRUE(se.journal->deliver("us", "alliance", some(0, 2)));
  const std::string dump = testing::dump_of(*se.journal);
  EXPECT_EQ(se.journal->deliver("us", "alliance", some(0, 2)).error().code, Code::conflict);
  EXPECT_EQ(se.journal->deliver("us", "alliance", some(3, 4)).error().code, Code::conflict);
  EXPECT_EQ(testing::dump_of(*se.journal), dump);
  EXPECT_TRUE(se.journal->deliver("us", "alliance", some(2, 4)));
  EXPECT_EQ(se.journal->deliver("us", "private", {}).error().code, Code::permission_denied);
  EXPECT_EQ(se.journal->deliver("nz", "alliance", {}).error().code, Code::not_found);
  // A record of one scope under the name of another.
  us.says({.kind = "note.added", .scope = "public", .body = Json::object({{"text", "p"}})});
  pull_leaves(*us.journal, *se.journal);
  auto wrong = us.journal->parcels(shared_log, "public", 1, 1 << 20).value();
  wrong[0].sequence = 5;
  EXPECT_EQ(se.journal->deliver("us", "alliance", wrong)->torn, 4u);
}

TEST(Exchange, NobodyTakesTheIdOfAnothersRecord) {
  Member se("se");
  Member us("us");
  const Recorded own = se.says(testing::note("of se"));
  Draft stolen = testing::note("of us");
  stolen.id = own.id;
  us.says(stolen);
  pull_leaves(*us.journal, *se.journal);
  EXPECT_EQ(pull_scope(*us.journal, *se.journal, "alliance").quarantined, 1u);
  EXPECT_EQ(*se.journal->read(own.id, 0)->payload.body.find("text")->text(), "of se");
  EXPECT_EQ(se.journal->places(own.id)->size(), 1u);
  // Our own revision goes on from ours.
  Draft revised = testing::note("of se, again");
  revised.revises = own.id;
  EXPECT_EQ(se.says(revised).revision, 1u);
  EXPECT_TRUE(verify_log(*se.journal, shared_log, {})->good());
}

TEST(Exchange, ErasedIsErasedAtReadersAndWhoComesLaterNeverGetsIt) {
  Member us("us");
  Member se("se");
  const Recorded whole = us.says(testing::note("secret text"));
  const Recorded chunk = us.says(testing::note("chunk", {R"({"w":1})", R"({"w":2})"}));
  pull_leaves(*us.journal, *se.journal);
  pull_scope(*us.journal, *se.journal, "alliance");
  ASSERT_TRUE(us.journal->erase("anna", whole.id, {}, "court"));
  const std::array<std::uint32_t, 1> second{1};
  ASSERT_TRUE(us.journal->erase("anna", chunk.id, second, "mistake"));
  pull_leaves(*us.journal, *se.journal);
  EXPECT_EQ(pull_scope(*us.journal, *se.journal, "alliance").folded, 2u);
  EXPECT_EQ(testing::dump_of(*se.journal).find("secret"), std::string::npos);
  EXPECT_EQ(shared_dump(*se.journal), shared_dump(*us.journal));

  Member nz("nz");
  pull_leaves(*us.journal, *nz.journal);
  const auto first = us.journal->parcels(shared_log, "alliance", 1, 1 << 20).value();
  EXPECT_TRUE(first[0].content.empty());
  ASSERT_TRUE(nz.journal->deliver("us", "alliance", std::span(first).first(2)));
  EXPECT_EQ(nz.journal->withheld()->size(), 1u) << "until an erasure says so";
  pull_scope(*us.journal, *nz.journal, "alliance");
  EXPECT_TRUE(nz.journal->withheld()->empty());
  EXPECT_EQ(shared_dump(*nz.journal), shared_dump(*us.journal));
  ASSERT_TRUE(nz.journal->rebuild());
  EXPECT_EQ(shared_dump(*nz.journal), shared_dump(*us.journal));
}

// Who lost a scope hears of erasures beside it, and whoever hears of one twice has the same as who hears of it once.
TEST(Exchange, AnErasureIsToldBesideItsScopeToo) {
  Member us("us");
  Member former("se");
  Member nz("nz");
  const std::string side(32, 'a');
  const Recorded whole = us.says(testing::note("secret"));
  const Recorded chunk = us.says(testing::note("words", {R"({"word":"a"})", R"({"word":"b"})"}));
  for (Member* reader : {&former, &nz}) {
    pull_leaves(*us.journal, *reader->journal);
    pull_scope(*us.journal, *reader->journal, "alliance");
  }
  us.further = {{.scope = side, .since = {shared_log, 2}}};
  const Recorded later = us.says(testing::note("later"));
  const std::array<std::uint32_t, 1> second{1};
  const Recorded told = us.journal->erase("anna", whole.id, {}, "court").value();
  EXPECT_EQ(us.journal->read(told.place)->payload.scope, "alliance");
  ASSERT_TRUE(us.journal->erase("anna", chunk.id, second, "mistake"));
  ASSERT_TRUE(us.journal->erase("anna", later.id, {}, "court"));
  EXPECT_EQ(us.journal->parcels(shared_log, side, 1, 1 << 20)->size(), 2u) << "nothing of what came later";
  const Record copy = us.journal->read(Place{shared_log, told.place.position + 1}).value();
  EXPECT_EQ(copy.payload.scope, side);
  EXPECT_EQ(copy.payload.body.find("facts"), nullptr);
  EXPECT_NE(us.journal->read(told.place)->payload.body.find("facts"), nullptr);
  const auto ours = shared_dump(*us.journal);
  EXPECT_EQ(std::ranges::count_if(ours, [](const std::string& line) { return line.starts_with("[\"fact\""); }), 3);
  EXPECT_TRUE(us.journal->wrong_views()->empty());
  const auto report = testing::verified(*us.journal, shared_log);
  EXPECT_TRUE(report.good()) << report.problems.front();

  pull_leaves(*us.journal, *former.journal);
  EXPECT_EQ(pull_scope(*us.journal, *former.journal, side).folded, 2u);
  EXPECT_FALSE(former.journal->read(whole.id, 0));
  EXPECT_EQ(former.journal->read(chunk.id, 0)->items, (std::vector<std::string>{R"({"word":"a"})", ""}));
  EXPECT_EQ(testing::dump_of(*former.journal).find("secret"), std::string::npos);
  EXPECT_TRUE(former.journal->wrong_views()->empty());

  // Let in again, it reads the same once more.
  pull_scope(*us.journal, *former.journal, "alliance");
  EXPECT_EQ(shared_dump(*former.journal), ours);
  EXPECT_TRUE(former.journal->wrong_views()->empty());
  EXPECT_TRUE(former.journal->withheld()->empty());
  pull_leaves(*us.journal, *nz.journal);
  pull_scope(*us.journal, *nz.journal, "alliance");
  EXPECT_EQ(shared_dump(*nz.journal), ours);
}

TEST(Exchange, NobodyErasesAnothersRecord) {
  Member us("us");
  Member se("se");
  const Recorded own = se.says(testing::note("of se"));
  us.says({.kind = std::string(kind_erased),
           .scope = "alliance",
           .body = Json::object({{"record", to_hex(own.id)}, {"ground", "spite"}})});
  pull_leaves(*us.journal, *se.journal);
  EXPECT_EQ(pull_scope(*us.journal, *se.journal, "alliance").quarantined, 1u);
  EXPECT_TRUE(se.journal->read(own.id, 0));
}

TEST(Exchange, AnUnknownKindWaitsUntilTheProgramLearnsIt) {
  Member us("us");
  Member old("se", testing::note_kinds());
  us.says(testing::note("a"));
  us.says({.kind = "newer", .scope = "alliance"});
  us.says(testing::note("b"));
  pull_leaves(*us.journal, *old.journal);
  const Delivered delivered = pull_scope(*us.journal, *old.journal, "alliance");
  EXPECT_EQ(delivered.folded, 2u);
  EXPECT_EQ(delivered.unknown, 1u);
  EXPECT_EQ(testing::dump_of(*old.journal).find("newer"), std::string::npos);
  ASSERT_TRUE(old.journal->rebuild());
  old.journal.reset();
  const auto newer = Journal::open(*old.store, newer_kinds(), old.keys(), testing::test_options());
  ASSERT_TRUE(newer) << newer.error().message;
  EXPECT_NE(testing::dump_of(**newer).find("newer"), std::string::npos);
}

// Three members write in several scopes, are read in pieces and in any order, restart in between; in the end all
// readers of the same scopes have the same.
TEST(Exchange, WhateverTheInterleavingReadersOfTheSameScopesHaveTheSame) {
  const auto seed = static_cast<std::uint64_t>(::testing::UnitTest::GetInstance()->random_seed()) + 1;
  std::mt19937_64 draw(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::array<Member, 3> members{Member("se"), Member("us"), Member("nz")};
  const std::array<std::string, 3> scopes{"alliance", "public", std::string(32, 'a')};
  std::array<std::vector<RecordId>, 3> written;
  const auto below = [&](std::size_t limit) { return static_cast<std::size_t>(draw() % limit); };
  const auto pull = [&](std::size_t from, std::size_t to, const std::string& scope, std::size_t bytes) {
    if (from == to || members[from].journal->head(shared_log).size == 0) return;
    pull_leaves(*members[from].journal, *members[to].journal);
    pull_scope(*members[from].journal, *members[to].journal, scope, bytes);
  };
  for (int step = 0; step < 400; ++step) {
    const std::size_t who = below(3);
    switch (below(8)) {
      case 0:
      case 1:
      case 2: {
        Draft draft = testing::note("text " + std::to_string(step), {R"({"w":1})", R"({"w":2})", R"({"w":3})"});
        draft.scope = scopes[below(3)];
        written[who].push_back(members[who].says(draft).id);
        break;
      }
      case 3:
        if (!written[who].empty()) {
          const RecordId id = written[who][below(written[who].size())];
          const std::array<std::uint32_t, 1> item{static_cast<std::uint32_t>(below(3))};
          static_cast<void>(members[who].journal->erase(
              "anna", id, below(2) == 0 ? std::span<const std::uint32_t>() : std::span<const std::uint32_t>(item),
              "x"));
        }
        break;
      case 4:
        if (below(10) == 0) members[who].open();
        break;
      default: pull(who, below(3), scopes[below(3)], 1 + below(2000)); break;
    }
  }
  for (int round = 0; round < 2; ++round) {
    for (std::size_t from = 0; from < 3; ++from) {
      for (std::size_t to = 0; to < 3; ++to) {
        for (const std::string& scope : scopes) pull(from, to, scope, std::size_t{1} << 24);
      }
    }
  }
  for (const Member& member : members) {
    EXPECT_EQ(shared_dump(*member.journal), shared_dump(*members[0].journal)) << member.name;
    EXPECT_TRUE(member.journal->quarantined()->empty());
    EXPECT_TRUE(member.journal->withheld()->empty());
    EXPECT_TRUE(member.journal->wrong_views()->empty());
  }
}

}  // namespace
}  // namespace fristad
