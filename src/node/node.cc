#include "node/node.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "base/file.h"
#include "base/hex.h"
#include "base/key_file.h"
#include "base/try.h"
#include "base/whole_file.h"
#include "crypto/seal.h"
#include "crypto/shares.h"
#include "crypto/statement.h"
#include "node/node_impl.h"
#include "record/log_files.h"

namespace fristad {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::string_view kind_private_head = "log.private_head";
// A server of a database refuses to scrub while anybody reads; SQLite waits by itself.
constexpr int scrub_tries = 50;
constexpr std::chrono::milliseconds scrub_pause{20};

Result<UniqueFd> lock_folder(const std::string& folder) {
  const std::string path = folder + "/lock";
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return os_error("cannot lock " + folder, errno);
  if (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return Error{Code::conflict, folder + " is open in another process: a node runs once"};
  }
  return file;
}

Status make_empty_folder(const std::string& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder, error) && !std::filesystem::is_empty(folder, error)) {
    return Error{Code::already_exists, folder + " isn't empty"};
  }
  TRY(make_folders(folder));
  if (chmod(folder.c_str(), 0700) != 0) return os_error("cannot protect " + folder, errno);
  return {};
}

Result<std::vector<std::string>> state_keys(const std::string& member, const NodeKeys& keys, const SigningKey& root,
                                            std::int64_t now_ms) {
  std::vector<std::string> statements;
  for (const auto& [purpose, seed] :
       {std::pair(KeyPurpose::log, &keys.log), std::pair(KeyPurpose::record, &keys.record),
        std::pair(KeyPurpose::tls, &keys.tls), std::pair(KeyPurpose::witness, &keys.witness)}) {
    statements.push_back(TRY(sign_statement({.member = member,
                                             .purpose = purpose,
                                             .key = SigningKey::from_seed(*seed).public_key(),
                                             .valid_from = 0,
                                             .issued_at_ms = static_cast<std::uint64_t>(now_ms)},
                                            root)));
  }
  return statements;
}

// The root key leaves in three parts: or, on an error, in none.
Status write_shares(const NodeInit& init, const SigningKey& root, const Random& random) {
  TRY(make_folders(init.shares_folder));
  const Key seed{std::span<const std::uint8_t, 32>(root.seed())};
  std::vector<std::string> shares = TRY(split_key(seed, {.needed = 2, .total = 3}, random));
  std::vector<std::string> written;
  Status status;
  for (std::size_t i = 0; i < shares.size() && status; ++i) {
    const std::string path = init.shares_folder + "/" + init.member + "-root-share-" + std::to_string(i + 1);
    status = write_file(path, shares[i] + "\n", FileAccess::owner_only, FileExists::refuse);
    if (status) written.push_back(path);
  }
  for (std::string& share : shares) wipe(share);
  if (!status) {
    for (const std::string& path : written) unlink(path.c_str());
  }
  return status;
}

Status fill_folder(const NodeInit& init, const NodeSeams& seams, const SigningKey& root, const NodeKeys& keys,
                   NodeSettings& settings) {
  Store store = TRY(Store::open(store_options(init.folder, settings)));
  const auto journal = TRY(Journal::open(store, node_kinds(), keys.for_journal(),
                                         {.member = init.member, .clock = seams.clock, .random = seams.random}));
  if (journal->head(shared_log).size > 0) {
    return Error{Code::already_exists, "that database holds a node's records already: give each node its own"};
  }
  const Key credential = TRY(make_credential(init.folder, init.key_file, seams.random));
  settings.key_file = std::filesystem::absolute(init.key_file).string();
  TRY(write_node_keys(init.folder + "/keys.sealed", keys, credential, seams.random));
  TRY(write_shares(init, root, seams.random));
  TRY(journal->transact("local-admin", [&](Decision& decision) -> Status {
    Json::Array statements;
    for (const std::string& statement : settings.statements) statements.emplace_back(statement);
    TRY(decision.emit(
        {.kind = "node.keys", .scope = "public", .body = Json::object({{"statements", std::move(statements)}})}));
    return {};
  }));
  // Last: a folder with settings is a node.
  return write_settings(init.folder, settings);
}

}  // namespace

std::string node_socket_path(const std::string& folder) {
  return folder + "/socket";
}

Result<Key> make_credential(const std::string& folder, const std::string& key_file, const Random& random) {
  TRY(check_outside(folder, key_file, "the key file"));
  std::error_code error;
  if (!std::filesystem::exists(key_file, error)) TRY(write_key_file(key_file, random));
  auto bytes = TRY(read_key_file(key_file));
  const Key key{std::span<const std::uint8_t, 32>(bytes)};
  wipe(bytes);
  return key.copy();
}

Status init_node(const NodeInit& init, const NodeSeams& seams) {
  // A member code that no statement could carry is refused before anything is made.
  const SigningKey root = TRY(SigningKey::generate(seams.random));
  const NodeKeys keys = TRY(NodeKeys::generate(seams.random));
  NodeSettings settings{.member = init.member,
                        .key_file = {},
                        .postgres = init.postgres,
                        .root_key = root.public_key(),
                        .statements = {}};
  settings.statements = TRY(state_keys(init.member, keys, root, seams.clock.utc_ms()));
  TRY(check_outside(init.folder, init.shares_folder, "the shares of the root key"));
  TRY(check_outside(init.folder, init.key_file, "the key file"));
  TRY(make_empty_folder(init.folder));
  const UniqueFd lock = TRY(lock_folder(init.folder));
  const Status filled = fill_folder(init, seams, root, keys, settings);
  // Half a node is of no use, and would be in the way of the next try.
  std::error_code ignored;
  if (!filled) std::filesystem::remove_all(init.folder, ignored);
  return filled;
}

Node::Node(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Node::~Node() = default;

Result<std::unique_ptr<Node>> Node::open(const NodeOpen& open, const NodeSeams& seams) {
  auto impl = std::make_unique<Impl>();
  impl->folder = open.folder;
  impl->seams = seams;
  impl->settings = TRY(read_settings(open.folder));
  impl->lock = TRY(lock_folder(open.folder));
  // A backup that was killed left a copy, in which is what was erased since.
  remove_database(open.folder + "/backup.db");
  impl->credential = TRY(read_credential(impl->settings, open, seams));
  impl->keys = TRY(read_node_keys(open.folder + "/keys.sealed", impl->credential));
  impl->store.emplace(TRY(Store::open(store_options(open.folder, impl->settings))));
  JournalOptions journal_options{.member = impl->settings.member, .clock = seams.clock, .random = seams.random};
  journal_options.under = [to = impl.get()] { return to->alliance ? to->alliance->under() : std::string(); };
  journal_options.no_heads = [to = impl.get()] { return to->why_no_heads(); };
  journal_options.corrections = corrections_in;
  impl->journal = TRY(Journal::open(*impl->store, node_kinds(), impl->keys.for_journal(), std::move(journal_options)));
  TRY(impl->open_membership());
  TRY(impl->complete_erasures());
  TRY(impl->journal->for_each_of_kind(shared_log, kind_private_head, [&](const Record& record) {
    impl->private_head_ms = record.payload.at_ms;
    return Status();
  }));
  impl->people = TRY(People::open(*impl->journal, {.key = derive_key(impl->keys.data, "people"),
                                                   .clock = seams.clock,
                                                   .random = seams.random,
                                                   .rp_id = open.rp_id,
                                                   .origins = open.origins}));
  if (open.with_index) {
    SealKey index_key{};
    std::ranges::copy(impl->keys.index.bytes(), index_key.begin());
    MaterialOptions material{.folder = open.folder + "/index", .index_key = index_key};
    material.origin = [to = impl.get()](std::string_view member) { return to->origin_of(member); };
    material.follows = [to = impl.get()](std::string_view member, std::string_view scope) {
      return to->follows(member, scope);
    };
    material.whole_alliance_reads = [to = impl.get()](const ListId& list) {
      const auto readers = to->alliance->readers(list);
      return readers && readers->contains(whole_alliance);
    };
    // What is being taken back stands behind what the index has followed.
    std::error_code error;
    if (impl->recovering) std::filesystem::remove_all(material.folder, error);
    auto opened = Material::open(*impl->journal, material);
    wipe(material.index_key);
    wipe(index_key);
    impl->material = TRY(std::move(opened));
    // What is in the way may be gone at the next try; the node works without.
    static_cast<void>(impl->finish_erasures());
    static_cast<void>(impl->finish_rotation());
  }
  return std::unique_ptr<Node>(new Node(std::move(impl)));
}

Journal& Node::journal() {
  return *impl_->journal;
}
Material& Node::material() {
  return *impl_->material;
}
People& Node::people() {
  return *impl_->people;
}
Alliance& Node::alliance() {
  return *impl_->alliance;
}
Ledger& Node::ledger() {
  return *impl_->ledger;
}
Reader& Node::reader() {
  return *impl_->reader;
}
Key Node::key_for(std::string_view purpose) const {
  return derive_key(impl_->keys.data, purpose);
}
const std::string& Node::folder() const {
  return impl_->folder;
}
const std::string& Node::member() const {
  return impl_->settings.member;
}
PublicKey Node::root_key() const {
  return impl_->settings.root_key;
}
std::string Node::log_folder(std::uint32_t log) const {
  return impl_->folder + (log == private_log ? "/log/private" : "/log/shared");
}

Result<RecordProof> Node::prove(std::uint32_t log, std::uint64_t position) {
  const Journal& journal = *impl_->journal;
  std::optional<LeafBytes> leaf;
  const Status read = journal.for_each_leaf(log, position, [&](std::uint64_t at, const LeafBytes& bytes) -> Status {
    if (at == position) leaf = bytes;
    return Error{Code::cancelled, "one is enough"};
  });
  if (!read && read.error().code != Code::cancelled) return read.error();
  if (!leaf) return Error{Code::not_found, "the log has no record " + std::to_string(position)};
  TRY(publish());
  const std::string origin = journal.head(log).origin;
  std::string proof = TRY(prove_record(log_folder(log), position));
  const Checkpoint shown = TRY(parse_checkpoint(TRY(parse_note(TRY(parse_log_proof(proof)).checkpoint)).text));
  return RecordProof{.origin = origin,
                     .proof = std::move(proof),
                     .leaf = *leaf,
                     .key = note_key_text({.name = origin, .key = journal.log_key(log, shown.size)})};
}

Status Node::publish() {
  const std::scoped_lock lock(impl_->publishing);
  Journal& journal = *impl_->journal;
  TRY(publish_log(journal, private_log, log_folder(private_log)));
  const std::int64_t now_ms = impl_->seams.clock.utc_ms();
  if (now_ms - impl_->private_head_ms >= day_ms && journal.shared_held().empty()) {
    // What is private can't be rewritten unseen either; its size stays private too.
    const std::string note = TRY(journal.checkpoint(private_log));
    TRY(journal.transact("local-admin", [&](Decision& decision) -> Status {
      TRY(decision.emit({.kind = std::string(kind_private_head),
                         .scope = "public",
                         .body = Json::object({{"checkpoint", to_hex(sha256(as_bytes(note)))}})}));
      return {};
    }));
    impl_->private_head_ms = now_ms;
  }
  // What is held isn't signed, so there is nothing new to publish: fristad alliance status says why.
  const auto head = journal.checkpoint(shared_log);
  if (!head && head.error().code == Code::conflict) return {};
  return publish_log(journal, shared_log, log_folder(shared_log));
}

// ---- Erasure ----

std::vector<std::string> Node::Impl::erasure_files() const {
  std::vector<std::string> files{folder + "/erasures"};
  const auto listed = read_file(folder + "/backups", std::size_t{1} << 20);
  if (!listed) return files;
  std::size_t from = 0;
  for (std::size_t end; (end = listed->find('\n', from)) != std::string::npos; from = end + 1) {
    files.push_back(listed->substr(from, end - from) + ".erasures");
  }
  return files;
}

// A line for each record: its id, and the items if only those were erased.
Status Node::Impl::note_erasure(const RecordId& id, std::span<const std::uint32_t> items) {
  std::string line = to_hex(id);
  for (const std::uint32_t item : items) line += " " + std::to_string(item);
  line += "\n";
  const std::vector<std::string> files = erasure_files();
  TRY(append_to_file(files.front(), line));
  for (std::size_t i = 1; i < files.size(); ++i) {
    // A backup that lies elsewhere now is told of by `doctor`; its restore asks for the node's own file.
    std::error_code error;
    if (std::filesystem::exists(files[i], error)) static_cast<void>(append_to_file(files[i], line));
  }
  return {};
}

// An erasure that was recorded, when the process ended before it was noted elsewhere.
Status Node::Impl::complete_erasures() {
  std::set<std::string> noted;
  const auto file = read_file(folder + "/erasures", std::size_t{1} << 30);
  if (file) {
    std::size_t from = 0;
    for (std::size_t end; (end = file->find('\n', from)) != std::string::npos; from = end + 1) {
      noted.insert(file->substr(from, end - from));
    }
  }
  bool missed = false;
  for (std::uint32_t log = 0; log < own_logs; ++log) {
    TRY(journal->for_each_of_kind(log, kind_erased, [&](const Record& record) -> Status {
      const ErasedParts parts = TRY(erased_parts(record));
      std::string line = to_hex(parts.record);
      for (const std::uint32_t item : parts.items) line += " " + std::to_string(item);
      // What former readers were told of is the same once more.
      if (!noted.insert(line).second) return {};
      missed = true;
      return note_erasure(parts.record, parts.items);
    }));
  }
  if (!missed) return {};
  return write_file(unfinished_path(), "", FileAccess::owner_only, FileExists::replace);
}

Status Node::Impl::finish_erasures() {
  std::error_code error;
  if (!material || !std::filesystem::exists(unfinished_path(), error)) return {};
  TRY(material->purge());
  Status scrubbed = journal->scrub();
  for (int tries = 1; tries < scrub_tries && !scrubbed && !store->is_sqlite(); ++tries) {
    std::this_thread::sleep_for(scrub_pause);
    scrubbed = journal->scrub();
  }
  TRY(std::move(scrubbed));
  if (unlink(unfinished_path().c_str()) != 0) return os_error("cannot remove " + unfinished_path(), errno);
  return {};
}

Status Node::finish_erasures() {
  const std::scoped_lock lock(impl_->erasing);
  return impl_->finish_erasures();
}

Status Node::erase(const By& by, const RecordId& id, std::span<const std::uint32_t> items, std::string_view ground) {
  const ErasedParts parts{.record = id, .items = {items.begin(), items.end()}};
  return impl_->erase(by, {&parts, 1}, ground);
}

Status Node::erase_entry(const By& by, const ListId& list, std::int64_t number, std::string_view ground) {
  return impl_->erase(by, TRY(impl_->material->erasable(list, number)), ground);
}

Status Node::Impl::erase(const By& by, std::span<const ErasedParts> parts, std::string_view ground) {
  const std::scoped_lock one_at_a_time(erasing);
  for (const ErasedParts& part : parts) {
    // What goes with the decision goes with its last record: until then it can be asked for again.
    TRY(journal->erase(&part == &parts.back() ? by : By(by.actor), part.record, part.items, ground));
    // From here on whoever opens the node goes on where this process ends: with what isn't noted, and with this file.
    TRY(write_file(unfinished_path(), "", FileAccess::owner_only, FileExists::replace));
    TRY(note_erasure(part.record, part.items));
  }
  if (const Status finished = finish_erasures(); !finished) {
    return Error{
        finished.error().code,
        "it is erased and matches no more, but not all files are rid of the old bytes yet: the node goes on with "
        "that when it is opened next, and every minute while it runs: " +
            finished.error().message};
  }
  return {};
}

}  // namespace fristad
