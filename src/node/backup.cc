#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <thread>

#include "base/hex.h"
#include "base/try.h"
#include "base/whole_file.h"
#include "crypto/age.h"
#include "node/node_impl.h"
#include "node/tar.h"
#include "record/copy.h"

namespace fristad {
namespace {

constexpr std::size_t small_file_bytes_max = std::size_t{1} << 20;

// A file that goes when this does.
class Temporary {
 public:
  explicit Temporary(std::string path) : path_(std::move(path)) { remove_database(path_); }
  ~Temporary() { remove_database(path_); }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

ReadBytes read_text(std::string_view text) {
  return [text, at = std::size_t{0}](std::span<char> to) mutable -> Result<std::size_t> {
    const std::size_t size = std::min(to.size(), text.size() - at);
    std::copy_n(text.data() + at, size, to.data());
    at += size;
    return size;
  };
}

JournalOptions options_of(const NodeSettings& settings, const NodeSeams& seams) {
  JournalOptions options{.member = settings.member, .clock = seams.clock, .random = seams.random};
  options.corrections = corrections_in;
  return options;
}

Result<BackupReport> verify_all(const Journal& journal) {
  BackupReport report;
  for (const std::uint32_t log : {shared_log, private_log}) {
    const int threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 64u));
    const VerifyReport verified = TRY(journal.verify(log, {.threads = threads}));
    if (!verified.good()) {
      return Error{Code::damaged, "the records don't verify, first: " + verified.problems.front()};
    }
    (log == shared_log ? report.shared_size : report.private_size) = verified.records;
  }
  return report;
}

// An archive as encrypted bytes: a thread makes what another takes, through a pipe of small size.
Status write_archive(int to, std::span<const AgeRecipient> recipients, const Random& random,
                     const std::function<Status(TarWriter&)>& fill) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return os_error("cannot make a pipe", errno);
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  Status filled;
  std::jthread filler([&] {
    TarWriter tar([&](Bytes bytes) -> Status {
      BufferedWriter out(write_end.get());
      out.write(as_text(bytes));
      return out.flush();
    });
    filled = fill(tar);
    if (filled) filled = tar.finish();
    write_end.reset();
  });
  const Status encrypted = age_encrypt([&](std::span<char> bytes) { return read_some(read_end.get(), bytes); },
                                       [&](Bytes bytes) -> Status {
                                         BufferedWriter out(to);
                                         out.write(as_text(bytes));
                                         return out.flush();
                                       },
                                       recipients, random);
  read_end.reset();
  filler.join();
  if (!encrypted) return encrypted;
  return filled;
}

Result<std::vector<AgeRecipient>> parse_recipients(const std::vector<std::string>& texts) {
  std::vector<AgeRecipient> recipients;
  for (const std::string& text : texts) recipients.push_back(TRY(AgeRecipient::parse(text)));
  if (recipients.empty()) return Error{Code::invalid_argument, "a backup is for at least one age recipient"};
  return recipients;
}

}  // namespace

void remove_database(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm", ".part"}) unlink((path + suffix).c_str());
}

Result<BackupReport> Node::backup(const std::string& path, const std::vector<std::string>& recipient_texts) {
  const std::vector<AgeRecipient> recipients = TRY(parse_recipients(recipient_texts));
  std::error_code error;
  if (std::filesystem::exists(path, error)) return Error{Code::already_exists, path + " is there already"};
  const std::scoped_lock lock(impl_->erasing);
  const Temporary copy(impl_->folder + "/backup.db");
  if (impl_->store->is_sqlite()) {
    TRY(impl_->store->backup_to(copy.path()));
  } else {
    Store to = TRY(Store::open({.sqlite_path = copy.path()}));
    const auto writer = TRY(to.connect());
    TRY(migrate(*writer, all_migrations(node_kinds())));
    const auto from = TRY(impl_->store->snapshot());
    TRY(copy_records(*from, *writer));
  }
  BackupReport report;
  const auto journal_keys = [this] {
    const std::scoped_lock unchanging(impl_->rotating);
    return impl_->keys.for_journal();
  };
  {
    Store store = TRY(Store::open({.sqlite_path = copy.path()}));
    auto journal = TRY(Journal::open(store, node_kinds(), journal_keys(), options_of(impl_->settings, impl_->seams)));
    report = TRY(verify_all(*journal));
  }

  const std::string temporary = path + ".part";
  unlink(temporary.c_str());
  const UniqueFd out(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!out) return os_error("cannot write " + path, errno);
  const Status written = write_archive(out.get(), recipients, impl_->seams.random, [&](TarWriter& tar) -> Status {
    std::string settings;
    std::string keys;
    {
      const std::scoped_lock unchanging(impl_->rotating);
      settings = impl_->settings.text();
      keys = impl_->keys.text();
    }
    TRY(tar.file("node.json", settings.size(), read_text(settings)));
    const Status kept = tar.file("keys.json", keys.size(), read_text(keys));
    wipe(keys);
    TRY(kept);
    const UniqueFd database(::open(copy.path().c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!database || fstat(database.get(), &status) != 0) return os_error("cannot read " + copy.path(), errno);
    return tar.file("node.db", static_cast<std::uint64_t>(status.st_size),
                    [&](std::span<char> bytes) { return read_some(database.get(), bytes); });
  });
  struct stat status {};
  if (!written || fsync(out.get()) != 0 || fstat(out.get(), &status) != 0) {
    unlink(temporary.c_str());
    return written ? os_error("cannot write " + path, errno) : written.error();
  }
  report.bytes = static_cast<std::uint64_t>(status.st_size);

  // Known before it has its name: an erasure that comes next is noted beside it.
  TRY(write_file(path + ".erasures", "", FileAccess::owner_only, FileExists::replace));
  TRY(append_to_file(impl_->folder + "/backups", std::filesystem::absolute(path).string() + "\n"));
  if (link(temporary.c_str(), path.c_str()) != 0) {
    const Error failed = os_error("cannot write " + path, errno);
    unlink(temporary.c_str());
    return failed;
  }
  unlink(temporary.c_str());
  return report;
}

namespace {

struct Unpacked {
  std::string settings;
  std::string keys;
};

Result<Unpacked> unpack(const NodeRestore& restore, const std::string& database) {
  std::string identity_text = TRY(read_file(restore.identity_file, small_file_bytes_max));
  std::vector<AgeIdentity> identities;
  std::size_t from = 0;
  while (from < identity_text.size()) {
    const std::size_t end = std::min(identity_text.find('\n', from), identity_text.size());
    const std::string_view line = std::string_view(identity_text).substr(from, end - from);
    if (!line.empty() && line.front() != '#') identities.push_back(TRY(AgeIdentity::parse(line)));
    from = end + 1;
  }
  wipe(identity_text);

  Unpacked unpacked;
  const UniqueFd in(open(restore.backup.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in) return os_error("cannot read " + restore.backup, errno);
  const UniqueFd out(open(database.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!out) return os_error("cannot write " + database, errno);
  TarReader tar([&](const std::string& name, std::uint64_t size) -> Result<WriteBytes> {
    std::string* const text = name == "node.json" ? &unpacked.settings : name == "keys.json" ? &unpacked.keys : nullptr;
    if (text != nullptr && size <= small_file_bytes_max) {
      return WriteBytes([text](Bytes bytes) {
        *text += as_text(bytes);
        return Status();
      });
    }
    if (name != "node.db") return Error{Code::damaged, "the backup holds what no backup holds"};
    return WriteBytes([&out](Bytes bytes) {
      BufferedWriter writer(out.get());
      writer.write(as_text(bytes));
      return writer.flush();
    });
  });
  TRY(age_decrypt([&](std::span<char> bytes) { return read_some(in.get(), bytes); },
                  [&](Bytes bytes) { return tar.take(bytes); }, {.identities = identities}));
  TRY(tar.finish());
  if (fsync(out.get()) != 0) return os_error("cannot write " + database, errno);
  return unpacked;
}

Result<std::vector<ErasedParts>> read_erasures(const NodeRestore& restore) {
  std::vector<ErasedParts> erasures;
  if (restore.no_erasures) return erasures;
  const std::string path = restore.erasures.empty() ? restore.backup + ".erasures" : restore.erasures;
  const auto text = read_file(path, std::size_t{1} << 30);
  if (!text) {
    return Error{text.error().code,
                 text.error().message +
                     ". It says what was erased since the backup, which must not come back: name the "
                     "file \"erasures\" of the node's folder, or say that there is none"};
  }
  std::size_t from = 0;
  for (std::size_t end; (end = text->find('\n', from)) != std::string::npos; from = end + 1) {
    const std::string_view line = std::string_view(*text).substr(from, end - from);
    ErasedParts& erasure = erasures.emplace_back();
    bool good = from_hex(line.substr(0, 32), erasure.record);
    const char* at = line.data() + std::min<std::size_t>(32, line.size());
    const char* const line_end = line.data() + line.size();
    while (good && at != line_end) {
      std::uint32_t item = 0;
      const auto [next, error] = std::from_chars(at + 1, line_end, item);
      good = *at == ' ' && error == std::errc();
      erasure.items.push_back(item);
      at = next;
    }
    if (!good) return Error{Code::damaged, path + " isn't a file of erasures"};
  }
  return erasures;
}

}  // namespace

Result<BackupReport> restore_node(const NodeRestore& restore, const NodeSeams& seams) {
  const std::vector<ErasedParts> erasures = TRY(read_erasures(restore));
  TRY(check_outside(restore.folder, restore.key_file, "the key file"));
  std::error_code error;
  if (std::filesystem::exists(restore.folder, error) && !std::filesystem::is_empty(restore.folder, error)) {
    return Error{Code::already_exists, restore.folder + " isn't empty"};
  }
  TRY(make_folders(restore.folder));
  const auto restored = [&]() -> Result<BackupReport> {
    const std::string database = restore.folder + "/node.db";
    Unpacked unpacked = TRY(unpack(restore, database));
    NodeSettings settings = TRY(NodeSettings::parse(unpacked.settings));
    const NodeKeys keys = TRY(NodeKeys::parse(unpacked.keys));
    wipe(unpacked.keys);
    settings.postgres = restore.postgres;
    settings.key_file = std::filesystem::absolute(restore.key_file).string();
    const Key credential = TRY(make_credential(restore.folder, restore.key_file, seams.random));
    TRY(write_node_keys(restore.folder + "/keys.sealed", keys, credential, seams.random));
    if (!restore.postgres.empty()) {
      Store from = TRY(Store::open({.sqlite_path = database}));
      Store to = TRY(Store::open({.postgres = restore.postgres}));
      const auto writer = TRY(to.connect());
      TRY(migrate(*writer, all_migrations(node_kinds())));
      const auto reader = TRY(from.snapshot());
      TRY(copy_records(*reader, *writer));
    }
    BackupReport report;
    {
      Store store = TRY(Store::open(store_options(restore.folder, settings)));
      auto journal = TRY(Journal::open(store, node_kinds(), keys.for_journal(), options_of(settings, seams)));
      report = TRY(verify_all(*journal));
      TRY(journal->rebuild());
      for (const ErasedParts& erasure : erasures) {
        const Status erased =
            journal->erase_restored("local-admin", erasure.record, erasure.items, "erased before the restore");
        // Not in this backup, or erased in it already.
        const bool absent =
            !erased && (erased.error().code == Code::not_found || erased.error().code == Code::conflict);
        if (!erased && !absent) return erased.error();
      }
      TRY(journal->scrub());
    }
    if (!restore.postgres.empty()) {
      const Temporary gone(database);
    }
    // Before it may write where others read, they have to say that it is no older copy.
    TRY(write_file(restore.folder + "/restored", "", FileAccess::owner_only, FileExists::replace));
    TRY(write_settings(restore.folder, settings));
    return report;
  }();
  if (!restored) {
    for (const auto& entry : std::filesystem::directory_iterator(restore.folder, error)) {
      std::error_code ignored;
      std::filesystem::remove_all(entry.path(), ignored);
    }
  }
  return restored;
}

}  // namespace fristad
