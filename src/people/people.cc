#include "people/people.h"

#include <algorithm>

#include "base/hex.h"
#include "base/try.h"
#include "crypto/primitives.h"
#include "crypto/seal.h"
#include "people/people_impl.h"
#include "people/records.h"

namespace fristad {
namespace {

constexpr std::string_view local_admin = "local-admin";

bool is_active_admin(const UserBody& body) {
  return body.state == UserState::active && std::ranges::find(body.roles, Role::admin) != body.roles.end();
}

KnownUser user_of(const SqlRow& row) {
  return {.revision = static_cast<std::uint32_t>(row.integer(1)),
          .body = {.name = std::string(row.text(2)),
                   .display = std::string(row.text(3)),
                   .roles = roles_from_text(row.text(4)),
                   .state = user_state_from_text(row.text(5)).value_or(UserState::disabled)}};
}

// Whoever stops being an admin must leave another.
Status check_last_admin(Connection& views, const UserId& user, const UserBody& before, const UserBody& after) {
  if (!is_active_admin(before) || is_active_admin(after)) return {};
  bool another = false;
  TRY(views.query("SELECT id, revision, name, display, roles, state FROM person WHERE id <> $1", {Bytes(user)},
                  [&](const SqlRow& row) {
                    another = another || is_active_admin(user_of(row).body);
                    return Status();
                  }));
  if (another) return {};
  return Error{Code::permission_denied, "\"" + before.name + "\" is the last admin: make another one first"};
}

}  // namespace

Error no_such_user(const UserId& user) {
  return {Code::not_found, "there is no user " + to_hex(user)};
}

Result<KnownUser> user_in(Connection& views, const UserId& user) {
  std::optional<KnownUser> known;
  TRY(views.query("SELECT id, revision, name, display, roles, state FROM person WHERE id = $1", {Bytes(user)},
                  [&](const SqlRow& row) {
                    known = user_of(row);
                    return Status();
                  }));
  if (!known) return no_such_user(user);
  return *known;
}

People::Impl::Impl(Journal& of, PeopleOptions chosen)
    : journal(of),
      options(std::move(chosen)),
      credential_key(derive_key(options.key, "people credentials")),
      fingerprint_key(derive_key(options.key, "people sessions and tokens")),
      csrf_key(derive_key(options.key, "people csrf")),
      attempt_key(derive_key(options.key, "people sign-in attempts")) {}

Digest People::Impl::hmac(const Key& key, std::string_view text) {
  return hmac_sha256(key, text);
}

People::People(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

People::~People() {
  if (impl_) static_cast<void>(impl_->keep_seen(impl_->now_ms()));
}

Result<std::unique_ptr<People>> People::open(Journal& journal, PeopleOptions options) {
  auto impl = std::make_unique<Impl>(journal, std::move(options));
  impl->views = TRY(journal.store().connect(true));
  impl->nobody = TRY(hash_of_nobody(impl->options.password_cost, impl->options.random));
  TRY(impl->load());
  return std::unique_ptr<People>(new People(std::move(impl)));
}

Status People::Impl::load() {
  const std::unique_lock lock(guard);
  const std::scoped_lock reads(reading);
  TRY(views->query("SELECT id, revision, name, display, roles, state FROM person", {}, [&](const SqlRow& row) {
    const auto id = array_of<16>(row.bytes(0));
    const KnownUser& user = users[id] = user_of(row);
    names[user.body.name] = id;
    return Status();
  }));
  TRY(views->query("SELECT id, person, fingerprint, since_at, seen_at, ends_at, device FROM session", {},
                   [&](const SqlRow& row) {
                     auto session = std::make_shared<Session>();
                     session->id = array_of<8>(row.bytes(0));
                     session->user = array_of<16>(row.bytes(1));
                     session->fingerprint = array_of<32>(row.bytes(2));
                     session->since_ms = row.integer(3);
                     session->seen_ms = row.integer(4);
                     session->kept_ms = row.integer(4);
                     session->ends_ms = row.integer(5);
                     session->device = row.text(6);
                     add_holding(std::move(session));
                     return Status();
                   }));
  TRY(views->query(
      "SELECT id, name, scopes, fingerprint, made_at, used_at, ends_at, hashes_per_minute, hashes_per_day, "
      "revoked, revoked_why FROM service_token",
      {}, [&](const SqlRow& row) {
        auto token = std::make_shared<ServiceToken>();
        token->info = {.id = array_of<8>(row.bytes(0)),
                       .draft = {.name = std::string(row.text(1)),
                                 .scopes = scopes_from_text(row.text(2)),
                                 .ends_ms = row.integer(6),
                                 .hashes_per_minute = static_cast<std::uint32_t>(row.integer(7)),
                                 .hashes_per_day = static_cast<std::uint64_t>(row.integer(8))},
                       .made_ms = row.integer(4),
                       .revoked = row.integer(9) != 0,
                       .revoked_why = std::string(row.text(10))};
        token->fingerprint = array_of<32>(row.bytes(3));
        token->used_ms = row.integer(5);
        token->kept_ms = row.integer(5);
        tokens_by_id[token->info.id] = token;
        if (!token->info.revoked) tokens[token->fingerprint] = token;
        return Status();
      }));
  TRY(views->query("SELECT who, count, since_at, until_at, wait_ms FROM sign_in_failure", {}, [&](const SqlRow& row) {
    limits.load(
        array_of<32>(row.bytes(0)),
        {.count = row.integer(1), .since_ms = row.integer(2), .until_ms = row.integer(3), .wait_ms = row.integer(4)});
    return Status();
  }));
  return views->query("SELECT address FROM known_address", {}, [&](const SqlRow& row) {
    known_addresses.insert(array_of<32>(row.bytes(0)));
    return Status();
  });
}

void People::on_change(std::function<void()> call) {
  const std::scoped_lock lock(impl_->calling);
  impl_->on_change = std::move(call);
}

void People::Impl::changed() const {
  std::function<void()> call;
  {
    const std::scoped_lock lock(calling);
    call = on_change;
  }
  if (call) call();
}

// ---- Users ----

void People::Impl::know(const UserId& user, std::uint32_t revision, const UserBody& body) {
  const std::unique_lock lock(guard);
  const auto [at, fresh] = users.try_emplace(user);
  // Of two decisions the later one may be heard of first.
  if (!fresh && at->second.revision >= revision) return;
  at->second = {revision, body};
  names[body.name] = user;
}

Result<KnownUser> People::Impl::known(const UserId& user) const {
  const std::shared_lock lock(guard);
  const auto at = users.find(user);
  if (at == users.end()) return no_such_user(user);
  return at->second;
}

Result<UserId> People::add_user(const By& by, const UserBody& body) {
  UserBody added = body;
  added.roles = in_order(body.roles);
  TRY(UserBody::from_json(added.to_json()));
  TRY(check_combination(added.roles));
  const auto recorded = TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    Connection& views = decision.views();
    if (TRY(views.integer("SELECT 1 FROM person WHERE name = $1", {std::string_view(added.name)}))) {
      return Error{Code::already_exists, "there is, or was, a user \"" + added.name + "\": choose another name"};
    }
    const bool first = TRY(views.integer("SELECT count(*) FROM person")).value_or(0) == 0;
    if (!added.roles.empty() && !first && decision.actor() != local_admin) {
      return Error{Code::permission_denied, "a new user has no roles yet: ask for them once he is there"};
    }
    TRY(decision.emit({.kind = std::string(kind_user), .body = added.to_json()}));
    return {};
  }));
  impl_->know(recorded.front().id, recorded.front().revision, added);
  impl_->changed();
  return recorded.front().id;
}

Status People::Impl::revise(const By& by, const UserId& user, std::optional<std::uint32_t> if_revision,
                            bool ends_sessions,
                            const std::function<Status(Connection& views, UserBody& body)>& change) {
  UserBody after;
  const auto recorded = TRY(journal.transact(by, [&](Decision& decision) -> Status {
    Connection& in = decision.views();
    const KnownUser before = TRY(user_in(in, user));
    if (if_revision && *if_revision != before.revision) {
      return Error{Code::conflict, "the user has changed since: it is at revision " + std::to_string(before.revision)};
    }
    after = before.body;
    TRY(change(in, after));
    TRY(check_last_admin(in, user, before.body, after));
    TRY(decision.emit({.kind = std::string(kind_user), .body = after.to_json(), .revises = user}));
    if (ends_sessions) TRY(in.execute("DELETE FROM session WHERE person = $1", {Bytes(user)}));
    return {};
  }));
  know(user, recorded.front().revision, after);
  if (ends_sessions) end_sessions(user);
  changed();
  return {};
}

Status People::set_roles(const By& by, const UserId& user, std::span<const Role> roles,
                         std::optional<std::uint32_t> if_revision) {
  TRY(check_combination(roles));
  return impl_->revise(by, user, if_revision, true, [&](Connection&, UserBody& body) {
    body.roles = in_order(roles);
    return Status();
  });
}

Status People::set_state(const By& by, const UserId& user, UserState state, std::optional<std::uint32_t> if_revision) {
  return impl_->revise(by, user, if_revision, true, [&](Connection&, UserBody& body) {
    body.state = state;
    return Status();
  });
}

Status People::set_display(const By& by, const UserId& user, std::string_view display) {
  return impl_->revise(by, user, {}, false, [&](Connection&, UserBody& body) -> Status {
    body.display = display;
    TRY(UserBody::from_json(body.to_json()));
    return {};
  });
}

Result<std::vector<UserInfo>> People::users() const {
  std::map<UserId, UserInfo> infos;
  {
    const std::shared_lock lock(impl_->guard);
    for (const auto& [id, known] : impl_->users) infos[id] = {.id = id, .revision = known.revision, .body = known.body};
  }
  {
    const std::scoped_lock lock(impl_->reading);
    TRY(impl_->views->query("SELECT person, kind, count(*) FROM credential GROUP BY person, kind", {},
                            [&](const SqlRow& row) {
                              const auto at = infos.find(array_of<16>(row.bytes(0)));
                              if (at == infos.end()) return Status();
                              if (row.text(1) == "password") at->second.has_password = true;
                              if (row.text(1) == "totp") at->second.has_totp = true;
                              if (row.text(1) == "security-key") at->second.security_keys = row.integer(2);
                              return Status();
                            }));
    TRY(impl_->views->query("SELECT person, max(seen_at) FROM known_address GROUP BY person", {},
                            [&](const SqlRow& row) {
                              const auto at = infos.find(array_of<16>(row.bytes(0)));
                              if (at != infos.end()) at->second.last_sign_in_ms = row.integer(1);
                              return Status();
                            }));
  }
  std::vector<UserInfo> all;
  for (auto& [id, info] : infos) all.push_back(std::move(info));
  std::ranges::sort(all, {}, [](const UserInfo& info) { return info.body.name; });
  return all;
}

Result<UserInfo> People::user(const UserId& user) const {
  const KnownUser known = TRY(impl_->known(user));
  const Factors factors = TRY(impl_->factors(user));
  UserInfo info{.id = user,
                .revision = known.revision,
                .body = known.body,
                .has_password = factors.password.has_value(),
                .has_totp = factors.totp.has_value(),
                .security_keys = std::ssize(factors.keys)};
  const std::scoped_lock lock(impl_->reading);
  info.last_sign_in_ms =
      TRY(impl_->views->integer("SELECT max(seen_at) FROM known_address WHERE person = $1", {Bytes(user)})).value_or(0);
  return info;
}

Result<UserInfo> People::user_named(std::string_view name) const {
  UserId id{};
  {
    const std::shared_lock lock(impl_->guard);
    const auto at = impl_->names.find(name);
    if (at == impl_->names.end()) return Error{Code::not_found, "there is no user \"" + std::string(name) + "\""};
    id = at->second;
  }
  return user(id);
}

}  // namespace fristad
