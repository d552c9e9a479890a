// Service tokens: made with their scopes and end, shown once, revoked.

#include "api/api_impl.h"
#include "api/call.h"
#include "base/hex.h"

namespace fristad {
namespace {

void write_draft(JsonWriter& json, const TokenDraft& draft) {
  json.member("name", draft.name).key("scopes").begin_array();
  for (const TokenScope scope : draft.scopes) json.value(to_text(scope));
  json.end_array().member("ends_ms", draft.ends_ms).member("hashes_per_minute", draft.hashes_per_minute);
  json.member("hashes_per_day", draft.hashes_per_day);
}

Result<Response> show_tokens(Call& call) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("tokens").begin_array();
  for (const TokenInfo& token : TRY(call.api.parts.people.tokens())) {
    json.begin_object().member("token", to_hex(token.id));
    write_draft(json, token.draft);
    json.member("made_ms", token.made_ms).member("used_ms", token.used_ms).member("revoked", token.revoked);
    if (token.revoked) json.member("revoked_why", token.revoked_why);
    json.end_object();
  }
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

Result<Response> make_token(Call& call) {
  Fields in(*TRY(call.body()));
  TokenDraft draft{.name = TRY(in.text("name", 64)), .scopes = {}};
  for (const std::string& name : TRY(in.texts("scopes", token_scope_count, 32))) {
    const auto scope = scope_from_text(name);
    if (!scope) return Error{Code::invalid_argument, "\"scopes\" holds one that there isn't"};
    draft.scopes.push_back(*scope);
  }
  const std::int64_t days = TRY(in.integer("days", 1, 731));
  draft.ends_ms = call.api.parts.clock.utc_ms() + days * 86'400'000;
  if (const auto rate = TRY(in.maybe_integer("hashes_per_minute", 0, UINT32_MAX))) {
    draft.hashes_per_minute = static_cast<std::uint32_t>(*rate);
  }
  if (const auto rate = TRY(in.maybe_integer("hashes_per_day", 0, std::int64_t{1} << 50))) {
    draft.hashes_per_day = static_cast<std::uint64_t>(*rate);
  }
  TRY(in.end());
  const auto [id, secret] = TRY(call.api.parts.people.add_token(call.by(), draft));
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("token", to_hex(id));
  write_draft(json, draft);
  json.member("secret", secret).end_object();
  Response response = json_response(201, std::move(body));
  response.headers.add("Cache-Control", "no-store");
  return response;
}

Result<Response> revoke_token(Call& call) {
  Fields in(*TRY(call.body()));
  const std::string why = TRY(in.text("reason", 1000));
  TRY(in.end());
  TokenId id{};
  if (!from_hex(call.request.parameter("token"), id)) return Error{Code::not_found, "there is no such token"};
  TRY(call.api.parts.people.revoke_token(call.by(), id, why));
  return json_response(200, "{}");
}

constexpr std::array routes{
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/tokens",
             .right = Right::manage_users,
             .summary = "All service tokens, without their secrets",
             .gives = "Tokens",
             .handle = show_tokens},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/tokens",
             .right = Right::manage_users,
             .summary = "Make a service token; its secret is shown once",
             .takes = "TokenDraft",
             .gives = "NewToken",
             .status = 201,
             .handle = make_token,
             .secret_answer = true},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/tokens/{token}/revoke",
             .right = Right::manage_users,
             .summary = "Revoke a token: it stops working before this is answered",
             .takes = "RevokeDraft",
             .gives = "Empty",
             .handle = revoke_token},
};

}  // namespace

std::span<const ApiRoute> token_routes() {
  return routes;
}

}  // namespace fristad
