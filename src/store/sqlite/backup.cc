// A copy of a SQLite database that is in use.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/file.h"
#include "base/try.h"
#include "store/sqlite/error.h"
#include "store/sqlite/sqlite_link.h"

namespace fristad::sqlite {
namespace {

constexpr int pages_per_step = 1024;

Status copy(sqlite3* from, const StoreOptions& options, const std::string& to) {
  // With a read transaction open all steps see the same state; without, each write begins the copy anew.
  int rc = sqlite3_exec(from, "BEGIN; SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return error_of(rc, from, options.sqlite_path, "cannot read");

  sqlite3* opened = nullptr;
  rc = sqlite3_open_v2(to.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                       options.sqlite_vfs.empty() ? nullptr : options.sqlite_vfs.c_str());
  const Database target(opened);
  if (rc == SQLITE_OK) rc = sqlite3_exec(opened, "PRAGMA journal_mode = OFF", nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return error_of(rc, opened, to, "cannot open the backup");
  sqlite3_backup* const backup = sqlite3_backup_init(opened, "main", from, "main");
  if (backup == nullptr) return error_of(sqlite3_extended_errcode(opened), opened, to, "cannot begin the backup");
  while ((rc = sqlite3_backup_step(backup, pages_per_step)) == SQLITE_OK) {
  }
  const int finished = sqlite3_backup_finish(backup);
  if (rc != SQLITE_DONE) return error_of(rc, opened, to, "cannot write the backup");
  if (finished != SQLITE_OK) return error_of(finished, opened, to, "cannot finish the backup");
  return {};
}

Status sync(const std::string& path, int flags) {
  const UniqueFd file(open(path.c_str(), flags | O_RDONLY | O_CLOEXEC));
  if (!file || fsync(file.get()) != 0) return os_error("cannot sync " + path, errno);
  return {};
}

}  // namespace

// Under another name until it is complete, so that nobody takes half a backup for a whole one.
Status backup(const StoreOptions& options, const std::string& to) {
  const std::string target = to.starts_with('/') ? to : "./" + to;
  if (access(target.c_str(), F_OK) == 0) {
    return Error{Code::already_exists, "backup " + to + ": there is a file of that name: choose another"};
  }
  const Database from = TRY(open_database(options, true));
  const std::string part = target + ".part";
  {
    const UniqueFd file(open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return os_error("cannot create the backup " + part, errno);
  }
  Status done = copy(from.get(), options, part);
  if (done) done = sync(part, 0);
  if (done && renameat2(AT_FDCWD, part.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) != 0) {
    done = os_error("cannot name the backup " + to, errno);
  }
  if (!done) {
    unlink(part.c_str());
    return done;
  }
  return sync(target.substr(0, target.rfind('/') + 1), O_DIRECTORY);
}

}  // namespace fristad::sqlite
