// Letters on the way to a membership: cards, invitations and what candidates answer.

#include "api/alliance_json.h"
#include "api/api_impl.h"
#include "base/hex.h"

namespace fristad {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr RouteLimits letter_limits{.body_bytes = std::uint64_t{5} << 20};
// A letter, each of whose quotation marks is written as two characters.
constexpr std::size_t body_bytes_max = std::size_t{5} << 20;

void write_card(JsonWriter& json, const Card& card) {
  json.begin_object().member("member", card.member).member("name", card.name).member("kind", to_text(card.kind));
  json.member("jurisdiction", card.jurisdiction).member("address", card.address);
  json.member("words", words_of(card.root)).end_object();
}

// What a card says beside its keys, but for kind and jurisdiction.
Result<OwnCard> own_card_in(Fields& in) {
  OwnCard own;
  own.name = TRY(in.text("name", member_name_bytes_max));
  own.address = TRY(in.text("address", 300));
  own.remit = {"material"};
  if (in.any("remit") != nullptr) own.remit = TRY(in.texts("remit", 16, 64));
  return own;
}

Result<Response> make_card(Call& call) {
  Fields in(*TRY(call.body()));
  OwnCard draft = TRY(own_card_in(in));
  draft.kind = TRY(kind_in(in));
  draft.jurisdiction = TRY(in.maybe_text("jurisdiction", 2)).value_or("");
  TRY(in.end());
  const Card card = TRY(call.api.parts.alliance.card(draft));
  std::string body;
  JsonWriter(body).begin_object().member("card", to_text(card)).member("words", words_of(card.root)).end_object();
  return json_response(200, std::move(body));
}

Result<Response> invite(Call& call) {
  Fields in(*TRY(call.body()));
  Alliance::Candidate candidate;
  candidate.member = TRY(in.text("member", 63));
  candidate.kind = TRY(kind_in(in));
  candidate.jurisdiction = TRY(in.maybe_text("jurisdiction", 2)).value_or("");
  candidate.expires_ms = call.api.parts.clock.utc_ms() + TRY(in.integer("days", 1, 365)) * day_ms;
  TRY(in.end());
  const std::string letter = TRY(call.api.parts.alliance.alliance.invite(call.by(), candidate));
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("member", candidate.member).member("expires_ms", candidate.expires_ms);
  json.member("letter", letter).member("words", words_of(call.api.parts.alliance.root)).end_object();
  return json_response(201, std::move(body));
}

Result<Response> read_invited(Call& call) {
  Fields in(*TRY(call.body(body_bytes_max)));
  const std::string text = TRY(letter_in(in, "letter", invitation_bytes_max));
  TRY(in.end());
  const InvitationLetter letter = TRY(read_invitation(text));
  std::string body;
  JsonWriter json(body);
  json.begin_object().member("member", letter.invitation.member).member("kind", to_text(letter.invitation.kind));
  json.member("jurisdiction", letter.invitation.jurisdiction).member("expires_ms", letter.invitation.expires_ms);
  json.member("for_us", letter.invitation.member == call.api.parts.journal.member());
  json.member("over", letter.invitation.expires_ms <= call.api.parts.clock.utc_ms());
  json.member("alliance", letter.founding.name).member("charter", letter.charter);
  json.member("alliance_words", to_words(alliance_fingerprint(letter.invitation.alliance))).key("inviter");
  write_card(json, letter.inviter);
  json.key("founders").begin_array();
  for (const Card& founder : letter.founding.founders) write_card(json, founder);
  json.end_array().end_object();
  return json_response(200, std::move(body));
}

Result<Response> accept(Call& call) {
  Fields in(*TRY(call.body(body_bytes_max)));
  const std::string text = TRY(letter_in(in, "letter", invitation_bytes_max));
  OwnCard draft = TRY(own_card_in(in));
  TRY(in.end());
  const InvitationLetter letter = TRY(read_invitation(text));
  // As we were invited: another kind or country is another invitation.
  draft.kind = letter.invitation.kind;
  draft.jurisdiction = letter.invitation.jurisdiction;
  const Card own = TRY(call.api.parts.alliance.card(draft));
  const std::string answer = TRY(call.api.parts.alliance.accept(call.by(), text, own));
  std::string body;
  JsonWriter(body).begin_object().member("answer", answer).member("words", words_of(own.root)).end_object();
  return json_response(201, std::move(body));
}

Result<Response> read_accepted(Call& call) {
  Fields in(*TRY(call.body(body_bytes_max)));
  const std::string text = TRY(letter_in(in, "letter", acceptance_bytes_max));
  TRY(in.end());
  const Alliance& alliance = call.api.parts.alliance.alliance;
  const Change change = TRY(alliance.admission(text));
  const auto now = alliance.membership();
  std::string body;
  JsonWriter json(body);
  json.begin_object();
  write_change(json, change);
  // Another charter may have won since the invitation: then it agrees to one that isn't in force.
  const Acceptance acceptance = TRY(read_acceptance(text));
  json.member("charter_is_ours", now->state && acceptance.charter == charter_hash(now->state->charter));
  const Status may_win = now->state ? check_change(*now->state, change) : Status();
  json.member("never_wins", may_win ? "" : may_win.error().message).end_object();
  return json_response(200, std::move(body));
}

constexpr std::array routes{
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/alliance/card",
             .right = Right::decide_alliance,
             .summary = "This node's card, to be handed to others",
             .takes = "CardDraft",
             .gives = "CardText",
             .handle = make_card},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/alliance/invitations",
             .right = Right::decide_alliance,
             .summary = "Invite somebody: the letter to hand over",
             .takes = "InvitationDraft",
             .gives = "InvitationText",
             .status = 201,
             .handle = invite},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/alliance/invitations/read",
             .right = Right::decide_alliance,
             .summary = "What an invitation says: read before it is accepted",
             .takes = "LetterDraft",
             .gives = "InvitationRead",
             .handle = read_invited,
             .limits = letter_limits},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/alliance/acceptances",
             .right = Right::decide_alliance,
             .summary = "Accept an invitation: the answer to hand back",
             .takes = "AcceptanceDraft",
             .gives = "AcceptanceText",
             .status = 201,
             .handle = accept,
             .limits = letter_limits},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/alliance/acceptances/read",
             .right = Right::decide_alliance,
             .summary = "What a candidate's answer says: compared by voice before a vote",
             .takes = "LetterDraft",
             .gives = "AcceptanceRead",
             .handle = read_accepted,
             .limits = letter_limits},
};

}  // namespace

std::span<const ApiRoute> alliance_letter_routes() {
  return routes;
}

}  // namespace fristad
