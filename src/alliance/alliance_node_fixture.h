#pragma once

// For tests: the node of "se" in a temporary folder, with a clock that stands still until it is moved, and the records
// of other members as their logs hold them.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alliance/alliance_fixture.h"
#include "alliance/records.h"

namespace fristad::testing {

inline const Kinds& alliance_kinds() {
  static const Kinds kinds({&journal_view(), &alliance_view()});
  return kinds;
}

inline const Change charter_a{Change::Charter{"A."}};
inline const Change charter_b{Change::Charter{"B."}};
inline const std::vector<std::string> us_alone{"us"};
inline const std::vector<std::string> everybody{std::string(whole_alliance)};

// A record of another member, as its log holds it.
inline Record foreign(const std::string& author, std::string_view kind, std::string_view scope, Json body) {
  Record record{.author = author, .id = record_id(author)};
  record.payload = {.kind = std::string(kind), .scope = std::string(scope), .sequence = 1, .body = std::move(body)};
  return record;
}
inline Record founded(const std::string& author, const Founding& founding) {
  return foreign(author, kind_founded, "public", founding.to_json());
}
inline Record voted(const std::string& author, const AllianceState& state, const Change& change,
                    std::uint32_t round = 0) {
  return foreign(author, kind_vote, "alliance",
                 VoteBody{.alliance = state.id, .previous = state.hash, .round = round, .change = change}.to_json());
}

// The node of "se".
class Node {
 public:
  Node() { reopen(); }

  void reopen() {
    alliance.reset();
    journal.reset();
    store_ = std::make_unique<Store>(*Store::open({.sqlite_path = folder_ / "node.sqlite"}));
    JournalOptions options = test_options(random_);
    options.clock = {.utc_ms = [now = now_ms_] { return now->load(); }, .steady_ms = [] { return std::int64_t{0}; }};
    auto opened = Journal::open(*store_, alliance_kinds(), test_keys(), std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    journal = *std::move(opened);
    open_alliance();
  }
  void open_alliance() {
    auto opened = Alliance::open(*journal, {.sign = signer("se"), .random = counting_random()});
    ASSERT_TRUE(opened) << opened.error().message;
    alliance = *std::move(opened);
  }

  // Takes over a record of another member's log; the node then looks at all records anew.
  Status hear(Record record) {
    const Kind* const kind = alliance_kinds().find(record.payload.kind, record.payload.schema);
    const auto [at, fresh] = logs_.try_emplace(record.author, own_logs + logs_.size());
    record.place = {.log = static_cast<std::uint32_t>(at->second), .position = sizes_[record.author]++};
    record.id.front() = static_cast<std::uint8_t>(record.place.position + 1);
    TRY(kind->check(record));
    auto connection = TRY(store_->connect());
    Transaction transaction = TRY(connection->begin());
    Fold fold(*connection, record.place);
    TRY(kind->apply(fold, record));
    TRY(transaction.commit());
    open_alliance();
    return {};
  }

  void found(const Founding& founding) {
    const auto id = alliance->found("local-admin", founding);
    ASSERT_TRUE(id) << id.error().message;
    for (const Card& founder : founding.founders) {
      if (founder.member == "se") continue;
      ASSERT_TRUE(hear(founded(founder.member, founding)));
    }
    ASSERT_TRUE(alliance->membership()->state);
  }
  const AllianceState& state() {
    membership_ = alliance->membership();
    return *membership_->state;
  }
  RecordId new_scope() {
    RecordId id = record_id("se");
    id[8] = ++scopes_;
    return id;
  }
  void wait(std::int64_t ms) { *now_ms_ += ms; }
  std::int64_t now_ms() const { return now_ms_->load(); }

  std::unique_ptr<Journal> journal;
  std::unique_ptr<Alliance> alliance;

 private:
  TemporaryFolder folder_;
  std::shared_ptr<std::atomic<std::int64_t>> now_ms_ = std::make_shared<std::atomic<std::int64_t>>(1'800'000'000'000);
  Random random_ = counting_random();
  std::unique_ptr<Store> store_;
  std::map<std::string, std::size_t> logs_;
  std::map<std::string, std::uint64_t> sizes_;
  std::shared_ptr<const Membership> membership_;
  std::uint8_t scopes_ = 0;
};

template <class T>
Code code_of(const Result<T>& result) {
  return result ? Code::internal : result.error().code;
}

}  // namespace fristad::testing
