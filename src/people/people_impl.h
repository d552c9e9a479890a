#pragma once

// What the parts of People share. Included by this room's sources alone.

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "people/gate.h"
#include "people/limits.h"
#include "people/people.h"

namespace fristad {

inline constexpr std::size_t secret_size = 43;  // 32 bytes in base64
inline constexpr std::int64_t ten_minutes_ms = 10 * 60'000;

struct KnownUser {
  std::uint32_t revision = 0;
  UserBody body;
};

// A session, from the password on. What can change is atomic; every step makes another one.
struct Session {
  std::array<std::uint8_t, 8> id{};
  UserId user{};
  std::string device = {};
  Digest fingerprint{};
  SignInStep step = SignInStep::done;
  bool totp_too = false;
  std::vector<std::uint8_t> challenge = {};
  SignInAttempt attempt = {};  // what its failures count for, and where it signs in from
  std::int64_t since_ms = 0;
  std::int64_t ends_ms = 0;
  std::atomic<std::int64_t> seen_ms = 0;
  std::atomic<std::int64_t> kept_ms = 0;  // of seen_ms, what is on disk
  std::atomic<int> attempts = 0;
};

struct ServiceToken {
  TokenInfo info;
  Digest fingerprint{};
  std::atomic<std::int64_t> used_ms = 0;
  std::atomic<std::int64_t> kept_ms = 0;
};

// A row of the table `credential`: what somebody signs in with.
struct Credential {
  std::vector<std::uint8_t> id;
  UserId user{};
  std::string kind;  // "password", "totp", "security-key"
  std::string label;
  std::vector<std::uint8_t> sealed;
  std::int64_t counter = 0;  // the last step of a code; the counter of a key
  std::int64_t made_ms = 0;
  std::int64_t used_ms = 0;  // of a key
};

// All that one user signs in with.
struct Factors {
  std::optional<Credential> password = {};
  std::optional<Credential> totp = {};
  std::vector<Credential> keys = {};
};

struct People::Impl {
  Impl(Journal& of, PeopleOptions chosen);

  Status load();
  void changed() const;

  // Users. `know` takes over what was just recorded.
  void know(const UserId& user, std::uint32_t revision, const UserBody& body);
  Result<KnownUser> known(const UserId& user) const;
  // Records the next revision of a user, as `change` makes it.
  Status revise(const By& by, const UserId& user, std::optional<std::uint32_t> if_revision, bool ends_sessions,
                const std::function<Status(Connection& views, UserBody& body)>& change);

  // Credentials.
  Result<std::vector<std::uint8_t>> seal_credential(const Credential& credential, Bytes plain) const;
  Result<std::vector<std::uint8_t>> open_credential(const Credential& credential) const;
  Result<WebauthnCredential> open_key(const Credential& credential) const;
  Result<Factors> factors(const UserId& user) const;
  Status renew_hash(const Credential& password, std::string_view plain);

  // Sessions. Those with `holding` are called under an exclusive lock of `guard`. Secrets are 32 bytes in base64.
  static std::string secret_text(const Digest& of);
  SignInAttempt attempt(std::string_view name, std::string_view address) const;
  Status check_wait(const SignInAttempt& attempt) const;
  // Counts a failure, and says so.
  Error refuse(const SignInAttempt& attempt, std::string_view why);
  Result<std::shared_ptr<Session>> pending(std::string_view secret) const;
  Result<SignIn> shown(const Session& session, std::string secret, const Factors& factors) const;
  Result<std::shared_ptr<Session>> new_session(const UserId& user, const std::string& secret,
                                               const SignInAttempt& attempt, SignInStep step) const;
  // The next session of whoever has proved a factor, or, while something is missing, one that may only enrol.
  Result<SignIn> advance(const std::shared_ptr<Session>& from, const SignInAttempt& attempt, bool by_key,
                         const Decide& prove);
  void add_holding(std::shared_ptr<Session> session);
  void drop_holding(const Session& session);
  // All of a user's but that one.
  void end_sessions(const UserId& user, std::string_view keep = {});
  bool is_alive(const Session& session, std::int64_t now_ms) const;
  std::optional<Caller> caller_of(const Session& session) const;
  std::optional<Caller> caller_of(const ServiceToken& token) const;

  // Every minute.
  Status keep_seen(std::int64_t now_ms);
  Result<std::vector<std::array<std::uint8_t, 8>>> ended_rows() const;
  Status lapse();

  std::int64_t now_ms() const { return options.clock.utc_ms(); }
  Digest fingerprint(std::string_view secret) const { return hmac(fingerprint_key, secret); }
  static Digest hmac(const Key& key, std::string_view text);

  Journal& journal;
  const PeopleOptions options;
  const Key credential_key;
  const Key fingerprint_key;
  const Key csrf_key;
  const Key attempt_key;
  std::string nobody;  // a password hash of nobody
  Gate argon{4};
  SignInLimits limits;

  // Of who is signed in, and may. Never held while the journal is asked to decide: a decision takes it.
  mutable std::shared_mutex guard;
  std::map<UserId, KnownUser> users;
  std::map<std::string, UserId, std::less<>> names;
  std::map<UserId, std::uint64_t> epochs;  // counts what ends all sessions of a user
  std::unordered_map<Digest, std::shared_ptr<Session>, DigestHash> sessions;
  std::map<std::string, std::shared_ptr<Session>, std::less<>> sessions_by_id;
  std::unordered_map<Digest, std::shared_ptr<ServiceToken>, DigestHash> tokens;
  std::map<TokenId, std::shared_ptr<ServiceToken>> tokens_by_id;
  std::unordered_set<Digest, DigestHash> known_addresses;  // names and addresses that signed in

  // Waiting for the browser or the app. Guarded by `proposing`.
  struct Proposal {
    std::vector<std::uint8_t> secret;
    std::int64_t at_ms = 0;
  };
  std::mutex proposing;
  std::map<UserId, Proposal> totp_proposals;
  std::map<UserId, Proposal> key_challenges;

  mutable std::mutex calling;
  std::function<void()> on_change;

  // For questions. Guarded by `reading`.
  mutable std::mutex reading;
  std::unique_ptr<Connection> views;
};

// A user as he stands in the views. Errors: not_found.
Result<KnownUser> user_in(Connection& views, const UserId& user);
Error no_such_user(const UserId& user);

template <std::size_t size>
std::array<std::uint8_t, size> array_of(Bytes bytes) {
  std::array<std::uint8_t, size> array{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), size), array.begin());
  return array;
}

}  // namespace fristad
