#pragma once

// The node among the others: answers them on one address, and reads each of them on a thread of its own.
//
//   auto federation = TRY(Federation::start(journal, alliance, ledger, reader, std::move(options)));
//   ... federation->port() ...
//   federation->stop();
//
// Who connects proves by its TLS key which member it is. What we write is announced at once ("poke"), and who is told
// comes and reads it; where that is lost, a timer brings it. A member that doesn't answer is tried again later and
// later, and holds up nobody else.
//
// Thread-safety: start, stop and destroy on one thread; the rest from any. Idle it asks each member one question a
// beat.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alliance/alliance.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "federation/ledger.h"
#include "federation/reader.h"
#include "record/journal.h"

namespace fristad {

// What we are known by at the other end of a connection.
struct TlsIdentity {
  Key seed;
  // Of the root key, about that key: who doesn't know it yet believes this. May be empty.
  std::string statement = {};
};

struct FederationOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: one that is free
  TlsIdentity identity;    // of the key that the node's card names
  // Asked after the membership may have changed, and now and then: whether we have another identity from now on. On a
  // thread of its own; may take its time, and decide something.
  std::function<std::optional<TlsIdentity>()> renewed = {};
  Clock clock;
  Random random;
  std::int64_t beat_ms = 60'000;        // how often each member is asked, at least
  std::int64_t retry_ms = 1000;         // after the first failure; each later one doubles it
  std::int64_t retry_max_ms = 900'000;  // at most
  std::int64_t patience_ms = 2000;      // for cosignatures: see Heads
  std::int64_t answer_ms = 60'000;      // for one answer
};

class Federation {
 public:
  // Errors: unavailable (the address is taken), those of the journal.
  static Result<std::unique_ptr<Federation>> start(Journal& journal, Alliance& alliance, Ledger& ledger, Reader& reader,
                                                   const Log& log, FederationOptions options);
  ~Federation();
  Federation(const Federation&) = delete;
  Federation& operator=(const Federation&) = delete;

  std::uint16_t port() const;
  // Asks everybody now.
  void wake();
  void stop();

 private:
  struct Impl;
  explicit Federation(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace fristad
