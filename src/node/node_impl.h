#pragma once

// What the parts of a node share. Included by this room's sources alone.

#include <atomic>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "federation/federation.h"
#include "federation/ledger.h"
#include "federation/reader.h"
#include "node/node.h"
#include "node/node_keys.h"
#include "node/node_settings.h"

namespace fristad {

// The content of the file restored_path() where what was lost is taken back.
inline constexpr std::string_view restored_recovers = "recovers\n";

struct Node::Impl {
  std::vector<std::string> erasure_files() const;
  Status note_erasure(const RecordId& id, std::span<const std::uint32_t> items);
  // Notes what was recorded and not noted.
  Status complete_erasures();
  Status erase(const By& by, std::span<const ErasedParts> parts, std::string_view ground);
  // Gets what was erased out of index and files, if that is still to be done.
  Status finish_erasures();
  Status open_membership();
  // What material asks of a member.
  Origin origin_of(std::string_view member) const;
  Status state_counts_if_due();
  // For those who lose a list in this decision.
  Status repeat_unread(Decision& decision, const ListId& list) const;
  // Up to where that member has read us, by its receipt.
  Result<std::uint64_t> read_by(std::string_view member) const;
  // Whether what a member withdraws there reaches us.
  bool follows(std::string_view member, std::string_view scope) const;
  // How much of our own log another member knows; see Journal::hold_shared().
  void compare_own(std::string_view member, std::uint64_t size);
  // While there is this file nothing is recorded that others could read. Says restored_recovers once that is so.
  std::string restored_path() const { return folder + "/restored"; }
  // These with `comparing` held, or before anybody else is there.
  std::vector<std::string> to_be_asked() const;
  void hold() const;
  void let_go_if_complete();
  // All active members have told us what they know: so we have all that there is.
  Status let_go();
  std::string why_no_heads() const;
  // Another member's erasure leaves old bytes in our files too.
  void heard(std::span<const Record> records) const;
  std::string unfinished_path() const { return folder + "/erasing"; }

  // ---- Keys: node/rotation.cc; with `rotating` held ----

  // Writes the keys as they are and gives them to the journal; `change` gets the sizes of its logs.
  Status keep_keys(const std::function<Status(const std::array<std::uint64_t, own_logs>& sizes)>& change);
  Result<bool> finish_rotation();
  TlsIdentity identity() const;

  std::string folder;
  NodeSeams seams;
  NodeSettings settings;
  UniqueFd lock;
  Key credential;
  NodeKeys keys;
  std::mutex rotating;       // `keys` and `settings` may change
  bool stated_keys = false;  // the newest that are agreed on, in our log
  std::optional<Store> store;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Alliance> alliance;
  std::unique_ptr<Ledger> ledger;
  std::unique_ptr<Reader> reader;
  std::unique_ptr<Material> material;
  std::unique_ptr<People> people;
  // Of a node that was restored: who has told how much of our log there is.
  std::mutex comparing;
  std::set<std::string, std::less<>> compared;
  std::atomic<bool> recovering = false;
  std::mutex publishing;
  // One erasure or backup at a time: what is erased while a backup is made would come back with it.
  std::mutex erasing;
  std::int64_t private_head_ms = 0;
  std::optional<std::int64_t> stated_quarter;  // in which counts were stated last
};

// Removes a SQLite database and what SQLite and a copy in progress leave beside it.
void remove_database(const std::string& path);

// The key of a credential file, which is made if it isn't there.
Result<Key> make_credential(const std::string& folder, const std::string& key_file, const Random& random);

}  // namespace fristad
