// What it costs a node to be a member among many: counted in questions and bytes, so that no machine decides it.
// FRISTAD_MEMBERS says among how many.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "tests/support/world.h"

namespace fristad::testing {
namespace {

constexpr std::size_t members_default = 8;

std::size_t members_chosen() {
  const char* const given = std::getenv("FRISTAD_MEMBERS");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : members_default;
}

// What the nodes have answered while all read all: of who writes, and the most of any other.
struct Cost {
  World::Load writer;
  World::Load reader;
};

class FederationLoad : public ::testing::Test {
 protected:
  FederationLoad() : members(members_chosen()), world_({.seed = 1, .members = members, .faults = false}) {
    world_.found();
    list_ = world_.node(0).material->create_list("local-admin", {.title = "Known"}).value();
    const std::vector<std::string> all{std::string(whole_alliance)};
    EXPECT_TRUE(world_.node(0).alliance->grant("local-admin", list_, all));
    EXPECT_TRUE(world_.settle());
  }

  // One member adds so many entries, each a record of its own.
  Cost cost_of(int records) {
    std::vector<World::Load> before;
    for (std::size_t i = 0; i < members; ++i) before.push_back(world_.load(world_.node(i)));
    for (int i = 0; i < records; ++i) {
      EntryBody entry{.classification = Classification::baseline};
      for (auto& byte : entry.sha256.emplace()) byte = static_cast<std::uint8_t>(world_.drawn(256));
      EXPECT_TRUE(world_.node(0).material->add_entries("local-admin", list_, {&entry, 1}));
    }
    EXPECT_TRUE(world_.settle()) << world_.last_trouble();
    Cost cost;
    for (std::size_t i = 0; i < members; ++i) {
      const World::Load now = world_.load(world_.node(i));
      const World::Load more{now.questions - before[i].questions, now.bytes - before[i].bytes};
      if (i == 0) {
        cost.writer = more;
      } else {
        cost.reader.questions = std::max(cost.reader.questions, more.questions);
        cost.reader.bytes = std::max(cost.reader.bytes, more.bytes);
      }
    }
    std::cout << records << " records: their author answered " << cost.writer.questions << " questions with "
              << cost.writer.bytes << " bytes, any other at most " << cost.reader.questions << " with "
              << cost.reader.bytes << "\n";
    return cost;
  }

  const std::size_t members;
  World world_;
  ListId list_{};
};

TEST_F(FederationLoad, GrowsWithTheRecordsAlone) {
  const Cost idle = cost_of(0);
  const Cost some = cost_of(200);
  const Cost twice = cost_of(400);
  const auto grows_like_records = [](std::uint64_t nothing, std::uint64_t once, std::uint64_t two) {
    const auto first = static_cast<double>(once - nothing);
    const auto second = static_cast<double>(two - nothing);
    EXPECT_GT(first, 0);
    EXPECT_LT(second, 2.2 * first);
    EXPECT_GT(second, 1.6 * first);
  };
  grows_like_records(idle.writer.bytes, some.writer.bytes, twice.writer.bytes);
  // Who didn't write is asked no more for all that others wrote, but for what it now says of their log.
  EXPECT_LT(twice.reader.bytes, idle.reader.bytes + (twice.writer.bytes - idle.writer.bytes) / members);
  // More records come in larger answers, not with more questions.
  EXPECT_LT(twice.writer.questions, 2 * some.writer.questions);
  // Nothing new: each of the others asks once in each round, and gets a head with its cosignatures.
  EXPECT_LE(idle.writer.questions, 2 * (members - 1));
  EXPECT_LT(idle.writer.bytes, idle.writer.questions * (1024 + 160 * members));
}

}  // namespace
}  // namespace fristad::testing
