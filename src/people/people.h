#pragma once

// The people of a node: users and their roles, how they sign in, their sessions, service tokens, and approvals by a
// second person.
//
//   auto people = TRY(fristad::People::open(journal, {.key = key.copy(), .clock = clock, .random = random}));
//   const UserId admin = TRY(people->add_user("local-admin", {.name = "eva", .roles = {Role::admin}}));
//   TRY(people->set_password("local-admin", admin, password));
//   const SignIn begun = TRY(people->begin_session("eva", password, "10.0.0.7"));      // .step says what is next
//
// What is decided (users, roles, approvals) is recorded in the private log and folded into views. What is only needed
// to let people in (password hashes, factors, sessions, tokens, failed sign-ins) are tables of operation: they aren't
// records, are sealed where they are secret, and aren't rebuilt. docs/format/people.md lists both.
//
// Thread-safety: all functions may be called from any thread at once. Complexity: who_has_session() and
// who_has_token() look into memory, under a shared lock; what takes a password takes the time of Argon2id, and at most
// four run at once.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "crypto/password.h"
#include "crypto/secret.h"
#include "crypto/webauthn.h"
#include "fristad/result.h"
#include "people/roles.h"
#include "record/journal.h"

namespace fristad {

using UserId = RecordId;      // the id of the record that made it
using ApprovalId = RecordId;  // the same
using TokenId = std::array<std::uint8_t, 8>;

struct PeopleOptions {
  Key key;  // seals factors and derives what tokens are compared by; the node derives it from its data key
  Clock clock;
  Random random;
  std::string rp_id = "localhost";                           // host name under which browsers know the node
  std::vector<std::string> origins = {"https://localhost"};  // that WebAuthn answers may come from
  PasswordCost password_cost = {};
  std::int64_t session_idle_ms = 30 * 60'000;
  std::int64_t session_max_ms = 12 * 3'600'000;
};

// ---- Users ----

enum class UserState { active, disabled };

struct UserBody {
  // To sign in with: [a-z0-9][a-z0-9._-]{0,63}, but neither "node" nor "local-...", which name the node itself in
  // records. Never used again for another.
  std::string name = {};
  std::string display = {};  // at most 200 bytes
  std::vector<Role> roles = {};
  UserState state = UserState::active;

  Json to_json() const;
  static Result<UserBody> from_json(const Json& body);
};

struct UserInfo {
  UserId id{};
  std::uint32_t revision = 0;
  UserBody body;
  bool has_password = false;
  bool has_totp = false;
  std::int64_t security_keys = 0;
  std::int64_t last_sign_in_ms = 0;  // 0: never
};

// ---- Who asks ----

enum class CallerKind { user, token };

// Who a request comes from, and what he may do.
struct Caller {
  CallerKind kind = CallerKind::user;
  std::string actor = {};               // as it stands in records: "eva", "token:intake-1"
  Rights rights = {};                   // while enrolling: own_account alone
  UserId user{};                        // of a user
  TokenId token{};                      // of a token
  std::string session = {};             // public id of the session, not its secret; "" for tokens
  bool enrolling = false;               // signed in so far that only a second factor may be added
  std::uint32_t hashes_per_minute = 0;  // of a token; 0: no limit
  std::uint64_t hashes_per_day = 0;
};

// What a sign-in needs next. Everybody has a second factor: who has none yet may add one and do nothing else (enrol).
// So does who needs a security key and has none, after his code if he has an app.
enum class SignInStep { done, totp, security_key, enrol };

struct SignIn {
  std::string secret;  // the session's: goes into a cookie; shown once
  std::string csrf;    // goes into the page; comes back in a header with each change
  SignInStep step = SignInStep::done;
  bool totp_too = false;  // with security_key: a code would do as well
  // Of security_key.
  std::vector<std::uint8_t> challenge = {};
  std::vector<std::vector<std::uint8_t>> credentials = {};  // ids of the keys that would do
  std::int64_t ends_ms = 0;
};

// A key as its owner sees it.
struct SecurityKeyInfo {
  std::string id;     // 16 hex digits, of this node: not the credential's of WebAuthn
  std::string label;  // what its owner calls it
  std::int64_t added_ms = 0;
  std::int64_t used_ms = 0;  // to sign in; 0: never
};

struct SessionInfo {
  std::string id;      // public
  std::string device;  // "Firefox, Windows"; "": unknown
  std::int64_t since_ms = 0;
  std::int64_t seen_ms = 0;
  bool current = false;
};

// ---- Tokens ----

struct TokenDraft {
  std::string name;  // as of users
  std::vector<TokenScope> scopes;
  std::int64_t ends_ms = 0;  // at most two years from now
  std::uint32_t hashes_per_minute = 600'000;
  std::uint64_t hashes_per_day = 0;
};

struct TokenInfo {
  TokenId id{};
  TokenDraft draft;
  std::int64_t made_ms = 0;
  std::int64_t used_ms = 0;
  bool revoked = false;
  std::string revoked_why = {};
};

// ---- Approvals ----

enum class ApprovalState { asked, approved, refused, lapsed, done };
std::string_view to_text(ApprovalState state);

struct ApprovalDraft {
  std::string action;                         // "list.export": what the API knows how to do
  std::string subject;                        // for people and for filters: a list's or user's id; never a hash
  Json arguments = Json::object();            // what the action needs; sealed, at most 64 KiB
  std::string reason;                         // why, for who approves; 1 to 1,000 bytes
  Right answered_with = Right::answer_lists;  // who may approve
};

struct ApprovalInfo {
  ApprovalId id{};
  ApprovalDraft draft;
  ApprovalState state = ApprovalState::asked;
  std::string asked_by;
  std::int64_t asked_ms = 0;
  std::int64_t lapses_ms = 0;  // seven days after it was asked; once it is approved, seven days after that
  std::string answered_by = {};
  std::int64_t answered_ms = 0;
  std::string answer_reason = {};
};

inline constexpr std::int64_t approval_lapse_ms = 7 * 86'400'000LL;

class People {
 public:
  // Errors: those of the journal and the store.
  static Result<std::unique_ptr<People>> open(Journal& journal, PeopleOptions options);
  ~People();
  People(const People&) = delete;
  People& operator=(const People&) = delete;

  // ---- Users: decisions ----

  // Without roles nobody can do anything: roles are granted by set_roles(). Only the first user, and those that
  // "local-admin" makes on the command line, get roles at once. Errors: already_exists (the name, also of a disabled
  // one), invalid_argument, permission_denied (roles at once, or such that never meet).
  Result<UserId> add_user(const By& by, const UserBody& body);
  // Errors: not_found, conflict (not at that revision), permission_denied (roles that never meet; the last admin).
  // Ends the user's sessions when roles or state change.
  Status set_roles(const By& by, const UserId& user, std::span<const Role> roles,
                   std::optional<std::uint32_t> if_revision = {});
  Status set_state(const By& by, const UserId& user, UserState state, std::optional<std::uint32_t> if_revision = {});
  Status set_display(const By& by, const UserId& user, std::string_view display);
  // Takes away password and factors, and ends the sessions: a new first password has to be set. Recorded.
  Status reset_factors(const By& by, const UserId& user);

  Result<std::vector<UserInfo>> users() const;
  Result<UserInfo> user(const UserId& user) const;
  Result<UserInfo> user_named(std::string_view name) const;

  // ---- Passwords and factors ----

  // Recorded as a decision without the password. Ends the user's sessions but `keep_session`. Errors: invalid_argument
  // (under 12 bytes, over 1,024, the user's name, only one character), not_found.
  Status set_password(const By& by, const UserId& user, std::string_view password, std::string_view keep_session = {});
  // For who is signed in already. Failures count as in begin_session(). Errors: not_found, unavailable,
  // deadline_exceeded.
  Result<bool> is_password(const UserId& user, std::string_view password);

  // A new secret, not in use until confirm_totp() got a code of it. Gives the secret in base32.
  Result<std::string> propose_totp(const UserId& user);
  // Replaces an earlier one. Errors: permission_denied (wrong code), not_found (nothing proposed in the last ten
  // minutes).
  Status confirm_totp(const By& by, const UserId& user, std::string_view code);
  Result<std::vector<std::uint8_t>> security_key_challenge(const UserId& user);
  // `label` names it for its owner: at most 100 bytes. At most 20 keys. Errors: permission_denied (not what was asked
  // for), not_found (no challenge in the last ten minutes), already_exists, invalid_argument, too_large.
  Status add_security_key(const By& by, const UserId& user, const WebauthnRegistration& answer, std::string_view label);
  // The oldest first.
  Result<std::vector<SecurityKeyInfo>> security_keys(const UserId& user) const;
  // What WebAuthn calls them: for browsers, so that no key is added twice.
  Result<std::vector<std::vector<std::uint8_t>>> security_key_credentials(const UserId& user) const;
  // Recorded. Ends the user's sessions but `keep_session`: whoever has the key may have signed in with it. Errors:
  // not_found, conflict (nothing would be left that the user's roles let him sign in with).
  Status remove_security_key(const By& by, const UserId& user, std::string_view key,
                             std::string_view keep_session = {});

  // ---- Sessions ----

  // First the password. Wrong name, wrong password and disabled look alike and take as long. Errors: permission_denied;
  // unavailable (too many at once). Lock-out: failures of one name from one address (`address`, v6 by /64) count; after
  // 10 in 15 minutes that pair waits a minute, and twice as long with each further failure, up to an hour. An address
  // with 100 failures in 15 minutes waits as a whole. A name with 100 failures from addresses that it never signed in
  // from waits at such addresses, while it still can sign in from the others. deadline_exceeded says how long
  // (wait_ms). `device`, a few words for the user to know the session by, stays with it through all steps: at most 60
  // bytes are kept.
  Result<SignIn> begin_session(std::string_view name, std::string_view password, std::string_view address,
                               std::string_view device = {});
  // Then the second factor, with the session of begin_session(), within ten minutes and five attempts; gives a new
  // secret. Errors: permission_denied, and as above.
  Result<SignIn> finish_with_totp(std::string_view secret, std::string_view code, std::string_view address);
  Result<SignIn> finish_with_security_key(std::string_view secret, const WebauthnAssertion& answer,
                                          std::string_view address);
  // After a factor was added by an enrolling session: the step that is next. A user has one enrolling session: the
  // next one ends it.
  Result<SignIn> finish_enrolment(std::string_view secret);
  Status end_session(std::string_view secret);
  // By their public ids.
  Status end_session_of(const UserId& user, std::string_view session_id);
  std::vector<SessionInfo> sessions(const UserId& user) const;

  // Of a cookie's secret, and of `Authorization: Bearer`. Counts as seen. Nothing: unknown, ended, revoked, expired.
  std::optional<Caller> who_has_session(std::string_view secret);
  std::optional<Caller> who_has_token(std::string_view token);
  bool is_csrf(std::string_view secret, std::string_view csrf) const;
  // What came with the sign-in, for a page that was loaded again.
  std::string csrf_of(std::string_view secret) const;
  // The same caller as he stands now; nothing if what he came with has ended since. For streams that stay open.
  std::optional<Caller> still(const Caller& caller) const;

  // ---- Tokens ----

  // Gives "fristad_" and 43 characters: shown once, only a hash of it is kept. Recorded. Errors: already_exists (a name
  // in use by a token that is neither revoked nor over), invalid_argument.
  Result<std::pair<TokenId, std::string>> add_token(const By& by, const TokenDraft& draft);
  // Errors: not_found, conflict (revoked before), invalid_argument (why: 1 to 1,000 bytes).
  Status revoke_token(const By& by, const TokenId& token, std::string_view why);
  Result<std::vector<TokenInfo>> tokens() const;

  // ---- Approvals ----

  // Errors: invalid_argument, too_large.
  Result<ApprovalId> ask(const By& by, const ApprovalDraft& draft);
  // Errors: not_found, permission_denied (who asked can't answer), conflict (answered, lapsed). Who may answer at all
  // is the caller's to check (`answered_with`). `reason` is needed to refuse.
  Result<ApprovalInfo> answer(const By& by, const ApprovalId& approval, bool approve, std::string_view reason);
  // To be written with the action that was approved (By::also): conflict unless it is approved, not done yet and not
  // lapsed.
  Decide use_up(const ApprovalId& approval) const;
  Result<ApprovalInfo> approval(const ApprovalId& approval) const;
  struct ApprovalFilter {
    std::optional<ApprovalState> state = {};
    std::string asked_by = {};
    std::int64_t before = 0;  // `next` of the page before; 0: from the newest
    std::size_t count = 50;   // at most 200
  };
  struct ApprovalPage {
    std::vector<ApprovalInfo> approvals;  // the newest first
    std::int64_t next = 0;                // 0: no more
  };
  Result<ApprovalPage> approvals(const ApprovalFilter& filter) const;
  // Records the lapse of those whose time is over; forgets sessions and failures that are over; writes down what was
  // last seen. To be called every minute.
  Status tend();

  // Called after roles, sessions or tokens changed, from any thread; must be quick.
  void on_change(std::function<void()> call);

 private:
  struct Impl;
  explicit People(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

const View& people_view();

}  // namespace fristad
