#pragma once

// A disk for SQLite that fails when it is told to: everything goes to the real one, and each operation is counted. A
// write that fails has written its first half, as a disk that fills up does.
//
//   FaultyDisk& disk = FaultyDisk::install();
//   Store store = *Store::open({.sqlite_path = path, .sqlite_vfs = disk.name()});
//   disk.fail_at(3, FaultyDisk::writes | FaultyDisk::syncs, FaultyDisk::Lasting::no);
//
// Thread-safety: one thread at a time, that of the connections too.

#include <cstdint>

namespace fristad::testing {

class FaultyDisk {
 public:
  enum Operations : unsigned {
    reads = 1,    // SQLITE_IOERR_READ
    writes = 2,   // SQLITE_FULL
    syncs = 4,    // SQLITE_IOERR_FSYNC
    changes = 8,  // SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_DELETE
  };
  enum class Lasting { no, yes };

  // Registers it with SQLite, once.
  static FaultyDisk& install();
  const char* name() const { return "fristad_faulty_disk"; }

  // Counts from now on: the `number`th of these operations (from 1) fails, and with Lasting::yes all after it.
  void fail_at(std::uint64_t number, unsigned operations, Lasting lasting);
  void heal() { fail_at(0, 0, Lasting::no); }

  // How many of those operations there were since fail_at(), and whether one has failed.
  std::uint64_t count() const { return count_; }
  bool failed() const { return failed_; }

  // For the shim itself: counts an operation and tells whether it fails.
  bool fails(Operations operation);

 private:
  FaultyDisk() = default;

  std::uint64_t fail_at_ = 0;
  unsigned operations_ = 0;
  Lasting lasting_ = Lasting::no;
  std::uint64_t count_ = 0;
  bool failed_ = false;
};

}  // namespace fristad::testing
