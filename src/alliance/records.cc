#include "alliance/records.h"

#include <algorithm>

#include "alliance/body.h"
#include "base/hex.h"
#include "base/try.h"

namespace fristad {
namespace {

Error wrong(std::string_view what) {
  return {Code::invalid_argument, std::string(what)};
}

Json words_json(const std::vector<std::string>& words) {
  return Json::Array(words.begin(), words.end());
}

}  // namespace

Json VoteBody::to_json() const {
  return Json::object({{"alliance", to_hex(alliance)},
                       {"change", change.to_json()},
                       {"previous", to_hex(previous)},
                       {"round", std::int64_t{round}}});
}

Result<VoteBody> VoteBody::from_json(const Json& json) {
  StrictBody body(json);
  VoteBody vote;
  vote.alliance = TRY(body.hex<32>("alliance"));
  vote.previous = TRY(body.hex<32>("previous"));
  const std::int64_t round = TRY(body.integer("round"));
  if (round > round_max) return wrong("\"round\" is a number up to a million");
  vote.round = static_cast<std::uint32_t>(round);
  vote.change = TRY(Change::from_json(*TRY(body.any("change"))));
  TRY(body.end());
  return vote;
}

Json JoinedBody::to_json() const {
  return Json::object({{"alliance", to_hex(alliance)}, {"invitation", to_hex(invitation)}});
}

Result<JoinedBody> JoinedBody::from_json(const Json& json) {
  StrictBody body(json);
  JoinedBody joined;
  joined.alliance = TRY(body.hex<32>("alliance"));
  joined.invitation = TRY(body.hex<16>("invitation"));
  TRY(body.end());
  return joined;
}

Json LeftBody::to_json() const {
  return Json::object({{"alliance", to_hex(alliance)}, {"reason", reason}});
}

Result<LeftBody> LeftBody::from_json(const Json& json) {
  StrictBody body(json);
  LeftBody left;
  left.alliance = TRY(body.hex<32>("alliance"));
  left.reason = TRY(body.reason());
  TRY(body.end());
  return left;
}

Json MutedBody::to_json() const {
  return Json::object({{"member", member}, {"muted", muted}, {"reason", reason}});
}

Result<MutedBody> MutedBody::from_json(const Json& json) {
  StrictBody body(json);
  MutedBody mute;
  mute.member = TRY(body.member("member"));
  mute.muted = TRY(body.truth("muted"));
  mute.reason = TRY(body.reason());
  TRY(body.end());
  return mute;
}

Json ReadersBody::to_json() const {
  return Json::object({{"add", words_json(add)}, {"remove", words_json(remove)}, {"scope", to_hex(scope)}});
}

Json CorrectsBody::to_json() const {
  return Json::object({{"of", to_hex(of)}});
}

Result<CorrectsBody> CorrectsBody::from_json(const Json& json) {
  StrictBody body(json);
  CorrectsBody corrects;
  corrects.of = TRY(body.hex<16>("of"));
  TRY(body.end());
  return corrects;
}

Result<ReadersBody> ReadersBody::from_json(const Json& json) {
  StrictBody body(json);
  ReadersBody readers;
  readers.scope = TRY(body.hex<16>("scope"));
  readers.add = TRY(body.words("add", readers_max));
  readers.remove = TRY(body.words("remove", readers_max));
  TRY(body.end());
  if (readers.add.empty() && readers.remove.empty()) return wrong("nobody is added and nobody is removed");
  for (const auto* list : {&readers.add, &readers.remove}) {
    if (!std::ranges::all_of(*list, [](const auto& code) { return code == whole_alliance || is_member_code(code); })) {
      return wrong("readers are members' codes, or \"*\" for the whole alliance");
    }
  }
  for (const std::string& code : readers.add) {
    if (std::ranges::binary_search(readers.remove, code)) return wrong("nobody is added and removed at once");
  }
  return readers;
}

Result<std::shared_ptr<const Founding>> KnownTexts::founding(const Digest& id, std::string_view text) {
  const std::scoped_lock lock(mutex_);
  auto& known = foundings_[id];
  if (known == nullptr) {
    known = std::make_shared<const Founding>(
        TRY(Founding::from_json(TRY(parse_canonical(text, {.bytes_max = payload_bytes_max})))));
  }
  return known;
}

Result<std::shared_ptr<const Change>> KnownTexts::change(const Digest& hash, std::string_view text) {
  const std::scoped_lock lock(mutex_);
  auto& known = changes_[hash];
  if (known == nullptr) {
    known = std::make_shared<const Change>(
        TRY(Change::from_json(TRY(parse_canonical(text, {.bytes_max = payload_bytes_max})))));
  }
  return known;
}

}  // namespace fristad
