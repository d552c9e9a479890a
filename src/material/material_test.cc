#include "material/material.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "record/record_fixture.h"
#include "tests/support/fixture.h"
#include "tests/support/hash_sets.h"

namespace fristad {
namespace {

const Kinds& material_kinds() {
  static const Kinds kinds({&journal_view(), &material_view()});
  return kinds;
}

class MaterialTest : public ::testing::Test {
 protected:
  MaterialTest() { reopen(); }

  void reopen() {
    material_.reset();
    journal_.reset();
    store_ = std::make_unique<Store>(*Store::open({.sqlite_path = folder_ / "node.db"}));
    auto journal = Journal::open(*store_, material_kinds(), testing::test_keys(), testing::test_options(random_));
    ASSERT_TRUE(journal) << journal.error().message;
    journal_ = *std::move(journal);
    auto material =
        Material::open(*journal_, {.folder = folder_ / "index", .index_key = SealKey{4}, .background = false});
    ASSERT_TRUE(material) << material.error().message;
    material_ = *std::move(material);
  }
  ListId made_list(const ListBody& body = {.title = "Known"}) {
    const auto list = material_->create_list("tester", body);
    EXPECT_TRUE(list) << list.error().message;
    return list ? *list : ListId{};
  }
  EntryBody random_entry(Classification classification = Classification::baseline) {
    EntryBody entry{.pdq = testing::random_hash(rng_), .classification = classification};
    entry.md5.emplace();
    for (auto& byte : *entry.md5) byte = static_cast<std::uint8_t>(rng_());
    return entry;
  }
  std::vector<MaterialMatch> matches_of(const PdqHash& hash) {
    const auto matches = material_->match(hash, limit_default, scratch_);
    EXPECT_TRUE(matches) << matches.error().message;
    return matches ? *matches : std::vector<MaterialMatch>();
  }
  Status erase_entry(const ListId& list, std::int64_t number, std::string_view ground) {
    for (const ErasedParts& part : TRY(material_->erasable(list, number))) {
      TRY(journal_->erase("tester", part.record, part.items, ground));
    }
    return material_->purge();
  }
  std::string dump() const { return testing::dump_of(*journal_); }

  testing::TemporaryFolder folder_;
  testing::Rng rng_{11};
  Random random_ = testing::counting_random();
  std::unique_ptr<Store> store_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Material> material_;
  MatchScratch scratch_;
};

TEST_F(MaterialTest, AnAddedEntryMatchesAndAWithdrawnOneDoesNot) {
  const ListId list = made_list();
  const std::vector<EntryBody> entries{random_entry(), random_entry()};
  const auto first = material_->add_entries("tester", list, entries);
  ASSERT_TRUE(first) << first.error().message;
  const auto found = matches_of(testing::flipped(*entries[1].pdq, 20, rng_));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].list, list);
  EXPECT_EQ(found[0].number, *first + 1);
  EXPECT_EQ(found[0].distance, 20u);
  EXPECT_EQ(found[0].ruling.level, Level::enforce);
  const auto by_digest = material_->find(DigestKind::md5, *entries[0].md5);
  ASSERT_TRUE(by_digest);
  ASSERT_EQ(by_digest->size(), 1u);
  EXPECT_EQ(by_digest->front().number, *first);

  ASSERT_TRUE(material_->keep_matches("tester", "case 7", found));
  const NumberRange second{*first + 1, *first + 1};
  const auto recalled = material_->withdraw("tester", list, {&second, 1}, "a mistake");
  ASSERT_TRUE(recalled) << recalled.error().message;
  ASSERT_EQ(recalled->size(), 1u) << "who relied on it is told";
  EXPECT_EQ(recalled->front().reference, "case 7");
  EXPECT_TRUE(matches_of(*entries[1].pdq).empty());
  EXPECT_EQ(matches_of(*entries[0].pdq).size(), 1u);
  EXPECT_EQ(material_->list(list)->withdrawn, 1);
  EXPECT_TRUE(material_->entry(list, *first + 1)->withdrawn);
  EXPECT_EQ(material_->withdraw("tester", list, {&second, 1}, "again").error().code, Code::conflict);
  const NumberRange absent{*first + 2, *first + 900};
  EXPECT_EQ(material_->withdraw("tester", list, {&absent, 1}, "none").error().code, Code::not_found);
  const NumberRange both{*first, *first + 1};
  EXPECT_TRUE(material_->withdraw("tester", list, {&both, 1}, "the other one too"));
}

TEST_F(MaterialTest, EntriesMayRestFromTheStart) {
  const ListId list = made_list();
  std::vector<EntryBody> entries;
  std::vector<EntryState> states(1002);
  for (std::size_t i = 0; i < states.size(); ++i) entries.push_back(random_entry());
  states[0].paused_until_ms = paused_for_good;
  states[1001] = {.note = "seen", .paused_until_ms = 0};
  EXPECT_EQ(material_->add_entries("tester", list, entries, std::span(states).first(1)).error().code,
            Code::invalid_argument);
  const auto first = material_->add_entries("tester", list, entries, states);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(matches_of(*entries[0].pdq).empty());
  EXPECT_EQ(matches_of(*entries[1].pdq).size(), 1u);
  EXPECT_EQ(material_->entry(list, *first)->paused_until_ms, paused_for_good);
  const std::int64_t last = *first + entries_per_chunk + 1;
  EXPECT_EQ(material_->entry(list, last)->body.note, "seen");
  EXPECT_EQ(material_->entry(list, last)->body.pdq, entries[1001].pdq);
  EXPECT_EQ(matches_of(*entries[1001].pdq).size(), 1u);
  // As a rebuild tells it.
  const std::string before = dump();
  ASSERT_TRUE(journal_->rebuild());
  EXPECT_EQ(dump(), before);
  reopen();
  EXPECT_TRUE(matches_of(*entries[0].pdq).empty());
}

TEST_F(MaterialTest, ListsAreRevisedDisabledAndWithdrawn) {
  const ListId list = made_list();
  const std::vector<EntryBody> entries{random_entry()};
  ASSERT_TRUE(material_->add_entries("tester", list, entries));
  const auto set_state = [&](ListState state) {
    return material_->revise_list("tester", list, [&](ListBody& body) {
      body.state = state;
      return Status();
    });
  };
  ASSERT_TRUE(set_state(ListState::disabled));
  EXPECT_TRUE(matches_of(*entries[0].pdq).empty());
  ASSERT_TRUE(set_state(ListState::enabled));
  EXPECT_EQ(matches_of(*entries[0].pdq).size(), 1u);
  ASSERT_TRUE(material_->revise_list("tester", list, [](ListBody& body) {
    body.limit = 5;
    return Status();
  }));
  EXPECT_TRUE(matches_of(testing::flipped(*entries[0].pdq, 6, rng_)).empty()) << "beyond the list's own limit";
  EXPECT_EQ(matches_of(testing::flipped(*entries[0].pdq, 5, rng_)).size(), 1u);
  ASSERT_TRUE(set_state(ListState::withdrawn));
  EXPECT_TRUE(matches_of(*entries[0].pdq).empty());
  EXPECT_EQ(set_state(ListState::enabled).error().code, Code::conflict) << "for good";
  EXPECT_EQ(material_->add_entries("tester", list, entries).error().code, Code::conflict);
}

TEST_F(MaterialTest, AnAllowListStopsAMatchAndStaysPrivate) {
  const ListId list = made_list();
  const std::vector<EntryBody> entries{random_entry()};
  const auto number = material_->add_entries("tester", list, entries);
  ASSERT_TRUE(number);
  const ListId allow = made_list({.title = "Not these", .purpose = Purpose::allow, .limit = 0});
  const std::uint64_t shared_before = journal_->head(shared_log).size;
  ASSERT_TRUE(material_->add_entries("tester", allow, entries));
  EXPECT_EQ(journal_->head(shared_log).size, shared_before) << "it never travels";
  EXPECT_TRUE(matches_of(*entries[0].pdq).empty());
  EXPECT_EQ(matches_of(testing::flipped(*entries[0].pdq, 1, rng_)).size(), 1u);
  const auto explained = material_->explain(list, *number);
  ASSERT_TRUE(explained) << explained.error().message;
  EXPECT_EQ(explained->ruling.level, Level::none);
  EXPECT_EQ(explained->ruling.reasons, std::vector<std::string_view>{"allow-listed"});
}

TEST_F(MaterialTest, OpinionsCountOnceAndTheLastOneStands) {
  const ListId list = made_list();
  const std::vector<EntryBody> entries{random_entry()};
  const std::int64_t number = *material_->add_entries("tester", list, entries);
  EXPECT_EQ(material_->give_opinion("tester", list, number, Verdict::dispute, Basis::examined, "").error().code,
            Code::invalid_argument);
  EXPECT_EQ(material_->give_opinion("tester", list, 999, Verdict::confirm, Basis::examined, "").error().code,
            Code::not_found);
  ASSERT_TRUE(material_->give_opinion("tester", list, number, Verdict::dispute, Basis::examined, "wrong"));
  ASSERT_EQ(matches_of(*entries[0].pdq).size(), 1u);
  EXPECT_EQ(matches_of(*entries[0].pdq)[0].ruling.level, Level::observe);
  ASSERT_TRUE(material_->give_opinion("tester", list, number, Verdict::confirm, Basis::examined, ""));
  EXPECT_EQ(matches_of(*entries[0].pdq)[0].ruling.level, Level::enforce);
  const auto explained = material_->explain(list, number);
  ASSERT_EQ(explained->opinions.size(), 1u);
  EXPECT_EQ(explained->opinions[0].verdict, Verdict::confirm);
  EXPECT_EQ(explained->input.confirmed_by, 1);
}

TEST_F(MaterialTest, AnEntryRestsForAWhileAndKeepsANewNote) {
  const ListId list = made_list();
  EntryBody body = random_entry();
  body.note = "old";
  body.context = R"({"case":"17"})";
  const std::int64_t number = *material_->add_entries("tester", list, {&body, 1});
  const auto revise = [&](std::int64_t until_ms, std::optional<std::string> note) {
    return material_->revise_entry("tester", list, number, [&](EntryState& state) {
      state = {.note = std::move(note), .paused_until_ms = until_ms};
      return Status();
    });
  };
  ASSERT_TRUE(revise(journal_->now_ms() + 3'600'000, "new"));
  EXPECT_TRUE(matches_of(*body.pdq).empty());
  const auto all = material_->match(*body.pdq, limit_default, scratch_, Material::Ruled::all);
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(all->at(0).ruling.reasons.at(0), "entry-paused");
  EXPECT_EQ(material_->entry(list, number)->body.note, "new");
  EXPECT_EQ(material_->entry(list, number)->body.context, body.context);
  ASSERT_TRUE(revise(1, std::nullopt));
  EXPECT_EQ(matches_of(*body.pdq).size(), 1u);
  EXPECT_EQ(material_->entry(list, number)->body.note, "old");
  EXPECT_EQ(revise(-2, std::nullopt).error().code, Code::invalid_argument);
  EXPECT_EQ(material_->revise_entry("tester", list, number + 1, [](EntryState&) { return Status(); }).error().code,
            Code::not_found);
}

TEST_F(MaterialTest, AStartFindsTheSame) {
  const ListId list = made_list();
  std::vector<EntryBody> entries;
  for (int i = 0; i < 2500; ++i) entries.push_back(random_entry());
  const std::int64_t first = *material_->add_entries("tester", list, entries);
  const NumberRange some{first + 10, first + 19};
  ASSERT_TRUE(material_->withdraw("tester", list, {&some, 1}, "test"));
  const auto check = [&] {
    EXPECT_EQ(material_->index_info().entries, 2490u);
    for (std::size_t i = 0; i < entries.size(); i += 37) {
      const bool gone = i >= 10 && i < 20;
      EXPECT_EQ(matches_of(*entries[i].pdq).size(), gone ? 0u : 1u) << i;
    }
    std::size_t seen = 0;
    EXPECT_TRUE(material_->for_each_entry(list, [&](const EntryView& entry) {
      EXPECT_EQ(*entry.body.pdq, *entries[seen].pdq);
      EXPECT_EQ(entry.withdrawn, seen >= 10 && seen < 20);
      ++seen;
      return Status();
    }));
    EXPECT_EQ(seen, entries.size());
  };
  check();
  reopen();
  check();
  material_.reset();
  std::filesystem::remove_all(folder_ / "index");  // it is a cache
  reopen();
  check();
  ASSERT_TRUE(material_->save());
  // What comes after a save, and a stop without one.
  const std::vector<EntryBody> more{random_entry()};
  ASSERT_TRUE(material_->add_entries("tester", list, more));
  std::filesystem::copy(folder_ / "index", folder_ / "older", std::filesystem::copy_options::recursive);
  material_.reset();
  std::filesystem::remove_all(folder_ / "index");
  std::filesystem::rename(folder_ / "older", folder_ / "index");
  reopen();
  EXPECT_EQ(matches_of(*more[0].pdq).size(), 1u);
  EXPECT_EQ(material_->index_info().entries, 2491u);
}

// Two lists whose entries lie among one another, changed at random: what matches is what the oracle keeps, also after
// a start from a saved index, from an older one and from none.
TEST_F(MaterialTest, WhatMatchesIsWhatWasAddedAndNotTakenBack) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  testing::Rng rng(seed);
  const auto below = [&](std::size_t end) { return std::uniform_int_distribution<std::size_t>(0, end - 1)(rng); };
  struct Known {
    PdqHash pdq;
    ListId list;
    std::int64_t number;
    bool there = true;
    bool disputed = false;
    bool rests = false;
  };
  std::vector<Known> oracle;
  const std::array<ListId, 2> lists{made_list(), made_list({.title = "Other"})};
  const auto add = [&](const ListId& list, std::size_t count) {
    std::vector<EntryBody> entries;
    for (std::size_t i = 0; i < count; ++i) entries.push_back(random_entry());
    const auto first = material_->add_entries("tester", list, entries);
    ASSERT_TRUE(first) << first.error().message;
    for (std::size_t i = 0; i < count; ++i) {
      const auto item = static_cast<std::int64_t>(i);
      const auto chunk = static_cast<std::int64_t>(items_max);
      oracle.push_back({*entries[i].pdq, list, *first + item / chunk * entries_per_chunk + item % chunk});
    }
  };
  const auto withdraw = [&](const ListId& list) {
    const Known& one = oracle[below(oracle.size())];
    const Known& other = oracle[below(oracle.size())];
    const NumberRange range{std::min(one.number, other.number), std::max(one.number, other.number) + 3000};
    if (!material_->withdraw("tester", list, {&range, 1}, "test")) return;  // the list has none of these
    for (Known& known : oracle) {
      if (known.list == list && known.number >= range.first && known.number <= range.last) known.there = false;
    }
  };
  const auto erase = [&](Known& known) {
    ASSERT_TRUE(erase_entry(known.list, known.number, "court"));
    known.there = false;
    oracle.erase(oracle.begin() + (&known - oracle.data()));
  };
  const auto dispute = [&](Known& known) {
    ASSERT_TRUE(
        material_->give_opinion("tester", known.list, known.number, Verdict::dispute, Basis::examined, "wrong"));
    known.disputed = true;
  };
  const auto rest = [&](Known& known) {
    known.rests = !known.rests;
    ASSERT_TRUE(material_->revise_entry("tester", known.list, known.number, [&](EntryState& state) {
      state.paused_until_ms = known.rests ? paused_for_good : 0;
      return Status();
    }));
  };
  add(lists[0], 3);
  add(lists[1], 3);
  for (int step = 0; step < 60 && !HasFatalFailure(); ++step) {
    const std::size_t what = below(100);
    if (what < 40) add(lists.at(below(2)), what < 5 ? 1200 : 1 + below(4));
    if (what >= 40 && what < 45) rest(oracle[below(oracle.size())]);
    if (what >= 45 && what < 55) dispute(oracle[below(oracle.size())]);
    if (what >= 55 && what < 70) withdraw(lists.at(below(2)));
    if (what >= 70 && what < 78 && oracle.size() > 10) erase(oracle[below(oracle.size())]);
    if (what >= 78 && what < 88) {
      EXPECT_TRUE(material_->save());
    }
    if (what >= 88 && what < 93) reopen();
    if (what >= 93) {
      material_.reset();
      std::filesystem::remove_all(folder_ / "index");
      reopen();
    }
    for (int asked = 0; asked < 30; ++asked) {
      const Known& known = oracle[below(oracle.size())];
      const std::vector<MaterialMatch> matches = matches_of(known.pdq);
      ASSERT_EQ(matches.size(), known.there && !known.rests ? 1u : 0u) << "step " << step << ", " << known.number;
      if (!known.there || known.rests) continue;
      ASSERT_EQ(matches[0].ruling.level, known.disputed ? Level::observe : Level::enforce) << "step " << step;
    }
  }
  const auto there = static_cast<std::uint64_t>(std::ranges::count_if(oracle, &Known::there));
  EXPECT_EQ(material_->index_info().entries, there);
  EXPECT_EQ(*material_->entries_to_find(), there);
}

TEST_F(MaterialTest, ARebuildGivesTheSameViews) {
  const ListId list = *testing::load_fixture(*material_, {.entries = 1500});
  const std::int64_t first = matches_of(*testing::fixture_entry({}, 0).pdq).at(0).number;
  const NumberRange some{first, first + 1400};  // beyond the end of the first chunk
  ASSERT_TRUE(material_->withdraw("tester", list, {&some, 1}, "test"));
  ASSERT_TRUE(material_->give_opinion("tester", list, first, Verdict::dispute, Basis::relayed, "not my law"));
  for (const std::int64_t number : {first + 2, first + 3, first + 3}) {
    ASSERT_TRUE(material_->revise_entry("tester", list, number, [&](EntryState& state) {
      state.note = state.note.value_or("") + "seen again";
      return Status();
    }));
  }
  EXPECT_EQ(material_->entry(list, first + 3)->body.note, "seen againseen again");
  ASSERT_TRUE(erase_entry(list, first + 3, "court"));
  // The second chunk, some of which was withdrawn, as a whole.
  const Place second{shared_log, EntryPlace::of_number(shared_log, first).chunk.position + 1};
  ASSERT_TRUE(journal_->erase("tester", journal_->read(second)->id, {}, "court"));
  const std::string before = dump();
  ASSERT_TRUE(journal_->rebuild());
  EXPECT_EQ(dump(), before);
  EXPECT_TRUE(testing::verified(*journal_, shared_log).good());
  EXPECT_TRUE(testing::verified(*journal_, private_log).good());
}

TEST_F(MaterialTest, NoHashStandsInClearAndAnErasedOneNowhere) {
  const ListId list = made_list();
  std::vector<EntryBody> entries{random_entry(), random_entry()};
  const std::int64_t first = *material_->add_entries("tester", list, entries);
  ASSERT_TRUE(material_->save());
  const auto everything = [&] {
    std::string all;
    for (const auto& file : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (!file.is_regular_file()) continue;
      std::ifstream stream(file.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(stream), {});
    }
    return all;
  };
  const std::string all = everything();
  for (const EntryBody& entry : entries) {
    EXPECT_EQ(all.find(entry.pdq->to_hex()), std::string::npos);
    EXPECT_EQ(all.find(std::string(reinterpret_cast<const char*>(entry.pdq->words.data()), 32)), std::string::npos);
    EXPECT_EQ(all.find(std::string(reinterpret_cast<const char*>(entry.md5->data()), 16)), std::string::npos);
  }
  // The sealed bytes of the chunk and its key are what could be opened: they have to go.
  const std::int64_t place = EntryPlace::of_number(shared_log, first).chunk.value();
  const auto text_of = [&](Sql column) {
    const auto bytes = *(*store_->connect(true))->bytes(column, {place});
    return std::string(bytes->begin(), bytes->end());
  };
  const std::string sealed = text_of("SELECT sealed FROM record WHERE place = $1");
  const std::string key = text_of("SELECT key FROM record WHERE place = $1");
  EXPECT_NE(all.find(key), std::string::npos) << "the test looks in the right places";
  ASSERT_TRUE(erase_entry(list, first, "data subject"));
  ASSERT_TRUE(journal_->scrub());
  const std::string rest = everything();
  EXPECT_EQ(rest.find(key), std::string::npos);
  // SQLite cuts long values into pages, so any part of it counts.
  for (std::size_t at = 0; at + 32 <= sealed.size(); at += 32) {
    EXPECT_EQ(rest.find(sealed.substr(at, 32)), std::string::npos) << at;
  }
  EXPECT_EQ(material_->entry(list, first).error().code, Code::not_found);
  EXPECT_TRUE(material_->entry(list, first + 1));
  EXPECT_TRUE(matches_of(*entries[0].pdq).empty());
  EXPECT_EQ(material_->index_info().removed, 0u);
  EXPECT_EQ(material_->list(list)->entries, 1);
}

TEST_F(MaterialTest, TellsWhatHappenedToAListAndToAnEntry) {
  const ListId list = made_list();
  ASSERT_TRUE(material_->revise_list("tester", list, [](ListBody& body) {
    body.title = "Known better";
    body.limit = 12;
    return Status();
  }));
  const auto revisions = material_->history(list);
  ASSERT_TRUE(revisions) << revisions.error().message;
  ASSERT_EQ(revisions->size(), 2u);
  EXPECT_EQ((*revisions)[0].body.title, "Known");
  EXPECT_EQ((*revisions)[1].body.title, "Known better");
  EXPECT_EQ((*revisions)[1].revision, (*revisions)[0].revision + 1);
  EXPECT_EQ(material_->history(ListId{9}).error().code, Code::not_found);

  const std::vector<EntryBody> entries{random_entry(), random_entry()};
  const std::int64_t first = *material_->add_entries("tester", list, entries);
  ASSERT_TRUE(material_->give_opinion("tester", list, first, Verdict::dispute, Basis::examined, "wrong"));
  ASSERT_TRUE(material_->give_opinion("tester", list, first, Verdict::confirm, Basis::relayed, ""));
  ASSERT_TRUE(material_->revise_entry("tester", list, first, [](EntryState& state) {
    state.note = "see there";
    return Status();
  }));
  const NumberRange range{first, first};
  ASSERT_TRUE(material_->withdraw("tester", list, {&range, 1}, "a mistake"));
  const auto events = material_->history(list, first);
  ASSERT_TRUE(events) << events.error().message;
  std::map<std::string_view, EntryEvent> by_what;
  for (const EntryEvent& event : *events) by_what[event.what] = event;
  EXPECT_EQ(events->front().what, "added");
  EXPECT_EQ(events->size(), 5u);
  EXPECT_EQ(by_what["disputed"].reason, "wrong");
  EXPECT_EQ(by_what["disputed"].basis, Basis::examined);
  EXPECT_EQ(by_what["confirmed"].member, journal_->member());
  EXPECT_EQ(by_what["withdrawn"].reason, "a mistake");
  EXPECT_TRUE(by_what.contains("noted"));
  EXPECT_EQ(material_->history(list, first + 1)->size(), 1u);
  EXPECT_EQ(material_->history(list, first + 2).error().code, Code::not_found);
}

TEST_F(MaterialTest, RefusesWhatMakesNoSense) {
  EXPECT_EQ(material_->create_list("tester", {.title = ""}).error().code, Code::invalid_argument);
  EXPECT_EQ(material_->create_list("tester", {.title = "x", .limit = 32}).error().code, Code::invalid_argument);
  EXPECT_EQ(material_->create_list("tester", {.title = "x", .handling = "secret"}).error().code,
            Code::invalid_argument);
  const std::vector<EntryBody> entries{random_entry()};
  EXPECT_EQ(material_->add_entries("tester", ListId{1}, entries).error().code, Code::not_found);
  const ListId list = made_list();
  EXPECT_EQ(material_->add_entries("tester", list, {}).error().code, Code::invalid_argument);
  const NumberRange range{1, 5};
  EXPECT_EQ(material_->withdraw("tester", list, {&range, 1}, "why").error().code, Code::not_found);
  EXPECT_EQ(material_->withdraw("tester", list, {&range, 1}, "").error().code, Code::invalid_argument);
}

}  // namespace
}  // namespace fristad
