#include "tests/support/faulty_disk.h"

#include <sqlite3.h>

#include <cstdlib>
#include <new>

namespace fristad::testing {
namespace {

sqlite3_vfs* real() {
  static sqlite3_vfs* const found = sqlite3_vfs_find(nullptr);
  return found;
}

// SQLite hands out szOsFile bytes for one of these; the real file lies behind it.
struct File {
  sqlite3_file base;
};

sqlite3_file* behind(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<File*>(file) + 1);
}

bool fails(FaultyDisk::Operations operation) {
  return FaultyDisk::install().fails(operation);
}

// Forwards a method of sqlite3_io_methods as it is.
template <auto method, class... Arguments>
auto pass(sqlite3_file* file, Arguments... arguments) {
  sqlite3_file* const to = behind(file);
  return (to->pMethods->*method)(to, arguments...);
}

int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 offset) {
  if (fails(FaultyDisk::reads)) return SQLITE_IOERR_READ;
  return pass<&sqlite3_io_methods::xRead>(file, to, size, offset);
}

int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
  const bool full = fails(FaultyDisk::writes);
  const int rc = pass<&sqlite3_io_methods::xWrite>(file, from, full ? size / 2 : size, offset);
  return full ? SQLITE_FULL : rc;
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  if (fails(FaultyDisk::changes)) return SQLITE_IOERR_TRUNCATE;
  return pass<&sqlite3_io_methods::xTruncate>(file, size);
}

int sync_file(sqlite3_file* file, int flags) {
  if (fails(FaultyDisk::syncs)) return SQLITE_IOERR_FSYNC;
  return pass<&sqlite3_io_methods::xSync>(file, flags);
}

const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = pass<&sqlite3_io_methods::xClose>,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = pass<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
    .xLock = pass<&sqlite3_io_methods::xLock, int>,
    .xUnlock = pass<&sqlite3_io_methods::xUnlock, int>,
    .xCheckReservedLock = pass<&sqlite3_io_methods::xCheckReservedLock, int*>,
    .xFileControl = pass<&sqlite3_io_methods::xFileControl, int, void*>,
    .xSectorSize = pass<&sqlite3_io_methods::xSectorSize>,
    .xDeviceCharacteristics = pass<&sqlite3_io_methods::xDeviceCharacteristics>,
    .xShmMap = pass<&sqlite3_io_methods::xShmMap, int, int, int, void volatile**>,
    .xShmLock = pass<&sqlite3_io_methods::xShmLock, int, int, int>,
    .xShmBarrier = [](sqlite3_file* file) { behind(file)->pMethods->xShmBarrier(behind(file)); },
    .xShmUnmap = pass<&sqlite3_io_methods::xShmUnmap, int>,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open_file(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out_flags) {
  const int rc = real()->xOpen(real(), name, behind(file), flags, out_flags);
  // SQLite closes what has methods, and nothing else.
  file->pMethods = behind(file)->pMethods != nullptr ? &methods : nullptr;
  return rc;
}

int delete_file(sqlite3_vfs*, const char* name, int sync_folder) {
  if (fails(FaultyDisk::changes)) return SQLITE_IOERR_DELETE;
  return real()->xDelete(real(), name, sync_folder);
}

}  // namespace

FaultyDisk& FaultyDisk::install() {
  static FaultyDisk disk;
  // All that has nothing to do with files stays the real one's: its functions don't look at which VFS they belong to.
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs made = *real();
    made.pNext = nullptr;
    made.zName = disk.name();
    made.szOsFile = static_cast<int>(sizeof(File)) + real()->szOsFile;
    made.xOpen = open_file;
    made.xDelete = delete_file;
    return made;
  }();
  static const int registered = sqlite3_vfs_register(&vfs, 0);
  if (registered != SQLITE_OK) std::abort();
  return disk;
}

void FaultyDisk::fail_at(std::uint64_t number, unsigned operations, Lasting lasting) {
  fail_at_ = number;
  operations_ = operations;
  lasting_ = lasting;
  count_ = 0;
  failed_ = false;
}

bool FaultyDisk::fails(Operations operation) {
  if ((operations_ & operation) == 0) return false;
  count_++;
  const bool fails = count_ == fail_at_ || (lasting_ == Lasting::yes && count_ > fail_at_);
  failed_ = failed_ || fails;
  return fails;
}

}  // namespace fristad::testing
