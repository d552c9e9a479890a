#pragma once

// The kinds of records of this room, their bodies, and how they are read back out of its tables.
// docs/format/alliance.md has the members as tables. Included by this room's sources alone.
//
// Thread-safety: plain values and pure functions; Ledger as its connection.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "alliance/alliance.h"
#include "alliance/state.h"
#include "record/kinds.h"

namespace fristad {

inline constexpr std::string_view kind_founded = "alliance.founded";
inline constexpr std::string_view kind_joined = "alliance.joined";
inline constexpr std::string_view kind_invited = "alliance.invited";
inline constexpr std::string_view kind_vote = "alliance.vote";
inline constexpr std::string_view kind_left = "alliance.left";
inline constexpr std::string_view kind_muted = "alliance.muted";
inline constexpr std::string_view kind_readers = "scope.readers";
inline constexpr std::string_view kind_corrects = "scope.corrects";

inline constexpr std::size_t readers_max = 1000;
// No honest member comes near: a round dies by votes of a third.
inline constexpr std::int64_t round_max = 1'000'000;

struct VoteBody {
  AllianceId alliance{};
  Digest previous{};
  std::uint32_t round = 0;
  Change change;

  Json to_json() const;
  // Errors: invalid_argument, and those of Change::from_json().
  static Result<VoteBody> from_json(const Json& body);
};

// That a candidate has accepted an invitation.
struct JoinedBody {
  AllianceId alliance{};
  RecordId invitation{};

  Json to_json() const;
  static Result<JoinedBody> from_json(const Json& body);
};

struct LeftBody {
  AllianceId alliance{};
  std::string reason;

  Json to_json() const;
  static Result<LeftBody> from_json(const Json& body);
};

struct MutedBody {
  std::string member;
  bool muted = false;
  std::string reason;

  Json to_json() const;
  static Result<MutedBody> from_json(const Json& body);
};

struct ReadersBody {
  RecordId scope{};
  std::vector<std::string> add = {};  // codes in order; "*" is the whole alliance
  std::vector<std::string> remove = {};

  Json to_json() const;
  static Result<ReadersBody> from_json(const Json& body);
};

// That the scope which it stands in carries corrections of another, up to here, for those who lost that one.
struct CorrectsBody {
  RecordId of{};

  Json to_json() const;
  static Result<CorrectsBody> from_json(const Json& body);
};

// Foundings and changes that were read once: to check a card takes longer than all the rest. What is named by its hash
// never changes, so nothing here grows old.
class KnownTexts {
 public:
  Result<std::shared_ptr<const Founding>> founding(const Digest& id, std::string_view text);
  Result<std::shared_ptr<const Change>> change(const Digest& hash, std::string_view text);

 private:
  std::mutex mutex_;
  std::map<Digest, std::shared_ptr<const Founding>> foundings_;
  std::map<Digest, std::shared_ptr<const Change>> changes_;
};

// The one that `own` belongs to, or would: the last that its log founds or joins and hasn't left since.
Result<std::optional<AllianceId>> alliance_of(Connection& views, std::string_view own);
// What all logs together say about it.
Result<Membership> membership_of(Connection& views, std::string_view own, KnownTexts& texts);

struct KnownInvitation {
  std::string author;
  Invitation invitation;
};
Result<std::optional<KnownInvitation>> invitation_in(Connection& views, const RecordId& id);
// Whether that member has said that it leaves, since it last joined or founded it.
Result<bool> has_left(Connection& views, std::string_view member, const AllianceId& alliance);
// What `member` has voted for in that round, if it has.
Result<std::optional<Digest>> voted_in(Connection& views, std::string_view member, const AllianceId& alliance,
                                       const Digest& previous, std::uint32_t round);

// Who may read a scope of ours by what we have said, active or not: those whom we have named, and of `members` those
// whom the whole alliance stands for.
Result<std::set<std::string, std::less<>>> let_read(Connection& views, const RecordId& scope,
                                                    std::set<std::string, std::less<>> members);

}  // namespace fristad
