// Our votes: asked for by one steward, cast in his name once a second person has approved.

#include <algorithm>

#include "api/actions.h"
#include "api/alliance_json.h"
#include "api/api_impl.h"
#include "base/hex.h"

namespace fristad {
namespace {

constexpr std::size_t letter_bytes_max = 64 * 1024;
// An approval holds a charter twice: to be cast, and to be read by who approves.
constexpr std::size_t charter_text_bytes_max = 25'000;

// What is voted for, as it came.
struct VoteDraft {
  std::string what;
  std::string member = {};
  std::string letter = {};   // admit: the candidate's answer; card: the card
  std::string text = {};     // of a charter
  std::string grounds = {};  // of suspend and expel: all members read them
  std::string change = {};   // open: the hash of what others have voted for
};

Result<VoteDraft> draft_in(Fields& in) {
  VoteDraft draft;
  draft.what = TRY(in.text("what", 16));
  if (draft.what == "admit" || draft.what == "card") {
    draft.letter = TRY(letter_in(in, "letter", letter_bytes_max));
  } else if (draft.what == "charter") {
    draft.text = TRY(in.text("text", charter_text_bytes_max));
  } else if (draft.what == "open") {
    draft.change = TRY(in.text("change", 64));
  } else {
    draft.member = TRY(in.text("member", 63));
    if (draft.what == "suspend" || draft.what == "expel") draft.grounds = TRY(in.text("grounds", 1000));
  }
  return draft;
}

Result<Change> open_change(const Alliance& alliance, std::string_view text) {
  Digest hash{};
  if (!from_hex(text, hash)) return Error{Code::invalid_argument, "\"change\" is 64 hex digits, of a change"};
  const auto now = alliance.membership();
  if (now->state) {
    const auto found = std::ranges::find(now->state->waiting, hash, &OpenChange::hash);
    if (found != now->state->waiting.end()) return *found->change;
  }
  return Error{Code::not_found, "nobody votes for that at the moment: it has won, or something else has"};
}

Result<Change> change_of(const Alliance& alliance, const VoteDraft& draft) {
  if (draft.what == "open") return open_change(alliance, draft.change);
  if (draft.what == "admit") return alliance.admission(draft.letter);
  if (draft.what == "card") {
    Card card = TRY(read_card(draft.letter));
    return Change{Change::NewCard{.card = std::move(card)}};
  }
  if (draft.what == "charter") return Change{Change::Charter{.text = draft.text}};
  if (draft.what == "lift") return Change{Change::Lift{.member = draft.member}};
  if (draft.what == "remove") return Change{Change::Remove{.member = draft.member}};
  if (draft.what == "suspend") return Change{Change::Suspend{.member = draft.member, .reason = draft.grounds}};
  if (draft.what == "expel") return Change{Change::Expel{.member = draft.member, .reason = draft.grounds}};
  return Error{Code::invalid_argument,
               "\"what\" is admit, suspend, lift, expel, remove, charter, card, or open for what others vote for"};
}

// Said now, not only once the second person has come.
Status may_be_asked(const Call& call, const Change& change) {
  const auto now = call.api.parts.alliance.alliance.membership();
  if (!now->state || !now->state->may_vote(call.api.parts.journal.member())) {
    return Error{Code::permission_denied, "this node has no vote"};
  }
  TRY(Change::from_json(change.to_json()));
  return check_change(*now->state, change);
}

// Kept, and shown to who approves: what it comes to, in words. The change itself stands beside them as an object, not
// as the letter that it came in: records hold no base64 of that length. What others vote for is named by its hash,
// since their votes hold it.
Json arguments_of(const VoteDraft& draft, const Change& change) {
  Json::Object arguments;
  const auto keep = [&arguments](std::string name, std::string_view text) {
    if (!text.empty()) arguments.emplace(std::move(name), Json(text));
  };
  keep("vote", change.word());
  keep("member", change.about());
  keep("text", draft.text);
  if (draft.change.empty()) {
    arguments.emplace("body", change.to_json());
  } else {
    keep("change", draft.change);
  }
  const auto keep_card = [&](const Card& card) {
    keep("name", card.name);
    keep("address", card.address);
    keep("words", words_of(card.root));
  };
  if (const auto* const admit = std::get_if<Change::Admit>(&change.what); admit != nullptr) keep_card(admit->card);
  if (const auto* const card = std::get_if<Change::NewCard>(&change.what); card != nullptr) keep_card(card->card);
  if (const auto* const one = std::get_if<Change::Suspend>(&change.what); one != nullptr) keep("grounds", one->reason);
  if (const auto* const one = std::get_if<Change::Expel>(&change.what); one != nullptr) keep("grounds", one->reason);
  return Json(std::move(arguments));
}

Result<Response> ask_vote(Call& call) {
  Fields in(*TRY(call.body()));
  const VoteDraft draft = TRY(draft_in(in));
  const std::string reason = TRY(in.text("reason", 1000));
  TRY(in.end());
  const Change change = TRY(change_of(call.api.parts.alliance.alliance, draft));
  TRY(may_be_asked(call, change));
  return ask_for(call, {.action = std::string(action_vote),
                        .subject = change.about().empty() ? "charter" : std::string(change.about()),
                        .arguments = arguments_of(draft, change),
                        .reason = reason,
                        .answered_with = Right::answer_alliance});
}

constexpr std::array routes{
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/alliance/votes",
             .right = Right::decide_alliance,
             .summary = "Ask for this node's vote; another approves, and it is cast",
             .takes = "VoteDraft",
             .gives = "Approval",
             .status = 202,
             .handle = ask_vote},
};

}  // namespace

Status carry_vote(const Call& call, const By& by, const Json& arguments) {
  Alliance& alliance = call.api.parts.alliance.alliance;
  if (const Json* const body = arguments.find("body"); body != nullptr) {
    const Change change = TRY(Change::from_json(*body));
    return alliance.vote(by, change);
  }
  const Json* const hash = arguments.find("change");
  if (hash == nullptr || hash->text() == nullptr) return Error{Code::damaged, "the approval names no change"};
  const Change change = TRY(open_change(alliance, *hash->text()));
  return alliance.vote(by, change);
}

std::span<const ApiRoute> alliance_vote_routes() {
  return routes;
}

}  // namespace fristad
