#pragma once

// Repeated requests: a client that got no answer sends its POST again with the same Idempotency-Key, and what it asked
// for is done once. The key is noted in the transaction of the decision; the answer right after it.
//
// Thread-safety: all functions may be called from any thread at once.

#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "http/message.h"
#include "record/journal.h"

namespace fristad {

inline constexpr std::size_t idempotency_key_bytes_max = 255;

class IdempotencyKeys {
 public:
  // Answers are kept under `key`: they may name what only who asked may see.
  IdempotencyKeys(Journal& journal, const Key& key, Random random)
      : journal_(journal), key_(key), random_(std::move(random)) {}

  // Of who asked, the key and the route: two persons may use the same key.
  struct Asked {
    Digest key{};
    Digest request{};  // of method, path and body
  };
  static Asked asked(std::string_view actor, std::string_view key, std::string_view what, std::string_view body);

  // The answer of the first time, if there was one. Errors: conflict (it was done, but its answer was lost, or is kept
  // secret), invalid_argument (the key came with another request).
  Result<std::optional<Response>> answer_before(const Asked& asked);
  // To be written with the decision. Error: conflict (another was faster).
  static Decide note(const Asked& asked);
  // Afterwards. What fails here is told by answer_before() the next time.
  Status keep(const Asked& asked, const Response& answer);
  // Forgets those of more than a day ago.
  Status tend(std::int64_t now_ms);

 private:
  Journal& journal_;
  const Key& key_;
  const Random random_;
};

}  // namespace fristad
