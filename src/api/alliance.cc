// The alliance as this node sees it: how it stands, its members and how it goes with them, what is voted on.

#include <algorithm>

#include "api/alliance_json.h"
#include "api/api_impl.h"
#include "api/problem.h"
#include "base/hex.h"

namespace fristad {
namespace {

// Where we stand: a member's word, or how far we have come on the way to be one.
std::string_view standing_of(const Membership& now, std::string_view own) {
  const AllianceMember* const member = now.state ? now.state->find(own) : nullptr;
  if (member != nullptr) return to_text(member->standing);
  if (!now.alliance) return "none";
  return now.state || card_in(now, own) == nullptr ? "invited" : "founding";
}

std::int64_t still_open(const std::vector<OpenChange>& changes) {
  return std::ranges::count_if(changes, [](const OpenChange& one) { return one.never_wins.empty(); });
}

Result<Response> show_alliance(Call& call) {
  const AllianceParts& parts = call.api.parts.alliance;
  const std::string& own = call.api.parts.journal.member();
  const auto now = parts.alliance.membership();
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("member", own).member("words", words_of(parts.root));
  json.member("standing", standing_of(*now, own));
  if (now->alliance) {
    json.member("id", to_hex(*now->alliance)).member("alliance_words", to_words(alliance_fingerprint(*now->alliance)));
  }
  if (now->founding) {
    json.member("name", now->founding->name);
    json.member("charter", now->state ? now->state->charter : now->founding->charter).key("voting").begin_array();
    for (const MemberKind kind : now->founding->voting) json.value(to_text(kind));
    json.end_array();
  }
  if (now->state) {
    json.member("epoch", now->state->epoch).member("jurisdictions", now->state->jurisdictions);
    json.member("quorum", now->state->quorum);
  }
  json.key("missing").begin_array();
  for (const std::string& one : now->missing) json.value(one);
  json.end_array().member("may_vote", now->state.has_value() && now->state->may_vote(own));
  json.member("split", now->state.has_value() && now->state->split).member("muted", now->muted.size());
  json.member("waiting", now->state ? still_open(now->state->waiting) : 0);
  json.member("waiting_for_us", parts.alliance.waiting_for_us().size());
  json.member("held", !call.api.parts.journal.shared_held().empty());
  if (const auto room = parts.new_keys_room()) json.member("new_keys_room", *room);
  json.member("clock_offset_ms", parts.clock_offset_ms()).end_object();
  return json_response(200, std::move(body));
}

// All that is known of members beside their cards, asked once for the table.
struct Known {
  std::shared_ptr<const Membership> now;
  std::map<std::string, PeerState, std::less<>> peers = {};
  std::map<std::string, std::int64_t> evidence = {};
  std::vector<ListInfo> lists = {};
};

Result<Known> known_in(const Call& call) {
  const ApiParts& parts = call.api.parts;
  Known known{.now = parts.alliance.alliance.membership()};
  for (PeerState& peer : TRY(parts.alliance.peers())) known.peers.emplace(peer.member, std::move(peer));
  known.evidence = TRY(parts.alliance.evidence());
  known.lists = TRY(parts.material.lists());
  // Our own log needs nobody's word.
  PeerState own{.member = parts.journal.member()};
  own.log_size = own.read_to = own.cosigned = parts.journal.head(shared_log).size;
  known.peers.insert_or_assign(own.member, own);
  return known;
}

void write_member(JsonWriter& json, const Call& call, const Known& known, const Card& card) {
  const Membership& now = *known.now;
  const AllianceMember* const member = now.state ? now.state->find(card.member) : nullptr;
  const auto at = known.peers.find(card.member);
  const PeerState peer = at == known.peers.end() ? PeerState{} : at->second;
  json.begin_object().member("member", card.member).member("name", card.name).member("kind", to_text(card.kind));
  json.member("jurisdiction", card.jurisdiction);
  json.member("standing", member != nullptr ? to_text(member->standing) : "founding");
  json.member("own", card.member == call.api.parts.journal.member()).member("muted", now.muted.contains(card.member));
  json.member("votes", now.state.has_value() && now.state->may_vote(card.member));
  json.member("founded", std::ranges::find(now.missing, card.member) == now.missing.end());
  json.member("contact_ms", peer.contact_ms).member("heard_ms", peer.heard_ms).member("log_size", peer.log_size);
  json.member("read_to", peer.read_to).member("cosigned", peer.cosigned).member("cosigned_ms", peer.cosigned_ms);
  json.member("cosigners", peer.cosigners);
  json.member("witnesses", now.state ? witnesses_needed(*now.state, card.member) : 0);
  const auto of = [&](const ListInfo& list) { return list.member == card.member; };
  json.member("lists", std::ranges::count_if(known.lists, of));
  json.member("subscribed", std::ranges::count_if(known.lists, [&](const ListInfo& list) {
                return of(list) && list.subscription && list.subscription->subscribed;
              }));
  const auto evidence = known.evidence.find(card.member);
  json.member("evidence", evidence == known.evidence.end() ? 0 : evidence->second);
  if (!peer.trouble.empty()) json.member("trouble", peer.trouble).member("trouble_ms", peer.trouble_ms);
  json.key("waiting").begin_array();
  for (const OpenChange& one : now.state ? now.state->waiting : std::vector<OpenChange>{}) {
    if (one.never_wins.empty() && one.change->about() == card.member) json.value(one.change->word());
  }
  json.end_array().end_object();
}

Result<Response> show_members(Call& call) {
  const Known known = TRY(known_in(call));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("members").begin_array();
  if (known.now->state) {
    for (const auto& [code, member] : known.now->state->members) write_member(json, call, known, member.card);
  } else if (known.now->founding) {
    for (const Card& card : known.now->founding->founders) write_member(json, call, known, card);
  }
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

void write_keys(JsonWriter& json, std::span<const KeyStatement> keys) {
  json.key("keys").begin_array();
  for (const KeyStatement& key : keys) {
    json.begin_object().member("purpose", to_string(key.purpose)).member("key", to_hex(key.key));
    json.member("valid_from", key.valid_from).member("issued_ms", key.issued_at_ms).end_object();
  }
  json.end_array();
}

void write_counts(JsonWriter& json, const OriginCounts& one) {
  json.member("classification", one.classification).member("added", one.added);
  json.member("withdrawn", one.withdrawn).member("disputed", one.disputed).member("overturned", one.overturned);
  json.member("hits", one.hits);
}

Result<Response> show_member(Call& call) {
  const std::string code = TRY(member_in(call));
  const Known known = TRY(known_in(call));
  const Card* const card = card_in(*known.now, code);
  if (card == nullptr) return Error{Code::not_found, "there is no such member"};
  const AllianceMember* const member = known.now->state ? known.now->state->find(code) : nullptr;
  const auto counts = TRY(call.api.parts.material.counts());
  const auto stated = TRY(call.api.parts.material.stated_counts());
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("of");
  write_member(json, call, known, *card);
  json.member("words", words_of(card->root)).member("address", card->address).key("remit").begin_array();
  for (const std::string& word : card->remit) json.value(word);
  json.end_array().member("since_epoch", member != nullptr ? member->since_epoch : 0);
  write_keys(json, member != nullptr ? std::span<const KeyStatement>(member->keys) : card->keys);
  json.member("card", to_text(*card)).key("counts").begin_array();
  for (const OriginCounts& one : counts) {
    if (one.member != code) continue;
    json.begin_object();
    write_counts(json, one);
    json.end_object();
  }
  json.end_array().key("stated").begin_array();
  for (const StatedCounts& said : stated) {
    for (const OriginCounts& one : said.counts) {
      if (one.member != code) continue;
      json.begin_object().member("by", said.by).member("at_ms", said.at_ms);
      write_counts(json, one);
      json.end_object();
    }
  }
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

Result<Response> show_changes(Call& call) {
  const AllianceParts& parts = call.api.parts.alliance;
  const std::string& own = call.api.parts.journal.member();
  const auto now = parts.alliance.membership();
  const auto ours = parts.alliance.waiting_for_us();
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("round", now->state ? now->state->open_round : 0);
  json.member("quorum", now->state ? now->state->quorum : 0);
  json.member("jurisdictions", now->state ? now->state->jurisdictions : 0).key("changes").begin_array();
  for (const OpenChange& one : now->state ? now->state->waiting : std::vector<OpenChange>{}) {
    json.begin_object().member("change", to_hex(one.hash));
    write_change(json, *one.change);
    json.member("round", one.round).key("voters").begin_array();
    for (const std::string& voter : one.voters) json.value(voter);
    json.end_array().member("dead", one.dead).member("never_wins", one.never_wins);
    json.member("we_voted", std::ranges::find(one.voters, own) != one.voters.end());
    json.member("we_could", std::ranges::find(ours, one.hash, &OpenChange::hash) != ours.end()).end_object();
  }
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

Result<Response> show_erasures(Call& call) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("erasures").begin_array();
  for (const FollowedErasure& one : TRY(call.api.parts.alliance.erasures())) {
    json.begin_object().member("position", one.position).member("at_ms", one.at_ms).member("scope", one.scope);
    json.key("confirmed").begin_array();
    for (const std::string& member : one.confirmed) json.value(member);
    json.end_array().key("open").begin_array();
    for (const std::string& member : one.open) json.value(member);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

Result<Response> set_muted(Call& call, bool muted) {
  const std::string member = TRY(member_in(call));
  Fields in(*TRY(call.body()));
  const std::string reason = TRY(in.text("reason", 1000));
  TRY(in.end());
  if (reason.empty()) return Error{Code::invalid_argument, "\"reason\" says why, for those who look later"};
  TRY(call.api.parts.alliance.alliance.mute(call.by(), member, muted, reason));
  std::string body;
  JsonWriter(body).begin_object().member("member", member).member("muted", muted).end_object();
  return json_response(200, std::move(body));
}

Result<Response> mute(Call& call) {
  return set_muted(call, true);
}
Result<Response> unmute(Call& call) {
  return set_muted(call, false);
}

constexpr std::array routes{
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/alliance",
             .right = Right::read_alliance,
             .summary = "The alliance, and how this node stands in it",
             .gives = "Alliance",
             .handle = show_alliance},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/alliance/members",
             .right = Right::read_alliance,
             .summary = "Its members, and how it goes with each",
             .gives = "AllianceMembers",
             .handle = show_members},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/alliance/members/{member}",
             .right = Right::read_alliance,
             .summary = "A member: its card, keys and fingerprint, and what became of its material",
             .gives = "AllianceMemberMore",
             .handle = show_member},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/alliance/members/{member}/mute",
             .right = Right::decide_alliance,
             .summary = "The emergency brake: at once, and here alone",
             .takes = "MuteDraft",
             .gives = "Muted",
             .handle = mute},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/alliance/members/{member}/unmute",
             .right = Right::decide_alliance,
             .summary = "Take the brake off again",
             .takes = "MuteDraft",
             .gives = "Muted",
             .handle = unmute},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/alliance/changes",
             .right = Right::read_alliance,
             .summary = "What is voted on at the moment, and who has voted",
             .gives = "AllianceChanges",
             .handle = show_changes},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/alliance/erasures",
             .right = Right::read_alliance,
             .summary = "Which members have confirmed our erasures",
             .gives = "FollowedErasures",
             .handle = show_erasures},
};

}  // namespace

std::span<const ApiRoute> alliance_routes() {
  return routes;
}

}  // namespace fristad
