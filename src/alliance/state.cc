#include "alliance/state.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "base/try.h"

namespace fristad {
namespace {

constexpr std::string_view epoch_tag = "fristad/epoch/1\n";
constexpr std::array<std::string_view, 4> standings{"active", "suspended", "expelled", "left"};

Error never(std::string_view why) {
  return {Code::invalid_argument, std::string(why)};
}

bool is_voting_kind(const AllianceState& state, const Card& card) {
  return std::ranges::find(state.voting, card.kind) != state.voting.end();
}

// Those who are suspended keep their seat: it isn't given to another meanwhile.
bool has_seat(const AllianceMember& member) {
  return member.standing == Standing::active || member.standing == Standing::suspended;
}

void count_votes(AllianceState& state) {
  state.jurisdictions = 0;
  for (const auto& [code, member] : state.members) {
    if (state.may_vote(code)) ++state.jurisdictions;
  }
  state.quorum = quorum_of(state.jurisdictions);
}

Result<const AllianceMember*> member_in(const AllianceState& state, std::string_view code) {
  const AllianceMember* const member = state.find(code);
  if (member == nullptr) return never("\"" + std::string(code) + "\" is no member");
  return member;
}

// What was signed with older keys stays provable: a key is followed by one that begins later, never replaced.
Status check_keys_follow(const Card& before, const Card& after) {
  if (after.root != before.root) return never("a member keeps its root key");
  for (const KeyPurpose purpose : all_key_purposes) {
    if (after.key(purpose) == before.key(purpose)) continue;
    if (after.key(purpose).valid_from <= before.key(purpose).valid_from) {
      return never("a new key begins at a later position of the member's log than the one that it follows");
    }
  }
  return {};
}

Status check_seat(const AllianceState& state, const Card& card) {
  for (const auto& [code, member] : state.members) {
    if (code == card.member) continue;
    if (same_author_tag(code, card.member)) {
      return never("the code \"" + card.member + "\" can't be told from \"" + code + "\" in the ids of records");
    }
    if (has_seat(member) && is_voting_kind(state, card) && is_voting_kind(state, member.card) &&
        jurisdiction_of(member.card) == jurisdiction_of(card)) {
      return never("a jurisdiction has one vote: " + jurisdiction_of(card) + " is represented by \"" + code + "\"");
    }
  }
  return {};
}

Status check_admit(const AllianceState& state, const Change::Admit& admit) {
  const Card& card = admit.card;
  if (const AllianceMember* const before = state.find(card.member); before != nullptr) {
    if (has_seat(*before)) return never("\"" + card.member + "\" is a member already");
    TRY(check_keys_follow(before->card, card));
  }
  TRY(check_seat(state, card));
  if (!state.is_active(admit.inviter)) return never("who invited, \"" + admit.inviter + "\", is no active member");
  if (author_tag(admit.invitation) != author_tag(admit.inviter)) return never("the invitation isn't of who is named");
  const Acceptance acceptance{.alliance = state.id,
                              .charter = charter_hash(state.charter),
                              .invitation = admit.invitation,
                              .nonce = admit.nonce,
                              .conformance = admit.conformance,
                              .card = card,
                              .signature = admit.acceptance};
  if (!is_signed(acceptance)) return never("the candidate has accepted something else than this charter, here and now");
  return {};
}

struct Check {
  const AllianceState& state;

  Status operator()(const Change::Admit& admit) const { return check_admit(state, admit); }
  Status operator()(const Change::Suspend& suspend) const {
    if (!state.is_active(suspend.member)) return never("only who is active is suspended");
    return {};
  }
  Status operator()(const Change::Lift& lift) const {
    const AllianceMember* const member = TRY(member_in(state, lift.member));
    if (member->standing != Standing::suspended) return never("\"" + lift.member + "\" isn't suspended");
    return {};
  }
  Status operator()(const Change::Expel& expel) const { return check_goes(expel.member); }
  Status operator()(const Change::Remove& remove) const { return check_goes(remove.member); }
  Status operator()(const Change::Charter& charter) const {
    if (charter.text == state.charter) return never("that is the charter already");
    return {};
  }
  Status operator()(const Change::NewCard& renewed) const {
    const Card& card = renewed.card;
    const AllianceMember* const member = TRY(member_in(state, card.member));
    if (!has_seat(*member)) return never("\"" + card.member + "\" has gone");
    if (card == member->card) return never("that is its card already");
    if (card.kind != member->card.kind || card.jurisdiction != member->card.jurisdiction) {
      return never("a new card is of the same kind and jurisdiction");
    }
    return check_keys_follow(member->card, card);
  }

  Status check_goes(const std::string& code) const {
    if (!has_seat(*TRY(member_in(state, code)))) return never("\"" + code + "\" has gone already");
    return {};
  }
};

void take_over(AllianceMember& member, const Card& card) {
  for (const KeyStatement& statement : card.keys) {
    if (std::ranges::find(member.keys, statement) == member.keys.end()) member.keys.push_back(statement);
  }
  member.card = card;
}

struct Apply {
  AllianceState& state;

  void operator()(const Change::Admit& admit) const {
    take_over(stand(admit.card.member, Standing::active), admit.card);
  }
  void operator()(const Change::Suspend& suspend) const { stand(suspend.member, Standing::suspended); }
  void operator()(const Change::Lift& lift) const { stand(lift.member, Standing::active); }
  void operator()(const Change::Expel& expel) const { stand(expel.member, Standing::expelled); }
  void operator()(const Change::Remove& remove) const { stand(remove.member, Standing::left); }
  void operator()(const Change::Charter& charter) const { state.charter = charter.text; }
  void operator()(const Change::NewCard& renewed) const {
    take_over(state.members.find(renewed.card.member)->second, renewed.card);
  }

  AllianceMember& stand(const std::string& code, Standing standing) const {
    AllianceMember& member = state.members[code];
    member.standing = standing;
    member.since_epoch = state.epoch;
    return member;
  }
};

using FirstVotes = std::map<std::tuple<Digest, std::uint32_t, std::string_view>, const Vote*>;

// What the votes on one epoch come to.
class Count {
 public:
  Count(const AllianceState& state, const FirstVotes& votes) : state_(state) {
    for (auto at = votes.lower_bound({state.hash, 0, {}}); at != votes.end(); ++at) {
      const auto& [previous, round, author] = at->first;
      if (previous != state.hash) break;
      if (!state.may_vote(author)) continue;
      OpenChange& open = rounds_[round][hash_of(at->second->change)];
      open.change = at->second->change;
      open.voters.emplace_back(author);
    }
    for (auto& [round, changes] : rounds_) count(round, changes);
  }

  // nullptr while nothing has won.
  const OpenChange* winner() const { return winner_; }
  bool split() const { return split_; }

  std::uint32_t open_round() const {
    std::uint32_t open = 0;
    for (const auto& [round, changes] : rounds_) {
      if (round != open || !changes.begin()->second.dead) break;
      ++open;
    }
    return open;
  }
  std::vector<OpenChange> waiting() const {
    std::vector<OpenChange> all;
    for (const auto& [round, changes] : rounds_) {
      for (const auto& [hash, open] : changes) all.push_back(open);
    }
    return all;
  }

 private:
  using Changes = std::map<Digest, OpenChange>;

  void count(std::uint32_t round, Changes& changes) {
    std::size_t voted = 0;
    std::size_t most = 0;  // of those that may win; something that nobody has voted for yet has none
    for (auto& [hash, open] : changes) {
      open.hash = hash;
      open.round = round;
      open.never_wins = why_never(hash, *open.change);
      voted += open.voters.size();
      if (!open.never_wins.empty()) continue;
      most = std::max(most, open.voters.size());
      if (open.voters.size() < state_.quorum) continue;
      split_ = split_ || (winner_ != nullptr && winner_->hash != hash);
      // The first round counts, and in it the lowest hash: no order in which logs were read decides.
      if (winner_ == nullptr) winner_ = &open;
    }
    const bool dead = most + (state_.jurisdictions - voted) < state_.quorum;
    for (auto& [hash, open] : changes) open.dead = dead;
  }

  const std::string& why_never(const Digest& hash, const Change& change) {
    const auto [at, fresh] = checked_.try_emplace(hash);
    if (fresh) {
      if (const Status checked = check_change(state_, change); !checked) at->second = checked.error().message;
    }
    return at->second;
  }

  const Digest& hash_of(const std::shared_ptr<const Change>& change) {
    const auto [at, fresh] = hashes_.try_emplace(change.get());
    if (fresh) at->second = change_hash(*change);
    return at->second;
  }

  const AllianceState& state_;
  std::map<std::uint32_t, Changes> rounds_;
  std::map<Digest, std::string> checked_;
  std::map<const Change*, Digest> hashes_;
  const OpenChange* winner_ = nullptr;
  bool split_ = false;
};

AllianceState founded(const Founding& founding) {
  AllianceState state{.id = alliance_id(founding),
                      .name = founding.name,
                      .voting = founding.voting,
                      .charter = founding.charter,
                      .members = {},
                      .waiting = {}};
  state.hash = state.id;
  for (const Card& founder : founding.founders) take_over(state.members[founder.member], founder);
  count_votes(state);
  return state;
}

}  // namespace

std::string_view to_text(Standing standing) {
  return standings.at(static_cast<std::size_t>(standing));
}

const AllianceMember* AllianceState::find(std::string_view member) const {
  const auto at = members.find(member);
  return at == members.end() ? nullptr : &at->second;
}
bool AllianceState::is_active(std::string_view member) const {
  const AllianceMember* const found = find(member);
  return found != nullptr && found->standing == Standing::active;
}
bool AllianceState::may_vote(std::string_view member) const {
  return is_active(member) && is_voting_kind(*this, find(member)->card);
}

Status check_change(const AllianceState& state, const Change& change) {
  return std::visit(Check{state}, change.what);
}

AllianceState state_of(const Founding& founding, std::span<const Vote> votes) {
  AllianceState state = founded(founding);
  FirstVotes first;
  for (const Vote& vote : votes) {
    if (vote.alliance == state.id) first.try_emplace({vote.previous, vote.round, vote.author}, &vote);
  }
  while (true) {
    const Count count(state, first);
    if (count.winner() == nullptr) {
      state.waiting = count.waiting();
      state.open_round = count.open_round();
      return state;
    }
    const Change& change = *count.winner()->change;
    const std::string text = canonical(change.to_json());
    state.split = state.split || count.split();
    ++state.epoch;
    state.hash = sha256({as_bytes(epoch_tag), state.hash, as_bytes(text)});
    std::visit(Apply{state}, change.what);
    count_votes(state);
  }
}

std::size_t witnesses_needed(const AllianceState& state, std::string_view origin) {
  const AllianceMember* const own = state.find(origin);
  std::set<std::string_view> others;
  for (const auto& [code, member] : state.members) {
    if (member.standing == Standing::active) others.insert(jurisdiction_of(member.card));
  }
  if (own != nullptr) others.erase(jurisdiction_of(own->card));
  constexpr std::size_t all_up_to = 3;
  return others.size() <= all_up_to ? others.size() : others.size() / 2 + 1;
}

std::vector<PublicKey> keys_from(const AllianceMember& member, KeyPurpose purpose, std::uint64_t position) {
  std::vector<PublicKey> keys;
  if (const auto now = key_at(member, purpose, position)) keys.push_back(*now);
  for (const KeyStatement& statement : member.keys) {
    if (statement.purpose == purpose && statement.valid_from > position) keys.push_back(statement.key);
  }
  return keys;
}

std::optional<PublicKey> key_at(const AllianceMember& member, KeyPurpose purpose, std::uint64_t position) {
  const KeyStatement* newest = nullptr;
  for (const KeyStatement& statement : member.keys) {
    if (statement.purpose != purpose || statement.valid_from > position) continue;
    if (newest == nullptr || statement.valid_from > newest->valid_from) newest = &statement;
  }
  if (newest == nullptr) return std::nullopt;
  return newest->key;
}

}  // namespace fristad
