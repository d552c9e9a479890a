#pragma once

// What a node keeps of its dealings with others, beside the records: whom it was introduced to, how far their logs are
// cosigned, receipts, and evidence against them. None of it is a record: a rebuild leaves it alone.
//
// Thread-safety: all functions may be called from any thread at once. Complexity: one statement each.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "alliance/card.h"
#include "record/kinds.h"
#include "store/store.h"

namespace fristad {

// How it goes with one other member.
struct PeerRow {
  std::string member;
  std::int64_t contact_ms = 0;       // when it last answered us; 0: never
  std::int64_t heard_ms = 0;         // when it last asked us
  std::uint64_t read_to = 0;         // all that we may read of its log below this position has been taken over
  std::uint64_t cosigned = 0;        // its log is cosigned by enough up to here
  std::int64_t cosigned_ms = 0;      // when that was found
  std::int64_t cosigners = 0;        // how many had cosigned then
  std::string trouble = {};          // a code and what it means; empty: none
  std::int64_t trouble_ms = 0;       // since when
  std::int64_t clock_offset_ms = 0;  // by how much its clock was ahead of ours when it last answered
};

// Two heads of one log that can't both be true, each signed by its member.
struct Evidence {
  std::string member;
  std::int64_t at_ms = 0;
  std::string known;
  std::string other;
};

class Ledger {
 public:
  static Result<std::unique_ptr<Ledger>> open(const Store& store);

  // Cards from letters: whom we may talk to before the alliance has admitted us.
  Status introduce(const Card& card);
  Result<std::vector<Card>> introduced() const;

  Result<std::vector<PeerRow>> peers() const;
  Result<PeerRow> peer(std::string_view member) const;
  Status answered(std::string_view member, std::int64_t at_ms, std::int64_t clock_offset_ms);
  Status heard(std::string_view member, std::int64_t at_ms);
  Status read_to(std::string_view member, std::uint64_t position);
  Status cosigned(std::string_view member, std::uint64_t size, std::int64_t cosigners, std::int64_t at_ms);
  // Of the same trouble the first time stays. Empty: it is over.
  Status trouble(std::string_view member, std::string_view what, std::int64_t at_ms);

  // The scopes of a member's that we had read something of, and may read no more. Replaces those known before.
  using Scopes = std::set<std::string, std::less<>>;
  Status lost(std::string_view member, const Scopes& scopes);
  Result<std::map<std::string, Scopes, std::less<>>> lost() const;  // by member

  // Those that we gave, and those that we were given. The newest replaces the one before.
  enum class Way { given, received };
  Status receipt(std::string_view member, Way way, std::string_view text);
  Result<std::optional<std::string>> receipt(std::string_view member, Way way) const;

  // Kept for good. However the second history grows, it stands once against a head that we know.
  Status accuse(const Evidence& evidence);
  Result<std::vector<Evidence>> evidence() const;

 private:
  explicit Ledger(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
  Status execute(Sql sql, std::initializer_list<SqlValue> values) const;
  // Of a member's row, which is made if it isn't there.
  Status update(std::string_view member, Sql sql, std::initializer_list<SqlValue> values) const;
  // Of one member, or of all.
  Result<std::vector<PeerRow>> rows(std::string_view member) const;

  mutable std::mutex mutex_;
  std::unique_ptr<Connection> connection_;
};

// Its tables alone: no kinds.
const View& federation_view();

}  // namespace fristad
