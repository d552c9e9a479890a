// Matching: one hash, many, or an image.

#include <charconv>

#include "api/api_impl.h"
#include "api/call.h"
#include "api/matching.h"
#include "api/problem.h"
#include "base/hex.h"
#include "crypto/handle.h"
#include "fristad/hash.h"
#include "fristad/match.h"

namespace fristad {
namespace {

constexpr std::size_t batch_max = 100'000;

Response refused_as_probing() {
  return problem_response(problem_probing(),
                          "too many questions lay close around this one: it isn't answered to you until tomorrow");
}

// "pdq", "md5", "sha1" or "sha256": exactly one.
Result<Query> query_in(Fields& in) {
  std::optional<Query> query;
  for (const std::string_view kind : {"pdq", "md5", "sha1", "sha256"}) {
    const auto digits = TRY(in.maybe_text(kind, 64));
    if (!digits) continue;
    if (query) return Error{Code::invalid_argument, "one hash at a time: pdq, md5, sha1 or sha256"};
    auto parsed = parse_query(std::string(kind) + ":" + *digits);
    if (!parsed) return Error{Code::invalid_argument, "\"" + std::string(kind) + "\" isn't that many hex digits"};
    query = *parsed;
  }
  if (!query) return Error{Code::invalid_argument, "name a hash: pdq, md5, sha1 or sha256"};
  return *query;
}

// Asked with one limit after another, match / no match would tell the distance.
Status check_limit(const Call& call) {
  if (sees_details(call)) return {};
  return Error{Code::permission_denied, "\"limit\" is for those who may know distances: the list's own limit holds"};
}

Result<int> limit_in(const Call& call, Fields& in) {
  const auto limit = TRY(in.maybe_integer("limit", 0, limit_default));
  if (!limit) return limit_default;
  TRY(check_limit(call));
  return static_cast<int>(*limit);
}

void write_matches(JsonWriter& json, const Call& call, std::span<const MaterialMatch> matches) {
  json.key("matches").begin_array();
  for (const MaterialMatch& match : matches) write_match(json, call, match);
  json.end_array();
}

Result<Response> match_one(Call& call) {
  Fields in(*TRY(call.body(4096)));
  const Query query = TRY(query_in(in));
  const int limit = TRY(limit_in(call, in));
  TRY(in.end());
  if (auto refused = take_quota(call, 1)) return *std::move(refused);
  const Asked asked = TRY(ask_one(call, query, limit));
  if (asked.refused) return refused_as_probing();
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("match", !asked.matches.empty());
  write_matches(json, call, asked.matches);
  json.end_object();
  return json_response(200, std::move(body));
}

Result<Response> match_batch(Call& call) {
  Fields in(*TRY(call.body(16 << 20)));
  const Json::Array& texts = *TRY(in.array("pdq", batch_max));
  const int limit = TRY(limit_in(call, in));
  TRY(in.end());
  std::vector<PdqHash> queries;
  queries.reserve(texts.size());
  for (const Json& text : texts) {
    const auto hash = text.text() != nullptr ? PdqHash::from_hex(*text.text()) : Error{Code::invalid_argument, ""};
    if (!hash) {
      return Error{Code::invalid_argument,
                   "\"pdq\"[" + std::to_string(queries.size()) + "] isn't 64 hex digits: nothing was asked"};
    }
    queries.push_back(*hash);
  }
  if (auto refused = take_quota(call, queries.size())) return *std::move(refused);
  const AskedMany asked = TRY(ask_many(call, queries, limit));
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("asked", queries.size()).key("found").begin_array();
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (asked.matches[i].empty()) continue;
    json.begin_object().member("index", i);
    write_matches(json, call, asked.matches[i]);
    json.end_object();
  }
  json.end_array().key("refused").begin_array();
  for (std::size_t i = 0; i < asked.refused.size(); ++i) {
    if (asked.refused[i]) json.value(i);
  }
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

void write_picture(JsonWriter& json, const Call& call, const ImageHash& image, const Upload& upload,
                   const Digests& digests, const AskedPicture& asked, std::span<const MaterialMatch> by_digest) {
  json.begin_object().member("match", !asked.matches.empty() || !by_digest.empty());
  json.member("bytes", upload.bytes().size()).member("format", to_string(image.format));
  json.member("width", image.width).member("height", image.height).member("pdq_quality", image.pdq.quality);
  // Who uploaded the picture could compute these as well.
  json.member("pdq", image.pdq.hash.to_hex()).member("md5", to_hex(digests.md5));
  json.member("sha1", to_hex(digests.sha1)).member("sha256", to_hex(digests.sha256));
  json.key("matches").begin_array();
  for (const MaterialMatch& match : by_digest) write_match(json, call, match);
  for (const PictureMatch& one : asked.matches) {
    const auto same = [&](const MaterialMatch& other) {
      return other.list == one.match.list && other.number == one.match.number;
    };
    if (std::ranges::any_of(by_digest, same)) continue;
    write_match(json, call, one.match, one.orientation);
  }
  json.end_array().end_object();
}

Result<Response> match_image(Call& call) {
  const std::int64_t limit = TRY(call.query_number("limit", 0, limit_default, limit_default));
  if (!TRY(call.request.query_value("limit")).empty()) TRY(check_limit(call));
  if (auto refused = take_quota(call, 1)) return *std::move(refused);
  std::uint64_t expected = 0;
  const std::string_view length = call.request.headers.find("Content-Length");
  std::from_chars(length.data(), length.data() + length.size(), expected);
  Upload upload(call);
  TRY(upload.fill([&](std::span<char> to) { return call.request.body->read(to); }, expected));
  if (upload.bytes().empty()) return Error{Code::invalid_argument, "the body is an image: there is none"};
  const ImageHash image = TRY(hash_upload(call, upload));
  Digester digester;
  digester.update(upload.bytes());
  const Digests digests = digester.finish();
  const AskedPicture asked = TRY(ask_picture(call, image.pdq, static_cast<int>(limit)));
  if (asked.refused) return refused_as_probing();
  std::vector<MaterialMatch> by_digest;
  const Material& material = call.api.parts.material;
  for (const auto& [kind, bytes] : {std::pair(DigestKind::sha256, std::span<const std::uint8_t>(digests.sha256)),
                                    std::pair(DigestKind::sha1, std::span<const std::uint8_t>(digests.sha1)),
                                    std::pair(DigestKind::md5, std::span<const std::uint8_t>(digests.md5))}) {
    for (MaterialMatch& match : TRY(material.find(kind, bytes))) {
      const auto same = [&](const MaterialMatch& other) {
        return other.list == match.list && other.number == match.number;
      };
      if (std::ranges::none_of(by_digest, same)) by_digest.push_back(std::move(match));
    }
  }
  std::string body;
  JsonWriter json(body);
  write_picture(json, call, image, upload, digests, asked, by_digest);
  return json_response(200, std::move(body));
}

Result<Response> resolve_handle(Call& call) {
  Fields in(*TRY(call.body()));
  const std::string handle = TRY(in.text("handle", 64));
  const auto token = TRY(in.maybe_text("token", 16));
  const auto user = TRY(in.maybe_text("user", 32));
  TRY(in.end());
  TokenId token_id{};
  UserId user_id{};
  if (token.has_value() == user.has_value() || (token && !from_hex(*token, token_id)) ||
      (user && !from_hex(*user, user_id))) {
    return Error{Code::invalid_argument, "name who got the handle: \"token\" or \"user\", by id"};
  }
  const std::uint64_t asker = token ? asker_of(token_id) : asker_of(user_id);
  const auto opened = open_handle(call.api.parts.handle_key, handle, asker);
  if (!opened) return Error{Code::not_found, "whom you name never got that handle"};
  const EntryPlace place = EntryPlace::of(*opened);
  const auto list = TRY(call.api.parts.material.list_at(place));
  std::string body;
  JsonWriter(body).begin_object().member("list", to_text(list)).member("entry", place.number()).end_object();
  return json_response(200, std::move(body));
}

constexpr RouteLimits small{.body_bytes = 4096, .body_ms = 10'000};
constexpr RouteLimits large{.body_bytes = 16 << 20, .body_ms = 60'000};
constexpr RouteLimits upload{.body_bytes = 64 << 20, .body_ms = 60'000};

constexpr std::array routes{
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/match",
             .right = Right::match,
             .summary = "Whether a hash is known",
             .takes = "MatchQuery",
             .gives = "MatchAnswer",
             .handle = match_one,
             .limits = small,
             .quick = true},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/match/batch",
             .right = Right::match,
             .summary = "Which of up to 100,000 PDQ hashes are known",
             .takes = "MatchBatchQuery",
             .gives = "MatchBatchAnswer",
             .handle = match_batch,
             .limits = large},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/match/image",
             .right = Right::match,
             .summary = "Hash an image and tell whether it is known; nothing of it is kept",
             .takes = "image/*",
             .gives = "ImageAnswer",
             .query = "limit",
             .handle = match_image,
             .limits = upload},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/handles",
             .right = Right::match_details,
             .summary = "Which entry a token's handle stands for",
             .takes = "HandleQuery",
             .gives = "EntryName",
             .handle = resolve_handle},
};

}  // namespace

std::span<const ApiRoute> match_routes() {
  return routes;
}

}  // namespace fristad
