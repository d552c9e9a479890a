#include "alliance/change.h"

#include <algorithm>
#include <array>
#include <set>

#include "alliance/body.h"
#include "base/hex.h"
#include "base/try.h"

namespace fristad {
namespace {

constexpr std::string_view alliance_tag = "fristad/alliance/1\n";
constexpr std::string_view charter_tag = "fristad/charter/1\n";
constexpr std::string_view change_tag = "fristad/change/1\n";
constexpr std::size_t voting_founders_min = 2;
constexpr std::array<std::string_view, 7> words{"lift", "admit", "suspend", "expel", "remove", "charter", "card"};

Error wrong(std::string_view what) {
  return {Code::invalid_argument, std::string(what)};
}

template <class... Case>
struct Cases : Case... {
  using Case::operator()...;
};
template <class... Case>
Cases(Case...) -> Cases<Case...>;

Result<MemberKind> kind_in(StrictBody& body) {
  const auto kind = member_kind_from_text(TRY(body.text("kind", 1, 16)));
  if (!kind) return wrong("a member is a state, a union or a body");
  return *kind;
}

}  // namespace

// ---- Founding ----

Json Founding::to_json() const {
  Json::Array cards;
  for (const Card& founder : founders) cards.push_back(fristad::to_json(founder));
  Json::Array kinds;
  for (const MemberKind kind : voting) kinds.emplace_back(to_text(kind));
  return Json::object(
      {{"charter", charter}, {"founders", std::move(cards)}, {"name", name}, {"voting", std::move(kinds)}});
}

Result<Founding> Founding::from_json(const Json& json) {
  StrictBody body(json);
  Founding founding;
  founding.name = TRY(body.text("name", 1, alliance_name_bytes_max));
  founding.charter = TRY(body.text("charter", 1, charter_bytes_max));
  founding.voting.clear();
  for (const Json& word : *TRY(body.list("voting", 3))) {
    const auto kind = word.text() != nullptr ? member_kind_from_text(*word.text()) : std::nullopt;
    if (!kind) return wrong("\"voting\" holds what is no kind of member");
    founding.voting.push_back(*kind);
  }
  for (const Json& card : *TRY(body.list("founders", founders_max))) {
    founding.founders.push_back(TRY(card_from_json(card)));
  }
  TRY(body.end());
  TRY(founding.check());
  return founding;
}

Status Founding::check() const {
  if (std::ranges::adjacent_find(voting, std::ranges::greater_equal()) != voting.end()) {
    return wrong("\"voting\" names kinds of members in their order, each once");
  }
  if (founders.size() < 2 || founders.size() > founders_max) return wrong("an alliance has 2 to 50 founders");
  if (std::ranges::adjacent_find(founders, std::ranges::greater_equal(), &Card::member) != founders.end()) {
    return wrong("founders stand in the order of their codes, each once");
  }
  std::set<AuthorTag> tags;
  std::set<std::string_view> jurisdictions;
  for (const Card& founder : founders) {
    if (!tags.insert(author_tag(founder.member)).second) {
      return wrong("the code of \"" + founder.member + "\" can't be told from another's in the ids of records");
    }
    if (std::ranges::find(voting, founder.kind) == voting.end()) continue;
    if (!jurisdictions.insert(jurisdiction_of(founder)).second) {
      return wrong("a jurisdiction has one vote: " + jurisdiction_of(founder) + " has two founders who would vote");
    }
  }
  if (jurisdictions.size() < voting_founders_min) return wrong("at least two of the founders vote");
  return {};
}

AllianceId alliance_id(const Founding& founding) {
  return sha256({as_bytes(alliance_tag), as_bytes(canonical(founding.to_json()))});
}

Digest charter_hash(std::string_view charter) {
  return sha256({as_bytes(charter_tag), as_bytes(charter)});
}

bool same_author_tag(std::string_view member, std::string_view other) {
  return author_tag(member) == author_tag(other);
}

// ---- Changes ----

std::string_view Change::word() const {
  return words.at(what.index());
}

std::string_view Change::about() const {
  return std::visit(Cases{[](const Admit& admit) -> std::string_view { return admit.card.member; },
                          [](const NewCard& renewed) -> std::string_view { return renewed.card.member; },
                          [](const Charter&) -> std::string_view { return {}; },
                          [](const auto& other) -> std::string_view { return other.member; }},
                    what);
}

Json Change::to_json() const {
  Json json = std::visit(Cases{[](const Admit& admit) {
                                 return Json::object({{"acceptance", to_hex(admit.acceptance)},
                                                      {"card", fristad::to_json(admit.card)},
                                                      {"conformance", admit.conformance.to_json()},
                                                      {"invitation", to_hex(admit.invitation)},
                                                      {"inviter", admit.inviter},
                                                      {"nonce", to_hex(admit.nonce)}});
                               },
                               [](const Suspend& suspend) {
                                 return Json::object({{"member", suspend.member}, {"reason", suspend.reason}});
                               },
                               [](const Lift& lift) {
                                 return Json::object({{"member", lift.member}});
                               },
                               [](const Expel& expel) {
                                 return Json::object({{"member", expel.member}, {"reason", expel.reason}});
                               },
                               [](const Remove& remove) {
                                 return Json::object({{"member", remove.member}});
                               },
                               [](const Charter& charter) {
                                 return Json::object({{"text", charter.text}});
                               },
                               [](const NewCard& renewed) {
                                 return Json::object({{"card", fristad::to_json(renewed.card)}});
                               }},
                         what);
  json.members()->emplace("what", word());
  return json;
}

Result<Change> Change::from_json(const Json& json) {
  StrictBody body(json);
  const std::string word = TRY(body.text("what", 1, 16));
  Change change;
  if (word == "admit") {
    Admit admit;
    admit.card = TRY(card_from_json(*TRY(body.any("card"))));
    admit.invitation = TRY(body.hex<16>("invitation"));
    admit.inviter = TRY(body.member("inviter"));
    admit.nonce = TRY(body.hex<16>("nonce"));
    admit.conformance = TRY(ConformanceAnswers::from_json(*TRY(body.any("conformance"))));
    admit.acceptance = TRY(body.hex<64>("acceptance"));
    change.what = std::move(admit);
  } else if (word == "suspend") {
    Suspend suspend;
    suspend.member = TRY(body.member("member"));
    suspend.reason = TRY(body.reason());
    change.what = std::move(suspend);
  } else if (word == "lift") {
    change.what = Lift{.member = TRY(body.member("member"))};
  } else if (word == "expel") {
    Expel expel;
    expel.member = TRY(body.member("member"));
    expel.reason = TRY(body.reason());
    change.what = std::move(expel);
  } else if (word == "remove") {
    change.what = Remove{.member = TRY(body.member("member"))};
  } else if (word == "charter") {
    change.what = Charter{.text = TRY(body.text("text", 1, charter_bytes_max))};
  } else if (word == "card") {
    change.what = NewCard{.card = TRY(card_from_json(*TRY(body.any("card"))))};
  } else {
    return wrong("\"what\" is a change that this program doesn't know");
  }
  TRY(body.end());
  return change;
}

Digest change_hash(const Change& change) {
  return sha256({as_bytes(change_tag), as_bytes(canonical(change.to_json()))});
}

// ---- Invitations ----

Json Invitation::to_json() const {
  return Json::object({{"alliance", to_hex(alliance)},
                       {"expires", expires_ms},
                       {"jurisdiction", jurisdiction},
                       {"kind", to_text(kind)},
                       {"member", member},
                       {"nonce", to_hex(nonce)}});
}

Result<Invitation> Invitation::from_json(const Json& json) {
  StrictBody body(json);
  Invitation invitation;
  invitation.alliance = TRY(body.hex<32>("alliance"));
  invitation.member = TRY(body.member("member"));
  invitation.kind = TRY(kind_in(body));
  invitation.jurisdiction = TRY(body.text("jurisdiction", 0, 2));
  invitation.nonce = TRY(body.hex<16>("nonce"));
  invitation.expires_ms = TRY(body.integer("expires"));
  TRY(body.end());
  return invitation;
}

namespace {

Json payload_of(const InvitationLetter& letter) {
  return Json::object({{"charter", letter.charter},
                       {"founding", letter.founding.to_json()},
                       {"invitation", letter.invitation.to_json()},
                       {"inviter", to_json(letter.inviter)},
                       {"record", to_hex(letter.record)}});
}

Json payload_of(const Acceptance& acceptance) {
  return Json::object({{"alliance", to_hex(acceptance.alliance)},
                       {"card", to_json(acceptance.card)},
                       {"charter", to_hex(acceptance.charter)},
                       {"conformance", acceptance.conformance.to_json()},
                       {"invitation", to_hex(acceptance.invitation)},
                       {"nonce", to_hex(acceptance.nonce)}});
}

}  // namespace

std::string sign_invitation(const InvitationLetter& letter, const Signer& sign) {
  return letter_text(invitation_type, signed_letter(invitation_type, payload_of(letter),
                                                    letter.inviter.key(KeyPurpose::record).key, sign));
}

Result<InvitationLetter> read_invitation(std::string_view text) {
  const UnprovedLetter unproved = TRY(open_letter(invitation_type, text, invitation_bytes_max));
  StrictBody body(unproved.payload);
  InvitationLetter letter;
  letter.record = TRY(body.hex<16>("record"));
  letter.invitation = TRY(Invitation::from_json(*TRY(body.any("invitation"))));
  letter.founding = TRY(Founding::from_json(*TRY(body.any("founding"))));
  letter.charter = TRY(body.text("charter", 1, charter_bytes_max));
  letter.inviter = TRY(card_from_json(*TRY(body.any("inviter"))));
  TRY(body.end());
  TRY(prove_letter(invitation_type, text, unproved, letter.inviter.key(KeyPurpose::record).key));
  if (alliance_id(letter.founding) != letter.invitation.alliance ||
      author_tag(letter.record) != author_tag(letter.inviter.member)) {
    return wrong("the invitation is for another alliance than it shows, or of another member than has signed it");
  }
  return letter;
}

// ---- Acceptance ----

Acceptance sign_acceptance(Acceptance draft, const Signer& sign) {
  draft.signature =
      signed_letter(acceptance_type, payload_of(draft), draft.card.key(KeyPurpose::record).key, sign).signature;
  return draft;
}

std::string to_text(const Acceptance& acceptance) {
  return letter_text(acceptance_type, {canonical(payload_of(acceptance)), acceptance.card.key(KeyPurpose::record).key,
                                       acceptance.signature});
}

Result<Acceptance> read_acceptance(std::string_view text) {
  const UnprovedLetter unproved = TRY(open_letter(acceptance_type, text, acceptance_bytes_max));
  StrictBody body(unproved.payload);
  Acceptance acceptance;
  acceptance.alliance = TRY(body.hex<32>("alliance"));
  acceptance.charter = TRY(body.hex<32>("charter"));
  acceptance.invitation = TRY(body.hex<16>("invitation"));
  acceptance.nonce = TRY(body.hex<16>("nonce"));
  acceptance.conformance = TRY(ConformanceAnswers::from_json(*TRY(body.any("conformance"))));
  acceptance.card = TRY(card_from_json(*TRY(body.any("card"))));
  acceptance.signature = unproved.signature;
  TRY(body.end());
  TRY(prove_letter(acceptance_type, text, unproved, acceptance.card.key(KeyPurpose::record).key));
  return acceptance;
}

bool is_signed(const Acceptance& acceptance) {
  return is_signed(acceptance_type, canonical(payload_of(acceptance)), acceptance.card.key(KeyPurpose::record).key,
                   acceptance.signature);
}

}  // namespace fristad
