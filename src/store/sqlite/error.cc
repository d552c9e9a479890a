#include "store/sqlite/error.h"

#include <cerrno>

namespace fristad::sqlite {
namespace {

struct Meaning {
  Code code;
  const char* advice;
};

Meaning cannot_open(int errno_value) {
  switch (errno_value) {
    case ENOENT:
    case ENOTDIR: return {Code::not_found, "there is no such folder or file"};
    case EACCES:
    case EPERM:
    case EROFS:
      return {Code::permission_denied,
              "the file or its folder can't be written; even reading needs that, for SQLite's files beside it"};
    default: return {Code::unavailable, "see what keeps the file from being opened, and try again"};
  }
}

Meaning meaning(int rc, int errno_value) {
  switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: return {Code::already_exists, "the key is taken"};
    case SQLITE_READONLY_DIRECTORY:
    case SQLITE_READONLY_CANTINIT:
      return {Code::permission_denied, "the folder of the database can't be written: give this user the right to"};
    case SQLITE_IOERR_CORRUPTFS: return {Code::damaged, "the file system is damaged: restore a backup on another disk"};
    case SQLITE_IOERR_NOMEM: return {Code::unavailable, "out of memory: try again"};
    default: break;
  }
  switch (rc & 0xff) {
    case SQLITE_CONSTRAINT: return {Code::invalid_argument, "a value isn't allowed there"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return {Code::unavailable, "another connection uses the database: try again"};
    case SQLITE_FULL: return {Code::unavailable, "the disk is full: make room and try again"};
    case SQLITE_IOERR: return {Code::unavailable, "the disk failed to read or write: check it, then try again"};
    case SQLITE_NOMEM: return {Code::unavailable, "out of memory: try again"};
    case SQLITE_CANTOPEN: return cannot_open(errno_value);
    case SQLITE_INTERRUPT: return {Code::cancelled, "stopped on request"};
    case SQLITE_PROTOCOL:
    case SQLITE_ABORT: return {Code::unavailable, "try again"};
    case SQLITE_READONLY:
      return {Code::permission_denied, "it is open for reading only, or its file is write-protected"};
    case SQLITE_PERM:
    case SQLITE_AUTH: return {Code::permission_denied, "the statement isn't allowed"};
    case SQLITE_CORRUPT: return {Code::damaged, "the database is damaged: restore a backup"};
    case SQLITE_NOTADB: return {Code::damaged, "the file is no database: name another, or restore a backup"};
    case SQLITE_TOOBIG: return {Code::too_large, "a value is too long"};
    default: return {Code::internal, "a mistake in the program: please report it"};
  }
}

}  // namespace

Error error_of(int rc, sqlite3* database, const std::string& path, std::string_view what, std::string_view sql) {
  const Meaning meant = meaning(rc, database != nullptr ? sqlite3_system_errno(database) : 0);
  std::string message = "database " + path + ": " + std::string(what) + ": " + meant.advice;
  // SQLite's own words name tables, columns and words of the SQL text, and never values.
  const bool last = database != nullptr && sqlite3_extended_errcode(database) == rc;
  message += " (" + std::string(last ? sqlite3_errmsg(database) : sqlite3_errstr(rc)) + "; SQLite code " +
             std::to_string(rc) + ")";
  if (meant.code == Code::internal && !sql.empty()) message += ", in: " + std::string(sql);
  return {meant.code, std::move(message)};
}

}  // namespace fristad::sqlite
