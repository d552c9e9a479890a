// Passwords, codes of apps and security keys.

#include <algorithm>

#include "base/hex.h"
#include "base/try.h"
#include "crypto/base32.h"
#include "crypto/base64.h"
#include "crypto/seal.h"
#include "crypto/totp.h"
#include "people/people_impl.h"
#include "people/records.h"

namespace fristad {
namespace {

constexpr std::size_t password_bytes_min = 12;
constexpr std::size_t label_bytes_max = 100;
constexpr std::int64_t keys_max = 20;

Error too_busy() {
  return {Code::unavailable, "too many sign in at this moment: try again"};
}

Status check_password(std::string_view password, std::string_view name) {
  const auto wrong = [](std::string_view what) { return Error{Code::invalid_argument, std::string(what)}; };
  if (password.size() < password_bytes_min) return wrong("a password has at least 12 bytes");
  if (password.size() > password_bytes_max) return wrong("a password has at most 1,024 bytes");
  if (std::ranges::all_of(password, [&](char c) { return c == password.front(); })) {
    return wrong("a password isn't one character again and again");
  }
  const bool is_name = std::ranges::equal(password, name, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
  if (is_name) return wrong("a password isn't the user's name");
  return {};
}

// One password and one app for each user.
std::vector<std::uint8_t> single_id(const UserId& user, char kind) {
  std::vector<std::uint8_t> id(user.begin(), user.end());
  id.push_back(static_cast<std::uint8_t>(kind));
  return id;
}

Status put(Connection& to, const Credential& credential, std::int64_t now_ms) {
  TRY(
      to.execute("INSERT INTO credential(id, person, kind, label, sealed, counter, made_at) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT(id) DO UPDATE SET sealed = excluded.sealed, "
                 "counter = excluded.counter, made_at = excluded.made_at",
                 {Bytes(credential.id), Bytes(credential.user), std::string_view(credential.kind),
                  std::string_view(credential.label), Bytes(credential.sealed), credential.counter, now_ms}));
  return {};
}

// Where it belongs: neither to another user nor another row.
std::string place_of(const Credential& credential) {
  return "fristad credential 1 " + credential.kind + " " + to_hex(credential.user) + " " + to_hex(credential.id);
}

Json of_user(const UserId& user) {
  return Json::object({{"user", to_hex(user)}});
}

Json of_factor(const UserId& user, std::string_view factor, std::string_view label) {
  return Json::object({{"user", to_hex(user)}, {"factor", factor}, {"label", label}});
}

// The row's id says nothing of the key, and a user has few.
std::string public_id(const Credential& key) {
  return to_hex(Bytes(key.id).first(8));
}

// Everybody has a second factor, and some roles need a key.
Status check_last_factor(Connection& views, const KnownUser& user, const Credential& key) {
  const bool any = !needs_security_key(user.body.roles);
  const auto others =
      TRY(views.integer("SELECT count(*) FROM credential WHERE person = $1 AND id <> $2 AND (kind = 'security-key' OR "
                        "(kind = 'totp' AND $3 = 1))",
                        {Bytes(key.user), Bytes(key.id), std::int64_t{any}}));
  if (others.value_or(0) > 0) return {};
  if (any) return Error{Code::conflict, "it is the only second factor: add another key, or an app, first"};
  return Error{Code::conflict, "it is the only security key, and the user's roles need one: add another key first"};
}

}  // namespace

Result<std::vector<std::uint8_t>> People::Impl::seal_credential(const Credential& credential, Bytes plain) const {
  return seal(credential_key, plain, as_bytes(place_of(credential)), options.random);
}

Result<std::vector<std::uint8_t>> People::Impl::open_credential(const Credential& credential) const {
  return fristad::open(credential_key, credential.sealed, as_bytes(place_of(credential)));
}

Result<WebauthnCredential> People::Impl::open_key(const Credential& credential) const {
  const Error damaged{Code::damaged, "a security key's row doesn't hold one: reset the user's factors"};
  const std::vector<std::uint8_t> plain = TRY(open_credential(credential));
  const Json json = TRY(parse_json(as_text(plain), {}));
  const Json* const id = json.find("id");
  const Json* const key = json.find("key");
  const Json* const algorithm = json.find("algorithm");
  if (id == nullptr || id->text() == nullptr || key == nullptr || key->text() == nullptr || algorithm == nullptr ||
      algorithm->integer() == nullptr) {
    return damaged;
  }
  const auto id_bytes = from_base64url(*id->text());
  const auto key_bytes = from_base64url(*key->text());
  if (!id_bytes || !key_bytes) return damaged;
  return WebauthnCredential{.id = *id_bytes,
                            .algorithm = static_cast<std::int32_t>(*algorithm->integer()),
                            .public_key = *key_bytes,
                            .counter = static_cast<std::uint32_t>(credential.counter)};
}

Result<Factors> People::Impl::factors(const UserId& user) const {
  Factors found;
  const std::scoped_lock lock(reading);
  TRY(
      views->query("SELECT id, kind, label, sealed, counter, made_at, used_at FROM credential WHERE person = $1 "
                   "ORDER BY made_at, id",
                   {Bytes(user)}, [&](const SqlRow& row) {
                     Credential credential{.id = {row.bytes(0).begin(), row.bytes(0).end()},
                                           .user = user,
                                           .kind = std::string(row.text(1)),
                                           .label = std::string(row.text(2)),
                                           .sealed = {row.bytes(3).begin(), row.bytes(3).end()},
                                           .counter = row.integer(4),
                                           .made_ms = row.integer(5),
                                           .used_ms = row.integer(6)};
                     if (credential.kind == "password") {
                       found.password = std::move(credential);
                     } else if (credential.kind == "totp") {
                       found.totp = std::move(credential);
                     } else {
                       found.keys.push_back(std::move(credential));
                     }
                     return Status();
                   }));
  return found;
}

Status People::reset_factors(const By& by, const UserId& user) {
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    TRY(user_in(decision.views(), user));
    TRY(decision.emit({.kind = std::string(kind_user_reset), .body = of_user(user)}));
    TRY(decision.views().execute("DELETE FROM credential WHERE person = $1", {Bytes(user)}));
    TRY(decision.views().execute("DELETE FROM session WHERE person = $1", {Bytes(user)}));
    return {};
  }));
  {
    const std::scoped_lock lock(impl_->proposing);
    impl_->totp_proposals.erase(user);
    impl_->key_challenges.erase(user);
  }
  impl_->end_sessions(user);
  impl_->changed();
  return {};
}

// ---- Passwords ----

Status People::set_password(const By& by, const UserId& user, std::string_view password,
                            std::string_view keep_session) {
  const KnownUser known = TRY(impl_->known(user));
  TRY(check_password(password, known.body.name));
  Credential credential{.id = single_id(user, 'p'), .user = user, .kind = "password", .label = {}, .sealed = {}};
  {
    const auto pass = impl_->argon.enter();
    if (!pass) return too_busy();
    std::string hash = TRY(hash_password(password, impl_->options.password_cost));
    credential.sealed = TRY(impl_->seal_credential(credential, as_bytes(hash)));
    wipe(hash);
  }
  std::array<std::uint8_t, 8> keep{};
  const bool keeps = from_hex(keep_session, keep);
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    TRY(user_in(decision.views(), user));
    TRY(decision.emit({.kind = std::string(kind_user_password), .body = of_user(user)}));
    TRY(put(decision.views(), credential, decision.now_ms()));
    TRY(decision.views().execute("DELETE FROM session WHERE person = $1 AND id <> $2", {Bytes(user), Bytes(keep)}));
    return {};
  }));
  impl_->end_sessions(user, keeps ? keep_session : std::string_view());
  impl_->changed();
  return {};
}

Result<bool> People::is_password(const UserId& user, std::string_view password) {
  const KnownUser known = TRY(impl_->known(user));
  // Who asks is signed in, so what strangers guess doesn't count.
  SignInAttempt attempt = impl_->attempt(known.body.name, "signed in");
  attempt.known = true;
  TRY(impl_->check_wait(attempt));
  const auto pass = impl_->argon.enter();
  if (!pass) return too_busy();
  const Factors factors = TRY(impl_->factors(user));
  if (!factors.password) return false;
  const std::vector<std::uint8_t> hash = TRY(impl_->open_credential(*factors.password));
  if (is_password_of(as_text(hash), password)) return true;
  static_cast<void>(impl_->refuse(attempt, ""));
  return false;
}

Status People::Impl::renew_hash(const Credential& password, std::string_view plain) {
  std::string hash = TRY(hash_password(plain, options.password_cost));
  const std::vector<std::uint8_t> sealed = TRY(seal_credential(password, as_bytes(hash)));
  wipe(hash);
  TRY(journal.transact("node", [&](Decision& decision) -> Status {
    // Unless another one was set meanwhile.
    TRY(decision.views().execute("UPDATE credential SET sealed = $2 WHERE id = $1 AND sealed = $3",
                                 {Bytes(password.id), Bytes(sealed), Bytes(password.sealed)}));
    return {};
  }));
  return {};
}

// ---- Codes of an app ----

Result<std::string> People::propose_totp(const UserId& user) {
  TRY(impl_->known(user));
  const auto secret = TRY(random_array<totp_secret_size>(impl_->options.random));
  const std::scoped_lock lock(impl_->proposing);
  impl_->totp_proposals[user] = {{secret.begin(), secret.end()}, impl_->now_ms()};
  return to_base32(secret);
}

Status People::confirm_totp(const By& by, const UserId& user, std::string_view code) {
  Credential credential{.id = single_id(user, 't'), .user = user, .kind = "totp", .label = {}, .sealed = {}};
  {
    const std::scoped_lock lock(impl_->proposing);
    const auto at = impl_->totp_proposals.find(user);
    const std::int64_t now_ms = impl_->now_ms();
    if (at == impl_->totp_proposals.end() || now_ms > at->second.at_ms + ten_minutes_ms) {
      return Error{Code::not_found, "no secret was given out in the last ten minutes: begin anew"};
    }
    const auto step = accepted_totp(at->second.secret, code, now_ms, 0);
    if (!step) return Error{Code::permission_denied, "that isn't the code: compare the clock of the app's device"};
    // The code was seen, so it counts as used.
    credential.counter = *step;
    credential.sealed = TRY(impl_->seal_credential(credential, at->second.secret));
    wipe(at->second.secret);
    impl_->totp_proposals.erase(at);
  }
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    TRY(user_in(decision.views(), user));
    TRY(decision.emit({.kind = std::string(kind_user_factor), .body = of_factor(user, "totp", "")}));
    return put(decision.views(), credential, decision.now_ms());
  }));
  return {};
}

// ---- Security keys ----

Result<std::vector<std::uint8_t>> People::security_key_challenge(const UserId& user) {
  TRY(impl_->known(user));
  const auto challenge = TRY(random_array<32>(impl_->options.random));
  const std::scoped_lock lock(impl_->proposing);
  impl_->key_challenges[user] = {{challenge.begin(), challenge.end()}, impl_->now_ms()};
  return std::vector<std::uint8_t>(challenge.begin(), challenge.end());
}

Status People::add_security_key(const By& by, const UserId& user, const WebauthnRegistration& answer,
                                std::string_view label) {
  TRY(check_text("\"label\"", label, 0, label_bytes_max));
  std::vector<std::uint8_t> challenge;
  {
    const std::scoped_lock lock(impl_->proposing);
    const auto at = impl_->key_challenges.find(user);
    if (at == impl_->key_challenges.end() || impl_->now_ms() > at->second.at_ms + ten_minutes_ms) {
      return Error{Code::not_found, "no security key was asked for in the last ten minutes: begin anew"};
    }
    challenge = at->second.secret;
  }
  const WebauthnCredential key =
      TRY(check_registration(answer, challenge, {impl_->options.rp_id, impl_->options.origins}));
  const std::string plain = canonical(Json::object({{"algorithm", static_cast<std::int64_t>(key.algorithm)},
                                                    {"id", to_base64url(key.id)},
                                                    {"key", to_base64url(key.public_key)}}));
  // The same key is found again, by anyone who has this node's key.
  const Digest row = Impl::hmac(impl_->credential_key, as_text(key.id));
  Credential credential{.id = {row.begin(), row.end()},
                        .user = user,
                        .kind = "security-key",
                        .label = std::string(label),
                        .sealed = {},
                        .counter = key.counter};
  credential.sealed = TRY(impl_->seal_credential(credential, as_bytes(plain)));
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    Connection& views = decision.views();
    TRY(user_in(views, user));
    if (TRY(views.integer("SELECT 1 FROM credential WHERE id = $1", {Bytes(credential.id)}))) {
      return Error{Code::already_exists, "this security key was added before"};
    }
    const auto count = TRY(
        views.integer("SELECT count(*) FROM credential WHERE person = $1 AND kind = 'security-key'", {Bytes(user)}));
    if (count.value_or(0) >= keys_max) {
      return Error{Code::invalid_argument, "a user has at most 20 security keys"};
    }
    TRY(decision.emit({.kind = std::string(kind_user_factor), .body = of_factor(user, "security-key", label)}));
    return put(views, credential, decision.now_ms());
  }));
  const std::scoped_lock lock(impl_->proposing);
  impl_->key_challenges.erase(user);
  return {};
}

Result<std::vector<SecurityKeyInfo>> People::security_keys(const UserId& user) const {
  TRY(impl_->known(user));
  std::vector<SecurityKeyInfo> infos;
  for (const Credential& key : TRY(impl_->factors(user)).keys) {
    infos.push_back({.id = public_id(key), .label = key.label, .added_ms = key.made_ms, .used_ms = key.used_ms});
  }
  return infos;
}

Result<std::vector<std::vector<std::uint8_t>>> People::security_key_credentials(const UserId& user) const {
  std::vector<std::vector<std::uint8_t>> ids;
  for (const Credential& key : TRY(impl_->factors(user)).keys) ids.push_back(TRY(impl_->open_key(key)).id);
  return ids;
}

Status People::remove_security_key(const By& by, const UserId& user, std::string_view key,
                                   std::string_view keep_session) {
  const Factors factors = TRY(impl_->factors(user));
  const auto found = std::ranges::find(factors.keys, key, public_id);
  const Error gone{Code::not_found, "the user has no such security key"};
  if (found == factors.keys.end()) return gone;
  std::array<std::uint8_t, 8> keep{};
  const bool keeps = from_hex(keep_session, keep);
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    Connection& views = decision.views();
    TRY(check_last_factor(views, TRY(user_in(views, user)), *found));
    if (TRY(views.execute("DELETE FROM credential WHERE id = $1", {Bytes(found->id)})) == 0) return gone;
    TRY(decision.emit(
        {.kind = std::string(kind_user_factor_removed), .body = of_factor(user, "security-key", found->label)}));
    TRY(views.execute("DELETE FROM session WHERE person = $1 AND id <> $2", {Bytes(user), Bytes(keep)}));
    return {};
  }));
  impl_->end_sessions(user, keeps ? keep_session : std::string_view());
  impl_->changed();
  return {};
}

}  // namespace fristad
