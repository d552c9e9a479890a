// Service tokens: what programs sign in with.

#include <algorithm>

#include "base/hex.h"
#include "base/try.h"
#include "people/people_impl.h"
#include "people/records.h"

namespace fristad {
namespace {

constexpr std::string_view prefix = "fristad_";
constexpr std::int64_t two_years_ms = 2 * 365 * 86'400'000LL;

Error no_such_token(const TokenId& token) {
  return {Code::not_found, "there is no token " + to_hex(token)};
}

}  // namespace

// With at least a shared lock of `guard`.
std::optional<Caller> People::Impl::caller_of(const ServiceToken& token) const {
  const TokenDraft& draft = token.info.draft;
  if (token.info.revoked || now_ms() >= draft.ends_ms) return std::nullopt;
  return Caller{.kind = CallerKind::token,
                .actor = "token:" + draft.name,
                .rights = rights_of(std::span<const TokenScope>(draft.scopes)),
                .token = token.info.id,
                .hashes_per_minute = draft.hashes_per_minute,
                .hashes_per_day = draft.hashes_per_day};
}

std::optional<Caller> People::who_has_token(std::string_view token) {
  if (token.size() != prefix.size() + secret_size || !token.starts_with(prefix)) return std::nullopt;
  const Digest fingerprint = impl_->fingerprint(token);
  const std::shared_lock lock(impl_->guard);
  const auto at = impl_->tokens.find(fingerprint);
  if (at == impl_->tokens.end()) return std::nullopt;
  std::optional<Caller> caller = impl_->caller_of(*at->second);
  if (caller) at->second->used_ms = impl_->now_ms();
  return caller;
}

Result<std::pair<TokenId, std::string>> People::add_token(const By& by, const TokenDraft& draft) {
  TRY(check_draft(draft));
  auto token = std::make_shared<ServiceToken>();
  token->info.id = TRY(random_array<8>(impl_->options.random));
  token->info.draft = draft;
  token->info.made_ms = impl_->now_ms();
  if (draft.ends_ms <= token->info.made_ms || draft.ends_ms > token->info.made_ms + two_years_ms) {
    return Error{Code::invalid_argument, "a token ends after now and within two years"};
  }
  std::string secret(prefix);
  secret += Impl::secret_text(TRY(random_array<32>(impl_->options.random)));
  token->fingerprint = impl_->fingerprint(secret);
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    Connection& to = decision.views();
    if (TRY(to.integer("SELECT 1 FROM service_token WHERE name = $1 AND revoked = 0 AND ends_at > $2",
                       {std::string_view(draft.name), token->info.made_ms}))) {
      return Error{Code::already_exists, "there is a token \"" + draft.name + "\": revoke it or choose another name"};
    }
    TRY(decision.emit({.kind = std::string(kind_token), .body = body_of(token->info.id, draft)}));
    TRY(to.execute(
        "INSERT INTO service_token(id, name, scopes, fingerprint, made_at, used_at, ends_at, hashes_per_minute, "
        "hashes_per_day, revoked, revoked_why) VALUES ($1, $2, $3, $4, $5, 0, $6, $7, $8, 0, '')",
        {Bytes(token->info.id), std::string_view(draft.name),
         std::string_view(to_text(std::span<const TokenScope>(draft.scopes))), Bytes(token->fingerprint),
         token->info.made_ms, draft.ends_ms, std::int64_t{draft.hashes_per_minute},
         static_cast<std::int64_t>(draft.hashes_per_day)}));
    return {};
  }));
  {
    const std::unique_lock lock(impl_->guard);
    impl_->tokens_by_id[token->info.id] = token;
    impl_->tokens[token->fingerprint] = token;
  }
  impl_->changed();
  return std::pair(token->info.id, std::move(secret));
}

Status People::revoke_token(const By& by, const TokenId& token, std::string_view why) {
  TRY(check_text("why a token is revoked", why, 1, why_bytes_max));
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    Connection& to = decision.views();
    const auto revoked = TRY(to.integer("SELECT revoked FROM service_token WHERE id = $1", {Bytes(token)}));
    if (!revoked) return no_such_token(token);
    if (*revoked != 0) return Error{Code::conflict, "the token was revoked before"};
    TRY(decision.emit(
        {.kind = std::string(kind_token_revoked), .body = Json::object({{"reason", why}, {"token", to_hex(token)}})}));
    TRY(to.execute("UPDATE service_token SET revoked = 1, revoked_why = $2 WHERE id = $1", {Bytes(token), why}));
    return {};
  }));
  {
    const std::unique_lock lock(impl_->guard);
    const auto at = impl_->tokens_by_id.find(token);
    if (at != impl_->tokens_by_id.end()) {
      at->second->info.revoked = true;
      at->second->info.revoked_why = why;
      impl_->tokens.erase(at->second->fingerprint);
    }
  }
  impl_->changed();
  return {};
}

Result<std::vector<TokenInfo>> People::tokens() const {
  std::vector<TokenInfo> infos;
  const std::shared_lock lock(impl_->guard);
  for (const auto& [id, token] : impl_->tokens_by_id) {
    TokenInfo& info = infos.emplace_back(token->info);
    info.used_ms = token->used_ms.load();
  }
  std::ranges::sort(infos, {}, [](const TokenInfo& info) { return std::pair(info.draft.name, info.made_ms); });
  return infos;
}

}  // namespace fristad
