// /m: what is known of a signal, a file or what a URL names.

#include <array>

#include "api/hma/hma_impl.h"
#include "api/hma/lookup.h"
#include "api/hma/media.h"
#include "api/hma/shadow.h"

namespace fristad {
namespace {

Error wrong(std::string what) {
  return {Code::invalid_argument, std::move(what)};
}

Response no_truth(std::string_view where) {
  return hma_invalid("bool_parsing", where, "Input should be a valid boolean, unable to interpret input");
}

// Banks that answer: those of disabled lists only on request.
struct Toss {
  HmaLookup what = HmaLookup::answer;
  std::int64_t ppm = 0;
};
Result<Toss> toss_for(HmaCall& call, bool bypass) {
  if (bypass) return Toss{.what = HmaLookup::all, .ppm = INT64_MIN};
  return Toss{.ppm = TRY(toss_coin(call))};
}

// ---- Lookups ----

Result<Response> raw_lookup(HmaCall& call) {
  const std::string* const signal = call.query("signal");
  const std::string* const type = call.query("signal_type");
  if (signal == nullptr) return hma_missing("signal");
  if (type == nullptr) return hma_missing("signal_type");
  const auto with_distance = call.truth("include_distance", false);
  if (!with_distance) return no_truth("include_distance");
  const Query query = TRY(signal_asked(*type, *signal));
  if (auto refused = over_quota(call)) return *std::move(refused);
  Json::Array matches;
  for (const HmaMatch& match : TRY(look_up(call, query, HmaLookup::raw))) {
    if (*with_distance) {
      matches.push_back(Json::object({{"bank_content_id", match.number}, {"distance", match.distance}}));
    } else {
      matches.emplace_back(match.number);
    }
  }
  return hma_json(200, Json::object({{"matches", Json(std::move(matches))}}));
}

Result<Json> matches_of(HmaCall& call, const HmaMedia& media, const Toss& toss) {
  if (media.picture) return by_bank(TRY(look_up(call, *media.picture, toss.what)), toss.ppm);
  const auto& [type, signal] = *media.signals.begin();
  return by_bank(TRY(look_up(call, TRY(signal_asked(type, signal)), toss.what)), toss.ppm);
}

Result<Response> look_up_media(HmaCall& call, const HmaMedia& media, bool bypass) {
  if (auto refused = over_quota(call)) return *std::move(refused);
  Json found = TRY(matches_of(call, media, TRY(toss_for(call, bypass))));
  const std::string& type = media.signals.begin()->first;
  const std::string* const asked_type = call.request.method == Method::post ? nullptr : call.query("signal_type");
  if (asked_type == nullptr) return hma_json(200, Json::object({{type, std::move(found)}}));
  return hma_json(200, *asked_type == type ? found : Json::object());
}

Result<Response> lookup(HmaCall& call) {
  const auto bypass = call.truth("bypass_coinflip", false);
  if (!bypass) return no_truth("bypass_coinflip");
  if (const std::string* const url = call.query("url"); url != nullptr && !url->empty()) {
    return look_up_media(call, TRY(fetch_media(call, *url)), *bypass);
  }
  const std::string* const signal = call.query("signal");
  const std::string* const type = call.query("signal_type");
  if (signal == nullptr || signal->empty() || type == nullptr || type->empty()) {
    return wrong("Either url or both signal and signal_type are required");
  }
  const Query query = TRY(signal_asked(*type, *signal));
  if (auto refused = over_quota(call)) return *std::move(refused);
  const Toss toss = TRY(toss_for(call, *bypass));
  return hma_json(200, by_bank(TRY(look_up(call, query, toss.what)), toss.ppm));
}

Result<Response> lookup_file(HmaCall& call) {
  const bool bypass = call.truth("bypass_coinflip", false).value_or(false);
  return look_up_media(call, TRY(read_media(call)), bypass);
}

// ---- Without the index ----

Result<Json> compare(std::string_view type, const Json& pair) {
  const Json::Array* const hashes = pair.array();
  const std::string name(type);
  if (hashes == nullptr) return wrong("Comparison hashes for " + name + " was not a list");
  if (hashes->size() != 2) return wrong("Comparison hash list length must be exactly 2");
  std::array<Query, 2> queries;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const std::string* const text = hashes->at(i).text();
    auto query = hma_query(type, text != nullptr ? std::string_view(*text) : std::string_view());
    if (!query) return wrong("Invalid " + name + " hash: " + query.error().message);
    queries.at(i) = *query;
  }
  if (queries[0].digest) return Json(Json::Array{queries[0].bytes == queries[1].bytes, Json::object()});
  const int bits = distance(queries[0].pdq, queries[1].pdq);
  return Json(Json::Array{bits <= hma_pdq_limit, Json::object({{"distance", bits}})});
}

Result<Response> compare_signals(HmaCall& call) {
  const Json::Object* const pairs = TRY(call.json())->members();
  if (pairs == nullptr) return wrong("Request input was not a dict");
  Json::Object answer;
  for (const auto& [type, pair] : *pairs) {
    if (!is_hma_signal(type)) return wrong("No such SignalType '" + type + "'");
    answer.emplace(type, TRY(compare(type, pair)));
  }
  return hma_json(200, Json(std::move(answer)));
}

Result<Response> index_status(HmaCall& call) {
  const std::string* const only = call.query("signal_type");
  if (only != nullptr && !is_hma_signal(*only)) return wrong("No such signal type '" + *only + "'");
  const auto entries = static_cast<std::int64_t>(call.material().index_info().entries);
  Json::Object status;
  for (const std::string_view type : {signal_pdq, signal_md5}) {
    if (only != nullptr && *only != type) continue;
    status.emplace(type, Json::object({{"built_to", entries > 0 ? call.hma.newest_ms->load() / 1000 : -1},
                                       {"present", entries > 0},
                                       {"size", entries}}));
  }
  return hma_json(200, Json(std::move(status)));
}

constexpr std::array routes{
    HmaRoute{.at = {.method = Method::get,
                    .pattern = "/m/raw_lookup",
                    .right = Right::match_details,
                    .summary = "Contents within the distance of a signal, disabled ones too"},
             .handle = raw_lookup,
             .shadowed = shadow_raw_lookup},
    HmaRoute{.at = {.method = Method::get,
                    .pattern = "/m/lookup",
                    .right = Right::match,
                    .summary = "Which banks know a signal or what a URL names"},
             .handle = lookup,
             .shadowed = shadow_lookup},
    HmaRoute{.at = {.method = Method::post,
                    .pattern = "/m/lookup",
                    .right = Right::match,
                    .summary = "Which banks know a file",
                    .limits = hma_upload_limits},
             .handle = lookup_file,
             .shadowed = shadow_lookup_file},
    HmaRoute{.at = {.method = Method::post,
                    .pattern = "/m/compare",
                    .right = Right::match,
                    .summary = "How far two signals are apart"},
             .handle = compare_signals},
    HmaRoute{.at = {.method = Method::get,
                    .pattern = "/m/index/status",
                    .right = Right::match,
                    .summary = "How fresh the index is"},
             .handle = index_status},
};

}  // namespace

std::span<const HmaRoute> hma_match_routes() {
  return routes;
}

}  // namespace fristad
