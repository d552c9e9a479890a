#include "api/matching.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "api/api_impl.h"
#include "api/problem.h"
#include "base/hex.h"
#include "crypto/handle.h"

namespace fristad {
namespace {

constexpr std::int64_t wait_for_hasher_ms = 10'000;
constexpr std::size_t read_bytes = 256 * 1024;

MatchScratch& scratch() {
  static thread_local MatchScratch mine;
  return mine;
}

bool is_watched(const Call& call) {
  return !sees_details(call);
}

void count(Call& call, std::uint64_t asked, std::uint64_t matched) {
  Metrics& metrics = call.api.metrics;
  metrics.queries.fetch_add(asked, std::memory_order_relaxed);
  metrics.queries_matched.fetch_add(matched, std::memory_order_relaxed);
}

void tell_probing(Call& call, std::size_t closed) {
  if (closed == 0) return;
  call.api.metrics.probing_closed += closed;
  call.api.parts.log.warning("probing", {{"neighbourhoods_closed", static_cast<std::int64_t>(closed)}});
}

}  // namespace

std::optional<Response> take_quota(Call& call, std::uint64_t hashes) {
  const std::int64_t now_ms = call.api.parts.clock.utc_ms();
  if (call.api.quotas.take(call.who(), hashes, now_ms)) return std::nullopt;
  ++call.api.metrics.throttled;
  Response refused = problem_response(problem_throttled(), "the token's quota of hashes is used up");
  refused.headers.add("Retry-After", std::to_string(Quotas::retry_s(now_ms)));
  return refused;
}

Result<Asked> ask_one(Call& call, const Query& query, int limit, Material::Ruled ruled) {
  const Material& material = call.api.parts.material;
  if (query.digest) {
    Asked asked{.matches = TRY(material.find(*query.digest, query.digest_bytes(), ruled))};
    count(call, 1, asked.matches.empty() ? 0 : 1);
    return asked;
  }
  const std::int64_t now_ms = is_watched(call) ? call.api.parts.clock.utc_ms() : 0;
  if (is_watched(call) && call.api.probing.closed(asker_of(call.who()), query.pdq, now_ms)) {
    ++call.api.metrics.probing_refused;
    return Asked{.matches = {}, .refused = true};
  }
  Asked asked{.matches = TRY(material.match(query.pdq, limit, scratch(), ruled))};
  count(call, 1, asked.matches.empty() ? 0 : 1);
  if (is_watched(call)) {
    tell_probing(call, call.api.probing.note(asker_of(call.who()), query.pdq, !asked.matches.empty(), now_ms));
  }
  return asked;
}

Result<AskedMany> ask_many(Call& call, std::span<const PdqHash> queries, int limit) {
  AskedMany asked;
  const std::int64_t now_ms = call.api.parts.clock.utc_ms();
  if (is_watched(call)) asked.refused = call.api.probing.closed(asker_of(call.who()), queries, now_ms);
  asked.matches = TRY(call.api.parts.material.match_batch(queries, limit, scratch()));
  std::uint64_t matched = 0;
  std::vector<bool> had_match(queries.size());
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (!asked.refused.empty() && asked.refused[i]) {
      asked.matches[i].clear();
      ++call.api.metrics.probing_refused;
    }
    had_match[i] = !asked.matches[i].empty();
    if (had_match[i]) ++matched;
  }
  count(call, queries.size(), matched);
  if (is_watched(call)) tell_probing(call, call.api.probing.note(asker_of(call.who()), queries, had_match, now_ms));
  return asked;
}

Result<AskedPicture> ask_picture(Call& call, const PdqResult& picture, int limit, Material::Ruled ruled) {
  if (picture.quality < pdq_quality_min) {
    count(call, 1, 0);
    return AskedPicture{};
  }
  AskedPicture asked;
  std::map<std::pair<ListId, std::int64_t>, PictureMatch> nearest;
  const std::int64_t now_ms = call.api.parts.clock.utc_ms();
  const bool watched = is_watched(call);
  if (watched && call.api.probing.closed(asker_of(call.who()), picture.hash, now_ms)) {
    ++call.api.metrics.probing_refused;
    return AskedPicture{.matches = {}, .refused = true};
  }
  for (std::size_t i = 0; i < orientation_count; ++i) {
    for (MaterialMatch& match : TRY(call.api.parts.material.match(picture.dihedral.at(i), limit, scratch(), ruled))) {
      const auto [at, fresh] = nearest.try_emplace({match.list, match.number});
      if (!fresh && at->second.match.distance <= match.distance) continue;
      at->second = {.match = std::move(match), .orientation = static_cast<Orientation>(i)};
    }
  }
  for (auto& [key, match] : nearest) asked.matches.push_back(std::move(match));
  std::ranges::stable_sort(asked.matches, {}, [](const PictureMatch& one) { return one.match.distance; });
  count(call, 1, asked.matches.empty() ? 0 : 1);
  if (watched) {
    tell_probing(call, call.api.probing.note(asker_of(call.who()), picture.hash, !asked.matches.empty(), now_ms));
  }
  return asked;
}

std::string entry_handle(const Call& call, const MaterialMatch& match) {
  return seal_handle(call.api.parts.handle_key, match.place.handle(), asker_of(call.who()));
}

void write_match(JsonWriter& json, const Call& call, const MaterialMatch& match,
                 std::optional<Orientation> orientation) {
  json.begin_object().member("list", to_text(match.list)).member("level", to_text(match.ruling.level));
  if (!sees_details(call)) {
    json.member("handle", entry_handle(call, match)).end_object();
    return;
  }
  json.member("entry", match.number).member("distance", match.distance);
  if (orientation) json.member("orientation", to_string(*orientation));
  json.key("reasons").begin_array();
  for (const std::string_view reason : match.ruling.reasons) json.value(reason);
  json.end_array().end_object();
}

Upload::~Upload() {
  wipe(bytes_);
  if (taken_ > 0) call_.api.uploads.give_back(taken_);
}

Status Upload::fill(const std::function<Result<std::size_t>(std::span<char>)>& read, std::uint64_t expected_bytes) {
  const std::uint64_t bytes_max = call_.api.options.image_bytes_max;
  const Error too_large{Code::too_large, "an image has at most " + std::to_string(bytes_max) + " bytes here"};
  if (expected_bytes > bytes_max) return too_large;
  const auto take = [&](std::uint64_t bytes) -> Status {
    if (!call_.api.uploads.take(bytes)) {
      return Error{Code::unavailable, "too many uploads are on their way: try again"};
    }
    taken_ += bytes;
    return {};
  };
  std::size_t size = 0;
  while (true) {
    if (size == bytes_.size()) {
      const std::size_t more = expected_bytes > size ? expected_bytes - size : std::max(read_bytes, size);
      TRY(take(more));
      // Not resize() of the vector itself: what it would leave behind isn't wiped.
      std::vector<std::uint8_t> larger(size + more);
      std::ranges::copy(std::span(bytes_).first(size), larger.begin());
      wipe(bytes_);
      bytes_.swap(larger);
    }
    const std::size_t got =
        TRY(read({reinterpret_cast<char*>(bytes_.data()) + size, std::min(read_bytes, bytes_.size() - size)}));
    if (got == 0) break;
    size += got;
    if (size > bytes_max) return too_large;
    // An upload that is as long as it said isn't asked for more memory to see its end in.
    if (size == bytes_.size() && size == expected_bytes) {
      std::array<char, 1> end{};
      if (TRY(read(end)) == 0) break;
      return Error{Code::damaged, "the upload is longer than it says"};
    }
  }
  bytes_.resize(size);
  return {};
}

Result<ImageHash> hash_upload(Call& call, const Upload& upload) {
  auto hashed = call.api.hashers->hash(upload.bytes(), wait_for_hasher_ms);
  ++(hashed ? call.api.metrics.images_hashed : call.api.metrics.images_failed);
  return hashed;
}

}  // namespace fristad
