#include "alliance/alliance.h"

#include <algorithm>
#include <iterator>

#include "alliance/alliance_impl.h"
#include "alliance/body.h"
#include "base/hex.h"
#include "base/try.h"

namespace fristad {
namespace {

Error wrong(std::string_view what) {
  return {Code::invalid_argument, std::string(what)};
}
Error no_alliance() {
  return {Code::not_found, "this node belongs to no alliance"};
}

bool knows(const Membership& membership, std::string_view member) {
  if (membership.state) return membership.state->find(member) != nullptr;
  return membership.founding != nullptr &&
         std::ranges::find(membership.founding->founders, member, &Card::member) != membership.founding->founders.end();
}

// Whoever is or was one: who is away now may have what others have.
std::set<std::string, std::less<>> known_members(const Membership& membership) {
  std::set<std::string, std::less<>> codes;
  if (membership.state) {
    for (const auto& [code, member] : membership.state->members) codes.insert(code);
  } else if (membership.founding != nullptr) {
    for (const Card& founder : membership.founding->founders) codes.insert(founder.member);
  }
  return codes;
}

bool has_seat(const Membership& membership, std::string_view member) {
  const AllianceMember* const found = membership.state ? membership.state->find(member) : nullptr;
  return found != nullptr && (found->standing == Standing::active || found->standing == Standing::suspended);
}

Status check_active(const Membership& membership, std::string_view member) {
  if (membership.state && membership.state->is_active(member)) return {};
  return Error{Code::permission_denied, "this node is no active member of an alliance"};
}

Status check_own(const Journal& journal, const Card& card) {
  if (card.member == journal.member() && card.key(KeyPurpose::record).key == journal.record_key() &&
      card.key(KeyPurpose::log).key == journal.log_key(shared_log, journal.head(shared_log).size)) {
    return {};
  }
  return wrong("the card isn't this node's: another code, or other keys");
}

// Who reads our log in an alliance that hasn't seen us change our keys finds no key for its beginning.
Status check_first_keys(Connection& views, std::string_view own, const AllianceId& alliance, const Card& card) {
  if (card.key(KeyPurpose::record).valid_from == 0 || TRY(has_left(views, own, alliance))) return {};
  return Error{Code::unsupported,
               "this node has got new keys in another alliance, so here nobody could read its log from the beginning: "
               "come with a new node"};
}

Result<std::vector<std::string>> differing_sections(const Change::Admit& admit, const ConformanceTools& tools) {
  return differences(TRY(conformance_answers(admit.nonce, tools)), admit.conformance);
}

Status check_conformance(const Change::Admit& admit, const std::vector<std::string>& differing) {
  if (differing.empty()) return {};
  std::string sections;
  for (const std::string& section : differing) sections += (sections.empty() ? "" : ", ") + section;
  return Error{Code::conflict, "the program of \"" + admit.card.member + "\" answers otherwise than ours in: " +
                                   sections + ". Ask them which version they run"};
}

// What the fold can't see: it knows votes alone, no clock, and not which program it runs in. `differing` are the
// sections of an admission in which the candidate's program answers otherwise than ours.
Status check_before_vote(Decision& decision, const AllianceState& state, const Change& change,
                         const std::vector<std::string>& differing) {
  if (const auto* const admit = std::get_if<Change::Admit>(&change.what); admit != nullptr) {
    const auto known = TRY(invitation_in(decision.views(), admit->invitation));
    if (!known || known->author != admit->inviter || known->invitation.alliance != state.id) {
      return Error{Code::conflict,
                   "\"" + admit->inviter + "\" has recorded no such invitation, as far as we have read"};
    }
    const Invitation& invitation = known->invitation;
    if (invitation.member != admit->card.member || invitation.kind != admit->card.kind ||
        invitation.jurisdiction != admit->card.jurisdiction || invitation.nonce != admit->nonce) {
      return Error{Code::conflict, "the invitation was for another member than has accepted it"};
    }
    if (decision.now_ms() >= invitation.expires_ms) {
      return Error{Code::conflict, "the invitation's time is over: \"" + admit->inviter + "\" can invite anew"};
    }
    TRY(check_conformance(*admit, differing));
  }
  if (const auto* const remove = std::get_if<Change::Remove>(&change.what); remove != nullptr) {
    if (!TRY(has_left(decision.views(), remove->member, state.id))) {
      return Error{Code::conflict, "\"" + remove->member + "\" hasn't said that it leaves: to expel is another vote"};
    }
  }
  return {};
}

}  // namespace

Alliance::Alliance(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Alliance::~Alliance() = default;

Result<std::unique_ptr<Alliance>> Alliance::open(Journal& journal, AllianceOptions options) {
  auto impl = std::make_shared<Impl>(journal, std::move(options));
  impl->views = TRY(journal.store().connect(true));
  // The journal keeps its subscribers for as long as it lives, which may be longer.
  journal.subscribe([weak = std::weak_ptr(impl)](std::span<const Record> records) {
    if (const auto alive = weak.lock()) alive->heard(records);
  });
  TRY(impl->refresh());
  return std::unique_ptr<Alliance>(new Alliance(std::move(impl)));
}

Status Alliance::Impl::refresh() {
  const std::scoped_lock lock(reading);
  stale = false;
  Result<Membership> now = membership_of(*views, own(), texts);
  if (!now) {
    stale = true;
    return now.error();
  }
  published.set(std::make_shared<const Membership>(*std::move(now)));
  return {};
}

void Alliance::Impl::heard(std::span<const Record> records) {
  const bool ours =
      std::ranges::any_of(records, [](const Record& record) { return record.payload.kind.starts_with("alliance."); });
  if (!ours) return;
  static_cast<void>(refresh());
  changed();
}

void Alliance::on_change(std::function<void()> call) {
  const std::scoped_lock lock(impl_->calling);
  impl_->on_change = std::move(call);
}

void Alliance::Impl::changed() const {
  std::function<void()> call;
  {
    const std::scoped_lock lock(calling);
    call = on_change;
  }
  if (call) call();
}

// ---- Founding and joining ----

Result<AllianceId> Alliance::found(const By& by, const Founding& founding) {
  // Through its text, as the others will read it.
  const Json body = founding.to_json();
  TRY(Founding::from_json(body));
  const auto own = std::ranges::find(founding.founders, impl_->own(), &Card::member);
  if (own == founding.founders.end()) return wrong("this node is none of the founders");
  TRY(check_own(impl_->journal, *own));
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    if (TRY(impl_->in(decision)).alliance) {
      return Error{Code::already_exists, "this node has founded or joined an alliance already: leave it first"};
    }
    TRY(check_first_keys(decision.views(), impl_->own(), alliance_id(founding), *own));
    TRY(decision.emit({.kind = std::string(kind_founded), .scope = "public", .body = body}));
    return {};
  }));
  return alliance_id(founding);
}

Result<std::string> Alliance::invite(const By& by, const Candidate& candidate) {
  InvitationLetter letter;
  letter.invitation.nonce = TRY(random_array<16>(impl_->options.random));
  letter.invitation.member = candidate.member;
  letter.invitation.kind = candidate.kind;
  letter.invitation.jurisdiction = candidate.jurisdiction;
  letter.invitation.expires_ms = candidate.expires_ms;
  const auto recorded = TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    const Membership now = TRY(impl_->in(decision));
    TRY(check_active(now, impl_->own()));
    if (has_seat(now, candidate.member)) {
      return Error{Code::already_exists, "\"" + candidate.member + "\" is a member already"};
    }
    if (candidate.expires_ms <= decision.now_ms()) return wrong("an invitation ends later than now");
    letter.invitation.alliance = now.state->id;
    letter.founding = *now.founding;
    letter.charter = now.state->charter;
    letter.inviter = now.state->find(impl_->own())->card;
    if (letter.inviter.key(KeyPurpose::record).key != impl_->journal.record_key()) {
      return Error{Code::conflict, "new keys of this node are just coming into use: try again"};
    }
    const Json body = letter.invitation.to_json();
    TRY(Invitation::from_json(body));
    TRY(decision.emit({.kind = std::string(kind_invited), .scope = "alliance", .body = body}));
    return {};
  }));
  letter.record = recorded.front().id;
  return sign_invitation(letter, impl_->options.sign);
}

Result<std::string> Alliance::accept(const By& by, std::string_view invitation_letter, const Card& own) {
  const InvitationLetter letter = TRY(read_invitation(invitation_letter));
  const Invitation& invitation = letter.invitation;
  TRY(check_own(impl_->journal, own));
  if (invitation.member != own.member || invitation.kind != own.kind || invitation.jurisdiction != own.jurisdiction) {
    return wrong("the invitation is for another member than the card shows");
  }
  const ConformanceAnswers answers = TRY(conformance_answers(invitation.nonce, impl_->options.conformance));
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    if (decision.now_ms() >= invitation.expires_ms) {
      return Error{Code::conflict, "the invitation's time is over: ask for another"};
    }
    const Membership now = TRY(impl_->in(decision));
    // Who has accepted and was never admitted may accept again.
    if (has_seat(now, impl_->own()) || (!now.state && knows(now, impl_->own()))) {
      return Error{Code::already_exists, "this node has an alliance already: leave it first"};
    }
    TRY(check_first_keys(decision.views(), impl_->own(), invitation.alliance, own));
    TRY(decision.emit({.kind = std::string(kind_joined),
                       .scope = "public",
                       .body = JoinedBody{.alliance = invitation.alliance, .invitation = letter.record}.to_json()}));
    return {};
  }));
  return to_text(sign_acceptance({.alliance = invitation.alliance,
                                  .charter = charter_hash(letter.charter),
                                  .invitation = letter.record,
                                  .nonce = invitation.nonce,
                                  .conformance = answers,
                                  .card = own},
                                 impl_->options.sign));
}

Result<Change> Alliance::admission(std::string_view acceptance_letter) const {
  const Acceptance acceptance = TRY(read_acceptance(acceptance_letter));
  const std::scoped_lock lock(impl_->reading);
  const auto known = TRY(invitation_in(*impl_->views, acceptance.invitation));
  if (!known) return Error{Code::not_found, "no invitation that we have read is the one that was accepted"};
  return Change{Change::Admit{.card = acceptance.card,
                              .invitation = acceptance.invitation,
                              .inviter = known->author,
                              .nonce = acceptance.nonce,
                              .conformance = acceptance.conformance,
                              .acceptance = acceptance.signature}};
}

std::vector<std::string> Alliance::conformance_of(const Change::Admit& admit) const {
  return differing_sections(admit, impl_->options.conformance).value_or(std::vector<std::string>{"pdq"});
}

// ---- Votes ----

Status Alliance::vote(const By& by, const Change& change) {
  TRY(Change::from_json(change.to_json()));
  const Digest hash = change_hash(change);
  // Before others have to wait for the decision.
  std::vector<std::string> differing;
  if (const auto* const admit = std::get_if<Change::Admit>(&change.what); admit != nullptr) {
    differing = TRY(differing_sections(*admit, impl_->options.conformance));
  }
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    const Membership now = TRY(impl_->in(decision));
    if (!now.state || !now.state->may_vote(impl_->own())) {
      return Error{Code::permission_denied, "this node has no vote"};
    }
    const AllianceState& state = *now.state;
    TRY(check_change(state, change));
    TRY(check_before_vote(decision, state, change, differing));
    // The first round that isn't dead by what we have read: to vote in a later one would be to vote twice.
    const auto voted = TRY(voted_in(decision.views(), impl_->own(), state.id, state.hash, state.open_round));
    if (voted) {
      return Error{Code::conflict, *voted == hash ? "we have voted for this already"
                                                  : "we have voted for something else, which may still win"};
    }
    const VoteBody body{.alliance = state.id, .previous = state.hash, .round = state.open_round, .change = change};
    TRY(decision.emit({.kind = std::string(kind_vote), .scope = "alliance", .body = body.to_json()}));
    return {};
  }));
  return {};
}

// ---- Our own ----

Status Alliance::leave(const By& by, std::string_view reason) {
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    const auto alliance = TRY(alliance_of(decision.views(), impl_->own()));
    if (!alliance) return no_alliance();
    const Json body = LeftBody{.alliance = *alliance, .reason = std::string(reason)}.to_json();
    TRY(decision.emit({.kind = std::string(kind_left), .scope = "public", .body = body}));
    return {};
  }));
  return {};
}

Status Alliance::mute(const By& by, std::string_view member, bool muted, std::string_view reason) {
  if (member == impl_->own()) return wrong("a node doesn't mute itself");
  TRY(impl_->journal.transact(by, [&](Decision& decision) -> Status {
    const Membership now = TRY(impl_->in(decision));
    if (now.muted.contains(member) == muted) {
      return Error{Code::conflict, "\"" + std::string(member) + (muted ? "\" is muted already" : "\" isn't muted")};
    }
    if (muted && !knows(now, member))
      return Error{Code::not_found, "there is no member \"" + std::string(member) + "\""};
    const MutedBody body{.member = std::string(member), .muted = muted, .reason = std::string(reason)};
    TRY(decision.emit({.kind = std::string(kind_muted), .body = body.to_json()}));
    return {};
  }));
  return {};
}

namespace {

using DecideReaders = std::function<Status(Decision&, const ReadersBody&)>;

Status state_readers(Journal& journal, const By& by, ReadersBody body, const DecideReaders& before,
                     const DecideReaders& after = {}) {
  if (author_tag(body.scope) != author_tag(journal.member())) {
    return Error{Code::permission_denied, "only the member whose scope it is says who reads it"};
  }
  for (auto* const list : {&body.add, &body.remove}) std::ranges::sort(*list);
  const Json json = body.to_json();
  TRY(ReadersBody::from_json(json));
  TRY(journal.transact(by, [&](Decision& decision) -> Status {
    TRY(before(decision, body));
    TRY(decision.emit({.kind = std::string(kind_readers), .scope = to_hex(body.scope), .body = json}));
    return after ? after(decision, body) : Status();
  }));
  return {};
}

// A scope of which these alone learn: what they lost must be corrected with them as long as they may have it.
Status go_on_correcting(Decision& decision, const RecordId& lost, const std::vector<std::string>& losers) {
  const RecordId id = TRY(decision.new_id());
  const std::string scope = to_hex(id);
  TRY(decision.emit({.kind = std::string(kind_corrects), .scope = scope, .body = CorrectsBody{.of = lost}.to_json()}));
  for (std::size_t from = 0; from < losers.size(); from += readers_max) {
    const auto some = std::span(losers).subspan(from, std::min(readers_max, losers.size() - from));
    const ReadersBody readers{.scope = id, .add = {some.begin(), some.end()}};
    TRY(decision.emit({.kind = std::string(kind_readers), .scope = scope, .body = readers.to_json()}));
  }
  return {};
}

}  // namespace

Status Alliance::grant(const By& by, const RecordId& scope, std::span<const std::string> readers) {
  return state_readers(impl_->journal, by, {.scope = scope, .add = {readers.begin(), readers.end()}, .remove = {}},
                       [&](Decision& decision, const ReadersBody& body) -> Status {
                         const Membership now = TRY(impl_->in(decision));
                         for (const std::string& reader : body.add) {
                           if (reader == whole_alliance || knows(now, reader)) continue;
                           return Error{Code::not_found, "there is no member \"" + reader + "\""};
                         }
                         return {};
                       });
}

Status Alliance::withdraw(const By& by, const RecordId& scope, std::span<const std::string> readers) {
  std::set<std::string, std::less<>> members;
  std::set<std::string, std::less<>> had;
  const auto before = [&](Decision& decision, const ReadersBody&) -> Status {
    members = known_members(TRY(impl_->in(decision)));
    had = TRY(let_read(decision.views(), scope, members));
    return {};
  };
  const auto after = [&](Decision& decision, const ReadersBody&) -> Status {
    const auto have = TRY(let_read(decision.views(), scope, members));
    std::vector<std::string> losers;
    std::ranges::set_difference(had, have, std::back_inserter(losers));
    std::erase(losers, impl_->own());
    return losers.empty() ? Status() : go_on_correcting(decision, scope, losers);
  };
  return state_readers(impl_->journal, by, {.scope = scope, .add = {}, .remove = {readers.begin(), readers.end()}},
                       before, after);
}

}  // namespace fristad
