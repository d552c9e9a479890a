// From a password to a session, step by step.

#include <arpa/inet.h>

#include <algorithm>

#include "base/hex.h"
#include "base/try.h"
#include "crypto/base64.h"
#include "crypto/primitives.h"
#include "crypto/totp.h"
#include "people/people_impl.h"
#include "people/records.h"

namespace fristad {
namespace {

constexpr std::size_t sessions_each_max = 20;
constexpr std::size_t addresses_each_max = 20;
constexpr int attempts_max = 5;
constexpr std::size_t address_bytes_max = 64;
constexpr std::size_t device_bytes_max = 60;

Error not_pending() {
  return {Code::permission_denied, "there is no sign-in to go on with: begin with name and password"};
}

// What failures count for: a v4 address, the first 64 bits of a v6 one (one home has many), else the text itself.
std::string counted_address(std::string_view address) {
  const std::string text(address.substr(0, address_bytes_max));
  std::array<std::uint8_t, 16> v6{};
  std::array<std::uint8_t, 4> v4{};
  if (inet_pton(AF_INET, text.c_str(), v4.data()) == 1) return "4 " + to_hex(v4);
  if (inet_pton(AF_INET6, text.c_str(), v6.data()) != 1) return "- " + text;
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::ranges::equal(std::span(v6).first(12), mapped)) return "4 " + to_hex(std::span(v6).last(4));
  return "6 " + to_hex(std::span(v6).first(8));
}

SignInStep first_step(const UserBody& body, const Factors& factors, bool& totp_too) {
  const bool needs_key = needs_security_key(body.roles);
  totp_too = !factors.keys.empty() && factors.totp && !needs_key;
  if (!factors.keys.empty()) return SignInStep::security_key;
  // Also where a key is needed: a password alone mustn't be enough to add one.
  return factors.totp ? SignInStep::totp : SignInStep::enrol;
}

}  // namespace

SignInAttempt People::Impl::attempt(std::string_view name, std::string_view address) const {
  const std::string from = counted_address(address);
  SignInAttempt attempt{.pair = hmac(attempt_key, "pair\n" + from + "\n" + std::string(name)),
                        .address = hmac(attempt_key, "address\n" + from),
                        .name = hmac(attempt_key, "name\n" + std::string(name))};
  const std::shared_lock lock(guard);
  attempt.known = known_addresses.contains(attempt.pair);
  return attempt;
}

Status People::Impl::check_wait(const SignInAttempt& attempt) const {
  const std::int64_t wait_ms = limits.wait_ms(attempt, now_ms());
  if (wait_ms == 0) return {};
  return Error{Code::deadline_exceeded,
               "too many attempts failed: try again in " + std::to_string((wait_ms + 999) / 1000) + " seconds",
               wait_ms};
}

Error People::Impl::refuse(const SignInAttempt& attempt, std::string_view why) {
  const std::vector<Digest> counted = limits.failed(attempt, now_ms());
  // What can't be kept counts in memory all the same.
  static_cast<void>(journal.transact("node", [&](Decision& decision) -> Status {
    for (const Digest& who : counted) {
      const auto count = limits.count(who);
      if (!count) continue;
      TRY(decision.views().execute(
          "INSERT INTO sign_in_failure(who, count, since_at, until_at, wait_ms) VALUES ($1, $2, $3, $4, $5) "
          "ON CONFLICT(who) DO UPDATE SET count = excluded.count, since_at = excluded.since_at, "
          "until_at = excluded.until_at, wait_ms = excluded.wait_ms",
          {Bytes(who), count->count, count->since_ms, count->until_ms, count->wait_ms}));
    }
    return {};
  }));
  return {Code::permission_denied, std::string(why)};
}

Result<std::shared_ptr<Session>> People::Impl::new_session(const UserId& user, const std::string& secret,
                                                           const SignInAttempt& attempt, SignInStep step) const {
  auto session = std::make_shared<Session>();
  session->id = TRY(random_array<8>(options.random));
  session->user = user;
  session->fingerprint = fingerprint(secret);
  session->step = step;
  session->attempt = attempt;
  session->since_ms = now_ms();
  session->seen_ms = session->since_ms;
  session->kept_ms = session->since_ms;
  const bool waits = step == SignInStep::totp || step == SignInStep::security_key;
  session->ends_ms = session->since_ms + (waits ? ten_minutes_ms : options.session_max_ms);
  if (step == SignInStep::security_key) {
    const auto challenge = TRY(random_array<32>(options.random));
    session->challenge.assign(challenge.begin(), challenge.end());
  }
  return session;
}

std::string People::Impl::secret_text(const Digest& of) {
  return to_base64url(of);
}

Result<SignIn> People::Impl::shown(const Session& session, std::string secret, const Factors& factors) const {
  SignIn sign_in{.secret = {},
                 .csrf = secret_text(hmac(csrf_key, secret)),
                 .step = session.step,
                 .totp_too = session.totp_too,
                 .challenge = session.challenge,
                 .ends_ms = session.ends_ms};
  if (session.step == SignInStep::security_key) {
    for (const Credential& key : factors.keys) sign_in.credentials.push_back(TRY(open_key(key)).id);
  }
  sign_in.secret = std::move(secret);
  return sign_in;
}

void People::Impl::add_holding(std::shared_ptr<Session> session) {
  std::vector<std::shared_ptr<Session>> others;
  for (const auto& [key, other] : sessions) {
    if (other->user == session->user && (other->step == SignInStep::done) == (session->step == SignInStep::done)) {
      others.push_back(other);
    }
  }
  // One enrols at a time: what was added since is then known to be this one's.
  if (session->step == SignInStep::enrol) {
    for (const auto& other : others) {
      if (other->step == SignInStep::enrol) drop_holding(*other);
    }
  } else if (others.size() >= sessions_each_max) {
    drop_holding(**std::ranges::min_element(others, {}, [](const auto& other) { return other->since_ms; }));
  }
  sessions_by_id[to_hex(session->id)] = session;
  sessions[session->fingerprint] = std::move(session);
}

void People::Impl::drop_holding(const Session& session) {
  const auto at = sessions.find(session.fingerprint);
  if (at == sessions.end() || at->second.get() != &session) return;
  const std::shared_ptr<Session> dropped = at->second;
  sessions.erase(at);
  sessions_by_id.erase(to_hex(dropped->id));
}

// ---- The password ----

Result<SignIn> People::begin_session(std::string_view name, std::string_view password, std::string_view address,
                                     std::string_view device) {
  Impl& people = *impl_;
  const SignInAttempt attempt = people.attempt(name, address);
  TRY(people.check_wait(attempt));
  const auto pass = people.argon.enter();
  if (!pass) return Error{Code::unavailable, "too many sign in at this moment: try again"};

  UserId user{};
  UserBody body{.name = {}, .state = UserState::disabled};
  std::uint64_t epoch = 0;
  {
    const std::shared_lock lock(people.guard);
    if (const auto at = people.names.find(name); at != people.names.end()) {
      user = at->second;
      body = people.users.at(user).body;
      const auto ended = people.epochs.find(user);
      if (ended != people.epochs.end()) epoch = ended->second;
    }
  }
  // Who doesn't exist, or has no password, goes the same way: a row that isn't there, and a hash of nobody.
  const Factors factors = TRY(people.factors(user));
  std::string hash = people.nobody;
  if (factors.password) hash = as_text(TRY(people.open_credential(*factors.password)));
  const bool right = is_password_of(hash, password);
  if (!right || !factors.password || body.state != UserState::active) {
    return people.refuse(attempt, "the name or the password is wrong");
  }
  // The cost has changed since: a matter of the node's, not of who signs in.
  if (needs_rehash(hash, people.options.password_cost)) {
    static_cast<void>(people.renew_hash(*factors.password, password));
  }

  std::string secret = people.secret_text(TRY(random_array<32>(people.options.random)));
  bool totp_too = false;
  const SignInStep step = first_step(body, factors, totp_too);
  const auto session = TRY(people.new_session(user, secret, attempt, step));
  session->totp_too = totp_too;
  session->device = device.substr(0, device_bytes_max);
  SignIn sign_in = TRY(people.shown(*session, std::move(secret), factors));
  const std::unique_lock lock(people.guard);
  const auto ended = people.epochs.find(user);
  // The password or the roles were changed while this one was checked.
  if ((ended == people.epochs.end() ? 0 : ended->second) != epoch) return not_pending();
  people.add_holding(session);
  return sign_in;
}

// ---- The second factor ----

Result<std::shared_ptr<Session>> People::Impl::pending(std::string_view secret) const {
  if (secret.size() != secret_size) return not_pending();
  const std::shared_lock lock(guard);
  const auto at = sessions.find(fingerprint(secret));
  if (at == sessions.end() || !is_alive(*at->second, now_ms())) return not_pending();
  return at->second;
}

Result<SignIn> People::Impl::advance(const std::shared_ptr<Session>& from, const SignInAttempt& attempt, bool by_key,
                                     const Decide& prove) {
  std::string secret = secret_text(TRY(random_array<32>(options.random)));
  const auto next = TRY(new_session(from->user, secret, attempt, SignInStep::done));
  next->device = from->device;
  const Status decided = [&]() -> Status {
    TRY(journal.transact("node", [&](Decision& decision) -> Status {
      TRY(prove(decision));
      Connection& to = decision.views();
      const KnownUser user = TRY(user_in(to, from->user));
      if (user.body.state != UserState::active) return not_pending();
      if (needs_security_key(user.body.roles) && !by_key) next->step = SignInStep::enrol;
      if (next->step == SignInStep::done) {
        TRY(
            to.execute("INSERT INTO session(id, person, fingerprint, since_at, seen_at, ends_at, device) "
                       "VALUES ($1, $2, $3, $4, $4, $5, $6)",
                       {Bytes(next->id), Bytes(next->user), Bytes(next->fingerprint), next->since_ms, next->ends_ms,
                        std::string_view(next->device)}));
        TRY(
            to.execute("INSERT INTO known_address(person, address, seen_at) VALUES ($1, $2, $3) "
                       "ON CONFLICT(person, address) DO UPDATE SET seen_at = excluded.seen_at",
                       {Bytes(next->user), Bytes(next->attempt.pair), next->since_ms}));
        TRY(
            to.execute("DELETE FROM known_address WHERE person = $1 AND address NOT IN (SELECT address FROM "
                       "known_address WHERE person = $1 ORDER BY seen_at DESC, address LIMIT $2)",
                       {Bytes(next->user), std::int64_t{addresses_each_max}}));
        TRY(to.execute("DELETE FROM sign_in_failure WHERE who = $1", {Bytes(next->attempt.pair)}));
      }
      // Nobody has the new secret before this has been recorded, so it may stand in memory already. Then whatever ends
      // the user's sessions from now on ends this one too.
      const std::unique_lock lock(guard);
      const auto at = sessions.find(from->fingerprint);
      if (at == sessions.end() || at->second != from) return not_pending();
      drop_holding(*from);
      add_holding(next);
      return {};
    }));
    return {};
  }();
  if (!decided) {
    const std::unique_lock lock(guard);
    drop_holding(*next);
    return decided.error();
  }
  if (next->step == SignInStep::done) {
    limits.succeeded(next->attempt);
    const std::unique_lock lock(guard);
    known_addresses.insert(next->attempt.pair);
  }
  changed();
  return shown(*next, std::move(secret), {});
}

Result<SignIn> People::finish_with_totp(std::string_view secret, std::string_view code, std::string_view address) {
  Impl& people = *impl_;
  const auto session = TRY(people.pending(secret));
  if (session->step != SignInStep::totp && !session->totp_too) return not_pending();
  const KnownUser user = TRY(people.known(session->user));
  const SignInAttempt attempt = people.attempt(user.body.name, address);
  TRY(people.check_wait(attempt));
  const Factors factors = TRY(people.factors(session->user));
  if (!factors.totp || session->attempts.fetch_add(1) >= attempts_max) {
    const std::unique_lock lock(people.guard);
    people.drop_holding(*session);
    return not_pending();
  }
  std::vector<std::uint8_t> totp = TRY(people.open_credential(*factors.totp));
  const auto step = accepted_totp(totp, code, people.now_ms(), factors.totp->counter);
  wipe(totp);
  if (!step) return people.refuse(attempt, "that isn't the code, or it was used before");
  return people.advance(session, attempt, false, [&](Decision& decision) -> Status {
    // Two who come with the same code: one is first.
    const std::uint64_t taken = TRY(decision.views().execute(
        "UPDATE credential SET counter = $2 WHERE id = $1 AND counter < $2", {Bytes(factors.totp->id), *step}));
    if (taken == 1) return {};
    return Error{Code::permission_denied, "that isn't the code, or it was used before"};
  });
}

Result<SignIn> People::finish_with_security_key(std::string_view secret, const WebauthnAssertion& answer,
                                                std::string_view address) {
  Impl& people = *impl_;
  const auto session = TRY(people.pending(secret));
  if (session->step != SignInStep::security_key) return not_pending();
  const KnownUser user = TRY(people.known(session->user));
  const SignInAttempt attempt = people.attempt(user.body.name, address);
  TRY(people.check_wait(attempt));
  if (session->attempts.fetch_add(1) >= attempts_max) {
    const std::unique_lock lock(people.guard);
    people.drop_holding(*session);
    return not_pending();
  }
  const Factors factors = TRY(people.factors(session->user));
  const WebauthnSite site{people.options.rp_id, people.options.origins};
  for (const Credential& credential : factors.keys) {
    const WebauthnCredential key = TRY(people.open_key(credential));
    if (key.id != answer.credential_id) continue;
    const auto counter = check_assertion(answer, session->challenge, site, key);
    if (!counter && counter.error().code != Code::permission_denied) return counter.error();
    if (!counter) return people.refuse(attempt, counter.error().message);
    return people.advance(session, attempt, true, [&, row = credential.id](Decision& decision) -> Status {
      const std::uint64_t taken =
          TRY(decision.views().execute("UPDATE credential SET counter = $2, used_at = $3 WHERE id = $1 AND (counter < "
                                       "$2 OR (counter = 0 AND $2 = 0))",
                                       {Bytes(row), std::int64_t{*counter}, decision.now_ms()}));
      if (taken == 1) return {};
      return Error{Code::permission_denied, "the security key's answer was used before"};
    });
  }
  return people.refuse(attempt, "this security key wasn't added to the account");
}

Result<SignIn> People::finish_enrolment(std::string_view secret) {
  Impl& people = *impl_;
  const auto session = TRY(people.pending(secret));
  if (session->step != SignInStep::enrol) return not_pending();
  const Factors factors = TRY(people.factors(session->user));
  const KnownUser user = TRY(people.known(session->user));
  const bool by_key = !factors.keys.empty();
  const bool enough = by_key || (factors.totp && !needs_security_key(user.body.roles));
  // What is next is what was next.
  if (!enough) return people.shown(*session, std::string(secret), factors);
  return people.advance(session, session->attempt, by_key, [&](Decision& decision) -> Status {
    const std::string_view kind = by_key ? "security-key" : "totp";
    const auto there = TRY(decision.views().integer("SELECT count(*) FROM credential WHERE person = $1 AND kind = $2",
                                                    {Bytes(session->user), kind}));
    return there.value_or(0) > 0 ? Status() : Status(not_pending());
  });
}

}  // namespace fristad
