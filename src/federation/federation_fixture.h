#pragma once

// For tests: members with the real rooms of each in a temporary folder, and between them no network at all: a question
// is a call. A test that wants a hostile peer puts an Ask of its own between a reader and an author.
//
//   Meeting meeting(3);                         // "aa", "ab", "ac" have founded an alliance
//   meeting[1].says("text", "public");
//   meeting.pull("aa", "ab");

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alliance/alliance_fixture.h"
#include "base/try.h"
#include "federation/answers.h"
#include "federation/reader.h"
#include "record/exchange_fixture.h"

namespace fristad::testing {

// "poison": its author's fold takes it, and that of nobody else.
inline const View& poison_view() {
  static constexpr std::array kinds{
      Kind{.name = "poison", .from_others = true, .apply = [](Fold&, const Record& record) -> Status {
             if (record.place.log < own_logs) return {};
             return Error{Code::invalid_argument, "no fold takes this"};
           }}};
  static constexpr View view{.name = "poison", .migrations = {}, .tables = {}, .kinds = kinds};
  return view;
}

inline const Kinds& federation_kinds() {
  static const Kinds kinds({&journal_view(), &note_view(), &poison_view(), &alliance_view(), &federation_view()});
  return kinds;
}

// Different bytes at each call and for each name, the same in each run; from any thread.
inline Random random_named(std::string_view name) {
  struct Source {
    std::mutex mutex;
    std::mt19937_64 numbers;
  };
  auto source = std::make_shared<Source>();
  source->numbers.seed(std::hash<std::string_view>()(name));
  return [source](std::span<std::uint8_t> bytes) {
    const std::scoped_lock lock(source->mutex);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(source->numbers());
    return Status();
  };
}

// A clock that stands still until it is moved.
struct StillClock {
  std::shared_ptr<std::atomic<std::int64_t>> ms = std::make_shared<std::atomic<std::int64_t>>(1'800'000'000'000);
  Clock clock() const {
    return {.utc_ms = [now = ms] { return now->load(); }, .steady_ms = [now = ms] { return now->load(); }};
  }
  void pass(std::int64_t by_ms) const { *ms += by_ms; }
};

// The rooms of one member. `random` names its dice: two nodes with the same code and other dice are what a member is
// that shows two histories.
class FederationNode {
 public:
  FederationNode(std::string called, Clock clock, std::string_view random = "")
      : code(std::move(called)), clock_(std::move(clock)), random_(random_named(code + std::string(random))) {
    open();
  }
  ~FederationNode() { close(); }
  FederationNode(const FederationNode&) = delete;
  FederationNode& operator=(const FederationNode&) = delete;

  void open() {
    store = std::make_unique<Store>(Store::open({.sqlite_path = folder_ / "node.db"}).value());
    JournalKeys keys{.record_key = member_key(code, KeyPurpose::record),
                     .log_key = member_key(code, KeyPurpose::log),
                     .data_key = seed_named(code + "/data")};
    JournalOptions options{.member = code, .clock = clock_, .random = random_};
    options.under = [this] { return alliance ? alliance->under() : std::string(); };
    options.no_heads = [this] { return no_heads; };
    options.corrections = corrections_in;
    journal = Journal::open(*store, federation_kinds(), std::move(keys), std::move(options)).value();
    alliance = Alliance::open(*journal, {.sign = signer(code), .random = random_}).value();
    ledger = Ledger::open(*store).value();
    ReaderOptions reading{.witness = member_key(code, KeyPurpose::witness), .sign = signer(code), .clock = clock_};
    reading.on_own_head = [this](std::string_view, std::uint64_t size) {
      if (size > journal->head(shared_log).size) behind.push_back(size);
    };
    reading.recovers = [this] { return recovers; };
    reader = Reader::open(*journal, *alliance, *ledger, std::move(reading)).value();
    AnswersOptions answering{.clock = clock_};
    answering.on_poke = [this](std::string_view member) { pokes.emplace_back(member); };
    answering.on_cosigned = [this] { ++cosigned; };
    answers = std::make_unique<Answers>(*journal, *alliance, *ledger, std::move(answering));
  }
  void close() {
    answers.reset();
    reader.reset();
    ledger.reset();
    alliance.reset();
    journal.reset();
    store.reset();
  }
  // Its folder as it is now, to go back to: a backup.
  void save(const std::string& to) {
    close();
    std::filesystem::copy(folder_.path(), to, std::filesystem::copy_options::recursive);
    open();
  }
  void go_back(const std::string& to) {
    close();
    std::filesystem::remove_all(folder_.path());
    std::filesystem::copy(to, folder_.path(), std::filesystem::copy_options::recursive);
    open();
  }

  Recorded records(Draft draft) {
    auto recorded = journal->transact("local-admin", [&](Decision& decision) -> Status {
      TRY(decision.emit(draft));
      return {};
    });
    EXPECT_TRUE(recorded) << recorded.error().message;
    return recorded ? recorded->back() : Recorded();
  }
  Recorded says(std::string text, std::string scope = "alliance") {
    Draft draft = note(std::move(text));
    draft.scope = std::move(scope);
    return records(std::move(draft));
  }
  // A scope of its own, for those whom it names; "*" for all.
  RecordId opens(const std::vector<std::string>& readers) {
    RecordId scope = record_id(code);
    scope[8] = ++scopes_;
    const Status granted = alliance->grant("local-admin", scope, readers);
    EXPECT_TRUE(granted) << granted.error().message;
    return scope;
  }
  // The texts of all notes that are in its views.
  std::string notes() const {
    std::string all;
    EXPECT_TRUE(store->connect().value()->query("SELECT text FROM note ORDER BY text", {}, [&](const SqlRow& row) {
      all += std::string(row.text(0)) + " ";
      return Status();
    }));
    return all;
  }
  std::uint64_t size_of(std::string_view member) const {
    const auto known = journal->known_log(member);
    return known ? known->head.size : 0;
  }
  // Questions to it by that member.
  Ask ask_as(std::string member) {
    return [this, by = std::move(member)](Question question, std::string_view body) {
      return answers->answer(by, question, body);
    };
  }

  const std::string code;
  std::unique_ptr<Store> store;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Alliance> alliance;
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<Reader> reader;
  std::unique_ptr<Answers> answers;
  std::vector<std::string> pokes;
  std::vector<std::uint64_t> behind;
  std::string no_heads;
  bool recovers = false;
  int cosigned = 0;

 private:
  const Clock clock_;
  const Random random_;
  TemporaryFolder folder_;
  std::uint8_t scopes_ = 0;
};

class Meeting {
 public:
  explicit Meeting(std::size_t members, bool founded = true) : founding(founding_of(codes(members))) {
    for (const std::string& code : codes(members)) join(code);
    for (auto& node : nodes_) EXPECT_TRUE(node->alliance->found("local-admin", founding));
    if (founded) settle();
  }

  FederationNode& join(const std::string& code) {
    nodes_.push_back(std::make_unique<FederationNode>(code, still.clock()));
    return *nodes_.back();
  }
  FederationNode& operator[](std::size_t index) { return *nodes_.at(index); }
  std::size_t size() const { return nodes_.size(); }
  FederationNode& operator[](std::string_view code) {
    return **std::ranges::find(nodes_, code, [](const auto& node) { return std::string_view(node->code); });
  }

  Result<Pulled> pull(std::string_view reader, std::string_view author) {
    return (*this)[reader].reader->pull(std::string(author), (*this)[author].ask_as(std::string(reader)));
  }
  // All read all, until nobody has anything new. What one may not read is left out.
  void settle() {
    for (int round = 0; round < 12; ++round) {
      bool anything = false;
      still.pass(5000);  // nobody waits for witnesses longer than that
      for (auto& reader : nodes_) {
        for (auto& author : nodes_) {
          if (reader == author) continue;
          const auto pulled = pull(reader->code, author->code);
          anything = anything || (pulled && pulled->any());
        }
      }
      if (!anything) return;
    }
    ADD_FAILURE() << "they don't come to an end";
  }

  const Founding founding;
  const StillClock still;

 private:
  std::vector<std::unique_ptr<FederationNode>> nodes_;
};

// Another member of the same code that wrote another history after the same founding.
inline std::unique_ptr<FederationNode> twin_of(std::string_view code, const Meeting& meeting) {
  auto twin = std::make_unique<FederationNode>(std::string(code), meeting.still.clock(), "/twin");
  EXPECT_TRUE(twin->alliance->found("local-admin", meeting.founding));
  return twin;
}

// A question and what is said to it, changed on its way back.
inline Ask bent(Ask honest, Question at, std::function<std::string(std::string answer)> bend) {
  return [honest = std::move(honest), at, bend = std::move(bend)](Question question,
                                                                  std::string_view body) -> Result<std::string> {
    std::string answer = TRY(honest(question, body));
    return question == at ? bend(std::move(answer)) : answer;
  };
}

template <class T>
Code code_of(const Result<T>& result) {
  return result ? Code::internal : result.error().code;
}

}  // namespace fristad::testing
