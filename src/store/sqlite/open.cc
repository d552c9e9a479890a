// How a SQLite database is opened: the file, and the settings of each connection.

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "base/file.h"
#include "base/try.h"
#include "store/sqlite/error.h"
#include "store/sqlite/sqlite_link.h"

namespace fristad::sqlite {
namespace {

// Names that mean something else to SQLite, as ":memory:" and "file:...", are names of files here.
std::string as_file_name(const std::string& path) {
  return path.starts_with('/') ? path : "./" + path;
}

// Most of the cost of a commit is one fsync of the log; FULL is what makes it survive a loss of power. secure_delete
// overwrites what is deleted. A mapped file would turn a read error into a signal.
constexpr const char* settings =
    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;"
    "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA cache_size = -16384;"
    "PRAGMA journal_size_limit = 67108864";
// Records have random ids: of a million, the index over them is more than a small cache holds, and each commit would
// read it back. The later the log is copied into the file, the more of its pages were changed several times meanwhile.
constexpr const char* writer_settings = "PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 8192";

int keep_text(void* to, int, char** texts, char**) {
  *static_cast<std::string*>(to) = texts[0] != nullptr ? texts[0] : "";
  return 0;
}

Status is_write_ahead(sqlite3* database, const std::string& path) {
  std::string mode;
  const int rc = sqlite3_exec(database, "PRAGMA journal_mode = WAL", keep_text, &mode, nullptr);
  if (rc != SQLITE_OK) return error_of(rc, database, path, "cannot switch on the write-ahead log");
  if (mode == "wal") return {};
  return Error{Code::unsupported, "database " + path +
                                      ": no write-ahead log on this file system (a network share?): "
                                      "put the database on a local disk"};
}

std::uintmax_t size_of(const std::string& name) {
  std::error_code none;
  const std::uintmax_t size = std::filesystem::file_size(name, none);
  return none ? 0 : size;
}

// SQLite sees that whole pages are missing, and takes zeros for what is missing of one. While there is a log the file
// may be in the middle of a write that the log completes.
bool is_cut_off(const std::string& name, std::uintmax_t page_bytes) {
  return size_of(name) % page_bytes != 0 && size_of(name + "-wal") == 0 && size_of(name) % page_bytes != 0;
}

}  // namespace

Status create_file(const std::string& path) {
  // Not open() and close(): closing any descriptor of a database drops the locks that SQLite holds on it in this
  // process.
  const std::string name = as_file_name(path);
  if (mknod(name.c_str(), S_IFREG | S_IRUSR | S_IWUSR, 0) != 0 && errno != EEXIST) {
    return os_error("cannot create the database " + path, errno);
  }
  return {};
}

Result<Database> open_database(const StoreOptions& options, bool read_only) {
  const std::string& path = options.sqlite_path;
  const int flags =
      (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  sqlite3* opened = nullptr;
  int rc = sqlite3_open_v2(as_file_name(path).c_str(), &opened, flags,
                           options.sqlite_vfs.empty() ? nullptr : options.sqlite_vfs.c_str());
  Database database(opened);
  if (rc != SQLITE_OK) return error_of(rc, opened, path, "cannot open");

  sqlite3_busy_timeout(opened, static_cast<int>(options.busy_timeout_ms));
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // "name" means a column here as it does in PostgreSQL, and never a text.
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  rc = sqlite3_exec(opened, settings, nullptr, nullptr, nullptr);
  if (rc == SQLITE_OK && !read_only) rc = sqlite3_exec(opened, writer_settings, nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return error_of(rc, opened, path, "cannot set up");
  if (!read_only && sqlite3_db_readonly(opened, "main") != 0) {
    return Error{Code::permission_denied,
                 "database " + path + ": the file can't be written: give this user the right to"};
  }
  if (!read_only) TRY(is_write_ahead(opened, path));
  // The first look into the file: now it shows whether it is a database at all.
  rc = sqlite3_exec(opened, "SELECT count(*) FROM sqlite_schema", nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return error_of(rc, opened, path, "cannot read");
  std::string page_bytes;
  rc = sqlite3_exec(opened, "PRAGMA page_size", keep_text, &page_bytes, nullptr);
  if (rc != SQLITE_OK) return error_of(rc, opened, path, "cannot read");
  if (is_cut_off(as_file_name(path), std::stoul(page_bytes))) {
    return Error{Code::damaged, "database " + path + ": the end of the file is missing: restore a backup"};
  }
  return database;
}

}  // namespace fristad::sqlite
