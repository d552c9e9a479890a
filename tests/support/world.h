#pragma once

// Some members of an alliance in one process: the real rooms of each on a disk of its own, and between them a network,
// clocks and disks that a seed rules. Nothing here waits, and no thread runs, so a seed always gives the same history.
//
//   World world({.seed = 7, .members = 3});
//   world.found();
//   world.pull("ab", "aa");            // ab reads aa, over whatever network there is
//
// The network loses questions and answers, repeats old ones, and bends bytes; nodes are cut off from one another, lose
// their memory and come back, and their disks fail, or are gone and replaced by a backup.
//
// Thread-safety: one thread.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "alliance/alliance_fixture.h"
#include "alliance/rotation.h"
#include "federation/answers.h"
#include "federation/reader.h"
#include "material/material.h"
#include "record/exchange.h"
#include "tests/support/faulty_disk.h"

namespace fristad::testing {

struct WorldOptions {
  std::uint64_t seed = 1;
  std::size_t members = 3;
  bool faults = true;  // of network, disks and clocks
};

// The node of one member.
class SimulatedNode {
 public:
  SimulatedNode(std::string code, std::string folder, Clock clock, Random random);

  // As after a power cut: what was in memory is gone. Error: the disk fails just then; then it is down.
  Status restart();
  void cut() {
    material.reset();
    answers.reset();
    reader.reset();
    ledger.reset();
    alliance.reset();
    journal.reset();
    store.reset();
  }
  bool is_up() const { return answers != nullptr; }

  // As its disk is now, to go back to.
  Status back_up();
  // One that has the keys of today.
  bool has_backup() const { return backed_up_ && *backed_up_ == kept_; }
  bool is_restored() const { return restored_; }  // and hasn't got back what it lost
  // Its disk is gone, and the backup takes its place, from which it takes back what the others have read.
  Status lose_disk();
  // Also noted beside the backup, as Node does, so that no backup brings it back.
  void erase(const ErasedParts& parts);
  // Records what was erased again after a restore, once that is allowed. Until then it is tried at each chance.
  void record_due_erasures();
  std::size_t recoveries() const { return recoveries_; }  // that came to their end
  std::size_t disks() const { return disks_; }            // that it has had

  // New keys, as any node gets them (alliance/rotation.h); or our vote once more, where some wait already.
  Status rotate(std::uint64_t room);
  // Uses them where the others have agreed.
  Status finish_rotation();
  std::size_t rotations() const;  // that came to their end

  const std::string code;
  std::unique_ptr<Store> store;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Alliance> alliance;
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<Reader> reader;
  std::unique_ptr<Answers> answers;
  std::unique_ptr<Material> material;

 private:
  // Outlives restart(), as what is on a disk.
  struct Kept {
    std::string series;
    std::array<std::uint64_t, own_logs> from{};
    bool agreed = false;
    Card card = {};

    friend bool operator==(const Kept&, const Kept&) = default;
  };
  std::vector<LaterKeys> later() const;
  SigningKey witness() const;
  // As node/membership.cc does.
  void compare_own(std::string_view member, std::uint64_t size);

  const std::string folder_;
  const Clock clock_;
  const Random random_;
  std::vector<Kept> kept_;
  std::optional<std::vector<Kept>> backed_up_;  // the keys in the backup
  bool restored_ = false;
  std::vector<ErasedParts> erasures_;  // ever
  bool erasures_due_ = false;
  std::set<std::string, std::less<>> compared_;
  std::size_t recoveries_ = 0;
  std::size_t disks_ = 1;
};

class World {
 public:
  explicit World(WorldOptions options);
  ~World();

  // All members found the alliance, without faults.
  void found();

  SimulatedNode& node(std::size_t index) { return *nodes_.at(index); }
  std::size_t size() const { return nodes_.size(); }
  SimulatedNode* find(std::string_view code);

  // `reader` reads `author`. Any error is what may happen.
  Result<Pulled> pull(SimulatedNode& reader, SimulatedNode& author);
  // Heals everything, and lets all read all until nobody has anything new. False: that took more than so many rounds.
  bool settle(int rounds_max = 30);

  void set_apart(SimulatedNode& one, SimulatedNode& other, bool apart);
  void heal();
  void pass(std::int64_t ms) { now_ms_ += ms; }

  // What a node has answered since it is in the world: what its being read costs it.
  struct Load {
    std::uint64_t questions = 0;
    std::uint64_t bytes = 0;  // of the answers
  };
  Load load(const SimulatedNode& node) const {
    const auto at = loads_.find(node.code);
    return at == loads_.end() ? Load{} : at->second;
  }

  std::uint64_t drawn(std::uint64_t below) { return rng_() % below; }
  // What went wrong in the last round in which the world settled.
  const std::string& last_trouble() const { return last_trouble_; }
  bool chance(int percent) { return drawn(100) < static_cast<std::uint64_t>(percent); }

 private:
  Result<std::string> carry(SimulatedNode& from, SimulatedNode& to, Question question, std::string_view body);

  const WorldOptions options_;
  TemporaryFolder folder_;
  std::mt19937_64 rng_;
  std::int64_t now_ms_ = 1'800'000'000'000;
  std::string last_trouble_;
  bool rough_ = false;         // the network makes trouble
  bool clocks_wrong_ = false;  // each by something of its own
  std::vector<std::unique_ptr<SimulatedNode>> nodes_;
  std::set<std::pair<std::string, std::string>> apart_;
  struct Sent {
    std::string to;
    Question question;
    std::string body;
    std::string answer;
    std::size_t disk = 1;  // of the one that answered
  };
  std::map<std::string, Load, std::less<>> loads_;
  std::map<std::pair<std::string, std::string>, std::vector<Sent>> sent_;  // from and to: what may be repeated
};

const Kinds& world_kinds();

}  // namespace fristad::testing
