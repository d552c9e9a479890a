#pragma once

// A PostgreSQL server of the test's own: a new folder, a Unix socket in it, no network. It can be killed and started
// again. It ends with this object and its folder goes, also when the test itself is killed.
//
// As root it runs as user postgres (or nobody), because PostgreSQL refuses root. Starting takes some seconds: use
// shared().
//
// Thread-safety: one thread at a time; create it on the main thread.

#include <sys/types.h>

#include <string>

#include "base/file.h"
#include "fristad/result.h"

namespace fristad::testing {

class TemporaryPostgres {
 public:
  // Errors: not_found (PostgreSQL isn't installed), unavailable (it doesn't start; the message has its words).
  static Result<TemporaryPostgres> start();
  // One for all tests of a process, or nullptr and a message on standard error.
  static TemporaryPostgres* shared();
  ~TemporaryPostgres();
  TemporaryPostgres(TemporaryPostgres&& other) noexcept;
  TemporaryPostgres& operator=(TemporaryPostgres&&) = delete;

  // For user fristad_test, who may do everything, with the password.
  std::string conninfo() const { return conninfo("fristad_test", password()); }
  std::string conninfo(const std::string& user, const std::string& with_password) const;
  static const char* password() { return "Kurz&Lang"; }

  // As by a loss of power, but that the page cache stays.
  Status kill9();
  Status restart();

 private:
  TemporaryPostgres() = default;
  Status launch();

  std::string programs_{};
  std::string folder_{};
  pid_t server_ = -1;
  pid_t guardian_ = -1;
  UniqueFd guarded_{};  // the guardian clears up when it closes
};

}  // namespace fristad::testing
