// Sessions that are there: who has one, and how they end.

#include <algorithm>

#include "base/hex.h"
#include "base/try.h"
#include "crypto/secret.h"
#include "people/people_impl.h"
#include "people/records.h"

namespace fristad {
namespace {

// Of `seen`, so that a clock that went back doesn't.
void raise(std::atomic<std::int64_t>& time_ms, std::int64_t to_ms) {
  std::int64_t before = time_ms.load();
  while (before < to_ms && !time_ms.compare_exchange_weak(before, to_ms)) {
  }
}

}  // namespace

bool People::Impl::is_alive(const Session& session, std::int64_t now_ms) const {
  return now_ms < session.ends_ms && now_ms < session.seen_ms.load() + options.session_idle_ms;
}

// With at least a shared lock of `guard`. A session that still waits for a factor is nobody's.
std::optional<Caller> People::Impl::caller_of(const Session& session) const {
  const bool enrolling = session.step == SignInStep::enrol;
  if ((session.step != SignInStep::done && !enrolling) || !is_alive(session, now_ms())) return std::nullopt;
  const auto user = users.find(session.user);
  if (user == users.end() || user->second.body.state != UserState::active) return std::nullopt;
  // Also of somebody without roles: his account is his.
  Rights rights{Right::own_account};
  if (!enrolling) rights |= rights_of(std::span<const Role>(user->second.body.roles));
  return Caller{.kind = CallerKind::user,
                .actor = user->second.body.name,
                .rights = rights,
                .user = session.user,
                .session = to_hex(session.id),
                .enrolling = enrolling};
}

std::optional<Caller> People::who_has_session(std::string_view secret) {
  if (secret.size() != secret_size) return std::nullopt;
  const Digest fingerprint = impl_->fingerprint(secret);
  const std::shared_lock lock(impl_->guard);
  const auto at = impl_->sessions.find(fingerprint);
  if (at == impl_->sessions.end()) return std::nullopt;
  std::optional<Caller> caller = impl_->caller_of(*at->second);
  if (caller) raise(at->second->seen_ms, impl_->now_ms());
  return caller;
}

bool People::is_csrf(std::string_view secret, std::string_view csrf) const {
  if (secret.size() != secret_size) return false;
  const Digest fingerprint = impl_->fingerprint(secret);
  {
    const std::shared_lock lock(impl_->guard);
    const auto at = impl_->sessions.find(fingerprint);
    if (at == impl_->sessions.end() || !impl_->is_alive(*at->second, impl_->now_ms())) return false;
  }
  return equal_secrets(as_bytes(Impl::secret_text(Impl::hmac(impl_->csrf_key, secret))), as_bytes(csrf));
}

std::string People::csrf_of(std::string_view secret) const {
  return Impl::secret_text(Impl::hmac(impl_->csrf_key, secret));
}

std::optional<Caller> People::still(const Caller& caller) const {
  const std::shared_lock lock(impl_->guard);
  if (caller.kind == CallerKind::token) {
    const auto at = impl_->tokens_by_id.find(caller.token);
    if (at == impl_->tokens_by_id.end()) return std::nullopt;
    return impl_->caller_of(*at->second);
  }
  const auto at = impl_->sessions_by_id.find(caller.session);
  if (at == impl_->sessions_by_id.end() || at->second->user != caller.user) return std::nullopt;
  return impl_->caller_of(*at->second);
}

std::vector<SessionInfo> People::sessions(const UserId& user) const {
  std::vector<SessionInfo> infos;
  const std::shared_lock lock(impl_->guard);
  for (const auto& [id, session] : impl_->sessions_by_id) {
    if (session->user != user || !impl_->caller_of(*session)) continue;
    infos.push_back(
        {.id = id, .device = session->device, .since_ms = session->since_ms, .seen_ms = session->seen_ms.load()});
  }
  std::ranges::sort(infos, std::ranges::greater(), &SessionInfo::since_ms);
  return infos;
}

// ---- Ends ----

Status People::end_session(std::string_view secret) {
  std::shared_ptr<Session> session;
  {
    const std::shared_lock lock(impl_->guard);
    const auto at = impl_->sessions.find(impl_->fingerprint(secret));
    if (at == impl_->sessions.end()) return Error{Code::not_found, "the session has ended already"};
    session = at->second;
  }
  return end_session_of(session->user, to_hex(session->id));
}

Status People::end_session_of(const UserId& user, std::string_view session_id) {
  std::array<std::uint8_t, 8> id{};
  {
    const std::unique_lock lock(impl_->guard);
    const auto at = impl_->sessions_by_id.find(session_id);
    if (at == impl_->sessions_by_id.end() || at->second->user != user) {
      return Error{Code::not_found, "the user has no such session"};
    }
    const std::shared_ptr<Session> session = at->second;
    id = session->id;
    impl_->drop_holding(*session);
  }
  impl_->changed();
  TRY(impl_->journal.transact("node", [&](Decision& decision) -> Status {
    TRY(decision.views().execute("DELETE FROM session WHERE id = $1", {Bytes(id)}));
    return {};
  }));
  return {};
}

void People::Impl::end_sessions(const UserId& user, std::string_view keep) {
  const std::unique_lock lock(guard);
  ++epochs[user];
  std::vector<std::shared_ptr<Session>> ended;
  for (const auto& [id, session] : sessions_by_id) {
    if (session->user == user && id != keep) ended.push_back(session);
  }
  for (const auto& session : ended) drop_holding(*session);
}

// ---- Every minute ----

// Rows whose session has gone from memory. It is there before its row is, so it doesn't come back.
Result<std::vector<std::array<std::uint8_t, 8>>> People::Impl::ended_rows() const {
  std::vector<std::array<std::uint8_t, 8>> rows;
  {
    const std::scoped_lock lock(reading);
    TRY(views->query("SELECT id FROM session", {}, [&](const SqlRow& row) {
      rows.push_back(array_of<8>(row.bytes(0)));
      return Status();
    }));
  }
  const std::shared_lock lock(guard);
  std::erase_if(rows, [&](const auto& id) { return sessions_by_id.contains(to_hex(id)); });
  return rows;
}

Status People::Impl::keep_seen(std::int64_t now_ms) {
  struct Seen {
    Bytes id;
    std::int64_t at_ms;
    std::atomic<std::int64_t>* kept_ms;
  };
  std::vector<Seen> of_sessions;
  std::vector<Seen> of_tokens;
  std::vector<std::shared_ptr<Session>> held_sessions;
  std::vector<std::shared_ptr<ServiceToken>> held_tokens;
  std::vector<std::shared_ptr<Session>> over;
  {
    const std::shared_lock lock(guard);
    for (const auto& [id, session] : sessions_by_id) {
      if (!is_alive(*session, now_ms)) {
        over.push_back(session);
      } else if (session->step == SignInStep::done) {
        held_sessions.push_back(session);
      }
    }
    for (const auto& [id, token] : tokens_by_id) held_tokens.push_back(token);
  }
  for (const auto& session : held_sessions) {
    if (session->seen_ms > session->kept_ms) of_sessions.push_back({session->id, session->seen_ms, &session->kept_ms});
  }
  for (const auto& token : held_tokens) {
    if (token->used_ms > token->kept_ms) of_tokens.push_back({token->info.id, token->used_ms, &token->kept_ms});
  }
  const std::vector<Digest> forgotten = limits.forget(now_ms);
  if (!over.empty()) {
    const std::unique_lock lock(guard);
    for (const auto& session : over) drop_holding(*session);
  }
  const std::vector<std::array<std::uint8_t, 8>> ended = TRY(ended_rows());
  if (of_sessions.empty() && of_tokens.empty() && ended.empty() && forgotten.empty()) return {};
  TRY(journal.transact("node", [&](Decision& decision) -> Status {
    Connection& to = decision.views();
    for (const Seen& seen : of_sessions) {
      TRY(to.execute("UPDATE session SET seen_at = $2 WHERE id = $1", {seen.id, seen.at_ms}));
    }
    for (const Seen& seen : of_tokens) {
      TRY(to.execute("UPDATE service_token SET used_at = $2 WHERE id = $1", {seen.id, seen.at_ms}));
    }
    for (const auto& id : ended) TRY(to.execute("DELETE FROM session WHERE id = $1", {Bytes(id)}));
    for (const Digest& who : forgotten) {
      // Unless it failed again meanwhile.
      if (!limits.count(who)) TRY(to.execute("DELETE FROM sign_in_failure WHERE who = $1", {Bytes(who)}));
    }
    return {};
  }));
  for (const auto* all : {&of_sessions, &of_tokens}) {
    for (const Seen& seen : *all) *seen.kept_ms = seen.at_ms;
  }
  return {};
}

Status People::tend() {
  TRY(impl_->keep_seen(impl_->now_ms()));
  return impl_->lapse();
}

}  // namespace fristad
