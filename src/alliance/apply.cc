#include <array>

#include "alliance/body.h"
#include "alliance/records.h"
#include "base/hex.h"
#include "base/try.h"

namespace fristad {
namespace {

// What members have stated, as they stated it: which of it counts is asked of all of it together (state.h), so it makes
// no difference in which order logs were read. Texts that many repeat stand once, under their hash.
constexpr std::array tables_sql{
    Sql("CREATE TABLE alliance_founding(id bytea PRIMARY KEY NOT NULL, body text NOT NULL)"),
    Sql("CREATE TABLE alliance_founded(place bigint PRIMARY KEY NOT NULL, author text NOT NULL, "
        "alliance bytea NOT NULL)"),
    Sql("CREATE TABLE alliance_joined(place bigint PRIMARY KEY NOT NULL, author text NOT NULL, "
        "alliance bytea NOT NULL, invitation bytea NOT NULL)"),
    Sql("CREATE TABLE alliance_left(place bigint PRIMARY KEY NOT NULL, author text NOT NULL, alliance bytea NOT NULL)"),
    Sql("CREATE TABLE alliance_invitation(id bytea PRIMARY KEY NOT NULL, place bigint NOT NULL, author text NOT NULL, "
        "alliance bytea NOT NULL, member text NOT NULL, kind text NOT NULL, jurisdiction text NOT NULL, "
        "nonce bytea NOT NULL, expires_at bigint NOT NULL)"),
    Sql("CREATE TABLE alliance_change(hash bytea PRIMARY KEY NOT NULL, body text NOT NULL)"),
    Sql("CREATE TABLE alliance_vote(place bigint PRIMARY KEY NOT NULL, author text NOT NULL, alliance bytea NOT NULL, "
        "previous bytea NOT NULL, round bigint NOT NULL, change bytea NOT NULL)"),
    Sql("CREATE INDEX alliance_vote_alliance ON alliance_vote(alliance, place)"),
    // Of ours alone; the reason stays in the sealed payload.
    Sql("CREATE TABLE alliance_muted(place bigint PRIMARY KEY NOT NULL, member text NOT NULL, muted bigint NOT NULL)"),
    Sql("CREATE TABLE scope_reader(scope bytea NOT NULL, place bigint NOT NULL, member text NOT NULL, "
        "added bigint NOT NULL, PRIMARY KEY(scope, place, member))"),
};
constexpr std::array corrections_sql{
    Sql("CREATE TABLE scope_corrects(scope bytea PRIMARY KEY NOT NULL, place bigint NOT NULL, "
        "corrected bytea NOT NULL)"),
    Sql("CREATE INDEX scope_corrects_corrected ON scope_corrects(corrected, place)"),
};
constexpr std::array migrations{
    Migration{.version = 9, .what = "alliance", .statements = tables_sql},
    Migration{.version = 15, .what = "corrections for former readers", .statements = corrections_sql}};

constexpr std::array tables{
    ViewTable{"alliance_founding", "DELETE FROM alliance_founding",
              "SELECT id, body FROM alliance_founding ORDER BY id", "bt"},
    ViewTable{"alliance_founded", "DELETE FROM alliance_founded",
              "SELECT place, author, alliance FROM alliance_founded ORDER BY place", "ptb"},
    ViewTable{"alliance_joined", "DELETE FROM alliance_joined",
              "SELECT place, author, alliance, invitation FROM alliance_joined ORDER BY place", "ptbb"},
    ViewTable{"alliance_left", "DELETE FROM alliance_left",
              "SELECT place, author, alliance FROM alliance_left ORDER BY place", "ptb"},
    ViewTable{"alliance_invitation", "DELETE FROM alliance_invitation",
              "SELECT id, place, author, alliance, member, kind, jurisdiction, nonce, expires_at "
              "FROM alliance_invitation ORDER BY id",
              "bptbtttbi"},
    ViewTable{"alliance_change", "DELETE FROM alliance_change", "SELECT hash, body FROM alliance_change ORDER BY hash",
              "bt"},
    ViewTable{"alliance_vote", "DELETE FROM alliance_vote",
              "SELECT place, author, alliance, previous, round, change FROM alliance_vote ORDER BY place", "ptbbib"},
    ViewTable{"alliance_muted", "DELETE FROM alliance_muted",
              "SELECT place, member, muted FROM alliance_muted ORDER BY place", "pti"},
    ViewTable{"scope_reader", "DELETE FROM scope_reader",
              "SELECT scope, place, member, added FROM scope_reader ORDER BY scope, place, member", "bpti"},
    ViewTable{"scope_corrects", "DELETE FROM scope_corrects",
              "SELECT scope, place, corrected FROM scope_corrects ORDER BY scope", "bpb"},
};

// Nobody revises what others have counted, and each kind has one scope.
Status check_frame(const Record& record, std::string_view scope) {
  if (record.revision != 0) return Error{Code::invalid_argument, "what is stated about the alliance isn't revised"};
  if (record.payload.scope != scope) {
    return Error{Code::invalid_argument, "a record of this kind stands in the scope \"" + std::string(scope) + "\""};
  }
  if (!record.items.empty()) return Error{Code::invalid_argument, "a record of this kind has no items"};
  return {};
}

// ---- Founding and joining ----

Status check_founded(const Record& record) {
  TRY(check_frame(record, "public"));
  const Founding founding = TRY(Founding::from_json(record.payload.body));
  for (const Card& founder : founding.founders) {
    if (founder.member == record.author) return {};
  }
  return Error{Code::invalid_argument, "who founds an alliance is one of its founders"};
}

Status apply_founded(Fold& fold, const Record& record) {
  const AllianceId id = alliance_id(TRY(Founding::from_json(record.payload.body)));
  const std::string body = canonical(record.payload.body);
  TRY(fold.views().execute("INSERT INTO alliance_founding(id, body) VALUES ($1, $2) ON CONFLICT(id) DO NOTHING",
                           {Bytes(id), std::string_view(body)}));
  TRY(fold.views().execute("INSERT INTO alliance_founded(place, author, alliance) VALUES ($1, $2, $3)",
                           {record.place.value(), std::string_view(record.author), Bytes(id)}));
  return {};
}

Status check_joined(const Record& record) {
  TRY(check_frame(record, "public"));
  TRY(JoinedBody::from_json(record.payload.body));
  return {};
}

Status apply_joined(Fold& fold, const Record& record) {
  const JoinedBody joined = TRY(JoinedBody::from_json(record.payload.body));
  TRY(fold.views().execute(
      "INSERT INTO alliance_joined(place, author, alliance, invitation) VALUES ($1, $2, $3, $4)",
      {record.place.value(), std::string_view(record.author), Bytes(joined.alliance), Bytes(joined.invitation)}));
  return {};
}

Status check_invited(const Record& record) {
  TRY(check_frame(record, "alliance"));
  TRY(Invitation::from_json(record.payload.body));
  return {};
}

Status apply_invited(Fold& fold, const Record& record) {
  const Invitation invitation = TRY(Invitation::from_json(record.payload.body));
  TRY(fold.views().execute(
      "INSERT INTO alliance_invitation(id, place, author, alliance, member, kind, jurisdiction, nonce, expires_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {Bytes(record.id), record.place.value(), std::string_view(record.author), Bytes(invitation.alliance),
       std::string_view(invitation.member), to_text(invitation.kind), std::string_view(invitation.jurisdiction),
       Bytes(invitation.nonce), invitation.expires_ms}));
  return {};
}

Status check_left(const Record& record) {
  TRY(check_frame(record, "public"));
  TRY(LeftBody::from_json(record.payload.body));
  return {};
}

Status apply_left(Fold& fold, const Record& record) {
  const LeftBody left = TRY(LeftBody::from_json(record.payload.body));
  TRY(fold.views().execute("INSERT INTO alliance_left(place, author, alliance) VALUES ($1, $2, $3)",
                           {record.place.value(), std::string_view(record.author), Bytes(left.alliance)}));
  return {};
}

// ---- Votes ----

Status check_vote(const Record& record) {
  TRY(check_frame(record, "alliance"));
  TRY(VoteBody::from_json(record.payload.body));
  return {};
}

Status apply_vote(Fold& fold, const Record& record) {
  const VoteBody vote = TRY(VoteBody::from_json(record.payload.body));
  const Digest hash = change_hash(vote.change);
  const std::string change = canonical(vote.change.to_json());
  TRY(fold.views().execute("INSERT INTO alliance_change(hash, body) VALUES ($1, $2) ON CONFLICT(hash) DO NOTHING",
                           {Bytes(hash), std::string_view(change)}));
  TRY(fold.views().execute(
      "INSERT INTO alliance_vote(place, author, alliance, previous, round, change) VALUES ($1, $2, $3, $4, $5, $6)",
      {record.place.value(), std::string_view(record.author), Bytes(vote.alliance), Bytes(vote.previous),
       std::int64_t{vote.round}, Bytes(hash)}));
  return {};
}

// ---- Our own, and scopes ----

Status check_muted(const Record& record) {
  TRY(check_frame(record, "private"));
  // Nobody pulls our brake but us.
  if (record.place.log != private_log) return Error{Code::invalid_argument, "a private record of another's log"};
  TRY(MutedBody::from_json(record.payload.body));
  return {};
}

Status apply_muted(Fold& fold, const Record& record) {
  const MutedBody mute = TRY(MutedBody::from_json(record.payload.body));
  TRY(fold.views().execute("INSERT INTO alliance_muted(place, member, muted) VALUES ($1, $2, $3)",
                           {record.place.value(), std::string_view(mute.member), std::int64_t{mute.muted ? 1 : 0}}));
  return {};
}

Status check_readers(const Record& record) {
  const ReadersBody readers = TRY(ReadersBody::from_json(record.payload.body));
  TRY(check_frame(record, to_hex(readers.scope)));
  // Its id names the author of a scope, as it does of every record.
  if (author_tag(readers.scope) != author_tag(record.id)) {
    return Error{Code::invalid_argument, "who reads a scope is said by the member whose scope it is"};
  }
  return {};
}

Status apply_readers(Fold& fold, const Record& record) {
  const ReadersBody readers = TRY(ReadersBody::from_json(record.payload.body));
  const auto state = [&](const std::vector<std::string>& members, bool added) -> Status {
    for (const std::string& member : members) {
      TRY(fold.views().execute(
          "INSERT INTO scope_reader(scope, place, member, added) VALUES ($1, $2, $3, $4)",
          {Bytes(readers.scope), record.place.value(), std::string_view(member), std::int64_t{added ? 1 : 0}}));
    }
    return {};
  };
  TRY(state(readers.add, true));
  return state(readers.remove, false);
}

Result<RecordId> correcting_scope(const Record& record) {
  RecordId scope{};
  if (from_hex(record.payload.scope, scope) && author_tag(scope) == author_tag(record.id)) return scope;
  return Error{Code::invalid_argument, "what a scope corrects is said in that scope, by the member whose scope it is"};
}

Status check_corrects(const Record& record) {
  const CorrectsBody corrects = TRY(CorrectsBody::from_json(record.payload.body));
  TRY(check_frame(record, record.payload.scope));
  const RecordId scope = TRY(correcting_scope(record));
  if (scope != corrects.of && author_tag(corrects.of) == author_tag(record.id)) return {};
  return Error{Code::invalid_argument, "a scope corrects another one of the same member"};
}

// It is said once. All of one scope stand in one log, in order.
Status apply_corrects(Fold& fold, const Record& record) {
  const CorrectsBody corrects = TRY(CorrectsBody::from_json(record.payload.body));
  const RecordId scope = TRY(correcting_scope(record));
  TRY(
      fold.views().execute("INSERT INTO scope_corrects(scope, place, corrected) VALUES ($1, $2, $3) "
                           "ON CONFLICT(scope) DO NOTHING",
                           {Bytes(scope), record.place.value(), Bytes(corrects.of)}));
  return {};
}

// None of them can be erased: what others have decided rests on them, and no person stands in them.
constexpr std::array kinds{
    Kind{.name = kind_founded, .from_others = true, .check = check_founded, .apply = apply_founded},
    Kind{.name = kind_joined, .from_others = true, .check = check_joined, .apply = apply_joined},
    Kind{.name = kind_invited, .from_others = true, .check = check_invited, .apply = apply_invited},
    Kind{.name = kind_vote, .from_others = true, .in_last_places = true, .check = check_vote, .apply = apply_vote},
    Kind{.name = kind_left, .from_others = true, .in_last_places = true, .check = check_left, .apply = apply_left},
    Kind{.name = kind_muted, .check = check_muted, .apply = apply_muted},
    Kind{.name = kind_readers, .from_others = true, .check = check_readers, .apply = apply_readers},
    Kind{.name = kind_corrects, .from_others = true, .check = check_corrects, .apply = apply_corrects},
};

constexpr View view{.name = "alliance", .migrations = migrations, .tables = tables, .kinds = kinds};

}  // namespace

const View& alliance_view() {
  return view;
}

}  // namespace fristad
