#pragma once

// Reads another member's log: takes over what it may, believes nothing that it can't check, and vouches for what it
// has seen.
//
//   Reader reader(journal, alliance, ledger, {.witness = key, .sign = sign, .clock = clock});
//   const Pulled pulled = TRY(reader.pull("us", ask));      // as often as wanted: what is there already isn't asked
//   for
//
// One pull: the head, which must follow from all leaves that are here; the leaves that lead to it; our cosignature;
// then each scope that we may read, from the number that is due, each page with the position that it brings us to in
// one transaction; and a receipt. Where nothing is new that is one question and its answer.
//
// Thread-safety: pull() for one member at a time, for different ones at once; the rest from any thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "alliance/alliance.h"
#include "base/clock.h"
#include "federation/ledger.h"
#include "federation/message.h"
#include "federation/witnesses.h"
#include "record/exchange.h"
#include "record/journal.h"

namespace fristad {

struct Pulled {
  std::uint64_t leaves = 0;
  std::size_t records = 0;
  std::size_t quarantined = 0;
  bool complete = false;  // all that we may read up to the head is here
  bool vouched = false;   // its head got our cosignature

  bool any() const { return leaves > 0 || records > 0; }
};

// Of Reader::follows(): who hasn't answered for so long may have withdrawn much.
inline constexpr std::int64_t followed_for_ms = std::int64_t{7} * 24 * 3'600'000;

// Of Reader::clock_offset_ms(): from where on people are told, and from where on no new head of our log is signed.
inline constexpr std::int64_t clock_doubtful_ms = 5 * 60'000;
inline constexpr std::int64_t clock_wrong_ms = 10 * 60'000;

struct ReaderOptions {
  SigningKey witness;  // cosigns heads
  Signer sign;         // with the record key: receipts
  Clock clock;
  // How much of our own log a member knows, under a head that we have signed; 0: nothing. More than there is: we are an
  // older copy of ourselves. Called at each pull.
  std::function<void(std::string_view member, std::uint64_t size)> on_own_head = {};
  // Whether what others have of our own log, and we don't, is to be taken back before on_own_head is told: see
  // record/exchange.h. Empty: it isn't.
  std::function<bool()> recovers = {};
};

class Reader {
 public:
  // What is remembered of how far logs are cosigned is read from the ledger. Errors: those of the store.
  static Result<std::unique_ptr<Reader>> open(Journal& journal, const Alliance& alliance, Ledger& ledger,
                                              ReaderOptions options);

  // Errors: those of `ask`; damaged (what came can't be checked: the member, or who stands between, has changed it; of
  // two histories the evidence is kept); conflict (its log is shorter than it was); not_found (no keys of it are
  // known); too_large (over 2^20 leaves lead to the head that it shows).
  Result<Pulled> pull(const std::string& member, const Ask& ask);

  // Up to where that member's log is cosigned by enough others.
  std::uint64_t cosigned(std::string_view member) const;

  // Whether what that member says in a scope of its own still reaches us, its withdrawals above all: it lets us read
  // it, as far as it has told, and has answered in the last days.
  bool follows(std::string_view member, std::string_view scope) const;

  // By how much most others' clocks are ahead of ours, as they said when they were asked last: the median, with us
  // among them, so that one other alone never makes ours wrong.
  std::int64_t clock_offset_ms() const;

  // Cosigns with this key from now on.
  void set_witness(SigningKey key);

  // The key of a member: by the alliance, or by a card that we were introduced with before we belong to it.
  std::optional<PublicKey> key_of(std::string_view member, KeyPurpose purpose, std::uint64_t position) const;

 private:
  Reader(Journal& journal, const Alliance& alliance, Ledger& ledger, ReaderOptions options)
      : journal_(journal), alliance_(alliance), ledger_(ledger), options_(std::move(options)) {
    set_witness(std::move(options_.witness));
    opened_steady_ms_ = options_.clock.steady_ms();
  }

  struct Offset {
    std::int64_t ms = 0;
    bool remembered = false;  // from before this process
  };
  struct Pull {
    const std::string& member;
    const Ask& ask;
    CheckedHead head = {};
    Pulled pulled = {};
  };
  Result<HeadKeys> keys_for(const std::string& member, const SeenHead& head) const;
  // Errors: those of keys_for(); damaged (not signed by the log's key; a cosignature is wrong).
  Result<CheckedHead> checked(const std::string& member, const SeenHead& head) const;
  void note_clock(const std::string& member, std::int64_t theirs_ms, std::int64_t asked_ms);
  Result<Pulled> read_all(Pull& pull, const HeadAnswer& answer);
  // How much of our log it has, under a head that we have signed; nothing: it doesn't say.
  Result<std::optional<std::uint64_t>> look_at_own(const Pull& pull, std::string_view note);
  // What that member has of our log, up to this head that we have signed.
  Status recover(const Pull& pull, const Checkpoint& head, std::string_view note);
  Status recover_leaves(const Pull& pull, const Checkpoint& head, std::string_view note);
  Status extend(Pull& pull, const HeadAnswer& answer);
  static Result<std::vector<LeafBytes>> leaves(const Pull& pull, Question question, std::uint64_t from,
                                               std::uint64_t to);
  // Why leaves don't lead to a head: with two histories that both have its signature it is the member's doing.
  Status explain_break(const Pull& pull, const HeadAnswer& answer, const KnownLog& known, const Error& error);
  // Never good.
  Status accuse(const Pull& pull, std::string_view known, std::string_view other);
  // The signed head that we had of a log at just this size.
  Result<std::optional<std::string>> head_at(std::uint32_t log, std::uint64_t size) const;
  Status vouch(Pull& pull, const HeadAnswer& answer);
  // Contents up to the head that is here.
  Status read_known(Pull& pull, const KnownLog& known);
  Status note_cosigned(const Pull& pull, const SeenHead& head);
  Status read_scopes(Pull& pull);
  Status note_lost(const std::string& member, const ScopesAnswer& answer, const std::vector<ScopeSpan>& here);
  // True: up to `to`; false: as far as the head on offer goes.
  Result<bool> read_scope(Pull& pull, const std::string& scope, std::int64_t last, std::int64_t to);
  Status give_receipt(const Pull& pull, const Digest& scopes);

  Journal& journal_;
  const Alliance& alliance_;
  Ledger& ledger_;
  ReaderOptions options_;
  std::mutex recovering_;                                        // leaves come from one member at a time
  std::map<std::string, std::uint64_t, std::less<>> recovered_;  // up to which head each has given back what it has
  std::int64_t opened_steady_ms_ = 0;
  mutable std::mutex mutex_;
  std::shared_ptr<const SigningKey> witness_;
  std::map<std::string, Digest, std::less<>> complete_;         // the scopes that were taken over in full
  std::map<std::string, std::uint64_t, std::less<>> cosigned_;  // sizes
  std::map<std::string, Offset, std::less<>> offsets_;          // of others' clocks
  std::map<std::string, Ledger::Scopes, std::less<>> lost_;
  std::map<std::string, std::int64_t, std::less<>> answered_ms_;
};

}  // namespace fristad
