#include "api/hma/lookup.h"

#include <algorithm>
#include <array>

#include "api/matching.h"
#include "crypto/digest.h"

namespace fristad {
namespace {

bool tells(const Ruling& ruling, HmaLookup what) {
  if (ruling.level >= Level::lead) return true;
  if (what == HmaLookup::answer) return false;
  if (ruling.level == Level::observe) return what == HmaLookup::raw;
  return std::ranges::all_of(ruling.reasons, [&](std::string_view reason) {
    return reason == "list-disabled" || (what == HmaLookup::raw && reason == "entry-paused");
  });
}

std::optional<HmaMatch> told(const HmaCall& call, const HmaBankSet& banks, const MaterialMatch& match, bool measured,
                             HmaLookup what) {
  const HmaBank* const bank = banks.of(match.list);
  if (bank == nullptr || !tells(match.ruling, what)) return std::nullopt;
  const bool distance = measured && sees_details(call.call);
  return HmaMatch{.bank = bank->name,
                  .ratio_ppm = bank->ratio_ppm,
                  .number = match.number,
                  .distance = distance ? std::to_string(match.distance) : "-"};
}

void keep_banks(std::vector<HmaMatch>& matches, const std::optional<std::vector<std::string>>& names) {
  if (!names) return;
  std::erase_if(matches, [&](const HmaMatch& match) { return std::ranges::find(*names, match.bank) == names->end(); });
}

Material::Ruled ruled_for(HmaLookup what) {
  return what == HmaLookup::answer ? Material::Ruled::matches : Material::Ruled::all;
}

Error probing(HmaCall& call) {
  call.probing = true;
  return {Code::permission_denied, "too many questions lay close around this one: it isn't answered until tomorrow"};
}

}  // namespace

Result<std::vector<HmaMatch>> look_up(HmaCall& call, const Query& query, HmaLookup what) {
  const auto banks = TRY(call.hma.banks.all());
  const Asked asked = TRY(ask_one(call.call, query, hma_pdq_limit, ruled_for(what)));
  if (asked.refused) return probing(call);
  std::vector<HmaMatch> matches;
  for (const MaterialMatch& match : asked.matches) {
    if (auto one = told(call, *banks, match, !query.digest, what)) matches.push_back(*std::move(one));
  }
  keep_banks(matches, call.bank_names());
  return matches;
}

Result<std::vector<HmaMatch>> look_up(HmaCall& call, const PdqResult& picture, HmaLookup what) {
  const auto banks = TRY(call.hma.banks.all());
  const AskedPicture asked = TRY(ask_picture(call.call, picture, hma_pdq_limit, ruled_for(what)));
  if (asked.refused) return probing(call);
  std::vector<HmaMatch> matches;
  for (const PictureMatch& match : asked.matches) {
    if (auto one = told(call, *banks, match.match, true, what)) matches.push_back(*std::move(one));
  }
  keep_banks(matches, call.bank_names());
  return matches;
}

Result<std::int64_t> toss_coin(HmaCall& call) {
  std::array<std::uint8_t, 8> bytes{};
  if (const std::string* const seed = call.query("seed"); seed != nullptr) {
    const Digest digest = sha256(as_bytes(*seed));
    std::ranges::copy(std::span(digest).first<8>(), bytes.begin());
  } else {
    bytes = TRY(random_array<8>(call.hma.api.parts.random));
  }
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  return static_cast<std::int64_t>(number % static_cast<std::uint64_t>(whole_ppm));
}

Json by_bank(const std::vector<HmaMatch>& matches, std::int64_t toss) {
  std::map<std::string, Json::Array> banks;
  for (const HmaMatch& match : matches) {
    if (match.ratio_ppm < toss) continue;
    banks[match.bank].push_back(Json::object({{"bank_content_id", match.number}, {"distance", match.distance}}));
  }
  Json::Object members;
  for (auto& [name, found] : banks) members.emplace(name, Json(std::move(found)));
  return Json(std::move(members));
}

std::optional<Response> over_quota(HmaCall& call) {
  const auto refused = take_quota(call.call, 1);
  if (!refused) return std::nullopt;
  Response answer = hma_message(refused->status, "the token's quota of hashes is used up");
  answer.headers.add("Retry-After", std::string(refused->headers.find("Retry-After")));
  return answer;
}

Result<Query> signal_asked(std::string_view type, std::string_view signal) {
  if (!is_hma_signal(type)) {
    return Error{Code::invalid_argument, "No such SignalType '" + std::string(type) + "'"};
  }
  auto query = hma_query(type, signal);
  if (!query) return Error{Code::invalid_argument, "invalid signal: " + query.error().message};
  return query;
}

}  // namespace fristad
