#pragma once

// What our node answers to others: of our own log, what each may read, and nothing else.
//
//   Answers answers(journal, alliance, ledger, {.clock = clock});
//   const auto body = answers.answer("us", Question::parcels, request);      // the caller has proved that it is us
//
// What somebody may not read doesn't show: not in an answer, not in its size, not in an error. (How many leaves the
// log has everybody sees, by design.)
//
// Thread-safety: all functions may be called from any thread at once.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "alliance/alliance.h"
#include "base/clock.h"
#include "federation/heads.h"
#include "federation/ledger.h"
#include "federation/message.h"
#include "record/journal.h"

namespace fristad {

struct AnswersOptions {
  Clock clock;
  std::function<void(std::string_view member)> on_poke = {};  // quick
  std::function<void()> on_cosigned = {};                     // our head has enough cosignatures now; quick
  std::int64_t patience_ms = 2000;                            // see Heads
};

class Answers {
 public:
  Answers(Journal& journal, const Alliance& alliance, Ledger& ledger, AnswersOptions options)
      : journal_(journal),
        alliance_(alliance),
        ledger_(ledger),
        options_(std::move(options)),
        heads_(journal, alliance, options_.clock, options_.patience_ms) {}

  // Errors: permission_denied (it is no active member; or what it asks for isn't its to read), and those of decoding.
  Result<std::string> answer(std::string_view member, Question question, std::string_view body);

  Heads& heads() { return heads_; }

 private:
  // What one reader may read, as long as nothing changes that.
  struct Readable {
    std::uint64_t own_size = 0;
    std::int64_t arrivals = 0;
    std::shared_ptr<const Membership> membership = {};
    ScopesAnswer scopes = {};
    Digest digest{};
  };
  Status admit(std::string_view member) const;
  Result<std::shared_ptr<const Readable>> readable(std::string_view member);

  Result<std::string> head(std::string_view member, std::string_view body);
  Result<std::string> leaves(std::uint32_t log, std::string_view body) const;
  Result<std::string> parcels(std::string_view member, std::string_view body);
  // The number of its log here. Error: not_found.
  Result<std::uint32_t> log_of(std::string_view member) const;
  Result<std::string> own_scopes(std::uint32_t log) const;
  Result<std::string> own_parcels(std::uint32_t log, std::string_view body) const;
  Status take_receipt(std::string_view member, std::string_view body);

  Journal& journal_;
  const Alliance& alliance_;
  Ledger& ledger_;
  const AnswersOptions options_;
  Heads heads_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Readable>, std::less<>> readable_;
  std::map<std::string, std::int64_t, std::less<>> heard_ms_;
};

}  // namespace fristad
