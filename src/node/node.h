#pragma once

// A node on this machine: its folder, its keys, its store, and what runs in it.
//
//   auto node = TRY(fristad::Node::open({.folder = "/var/lib/fristad/se"}, seams));
//   const ListId list = TRY(node->material().create_list("local-admin", {.title = "Known"}));
//
// The folder (docs/operating/node.md):
//   node.json      settings: member, store, where the key is; no secret
//   keys.sealed    the node's keys, sealed under the key of the credential file, which never lies in the folder
//   node.db        the records, unless they are in PostgreSQL
//   index/         the match index, sealed: a cache
//   log/shared/, log/private/   the logs as static files: a cache
//   erasures       which records were erased: read before a backup is trusted
//   erasing        while what was erased isn't out of index and database yet
//   lock, socket   while a process has the node open; the socket while a server runs
//
// Thread-safety: as Journal and Material; open and destroy on one thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "alliance/alliance.h"
#include "base/clock.h"
#include "base/random.h"
#include "crypto/sign.h"
#include "fristad/result.h"
#include "material/material.h"
#include "people/people.h"
#include "record/journal.h"
#include "record/log_files.h"
#include "record/verify.h"

namespace fristad {

class Federation;
class Ledger;
class Log;
class Reader;
struct TlsIdentity;

// What the node may use of the world outside.
struct NodeSeams {
  Clock clock;
  Random random;
  std::string credentials_folder = {};  // of the service manager ($CREDENTIALS_DIRECTORY); may be empty
};

struct NodeInit {
  std::string folder;    // must be absent or empty
  std::string member;    // its code: two letters of a country, or "se-hotline"
  std::string key_file;  // made if it isn't there; outside of the folder
  // Where the three shares of the root key go, one file each, to be given to three people: outside of the folder. The
  // root key itself is kept nowhere.
  std::string shares_folder;
  std::string postgres = {};  // connection string; empty: SQLite in the folder
};

// Makes a node: keys, statements of the root key about them, first records. Errors: already_exists, invalid_argument
// (member's code, a key or shares inside the folder), those of the store.
Status init_node(const NodeInit& init, const NodeSeams& seams);

struct NodeOpen {
  std::string folder;
  // Instead of where node.json says. Without either, the file "fristad-node-key" in seams.credentials_folder.
  std::string key_file = {};
  bool with_index = true;  // false: material() isn't there; for what needs records alone
  // Under which name, and from which addresses, browsers reach the node: security keys answer to those.
  std::string rp_id = "localhost";
  std::vector<std::string> origins = {};
};

// What a card says beside the keys.
struct CardDraft {
  std::string name;
  MemberKind kind = MemberKind::state;
  std::string jurisdiction = {};
  std::string address;
  std::vector<std::string> remit = {"material"};
};

// An erasure of ours that others have to follow.
struct ErasureConfirmation {
  std::uint64_t position = 0;  // of the erasure in our log
  std::int64_t at_ms = 0;
  std::string scope;
  std::vector<std::string> confirmed = {};  // members whose receipts say so
  std::vector<std::string> open = {};       // those who are still to
};

struct JoinOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::int64_t beat_ms = 60'000;
};

struct BackupReport {
  std::uint64_t shared_size = 0;  // records in the logs
  std::uint64_t private_size = 0;
  std::uint64_t bytes = 0;
};

class Node {
 public:
  // Errors: not_found (no node there), conflict (another process has it open: a server answers on socket_path()),
  // permission_denied (no key, or the wrong one), unsupported (a newer program wrote here; nothing is changed),
  // damaged.
  static Result<std::unique_ptr<Node>> open(const NodeOpen& open, const NodeSeams& seams);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  Journal& journal();
  Material& material();
  People& people();
  Alliance& alliance();
  Ledger& ledger();
  Reader& reader();
  // A key of the node's own for one purpose, in memory: derive_key() of what seals the records.
  Key key_for(std::string_view purpose) const;
  const std::string& folder() const;
  const std::string& member() const;
  PublicKey root_key() const;
  std::string log_folder(std::uint32_t log) const;

  // ---- Among others: node/membership.cc ----

  // Our card, signed: what others know us by. Errors: those of sign_card().
  Result<Card> card(const CardDraft& draft) const;
  // The card that the alliance knows us by. Error: not_found (we are no member).
  Result<Card> own_card() const;
  // Alliance::accept(), and from now on those who stand in the letter are asked whether they have admitted us.
  Result<std::string> accept(const By& by, std::string_view letter, const Card& own);
  // Alliance::leave(); those who are members now are still answered, so that they learn of it.
  Status leave(const By& by, std::string_view reason);

  // Of a node that was restored from a backup, or has found out that it is an older copy of itself: takes back what it
  // wrote since from the other members, as far as they have read it, while it serves; then nothing holds its log any
  // more. Whoever asks for it stands for it that no other copy of this node goes on: two make two histories. Errors:
  // conflict (it lacks nothing, as far as others have told it).
  Status recover(const By& by);

  // ---- New keys: node/rotation.cc ----

  // Makes new signing keys, which two thirds of the alliance are to agree to: our vote is cast, and the card returned.
  // Until then the old keys are in use, and `room` records may be written with them; see alliance/rotation.h. Errors:
  // permission_denied (no active member; another root key), invalid_argument (shares, room), conflict (new keys wait
  // already, or our vote is given away; then nothing has changed).
  Result<Card> rotate_keys(const By& by, std::span<const std::string> shares, std::uint64_t room);
  // Votes for the keys that wait once more, where the alliance has decided something else meanwhile. Errors: not_found
  // (none wait), those of Alliance::vote().
  Status vote_for_keys(const By& by);
  struct WaitingKeys {
    Card card;
    std::uint64_t room = 0;  // records until the shared log waits
  };
  std::optional<WaitingKeys> waiting_keys() const;
  // Uses them once they are agreed on, and says whether that is now. Done at open and while the node serves.
  Result<bool> finish_rotation();

  // ---- Sharing ----

  // Lets members ("*": the whole alliance) read one of our lists. Errors: those of Alliance::grant(); not_found,
  // permission_denied (entries outside of the INTERPOL baseline aren't shared with the whole alliance).
  Status share(const By& by, const ListId& list, std::span<const std::string> readers);
  Status stop_sharing(const By& by, const ListId& list, std::span<const std::string> readers);
  // Who has confirmed that what we erased is gone at theirs too.
  Result<std::vector<ErasureConfirmation>> erasure_confirmations() const;
  // Draws entries of another jurisdiction's member to be examined here; or gives the audit of ours that is open.
  // Errors: permission_denied (no active member, or of our own jurisdiction), unavailable (too few have cosigned its
  // log yet), those of Material::draw_audit().
  Result<Audit> draw_audit(const By& by, const std::string& member, std::int64_t count);
  // What is due now and then: pulls the brake on members of whom three entries were overturned in 30 days, and gives
  // whom; states in public, once a quarter, what became of the entries that the whole alliance may read.
  Result<std::vector<std::string>> watch_members();
  // Starts to answer and to read other members. Errors: those of Federation::start().
  Result<std::unique_ptr<Federation>> join(const Log& log, const JoinOptions& options);

  // Brings the published files of both logs up to date; daily also commits the private log's head in the shared one.
  Status publish();

  // Publishes, and proves that the record is in the log. Errors: not_found, those of publish().
  Result<RecordProof> prove(std::uint32_t log, std::uint64_t position);

  // Erases a record, or these items of a chunk, everywhere: database, index, files; and notes it in `erasures`, also
  // beside each backup that was made, so that no backup brings it back. Waits for a backup that is being made. Errors:
  // those of Journal::erase(); unavailable (erased, but somebody who reads the database keeps the old bytes in it).
  Status erase(const By& by, const RecordId& id, std::span<const std::uint32_t> items, std::string_view ground);
  // The same with an entry of a list of our own, and what was said of how it stands.
  Status erase_entry(const By& by, const ListId& list, std::int64_t number, std::string_view ground);
  // What an erasure has still to do where the process was ended or something was in the way. Done at open too.
  Status finish_erasures();

  // Writes a consistent backup, encrypted to age recipients (crypto/age.h), while the node goes on. Before it is
  // sealed it is opened and verified. Beside it stands `<path>.erasures`. Errors: already_exists, unavailable.
  Result<BackupReport> backup(const std::string& path, const std::vector<std::string>& recipients);

 private:
  struct Impl;
  explicit Node(std::unique_ptr<Impl> impl);
  // `shown`: the key of the identity that was given last.
  std::optional<TlsIdentity> renewed_identity(const Log& log, PublicKey& shown);
  std::unique_ptr<Impl> impl_;
};

struct NodeRestore {
  std::string backup;         // the file
  std::string identity_file;  // with an age identity, a line "AGE-SECRET-KEY-1..."
  std::string folder;         // must be absent or empty
  std::string key_file;       // made if it isn't there; outside of the folder
  std::string postgres = {};  // into an empty database; empty: SQLite
  // Erasures since the backup: `<backup>.erasures` if empty. Without that file it's refused, unless `no_erasures`.
  std::string erasures = {};
  bool no_erasures = false;
};

// Makes a node of a backup: verified in full, erased again what was erased since, views rebuilt. Errors: damaged (which
// part), permission_denied (identity), not_found (erasures).
Result<BackupReport> restore_node(const NodeRestore& restore, const NodeSeams& seams);

// Where a running server of this node listens for commands.
std::string node_socket_path(const std::string& folder);

// One thing that was looked at.
struct Finding {
  enum class State { good, warning, bad };
  State state = State::good;
  std::string what;  // "the key file can be read by its owner alone"
  std::string what_to_do = {};
};

// Looks at everything, from the folder's rights to the logs' signatures, and goes on after what is wrong.
// Runs without the node being open; `deep` reads every record.
std::vector<Finding> examine_node(const NodeOpen& open, const NodeSeams& seams, bool deep);

}  // namespace fristad
