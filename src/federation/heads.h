#pragma once

// The head of our own log as others are to read it, and the cosignatures that they give it.
//
// One head is offered until enough witnesses have cosigned it, or until they have had their time; only then the next,
// of all that was written meanwhile. So all readers come by the same heads, and what is written without a pause is
// cosigned all the same.
//
//   Heads heads(journal, alliance, clock);
//   const SeenHead head = TRY(heads.offer(0));
//   const bool complete = TRY(heads.take("us", line));    // us has cosigned it
//
// Thread-safety: all functions may be called from any thread at once. Complexity: a snapshot in memory; one signature
// for a new head, one check for a cosignature.

#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "alliance/alliance.h"
#include "base/clock.h"
#include "federation/message.h"
#include "federation/witnesses.h"
#include "record/journal.h"

namespace fristad {

class Heads {
 public:
  // `reach`: how far away a head may be from what somebody has.
  Heads(Journal& journal, const Alliance& alliance, Clock clock, std::int64_t patience_ms = 2000,
        std::uint64_t reach = leaves_per_head)
      : journal_(journal), alliance_(alliance), clock_(std::move(clock)), patience_ms_(patience_ms), reach_(reach) {}

  struct Offered {
    SeenHead head;
    std::uint64_t size = 0;                 // of the newest, which `head` may not be
    std::optional<SeenHead> cosigned = {};  // by enough, the largest
  };
  // For somebody who has so many leaves: where the newest is too far from those, or behind a change of our keys that
  // he has to read of first, an earlier one. Errors: those of Journal::checkpoint().
  Result<Offered> offer(std::uint64_t known);

  // A line of that member's. True: with this one there are enough. Errors: conflict (it is of another head than the one
  // on offer: look again), permission_denied (not its signature), damaged.
  Result<bool> take(std::string_view member, std::string_view line);

  // Up to where our own log is cosigned by enough.
  std::uint64_t cosigned() const;

 private:
  struct Head {
    SeenHead seen;
    Checkpoint checkpoint;
    std::set<std::string, std::less<>> cosigners;
    std::int64_t since_ms = 0;
    bool enough = false;
    Digest epoch{};  // in which it was cosigned
  };
  Status renew();
  HeadKeys keys_for(const Head& head) const;
  // Drops what isn't by a key that its witness has now: who has another cosigns once more.
  void recheck(Head& head) const;
  void count(Head& head);

  Journal& journal_;
  const Alliance& alliance_;
  const Clock clock_;
  const std::int64_t patience_ms_;
  const std::uint64_t reach_;
  mutable std::mutex mutex_;
  std::optional<Head> head_;
  std::optional<Head> cosigned_;
};

}  // namespace fristad
