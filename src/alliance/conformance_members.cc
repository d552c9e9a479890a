// What an alliance is made of: cards, and the state that votes come to.

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "alliance/conformance_ask.h"
#include "alliance/fingerprint.h"
#include "alliance/state.h"
#include "record/leaf.h"

namespace fristad {
// ---- card ----

namespace {

// A member with keys of its own, and its card before it is signed.
struct Member {
  SigningKey root;
  SigningKey record;
  Card card = {};

  Signer signer() const {
    return [this](Bytes message) { return record.sign(message); };
  }
  Result<Card> sign(const Card& draft) const { return sign_card(draft, record.public_key(), signer()); }
};

Member member_of(Questioner& ask, const std::string& code) {
  Member member{.root = ask.key(), .record = ask.key()};
  Card& card = member.card;
  card.member = code;
  card.name = "Member " + ask.text(1 + ask.number(20));
  card.jurisdiction = ask.text(2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  card.address = "https://" + code + ".example:" + std::to_string(1 + ask.number(65'535));
  card.remit = {"material", "reports"};
  card.root = member.root.public_key();
  for (const KeyPurpose purpose : all_key_purposes) {
    KeyStatement statement{.member = code, .purpose = purpose, .key = ask.bytes<32>()};
    if (purpose == KeyPurpose::record) statement.key = member.record.public_key();
    statement.valid_from = ask.number(1000);
    statement.issued_at_ms = ask.number(std::uint64_t{1} << 42);
    card.statements[static_cast<std::size_t>(purpose)] = sign_statement(statement, member.root).value_or("");
  }
  return member;
}

void ask_drafts(Questioner& ask, AnswerSheet& answers, const Member& member) {
  const auto draft = [&](auto change) {
    Card other = member.card;
    change(other);
    answers.verdict(member.sign(other).has_value());
  };
  for (const std::string& name : {std::string(), ask.text(200), ask.text(201), std::string("\xe2\x80\xae") + "eman",
                                  std::string("a\nb"), std::string("\xc3\xa9"), std::string("\xc3")}) {
    draft([&](Card& card) { card.name = name; });
  }
  for (const char* address : {"http://a.example:1", "https://a.example", "https://a.example:0", "https://a.example:01",
                              "https://a.example:65535", "https://a.example:65536", "https://A.example:1",
                              "https://a..example:1", "https://a.example:1/", "https://.a.example:1"}) {
    draft([&](Card& card) { card.address = address; });
  }
  for (const char* jurisdiction : {"", "s", "se", "SEE"}) {
    draft([&](Card& card) { card.jurisdiction = jurisdiction; });
  }
  draft([](Card& card) { card.kind = MemberKind::union_of_states; });
  draft([](Card& card) { card.remit = {"reports", "material"}; });
  draft([](Card& card) { card.remit = {"a-b"}; });
  draft([](Card& card) { std::swap(card.statements[0], card.statements[1]); });
  draft([](Card& card) { card.root[0] ^= 1; });
}

}  // namespace

void ask_card(Questioner& ask, AnswerSheet& answers) {
  const Member member = member_of(ask, ask.text(2 + ask.number(10)));
  const auto card = member.sign(member.card);
  answers.verdict(card.has_value());
  if (!card) return;
  const std::string text = to_text(*card);
  answers.say(text);
  answers.say(to_words(root_fingerprint(card->root)));
  answers.verdict(read_card(text) == *card);
  for (int bends = 0; bends < 4; ++bends) answers.verdict(read_card(ask.bent(text)).has_value());
  answers.verdict(read_card(text + "\n").has_value());
  answers.say(canonical(to_json(*card)));
  Json json = to_json(*card);
  Json::Object& content = *json.members()->find("card")->second.members();
  content.insert_or_assign("name", ask.text(4));
  answers.verdict(card_from_json(json).has_value());
  content.emplace("more", true);
  answers.verdict(card_from_json(json).has_value());
  ask_drafts(ask, answers, member);
}

// ---- epoch ----

namespace {

Change admit_of(Questioner& ask, const AllianceState& state, const Member& member, const Card& card,
                const std::string& inviter) {
  Change::Admit admit{.card = card, .inviter = inviter};
  admit.invitation = ask.bytes<16>();
  std::ranges::copy(author_tag(inviter), admit.invitation.end() - 4);
  admit.nonce = ask.bytes<16>();
  admit.conformance.sections.emplace("some", ask.bytes<32>());
  admit.acceptance = sign_acceptance({.alliance = state.id,
                                      .charter = charter_hash(state.charter),
                                      .invitation = admit.invitation,
                                      .nonce = admit.nonce,
                                      .conformance = admit.conformance,
                                      .card = card},
                                     member.signer())
                         .signature;
  return Change{std::move(admit)};
}

void say_state(AnswerSheet& answers, const AllianceState& state) {
  answers.number(state.epoch);
  answers.say(state.hash);
  answers.say(state.charter);
  answers.number(state.quorum);
  answers.number(state.open_round);
  answers.verdict(state.split);
  for (const auto& [code, member] : state.members) {
    answers.say(code);
    answers.say(to_text(member.standing));
    answers.number(member.since_epoch);
  }
  for (const OpenChange& open : state.waiting) {
    answers.say(open.hash);
    answers.number(open.round);
    for (const std::string& voter : open.voters) answers.say(voter);
    answers.verdict(open.dead);
    answers.verdict(open.never_wins.empty());
  }
}

}  // namespace

void ask_epoch(Questioner& ask, AnswerSheet& answers) {
  Founding founding{.name = ask.text(8), .charter = ask.text(40) + "\n", .founders = {}};
  std::vector<std::string> codes;
  for (const char* first : {"a", "b", "c", "d", "e"}) codes.push_back(first + ask.text(5));
  const Member candidate = member_of(ask, codes.back());
  const auto card = candidate.sign(candidate.card);
  for (const std::string& code : codes) {
    if (code == candidate.card.member) continue;
    Member member = member_of(ask, code);
    member.card.jurisdiction = {static_cast<char>(code.front() & ~0x20), 'X'};
    if (auto founder = member.sign(member.card)) founding.founders.push_back(*std::move(founder));
  }
  // By a chance of one in millions a card is refused, as its signatures look like a picture: by all programs.
  const bool all = card && founding.founders.size() + 1 == codes.size();
  answers.verdict(all);
  if (!all) return;
  answers.say(alliance_id(founding));

  std::vector<Vote> votes;
  AllianceState state = state_of(founding, votes);
  for (int turn = 0; turn < 6; ++turn) {
    const std::string& about = ask.one_of(codes);
    const std::array<Change, 7> changes{Change{Change::Suspend{.member = about, .reason = ask.text(9)}},
                                        Change{Change::Lift{.member = about}},
                                        Change{Change::Charter{.text = ask.text(20)}},
                                        Change{Change::Charter{.text = ask.text(20)}},
                                        Change{Change::Remove{.member = about}},
                                        Change{Change::Expel{.member = about, .reason = ask.text(9)}},
                                        admit_of(ask, state, candidate, *card, ask.one_of(codes))};
    // What most vote for may win, mostly; what the rest does may be anything.
    const Change* chosen = &changes.back();
    for (const Change& change : changes) {
      const bool may_win = check_change(state, change).has_value();
      answers.say(change_hash(change));
      answers.verdict(may_win);
      if (may_win && turn > 0 && ask.number(3) == 0) chosen = &change;
    }
    const auto most = std::make_shared<const Change>(*chosen);
    const auto rest = std::make_shared<const Change>(ask.one_of(changes));
    for (const std::string& code : codes) {
      votes.push_back({.author = code,
                       .alliance = state.id,
                       .previous = state.hash,
                       .round = state.open_round,
                       .change = ask.number(8) == 0 ? rest : most});
    }
    state = state_of(founding, votes);
    say_state(answers, state);
  }
  // Log by log, as somebody reads them who comes later.
  std::ranges::stable_sort(votes, {}, &Vote::author);
  say_state(answers, state_of(founding, votes));
}

}  // namespace fristad
