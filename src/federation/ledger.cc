#include "federation/ledger.h"

#include <array>

#include "base/try.h"

namespace fristad {
namespace {

constexpr std::array tables_sql{
    Sql("CREATE TABLE federation_introduced(member text PRIMARY KEY NOT NULL, card text NOT NULL)"),
    Sql("CREATE TABLE federation_peer(member text PRIMARY KEY NOT NULL, contact_at bigint NOT NULL, "
        "heard_at bigint NOT NULL, read_to bigint NOT NULL, cosigned bigint NOT NULL, cosigned_at bigint NOT NULL, "
        "cosigners bigint NOT NULL, trouble text NOT NULL, trouble_at bigint NOT NULL)"),
    Sql("CREATE TABLE federation_receipt(member text NOT NULL, way bigint NOT NULL, receipt text NOT NULL, "
        "PRIMARY KEY(member, way))"),
    Sql("CREATE TABLE federation_evidence(member text NOT NULL, at bigint NOT NULL, known text NOT NULL, "
        "other text NOT NULL, PRIMARY KEY(member, known))"),
};
constexpr std::array lost_sql{
    Sql("CREATE TABLE federation_lost(member text NOT NULL, scope text NOT NULL, PRIMARY KEY(member, scope))"),
};
constexpr std::array clock_sql{Sql("ALTER TABLE federation_peer ADD COLUMN clock_offset bigint NOT NULL DEFAULT 0")};
constexpr std::array migrations{
    Migration{.version = 11, .what = "federation", .statements = tables_sql},
    Migration{.version = 13, .what = "scopes that are read no more", .statements = lost_sql},
    Migration{.version = 17, .what = "clocks of others", .statements = clock_sql}};
constexpr View view{.name = "federation", .migrations = migrations, .tables = {}, .kinds = {}};

PeerRow peer_of(const SqlRow& row) {
  PeerRow peer;
  peer.member = row.text(0);
  peer.contact_ms = row.integer(1);
  peer.heard_ms = row.integer(2);
  peer.read_to = static_cast<std::uint64_t>(row.integer(3));
  peer.cosigned = static_cast<std::uint64_t>(row.integer(4));
  peer.cosigned_ms = row.integer(5);
  peer.cosigners = row.integer(6);
  peer.trouble = row.text(7);
  peer.trouble_ms = row.integer(8);
  peer.clock_offset_ms = row.integer(9);
  return peer;
}

}  // namespace

const View& federation_view() {
  return view;
}

Result<std::unique_ptr<Ledger>> Ledger::open(const Store& store) {
  return std::unique_ptr<Ledger>(new Ledger(TRY(store.connect())));
}

Status Ledger::execute(Sql sql, std::initializer_list<SqlValue> values) const {
  const std::scoped_lock lock(mutex_);
  Transaction transaction = TRY(connection_->begin());
  TRY(connection_->execute(sql, values));
  return transaction.commit();
}

// ---- Introductions ----

Status Ledger::introduce(const Card& card) {
  const std::string text = to_text(card);
  return execute(
      "INSERT INTO federation_introduced(member, card) VALUES ($1, $2) ON CONFLICT(member) DO UPDATE SET "
      "card = excluded.card",
      {std::string_view(card.member), std::string_view(text)});
}

Result<std::vector<Card>> Ledger::introduced() const {
  std::vector<Card> cards;
  const std::scoped_lock lock(mutex_);
  TRY(connection_->query("SELECT card FROM federation_introduced ORDER BY member", {},
                         [&](const SqlRow& row) -> Status {
                           cards.push_back(TRY(read_card(row.text(0))));
                           return {};
                         }));
  return cards;
}

// ---- Peers ----

Result<std::vector<PeerRow>> Ledger::rows(std::string_view member) const {
  std::vector<PeerRow> peers;
  const std::scoped_lock lock(mutex_);
  TRY(
      connection_->query("SELECT member, contact_at, heard_at, read_to, cosigned, cosigned_at, cosigners, trouble, "
                         "trouble_at, clock_offset FROM federation_peer WHERE member = $1 OR $1 = '' ORDER BY member",
                         {member}, [&](const SqlRow& row) {
                           peers.push_back(peer_of(row));
                           return Status();
                         }));
  return peers;
}

Result<std::vector<PeerRow>> Ledger::peers() const {
  return rows("");
}

Result<PeerRow> Ledger::peer(std::string_view member) const {
  std::vector<PeerRow> found = TRY(rows(member));
  return found.empty() ? PeerRow{.member = std::string(member)} : std::move(found.front());
}

Status Ledger::update(std::string_view member, Sql sql, std::initializer_list<SqlValue> values) const {
  const std::scoped_lock lock(mutex_);
  Transaction transaction = TRY(connection_->begin());
  TRY(
      connection_->execute("INSERT INTO federation_peer(member, contact_at, heard_at, read_to, cosigned, cosigned_at, "
                           "cosigners, trouble, trouble_at) VALUES ($1, 0, 0, 0, 0, 0, 0, '', 0) "
                           "ON CONFLICT(member) DO NOTHING",
                           {member}));
  TRY(connection_->execute(sql, values));
  return transaction.commit();
}

Status Ledger::answered(std::string_view member, std::int64_t at_ms, std::int64_t clock_offset_ms) {
  return update(member,
                "UPDATE federation_peer SET contact_at = $2, clock_offset = $3, trouble = '', trouble_at = 0 "
                "WHERE member = $1",
                {member, at_ms, clock_offset_ms});
}

Status Ledger::heard(std::string_view member, std::int64_t at_ms) {
  return update(member, "UPDATE federation_peer SET heard_at = $2 WHERE member = $1", {member, at_ms});
}

Status Ledger::read_to(std::string_view member, std::uint64_t position) {
  return update(member, "UPDATE federation_peer SET read_to = $2 WHERE member = $1",
                {member, static_cast<std::int64_t>(position)});
}

Status Ledger::cosigned(std::string_view member, std::uint64_t size, std::int64_t cosigners, std::int64_t at_ms) {
  return update(member, "UPDATE federation_peer SET cosigned = $2, cosigners = $3, cosigned_at = $4 WHERE member = $1",
                {member, static_cast<std::int64_t>(size), cosigners, at_ms});
}

Status Ledger::trouble(std::string_view member, std::string_view what, std::int64_t at_ms) {
  return update(member,
                "UPDATE federation_peer SET trouble_at = CASE WHEN trouble = $2 THEN trouble_at ELSE $3 END, "
                "trouble = $2 WHERE member = $1",
                {member, what, at_ms});
}

Status Ledger::lost(std::string_view member, const Scopes& scopes) {
  const std::scoped_lock lock(mutex_);
  Transaction transaction = TRY(connection_->begin());
  TRY(connection_->execute("DELETE FROM federation_lost WHERE member = $1", {member}));
  for (const std::string& scope : scopes) {
    TRY(connection_->execute("INSERT INTO federation_lost(member, scope) VALUES ($1, $2)",
                             {member, std::string_view(scope)}));
  }
  return transaction.commit();
}

Result<std::map<std::string, Ledger::Scopes, std::less<>>> Ledger::lost() const {
  std::map<std::string, Scopes, std::less<>> all;
  const std::scoped_lock lock(mutex_);
  TRY(connection_->query("SELECT member, scope FROM federation_lost", {}, [&](const SqlRow& row) {
    all[std::string(row.text(0))].emplace(row.text(1));
    return Status();
  }));
  return all;
}

// ---- Receipts and evidence ----

Status Ledger::receipt(std::string_view member, Way way, std::string_view text) {
  return execute(
      "INSERT INTO federation_receipt(member, way, receipt) VALUES ($1, $2, $3) ON CONFLICT(member, way) DO UPDATE SET "
      "receipt = excluded.receipt",
      {member, std::int64_t{way == Way::given ? 1 : 0}, text});
}

Result<std::optional<std::string>> Ledger::receipt(std::string_view member, Way way) const {
  const std::scoped_lock lock(mutex_);
  return connection_->text("SELECT receipt FROM federation_receipt WHERE member = $1 AND way = $2",
                           {member, std::int64_t{way == Way::given ? 1 : 0}});
}

Status Ledger::accuse(const Evidence& evidence) {
  return execute(
      "INSERT INTO federation_evidence(member, at, known, other) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT(member, known) DO NOTHING",
      {std::string_view(evidence.member), evidence.at_ms, std::string_view(evidence.known),
       std::string_view(evidence.other)});
}

Result<std::vector<Evidence>> Ledger::evidence() const {
  std::vector<Evidence> all;
  const std::scoped_lock lock(mutex_);
  TRY(connection_->query("SELECT member, at, known, other FROM federation_evidence ORDER BY at, member", {},
                         [&](const SqlRow& row) {
                           all.push_back({.member = std::string(row.text(0)),
                                          .at_ms = row.integer(1),
                                          .known = std::string(row.text(2)),
                                          .other = std::string(row.text(3))});
                           return Status();
                         }));
  return all;
}

}  // namespace fristad
