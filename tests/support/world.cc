#include "tests/support/world.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/try.h"

namespace fristad::testing {
namespace {

constexpr std::size_t remembered_max = 20;

Random random_of(std::uint64_t seed) {
  return [rng = std::make_shared<std::mt19937_64>(seed)](std::span<std::uint8_t> bytes) {
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>((*rng)());
    return Status();
  };
}

}  // namespace

const Kinds& world_kinds() {
  static const Kinds kinds({&journal_view(), &material_view(), &alliance_view(), &federation_view()});
  return kinds;
}

// ---- A node ----

SimulatedNode::SimulatedNode(std::string called, std::string folder, Clock clock, Random random)
    : code(std::move(called)), folder_(std::move(folder)), clock_(std::move(clock)), random_(std::move(random)) {
  EXPECT_TRUE(restart());
}

Status SimulatedNode::restart() {
  cut();
  store = std::make_unique<Store>(
      TRY(Store::open({.sqlite_path = folder_ + "/" + code + ".db", .sqlite_vfs = FaultyDisk::install().name()})));
  JournalKeys keys{.record_key = member_key(code, KeyPurpose::record),
                   .log_key = member_key(code, KeyPurpose::log),
                   .data_key = seed_named(code + "/data"),
                   .later = later()};
  JournalOptions options{.member = code, .clock = clock_, .random = random_};
  options.under = [this] { return alliance ? alliance->under() : std::string(); };
  options.no_heads = [this] {
    const bool wrong = reader && std::abs(reader->clock_offset_ms()) > clock_wrong_ms;
    return std::string(wrong ? "the clock is wrong" : "");
  };
  options.corrections = corrections_in;
  journal = TRY(Journal::open(*store, world_kinds(), std::move(keys), std::move(options)));
  const Signer sign = [this](Bytes message) { return journal->sign(message); };
  alliance = TRY(Alliance::open(*journal, {.sign = sign, .random = random_}));
  ledger = TRY(Ledger::open(*store));
  ReaderOptions reading{.witness = witness(), .sign = sign, .clock = clock_};
  reading.on_own_head = [this](std::string_view member, std::uint64_t size) { compare_own(member, size); };
  reading.recovers = [this] { return restored_; };
  reader = TRY(Reader::open(*journal, *alliance, *ledger, std::move(reading)));
  if (restored_) journal->hold_shared("restored from a backup");
  MaterialOptions material_options;
  material_options.background = false;
  material = TRY(Material::open(*journal, material_options));
  AnswersOptions answering{.clock = clock_};
  answers = std::make_unique<Answers>(*journal, *alliance, *ledger, std::move(answering));
  return {};
}

std::vector<LaterKeys> SimulatedNode::later() const {
  std::vector<LaterKeys> all;
  for (const Kept& kept : kept_) {
    all.push_back({.record_key = member_key(code, KeyPurpose::record, kept.series),
                   .log_key = member_key(code, KeyPurpose::log, kept.series),
                   .from = kept.from,
                   .agreed = kept.agreed});
  }
  return all;
}

SigningKey SimulatedNode::witness() const {
  const auto newest = std::find_if(kept_.rbegin(), kept_.rend(), [](const Kept& kept) { return kept.agreed; });
  return member_key(code, KeyPurpose::witness, newest == kept_.rend() ? "" : newest->series);
}

std::size_t SimulatedNode::rotations() const {
  return static_cast<std::size_t>(std::ranges::count(kept_, true, &Kept::agreed));
}

Status SimulatedNode::rotate(std::uint64_t room) {
  if (!kept_.empty() && !kept_.back().agreed) {
    return alliance->vote("steward", Change{Change::NewCard{.card = kept_.back().card}});
  }
  const auto now = alliance->membership();
  const AllianceMember* const own = now->state ? now->state->find(code) : nullptr;
  if (own == nullptr) return Error{Code::not_found, "no member"};
  Kept next{.series = std::to_string(kept_.size() + 2)};
  NewKeys keys{.sign = signer(code, next.series)};
  for (const KeyPurpose purpose : all_key_purposes) {
    keys.keys[static_cast<std::size_t>(purpose)] = member_key(code, purpose, next.series).public_key();
  }
  next.from = {journal->head(shared_log).size + room, UINT64_MAX};
  next.card = TRY(renewed_card(own->card, key_named(code + "/root"), keys, next.from[shared_log], clock_.utc_ms()));
  const Change change{Change::NewCard{.card = next.card}};
  TRY(journal->replace_later_keys([&](const auto&) -> Result<std::vector<LaterKeys>> {
    kept_.push_back(next);
    return later();
  }));
  const Status voted = alliance->vote("steward", change);
  if (voted) return voted;
  TRY(journal->replace_later_keys([&](const auto&) -> Result<std::vector<LaterKeys>> {
    // What failed may be on disk all the same.
    if (!is_proposed(*alliance->membership(), next.card)) kept_.pop_back();
    return later();
  }));
  return voted;
}

Status SimulatedNode::finish_rotation() {
  if (kept_.empty() || !is_agreed(*alliance->membership(), kept_.back().card)) return {};
  Kept& newest = kept_.back();
  const std::uint64_t from = newest.from[shared_log];
  if (!newest.agreed) {
    TRY(close_old_keys(*journal, "fristad", from));
    TRY(journal->replace_later_keys([&](const auto& sizes) -> Result<std::vector<LaterKeys>> {
      newest.from[private_log] = sizes[private_log];
      newest.agreed = true;
      return later();
    }));
    reader->set_witness(witness());
  }
  if (journal->head(shared_log).size == from) TRY(open_new_keys(*journal, "fristad", newest.card));
  return {};
}

namespace {

// A database, with what stands beside it.
void copy_database(const std::string& from, const std::string& to) {
  for (const char* const end : {"", "-wal", "-shm"}) {
    std::filesystem::remove(to + end);
    if (std::filesystem::exists(from + end)) std::filesystem::copy_file(from + end, to + end);
  }
}

}  // namespace

Status SimulatedNode::back_up() {
  const bool up = is_up();
  cut();
  copy_database(folder_ + "/" + code + ".db", folder_ + "/" + code + ".backup");
  // Who takes back what is lost has to end with that before it has a disk to lose again.
  if (restored_) {
    backed_up_.reset();
  } else {
    backed_up_ = kept_;
  }
  return up ? restart() : Status();
}

Status SimulatedNode::lose_disk() {
  cut();
  copy_database(folder_ + "/" + code + ".backup", folder_ + "/" + code + ".db");
  restored_ = true;
  ++disks_;
  compared_.clear();
  // A restore that fails is done again.
  FaultyDisk::install().heal();
  TRY(restart());
  for (const ErasedParts& parts : erasures_) {
    const Status erased = journal->erase_restored("fristad", parts.record, parts.items, "erased before the restore");
    // Of what was erased in the backup already.
    if (!erased && erased.error().code != Code::conflict) return erased;
  }
  erasures_due_ = true;
  return journal->start_recovery("fristad");
}

void SimulatedNode::erase(const ErasedParts& parts) {
  erasures_.push_back(parts);
  static_cast<void>(journal->erase("local-admin", parts.record, parts.items, "mistake"));
}

void SimulatedNode::record_due_erasures() {
  if (!erasures_due_ || restored_) return;
  erasures_due_ = !journal->record_due_erasures("fristad");
}

void SimulatedNode::compare_own(std::string_view member, std::uint64_t size) {
  if (!restored_ || size > journal->head(shared_log).size) return;
  compared_.emplace(member);
  const auto now = alliance->membership();
  if (!now->state) return;
  for (const auto& [other, known] : now->state->members) {
    if (other != code && known.standing == Standing::active && !compared_.contains(other)) return;
  }
  if (!journal->end_recovery("fristad")) return;
  // What came back may say that there are more to be asked.
  for (const auto& [other, known] : alliance->membership()->state->members) {
    if (other != code && known.standing == Standing::active && !compared_.contains(other)) return;
  }
  restored_ = false;
  ++recoveries_;
  journal->hold_shared("");
}

// ---- The world ----

World::World(WorldOptions options) : options_(options), rng_(options.seed) {
  FaultyDisk::install().heal();
  for (const std::string& code : codes(options.members)) {
    // Each clock is off by something of its own.
    // Mostly by so little that its heads are still signed.
    const std::int64_t off_ms = options.faults ? (chance(80) ? 240'000 : 3'600'000) : 0;
    const std::int64_t skew_ms =
        off_ms == 0 ? 0 : static_cast<std::int64_t>(drawn(2 * static_cast<std::uint64_t>(off_ms))) - off_ms;
    Clock clock{.utc_ms = [this, skew_ms] { return now_ms_ + (clocks_wrong_ ? skew_ms : 0); },
                .steady_ms = [this] { return now_ms_; }};
    nodes_.push_back(std::make_unique<SimulatedNode>(code, folder_.path(), std::move(clock), random_of(rng_())));
  }
}

World::~World() {
  FaultyDisk::install().heal();
  for (auto& node : nodes_) node->cut();
}

SimulatedNode* World::find(std::string_view code) {
  for (auto& node : nodes_) {
    if (node->code == code) return node.get();
  }
  return nullptr;
}

void World::found() {
  const Founding founding = founding_of(codes(options_.members));
  for (auto& node : nodes_) ASSERT_TRUE(node->alliance->found("local-admin", founding));
  ASSERT_TRUE(settle());
  for (auto& node : nodes_) ASSERT_TRUE(node->alliance->membership()->state) << node->code;
  rough_ = options_.faults;
  clocks_wrong_ = options_.faults;
}

void World::set_apart(SimulatedNode& one, SimulatedNode& other, bool apart) {
  const std::pair pair(std::min(one.code, other.code), std::max(one.code, other.code));
  if (apart) {
    apart_.insert(pair);
  } else {
    apart_.erase(pair);
  }
}

void World::heal() {
  apart_.clear();
  rough_ = false;
  clocks_wrong_ = false;
  FaultyDisk::install().heal();
  for (auto& node : nodes_) {
    const Status up = node->is_up() ? Status() : node->restart();
    EXPECT_TRUE(up) << node->code << ": " << up.error().message;
  }
}

Result<Pulled> World::pull(SimulatedNode& reader, SimulatedNode& author) {
  if (!reader.is_up()) return Error{Code::unavailable, "the reader is down"};
  auto pulled = reader.reader->pull(
      author.code, [&](Question question, std::string_view body) { return carry(reader, author, question, body); });
  static_cast<void>(reader.finish_rotation());
  reader.record_due_erasures();
  return pulled;
}

Result<std::string> World::carry(SimulatedNode& from, SimulatedNode& to, Question question, std::string_view body) {
  const Error lost{Code::unavailable, "the network lost it"};
  pass(static_cast<std::int64_t>(drawn(50)));
  if (!to.is_up() || apart_.contains({std::min(from.code, to.code), std::max(from.code, to.code)})) return lost;
  auto& before = sent_[{from.code, to.code}];
  if (rough_ && chance(3)) return lost;
  if (rough_ && !before.empty() && chance(3)) {
    // Comes once more, late; nobody waits for its answer.
    const Sent& old = before[drawn(before.size())];
    static_cast<void>(to.answers->answer(from.code, old.question, old.body));
  }
  auto answer = to.answers->answer(from.code, question, body);
  Load& load = loads_[to.code];
  ++load.questions;
  if (answer) load.bytes += answer->size();
  if (!rough_ || !answer) return answer;
  if (chance(3)) return lost;
  // TLS lets no old answer through. Whoever asks what it has written itself relies on that; so do all where an answer
  // holds what its author has lost with a disk: who got it after that would be the only one to have it.
  if (!before.empty() && chance(2) && !from.is_restored()) {
    const auto old = std::ranges::find_if(
        before, [&](const Sent& sent) { return sent.question == question && sent.disk == to.disks(); });
    if (old != before.end()) return old->answer;
  }
  before.push_back(
      {.to = to.code, .question = question, .body = std::string(body), .answer = *answer, .disk = to.disks()});
  if (before.size() > remembered_max) before.erase(before.begin());
  // Nor a changed one. Whoever takes back what it lost asks each but once for it, as it can't wait for one that lies.
  if (!answer->empty() && chance(2) && question != Question::own_scopes && question != Question::own_parcels) {
    const std::size_t at = drawn(answer->size());
    if (chance(50)) {
      answer->resize(at);
    } else {
      (*answer)[at] = static_cast<char>((*answer)[at] ^ static_cast<char>(1 << drawn(8)));
    }
  }
  return answer;
}

bool World::settle(int rounds_max) {
  heal();
  for (int round = 0; round < rounds_max; ++round) {
    bool anything = false;
    last_trouble_.clear();
    pass(5000);  // nobody waits for witnesses longer than that
    for (auto& reader : nodes_) {
      for (auto& author : nodes_) {
        if (reader == author) continue;
        const auto now = reader->alliance->membership();
        // As any node: who is suspended asks on, and learns by the answers how it stands.
        if (now->state && !now->state->is_active(author->code)) continue;
        const auto pulled = pull(*reader, *author);
        if (pulled) {
          // What the last of a round cosign, the first of it see in the next.
          anything = anything || pulled->any() || !pulled->complete || pulled->vouched;
        } else {
          // Who is suspended may not know it, and isn't told by those who don't answer it.
          anything = anything || pulled.error().code != Code::permission_denied;
          last_trouble_ += reader->code + " reads " + author->code + ": " + pulled.error().message + "\n";
        }
      }
    }
    if (!anything) return true;
  }
  return false;
}

}  // namespace fristad::testing
