// What the records of all members come to.

#include <algorithm>
#include <tuple>

#include "alliance/alliance_impl.h"
#include "base/hex.h"
#include "base/try.h"

namespace fristad {
namespace {

template <std::size_t size>
std::array<std::uint8_t, size> array_from(Bytes bytes) {
  std::array<std::uint8_t, size> array{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), size), array.begin());
  return array;
}

Result<std::set<std::string, std::less<>>> founded_by(Connection& views, const AllianceId& alliance) {
  std::set<std::string, std::less<>> authors;
  TRY(views.query("SELECT author FROM alliance_founded WHERE alliance = $1", {Bytes(alliance)}, [&](const SqlRow& row) {
    authors.emplace(row.text(0));
    return Status();
  }));
  return authors;
}

Result<std::vector<Vote>> votes_in(Connection& views, const AllianceId& alliance, KnownTexts& texts) {
  std::map<Digest, std::shared_ptr<const Change>> changes;
  TRY(
      views.query("SELECT hash, body FROM alliance_change WHERE hash IN (SELECT change FROM alliance_vote "
                  "WHERE alliance = $1)",
                  {Bytes(alliance)}, [&](const SqlRow& row) -> Status {
                    const auto hash = array_from<32>(row.bytes(0));
                    changes[hash] = TRY(texts.change(hash, row.text(1)));
                    return {};
                  }));
  std::vector<Vote> votes;
  TRY(views.query("SELECT author, previous, round, change FROM alliance_vote WHERE alliance = $1 ORDER BY place",
                  {Bytes(alliance)}, [&](const SqlRow& row) {
                    votes.push_back({.author = std::string(row.text(0)),
                                     .alliance = alliance,
                                     .previous = array_from<32>(row.bytes(1)),
                                     .round = static_cast<std::uint32_t>(row.integer(2)),
                                     .change = changes.at(array_from<32>(row.bytes(3)))});
                    return Status();
                  }));
  return votes;
}

Result<std::set<std::string, std::less<>>> muted_in(Connection& views) {
  std::set<std::string, std::less<>> muted;
  TRY(views.query("SELECT member, muted FROM alliance_muted ORDER BY place", {}, [&](const SqlRow& row) {
    if (row.integer(1) != 0) {
      muted.emplace(row.text(0));
    } else {
      muted.erase(std::string(row.text(0)));
    }
    return Status();
  }));
  return muted;
}

// What the author of a scope says about one reader.
struct ReaderRow {
  std::int64_t place = 0;
  bool by_name = false;  // or for the whole alliance
  bool added = false;
};

Result<std::vector<ReaderRow>> reader_rows(Connection& views, const RecordId& scope, std::string_view member) {
  std::vector<ReaderRow> rows;
  TRY(views.query(
      "SELECT place, member, added FROM scope_reader WHERE scope = $1 AND (member = $2 OR "
      "member = $3)",
      {Bytes(scope), member, whole_alliance}, [&](const SqlRow& row) {
        rows.push_back(
            {.place = row.integer(0), .by_name = row.text(1) != whole_alliance, .added = row.integer(2) != 0});
        return Status();
      }));
  std::ranges::sort(rows, {}, [](const ReaderRow& row) { return std::tuple(row.place, row.by_name); });
  return rows;
}

// The last word counts; in one record what is said by name goes before what is said of all.
Result<bool> is_let_read(Connection& views, const RecordId& scope, std::string_view member) {
  const std::vector<ReaderRow> rows = TRY(reader_rows(views, scope, member));
  return !rows.empty() && rows.back().added;
}

// Whom its author has ever let read it by name.
Result<std::vector<std::string>> named_readers(Connection& views, const RecordId& scope) {
  std::vector<std::string> named;
  TRY(views.query("SELECT DISTINCT member FROM scope_reader WHERE scope = $1 AND added = 1 AND member <> $2",
                  {Bytes(scope), whole_alliance}, [&](const SqlRow& row) {
                    named.emplace_back(row.text(0));
                    return Status();
                  }));
  return named;
}

Result<FormerReaders> former_readers_of(Connection& views, const RecordId& scope) {
  std::vector<std::pair<RecordId, Place>> all;
  TRY(views.query("SELECT scope, place FROM scope_corrects WHERE corrected = $1 ORDER BY place", {Bytes(scope)},
                  [&](const SqlRow& row) {
                    all.emplace_back(array_from<16>(row.bytes(0)), Place::of(row.integer(1)));
                    return Status();
                  }));
  FormerReaders former;
  for (const auto& [id, since] : all) {
    for (const std::string& member : TRY(named_readers(views, id))) {
      former.insert_or_assign(member, CorrectionScope{.scope = to_hex(id), .since = since});
    }
  }
  for (auto at = former.begin(); at != former.end();) {
    at = TRY(is_let_read(views, scope, at->first)) ? former.erase(at) : std::next(at);
  }
  return former;
}

Result<RecordId> scope_id(std::string_view scope) {
  RecordId id{};
  if (!from_hex(scope, id)) {
    return Error{Code::invalid_argument, "a scope is private, alliance, public or the id of a scope record"};
  }
  return id;
}

}  // namespace

// ---- Views ----

Result<std::optional<AllianceId>> alliance_of(Connection& views, std::string_view own) {
  std::optional<AllianceId> alliance;
  TRY(
      views.query("SELECT place, alliance FROM alliance_founded WHERE author = $1 UNION ALL "
                  "SELECT place, alliance FROM alliance_joined WHERE author = $1 ORDER BY 1 DESC LIMIT 1",
                  {own}, [&](const SqlRow& row) {
                    alliance = array_from<32>(row.bytes(1));
                    return Status();
                  }));
  if (alliance && TRY(has_left(views, own, *alliance))) alliance.reset();
  return alliance;
}

Result<bool> has_left(Connection& views, std::string_view member, const AllianceId& alliance) {
  const auto left = TRY(views.integer("SELECT max(place) FROM alliance_left WHERE author = $1 AND alliance = $2",
                                      {member, Bytes(alliance)}));
  if (!left) return false;
  const auto joined = TRY(
      views.integer("SELECT max(place) FROM (SELECT place FROM alliance_founded WHERE author = $1 AND alliance = $2 "
                    "UNION ALL SELECT place FROM alliance_joined WHERE author = $1 AND alliance = $2) AS beginnings",
                    {member, Bytes(alliance)}));
  return !joined || *left > *joined;
}

Result<Membership> membership_of(Connection& views, std::string_view own, KnownTexts& texts) {
  Membership membership;
  membership.alliance = TRY(alliance_of(views, own));
  membership.muted = TRY(muted_in(views));
  if (!membership.alliance) return membership;
  const AllianceId alliance = *membership.alliance;
  const auto body = TRY(views.text("SELECT body FROM alliance_founding WHERE id = $1", {Bytes(alliance)}));
  if (!body) return membership;
  membership.founding = TRY(texts.founding(alliance, *body));
  const auto authors = TRY(founded_by(views, alliance));
  for (const Card& founder : membership.founding->founders) {
    if (!authors.contains(founder.member)) membership.missing.push_back(founder.member);
  }
  if (!membership.missing.empty()) return membership;
  membership.state = state_of(*membership.founding, TRY(votes_in(views, alliance, texts)));
  return membership;
}

Result<std::optional<KnownInvitation>> invitation_in(Connection& views, const RecordId& id) {
  std::optional<KnownInvitation> known;
  TRY(
      views.query("SELECT author, alliance, member, kind, jurisdiction, nonce, expires_at FROM alliance_invitation "
                  "WHERE id = $1",
                  {Bytes(id)}, [&](const SqlRow& row) {
                    known = {.author = std::string(row.text(0)),
                             .invitation = {.alliance = array_from<32>(row.bytes(1)),
                                            .member = std::string(row.text(2)),
                                            .kind = member_kind_from_text(row.text(3)).value_or(MemberKind::body),
                                            .jurisdiction = std::string(row.text(4)),
                                            .nonce = array_from<16>(row.bytes(5)),
                                            .expires_ms = row.integer(6)}};
                    return Status();
                  }));
  return known;
}

Result<std::optional<Digest>> voted_in(Connection& views, std::string_view member, const AllianceId& alliance,
                                       const Digest& previous, std::uint32_t round) {
  const auto change =
      TRY(views.bytes("SELECT change FROM alliance_vote WHERE alliance = $1 AND author = $2 AND previous = $3 AND "
                      "round = $4 ORDER BY place LIMIT 1",
                      {Bytes(alliance), member, Bytes(previous), std::int64_t{round}}));
  if (!change) return std::optional<Digest>();
  return std::optional(array_from<32>(*change));
}

Result<std::set<std::string, std::less<>>> let_read(Connection& views, const RecordId& scope,
                                                    std::set<std::string, std::less<>> members) {
  for (std::string& named : TRY(named_readers(views, scope))) members.insert(std::move(named));
  std::set<std::string, std::less<>> readers;
  for (const std::string& member : members) {
    if (TRY(is_let_read(views, scope, member))) readers.insert(member);
  }
  return readers;
}

Result<FormerReaders> former_readers_in(Connection& views, std::string_view scope) {
  RecordId id{};
  if (!from_hex(scope, id)) return FormerReaders();
  return former_readers_of(views, id);
}

Result<std::vector<CorrectionScope>> corrections_in(Connection& views, std::string_view scope) {
  std::vector<CorrectionScope> scopes;
  for (auto& [member, heard] : TRY(former_readers_in(views, scope))) scopes.push_back(std::move(heard));
  std::ranges::sort(scopes, {}, &CorrectionScope::since);
  // Those who lost it together share one.
  const auto same = [](const CorrectionScope& one, const CorrectionScope& other) { return one.since == other.since; };
  scopes.erase(std::unique(scopes.begin(), scopes.end(), same), scopes.end());
  return scopes;
}

Result<Place> let_in_at(Connection& views, const RecordId& scope, std::string_view member) {
  Place last;
  for (const ReaderRow& row : TRY(reader_rows(views, scope, member))) {
    if (row.added) last = Place::of(row.place);
  }
  return last;
}

// ---- Questions ----

std::shared_ptr<const Membership> Alliance::membership() const {
  // What can't be read even now is told as it was: questions go on, and decisions look for themselves.
  if (impl_->stale) static_cast<void>(impl_->refresh());
  return impl_->published.get();
}

std::string Alliance::under() const {
  const auto now = impl_->published.get();
  return now->state ? to_hex(now->state->hash) : std::string();
}

bool Alliance::is_muted(std::string_view member) const {
  return membership()->muted.contains(member);
}

Result<bool> Alliance::reads(std::string_view member, std::string_view scope) const {
  if (scope == "private") return false;
  if (scope == "public" || member == impl_->own()) return true;
  const auto now = membership();
  const bool active = now->state && now->state->is_active(member);
  if (scope == "alliance") return active;
  const RecordId id = TRY(scope_id(scope));
  if (!active) return false;
  const std::scoped_lock lock(impl_->reading);
  return is_let_read(*impl_->views, id, member);
}

Result<std::set<std::string, std::less<>>> Alliance::readers(const RecordId& scope) const {
  std::set<std::string, std::less<>> readers;
  const std::scoped_lock lock(impl_->reading);
  TRY(impl_->views->query("SELECT member, added FROM scope_reader WHERE scope = $1 ORDER BY place", {Bytes(scope)},
                          [&](const SqlRow& row) {
                            if (row.integer(1) != 0) {
                              readers.emplace(row.text(0));
                            } else if (row.text(0) == whole_alliance) {
                              readers.clear();
                            } else {
                              readers.erase(std::string(row.text(0)));
                            }
                            return Status();
                          }));
  return readers;
}

Result<bool> Alliance::hears_corrections(std::string_view member, std::string_view scope) const {
  if (scope == "private") return false;
  if (scope == "public" || member == impl_->own()) return true;
  const auto now = membership();
  const bool was_member = now->state && now->state->find(member) != nullptr;
  if (scope == "alliance" || !was_member) return was_member;
  const RecordId id = TRY(scope_id(scope));
  const std::scoped_lock lock(impl_->reading);
  // Who wasn't active when the whole alliance was let in may hear of what it never had: that tells it nothing.
  return std::ranges::any_of(TRY(reader_rows(*impl_->views, id, member)), &ReaderRow::added);
}

Result<std::optional<RecordId>> Alliance::corrects(std::string_view scope) const {
  std::optional<RecordId> corrected;
  RecordId id{};
  if (!from_hex(scope, id)) return corrected;
  const std::scoped_lock lock(impl_->reading);
  TRY(impl_->views->query("SELECT corrected FROM scope_corrects WHERE scope = $1", {Bytes(id)}, [&](const SqlRow& row) {
    corrected = array_from<16>(row.bytes(0));
    return Status();
  }));
  return corrected;
}

Result<FormerReaders> Alliance::former_readers(std::string_view scope) const {
  const std::scoped_lock lock(impl_->reading);
  return former_readers_in(*impl_->views, scope);
}

std::optional<PublicKey> Alliance::key_of(std::string_view member, KeyPurpose purpose, std::uint64_t position) const {
  const auto now = membership();
  if (now->state) {
    const AllianceMember* const found = now->state->find(member);
    return found != nullptr ? key_at(*found, purpose, position) : std::nullopt;
  }
  // Founders read one another's logs to find out whether the alliance exists.
  if (now->founding == nullptr) return std::nullopt;
  for (const Card& founder : now->founding->founders) {
    if (founder.member != member || founder.key(purpose).valid_from > position) continue;
    return founder.key(purpose).key;
  }
  return std::nullopt;
}

std::vector<PublicKey> Alliance::keys_from(std::string_view member, KeyPurpose purpose, std::uint64_t position) const {
  const auto now = membership();
  const AllianceMember* const found = now->state ? now->state->find(member) : nullptr;
  if (found != nullptr) return fristad::keys_from(*found, purpose, position);
  const auto one = key_of(member, purpose, position);
  return one ? std::vector{*one} : std::vector<PublicKey>();
}

std::vector<OpenChange> Alliance::waiting_for_us() const {
  const auto now = membership();
  std::vector<OpenChange> waiting;
  if (!now->state || !now->state->may_vote(impl_->own())) return waiting;
  for (const OpenChange& open : now->state->waiting) {
    const bool ours = std::ranges::find(open.voters, impl_->own()) != open.voters.end();
    if (ours && open.round == now->state->open_round) return {};
    if (open.never_wins.empty() && std::ranges::find(waiting, open.hash, &OpenChange::hash) == waiting.end()) {
      waiting.push_back(open);
    }
  }
  return waiting;
}

}  // namespace fristad
