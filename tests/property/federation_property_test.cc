// Histories of an alliance that a seed makes up: members write, read one another, get new keys, are cut off, lose their
// memory or their disks; the network loses, repeats and bends what is sent; disks fail and clocks are wrong. When all
// that is over and nobody writes, those who may read the same hold the same.
//
// FRISTAD_HISTORIES says how many; FRISTAD_TEST_SEED repeats the one that a failure printed.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "base/hex.h"
#include "base/try.h"
#include "record/exchange_fixture.h"
#include "tests/support/seed.h"
#include "tests/support/world.h"

namespace fristad::testing {
namespace {

constexpr std::uint64_t histories_default = 1000;

class History {
 public:
  explicit History(std::uint64_t seed)
      : world_({.seed = seed, .members = 3 + seed % 5}), open_(seed % 2 == 0), losing_(seed % 3 == 0) {}

  void run() {
    world_.found();
    const std::uint64_t steps = 40 + world_.drawn(60);
    for (std::uint64_t i = 0; i < steps && !::testing::Test::HasFailure(); ++i) step();
    world_.heal();
    // Who takes back what is lost shares nothing meanwhile.
    if (losing_) {
      ASSERT_TRUE(world_.settle()) << world_.last_trouble();
    }
    if (open_) share_all();
    ASSERT_TRUE(world_.settle()) << world_.last_trouble();
    check();
  }
  std::size_t recoveries() {
    std::size_t all = 0;
    for (std::size_t i = 0; i < world_.size(); ++i) all += world_.node(i).recoveries();
    return all;
  }
  std::size_t rotations() {
    std::size_t all = 0;
    for (std::size_t i = 0; i < world_.size(); ++i) all += world_.node(i).rotations();
    return all;
  }

 private:
  struct OwnList {
    ListId id{};
    std::string owner;
    std::set<std::string> ever;  // who was ever let in; "*": all
    std::int64_t entries = 0;
  };

  SimulatedNode& any() { return world_.node(world_.drawn(world_.size())); }

  void step() {
    SimulatedNode& node = any();
    const std::uint64_t what = world_.drawn(100);
    // The disk of whoever works now may fail, at any of its next operations.
    FaultyDisk& disk = FaultyDisk::install();
    if (world_.chance(8)) {
      disk.fail_at(1 + world_.drawn(30), FaultyDisk::writes | FaultyDisk::syncs, FaultyDisk::Lasting::no);
    }
    if (losing_ && world_.chance(6)) {
      lose_disk(node);
    } else if (what < 47) {
      static_cast<void>(world_.pull(node, any_other(node)));
    } else if (what < 50) {
      rotate(node);
    } else if (what < 60) {
      create_list(node);
    } else if (what < 70) {
      add_entries(node);
    } else if (what < 74) {
      withdraw(node);
    } else if (what < 78) {
      give_opinion(node);
    } else if (what < 81) {
      erase(node);
    } else if (what < 84) {
      change_readers(node);
    } else if (what < 88) {
      vote(node);
    } else if (what < 92) {
      world_.set_apart(node, any_other(node), world_.chance(50));
    } else if (what < 96) {
      node.cut();
      if (world_.chance(70)) static_cast<void>(node.restart());
    } else {
      if (!node.is_up()) static_cast<void>(node.restart());
      world_.pass(static_cast<std::int64_t>(world_.drawn(3'600'000)));
    }
    disk.heal();
  }

  // Of whoever has a backup; and else there is one now.
  void lose_disk(SimulatedNode& node) {
    for (std::size_t i = 0; i < world_.size(); ++i) {
      SimulatedNode& one = world_.node(i);
      if (one.has_backup() && world_.chance(50)) return static_cast<void>(one.lose_disk());
    }
    static_cast<void>(node.back_up());
  }

  SimulatedNode& any_other(const SimulatedNode& than) {
    for (;;) {
      SimulatedNode& other = any();
      if (&other != &than) return other;
    }
  }
  OwnList* list_of(const SimulatedNode& node) {
    std::vector<OwnList*> own;
    for (OwnList& list : lists_) {
      if (list.owner == node.code) own.push_back(&list);
    }
    return own.empty() ? nullptr : own[world_.drawn(own.size())];
  }

  void create_list(SimulatedNode& node) {
    if (!node.is_up()) return;
    const auto id = node.material->create_list("local-admin", {.title = "Known"});
    if (!id) return;
    OwnList list{.id = *id, .owner = node.code, .ever = {}};
    std::vector<std::string> readers;
    if (open_ || world_.chance(40)) {
      readers.emplace_back(whole_alliance);
    } else {
      for (std::size_t i = 0; i < world_.size(); ++i) {
        if (world_.node(i).code != node.code && world_.chance(50)) readers.push_back(world_.node(i).code);
      }
    }
    if (!readers.empty()) {
      list.ever.insert(readers.begin(), readers.end());
      static_cast<void>(node.alliance->grant("local-admin", *id, readers));
    }
    lists_.push_back(std::move(list));
  }

  // Where a disk failed between the making of a list and its sharing.
  void share_all() {
    for (const OwnList& list : lists_) {
      Alliance& owner = *world_.find(list.owner)->alliance;
      const std::vector<std::string> all{std::string(whole_alliance)};
      if (!owner.readers(list.id)->empty()) continue;
      EXPECT_TRUE(owner.grant("local-admin", list.id, all));
    }
  }

  void add_entries(SimulatedNode& node) {
    OwnList* const list = list_of(node);
    if (list == nullptr || !node.is_up()) return;
    std::vector<EntryBody> entries(1 + world_.drawn(4));
    for (EntryBody& entry : entries) {
      entry.sha256.emplace();
      for (auto& byte : *entry.sha256) byte = static_cast<std::uint8_t>(world_.drawn(256));
      entry.classification = Classification::baseline;
    }
    const auto first = node.material->add_entries("local-admin", list->id, entries);
    if (first) numbers_[list->id].push_back(*first);
  }

  void withdraw(SimulatedNode& node) {
    OwnList* const list = list_of(node);
    if (list == nullptr || !node.is_up() || numbers_[list->id].empty()) return;
    const std::int64_t number = numbers_[list->id][world_.drawn(numbers_[list->id].size())];
    const NumberRange range{.first = number, .last = number};
    static_cast<void>(node.material->withdraw("local-admin", list->id, {&range, 1}, "wrong"));
  }

  void give_opinion(SimulatedNode& node) {
    if (lists_.empty() || !node.is_up()) return;
    const OwnList& list = lists_[world_.drawn(lists_.size())];
    const auto& numbers = numbers_[list.id];
    if (numbers.empty()) return;
    // Who hasn't read the entry can have no opinion of it.
    static_cast<void>(node.material->give_opinion("local-admin", list.id, numbers[world_.drawn(numbers.size())],
                                                  world_.chance(50) ? Verdict::confirm : Verdict::dispute,
                                                  Basis::examined, "seen"));
  }

  void erase(SimulatedNode& node) {
    OwnList* const list = list_of(node);
    if (list == nullptr || !node.is_up() || numbers_[list->id].empty()) return;
    const auto parts = node.material->erasable(list->id, numbers_[list->id][world_.drawn(numbers_[list->id].size())]);
    if (!parts) return;
    for (const ErasedParts& part : *parts) node.erase(part);
  }

  void change_readers(SimulatedNode& node) {
    OwnList* const list = list_of(node);
    if (list == nullptr || !node.is_up() || open_) return;
    const std::vector<std::string> one{any_other(node).code};
    if (world_.chance(50)) {
      list->ever.insert(one.front());
      static_cast<void>(node.alliance->grant("local-admin", list->id, one));
    } else {
      static_cast<void>(node.alliance->withdraw("local-admin", list->id, one));
    }
  }

  // New keys; some of the others look at what it asks for, and agree.
  void rotate(SimulatedNode& node) {
    // With much room nobody waits for votes that never come.
    if (!node.is_up() || !node.rotate(open_ ? 150 : 8 + world_.drawn(30))) return;
    for (std::size_t i = 0; i < world_.size(); ++i) {
      SimulatedNode& other = world_.node(i);
      if (&other == &node || !other.is_up() || world_.chance(20)) continue;
      static_cast<void>(world_.pull(other, node));
      const auto waiting = other.alliance->waiting_for_us();
      if (!waiting.empty()) static_cast<void>(other.alliance->vote("steward", *waiting.front().change));
      if (world_.chance(60)) static_cast<void>(world_.pull(node, other));
    }
  }

  void vote(SimulatedNode& node) {
    if (!node.is_up()) return;
    const auto now = node.alliance->membership();
    if (!now->state) return;
    const auto waiting = node.alliance->waiting_for_us();
    if (!waiting.empty() && world_.chance(70)) {
      static_cast<void>(node.alliance->vote("steward", *waiting.front().change));
      return;
    }
    const std::string other = any_other(node).code;
    const AllianceMember* const member = now->state->find(other);
    const Change change = member->standing == Standing::suspended ? Change{Change::Lift{.member = other}}
                          : losing_ || world_.chance(50)
                              ? Change{Change::Charter{"Charter " + std::to_string(world_.drawn(9))}}
                              : Change{Change::Suspend{.member = other, .reason = "to be seen"}};
    static_cast<void>(node.alliance->vote("steward", change));
  }

  // ---- What must hold ----

  bool is_active(const SimulatedNode& node) {
    // As most of them see it: the one that is suspended may be the last to hear.
    std::size_t active = 0;
    for (std::size_t i = 0; i < world_.size(); ++i) {
      const auto now = world_.node(i).alliance->membership();
      if (now->state && now->state->is_active(node.code)) ++active;
    }
    return 2 * active > world_.size();
  }

  void check() {
    std::vector<SimulatedNode*> active;
    for (std::size_t i = 0; i < world_.size(); ++i) {
      if (is_active(world_.node(i))) active.push_back(&world_.node(i));
    }
    for (SimulatedNode* const one : active) {
      EXPECT_EQ(one->alliance->membership()->state->hash, active.front()->alliance->membership()->state->hash)
          << one->code;
      EXPECT_EQ(one->journal->quarantined()->size(), 0U) << one->code;
      const auto wrong = one->journal->wrong_views();
      ASSERT_TRUE(wrong) << wrong.error().message;
      EXPECT_TRUE(wrong->empty()) << one->code << ": " << wrong->front();
      EXPECT_EQ(one->ledger->evidence()->size(), 0U) << "nobody has lied";
      for (SimulatedNode* const author : active) {
        if (author != one) compare(*one, *author);
      }
      if (open_ && active.size() == world_.size()) {
        EXPECT_EQ(differences(*one->journal, *active.front()->journal), std::vector<std::string>()) << one->code;
      }
    }
    for (std::size_t i = 0; i < world_.size(); ++i) check_nothing_leaked(world_.node(i));
  }

  static std::vector<std::string> differences(const Journal& one, const Journal& other) {
    const auto here = shared_dump(one);
    const auto there = shared_dump(other);
    std::vector<std::string> lines;
    std::ranges::set_symmetric_difference(here, there, std::back_inserter(lines));
    return lines;
  }

  void compare(SimulatedNode& reader, SimulatedNode& author) {
    const auto known = reader.journal->known_log(author.code);
    ASSERT_TRUE(known);
    EXPECT_EQ(known->head.size, author.journal->head(shared_log).size) << reader.code << " of " << author.code;
    EXPECT_EQ(known->head.root, author.journal->head(shared_log).root);
    EXPECT_EQ(reader.reader->cosigned(author.code), known->head.size) << reader.code << " of " << author.code;
    const auto spans = author.journal->spans(shared_log).value();
    for (const ScopeSpan& span : spans) {
      if (!author.alliance->reads(reader.code, span.scope).value()) continue;
      EXPECT_EQ(last_of(*reader.journal, author.code, span.scope), span.last) << span.scope;
      compare_scope(reader, known->number, author, span.scope);
    }
  }

  static void compare_scope(SimulatedNode& reader, std::uint32_t log, SimulatedNode& author, const std::string& scope) {
    const auto theirs = author.journal->parcels(shared_log, scope, 1, SIZE_MAX).value();
    const auto here = reader.journal->parcels(log, scope, 1, SIZE_MAX).value();
    std::map<std::int64_t, const Parcel*> by_number;
    for (const Parcel& parcel : here) by_number[parcel.sequence] = &parcel;
    for (const Parcel& parcel : theirs) {
      const auto found = by_number.find(parcel.sequence);
      // What was erased before it could be read never comes.
      if (parcel.content.empty() && found == by_number.end()) continue;
      ASSERT_NE(found, by_number.end()) << scope << " number " << parcel.sequence;
      EXPECT_EQ(found->second->position, parcel.position);
      EXPECT_EQ(found->second->content, parcel.content) << scope << " number " << parcel.sequence;
    }
  }

  // No log holds a record of a list for somebody who was never let in.
  void check_nothing_leaked(SimulatedNode& node) {
    for (const OwnList& list : lists_) {
      if (list.owner == node.code || list.ever.contains(node.code) || list.ever.contains(std::string(whole_alliance))) {
        continue;
      }
      for (const KnownLog& log : node.journal->known_logs()) {
        const auto spans = node.journal->spans(log.number).value();
        EXPECT_EQ(std::ranges::count(spans, to_text(list.id), &ScopeSpan::scope), 0) << node.code;
      }
    }
  }

  World world_;
  const bool open_;  // every list is shared with the whole alliance
  // Disks get lost. Then nobody is suspended: who takes back what is lost asks active members alone.
  const bool losing_;
  std::vector<OwnList> lists_;
  std::map<ListId, std::vector<std::int64_t>> numbers_;
};

TEST(Federation, ThoseWhoMayReadTheSameHoldTheSame) {
  const char* const given = std::getenv("FRISTAD_HISTORIES");
  const std::uint64_t histories = std::getenv("FRISTAD_TEST_SEED") != nullptr ? 1
                                  : given != nullptr                          ? std::strtoull(given, nullptr, 10)
                                                                              : histories_default;
  const std::uint64_t first = chosen_seed();
  std::size_t rotations = 0;
  std::size_t recoveries = 0;
  for (std::uint64_t seed = first; seed < first + histories; ++seed) {
    History history(seed);
    history.run();
    rotations += history.rotations();
    recoveries += history.recoveries();
    if (HasFailure()) {
      std::cout << "the history of FRISTAD_TEST_SEED=" << seed << "\n";
      return;
    }
  }
  // A history in which nobody gets new keys says nothing of them.
  if (histories >= 100) {
    EXPECT_GT(rotations, histories / 10);
    EXPECT_GT(recoveries, histories / 10);
  }
  std::cout << histories << " histories from seed " << first << ", new keys " << rotations << " times, disks lost "
            << recoveries << " times\n";
}

}  // namespace
}  // namespace fristad::testing
