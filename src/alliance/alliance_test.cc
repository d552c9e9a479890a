#include "alliance/alliance.h"

#include <gtest/gtest.h>

#include "alliance/alliance_node_fixture.h"
#include "base/hex.h"

namespace fristad {
namespace {

using testing::admission;
using testing::card_of;
using testing::charter_a;
using testing::charter_b;
using testing::code_of;
using testing::dump_of;
using testing::foreign;
using testing::founded;
using testing::founding_of;
using testing::Node;
using testing::record_id;
using testing::signer;
using testing::us_alone;
using testing::voted;

// ---- Founding ----

TEST(Alliance, ExistsOnceAllHaveFoundedIt) {
  Node node;
  EXPECT_FALSE(node.alliance->membership()->alliance);
  const Founding founding = founding_of({"nz", "se", "us"});
  const auto id = node.alliance->found("local-admin", founding);
  ASSERT_TRUE(id) << id.error().message;
  EXPECT_EQ(*id, alliance_id(founding));
  EXPECT_EQ(node.alliance->membership()->missing, (std::vector<std::string>{"nz", "us"}));
  EXPECT_FALSE(node.alliance->membership()->state);
  EXPECT_EQ(node.alliance->under(), "");
  // Another text is another alliance.
  Founding other = founding;
  other.charter = "Something else.";
  ASSERT_TRUE(node.hear(founded("us", other)));
  EXPECT_EQ(node.alliance->membership()->missing, (std::vector<std::string>{"nz", "us"}));
  ASSERT_TRUE(node.hear(founded("us", founding)));
  ASSERT_TRUE(node.hear(founded("nz", founding)));
  ASSERT_TRUE(node.alliance->membership()->state);
  EXPECT_EQ(node.alliance->under(), to_hex(*id));
  node.reopen();
  EXPECT_EQ(node.alliance->under(), to_hex(*id));
}

TEST(Alliance, IsFoundedByItsFoundersOnce) {
  Node node;
  EXPECT_EQ(code_of(node.alliance->found("a", founding_of({"nz", "us"}))), Code::invalid_argument);
  Founding founding = founding_of({"nz", "us"});
  founding.founders.insert(founding.founders.begin() + 1, card_of("se", {.keys = "2"}));
  EXPECT_EQ(code_of(node.alliance->found("a", founding)), Code::invalid_argument) << "other keys than the node's";
  ASSERT_TRUE(node.alliance->found("a", founding_of({"nz", "se"})));
  EXPECT_EQ(code_of(node.alliance->found("a", founding_of({"se", "us"}))), Code::already_exists);
  // Who has left may found another.
  ASSERT_TRUE(node.alliance->leave("a", "nz never did"));
  EXPECT_FALSE(node.alliance->membership()->alliance);
  EXPECT_EQ(code_of(node.alliance->leave("a", "once more")), Code::not_found);
  EXPECT_TRUE(node.alliance->found("a", founding_of({"se", "us"})));
}

// ---- Joining ----

// With other answers than ours if they are given.
std::string accepted(const std::string& letter, const Card& card,
                     const std::optional<ConformanceAnswers>& answers = {}) {
  const auto read = read_invitation(letter);
  EXPECT_TRUE(read) << read.error().message;
  return to_text(
      sign_acceptance({.alliance = read->invitation.alliance,
                       .charter = charter_hash(read->charter),
                       .invitation = read->record,
                       .nonce = read->invitation.nonce,
                       .conformance = answers ? *answers : conformance_answers(read->invitation.nonce, {}).value(),
                       .card = card},
                      signer(card.member)));
}

TEST(Alliance, InvitesAndAdmits) {
  Node node;
  const Alliance::Candidate nz{.member = "nz", .jurisdiction = "NZ", .expires_ms = node.now_ms() + 1000};
  EXPECT_EQ(code_of(node.alliance->invite("a", nz)), Code::permission_denied) << "no member of anything";
  node.found(founding_of({"se", "us"}));
  EXPECT_EQ(code_of(node.alliance->invite("a", {.member = "us", .jurisdiction = "US", .expires_ms = nz.expires_ms})),
            Code::already_exists);
  EXPECT_EQ(code_of(node.alliance->invite("a", {.member = "nz", .jurisdiction = "NZ", .expires_ms = node.now_ms()})),
            Code::invalid_argument);
  const auto letter = node.alliance->invite("a", nz);
  ASSERT_TRUE(letter) << letter.error().message;
  const auto change = node.alliance->admission(accepted(*letter, card_of("nz")));
  ASSERT_TRUE(change) << change.error().message;
  const AllianceState before = node.state();
  const Status done = node.alliance->vote("a", *change);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(node.state().epoch, 0U);
  ASSERT_TRUE(node.hear(voted("us", before, *change)));
  EXPECT_EQ(node.state().epoch, 1U);
  EXPECT_TRUE(node.state().is_active("nz"));
  EXPECT_EQ(node.alliance->under(), to_hex(node.state().hash));
  EXPECT_NE(node.state().hash, before.hash);
}

TEST(Alliance, VotesForNoProgramThatAnswersOtherwise) {
  Node node;
  node.found(founding_of({"se", "us"}));
  const auto letter =
      node.alliance->invite("a", {.member = "nz", .jurisdiction = "NZ", .expires_ms = node.now_ms() + 1000});
  ASSERT_TRUE(letter);
  const auto vote = [&](const ConformanceAnswers& answers, const std::vector<std::string>& differing) {
    const auto change = node.alliance->admission(accepted(*letter, card_of("nz"), answers));
    EXPECT_TRUE(change) << "it may be voted on: by others, whose program may be the candidate's";
    EXPECT_TRUE(check_change(node.state(), *change));
    EXPECT_EQ(node.alliance->conformance_of(std::get<Change::Admit>(change->what)), differing);
    return node.alliance->vote("a", *change);
  };
  const ConformanceAnswers ours = conformance_answers(read_invitation(*letter)->invitation.nonce, {}).value();
  ConformanceAnswers theirs = ours;
  theirs.sections["leaf"][0] ^= 1;
  theirs.sections.erase("tree");
  const Status refused = vote(theirs, {"leaf", "tree"});
  EXPECT_EQ(code_of(refused), Code::conflict);
  EXPECT_EQ(refused.error().message,
            "the program of \"nz\" answers otherwise than ours in: leaf, tree. Ask them which version they run");
  std::vector<std::string> all;
  for (const auto& [section, digest] : ours.sections) all.push_back(section);
  EXPECT_EQ(code_of(vote({}, all)), Code::conflict) << "no answers at all";
  theirs = ours;
  theirs.sections["newer"] = {1};
  EXPECT_TRUE(vote(theirs, {}));
}

// Programs of different versions fold alike.
TEST(Alliance, AdmitsByVotesWhateverTheAnswers) {
  Node node;
  node.found(founding_of({"nz", "se", "us"}));
  const AllianceState before = node.state();
  Change change = admission(before, card_of("dk"), "us");
  auto& admit = std::get<Change::Admit>(change.what);
  admit.conformance = {};
  admit.acceptance = sign_acceptance({.alliance = before.id,
                                      .charter = charter_hash(before.charter),
                                      .invitation = admit.invitation,
                                      .nonce = admit.nonce,
                                      .card = admit.card},
                                     signer("dk"))
                         .signature;
  for (const char* member : {"nz", "us"}) ASSERT_TRUE(node.hear(voted(member, before, change)));
  EXPECT_TRUE(node.state().is_active("dk"));
}

TEST(Alliance, VotesForNoInvitationThatIsOverOrAnothers) {
  Node node;
  node.found(founding_of({"se", "us"}));
  const auto invite = [&](std::string member, MemberKind kind) {
    const auto letter = node.alliance->invite(
        "a", {.member = std::move(member), .kind = kind, .jurisdiction = "NZ", .expires_ms = node.now_ms() + 1000});
    EXPECT_TRUE(letter);
    return letter.value_or("");
  };
  const Change another = *node.alliance->admission(accepted(invite("nz-2", MemberKind::state), card_of("nz")));
  EXPECT_EQ(code_of(node.alliance->vote("a", another)), Code::conflict);
  const Change kind = *node.alliance->admission(accepted(invite("nz", MemberKind::body), card_of("nz")));
  EXPECT_EQ(code_of(node.alliance->vote("a", kind)), Code::conflict);
  EXPECT_EQ(code_of(node.alliance->vote("a", admission(node.state(), card_of("nz"), "us"))), Code::conflict)
      << "an invitation that nobody has seen";
  const Change late = *node.alliance->admission(accepted(invite("nz", MemberKind::state), card_of("nz")));
  node.wait(1000);
  const Status done = node.alliance->vote("a", late);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::conflict);
  EXPECT_NE(done.error().message.find("time is over"), std::string::npos);
  // The fold looks at no clock: those who voted in time have voted.
  EXPECT_TRUE(check_change(node.state(), late));
  EXPECT_EQ(code_of(node.alliance->admission("nonsense")), Code::damaged);
}

TEST(Alliance, IsJoinedByAnInvitation) {
  Node node;
  const Founding founding = founding_of({"nz", "us"});
  const AllianceState before = state_of(founding, {});
  InvitationLetter letter{.record = record_id("us"),
                          .invitation = {.alliance = before.id,
                                         .member = "se",
                                         .jurisdiction = "SE",
                                         .nonce = {7},
                                         .expires_ms = node.now_ms() + 1000},
                          .founding = founding,
                          .charter = founding.charter,
                          .inviter = card_of("us")};
  const auto text = [&] { return sign_invitation(letter, signer("us")); };
  EXPECT_EQ(code_of(node.alliance->accept("a", text(), card_of("se", {.keys = "2"}))), Code::invalid_argument);
  letter.invitation.member = "dk";
  EXPECT_EQ(code_of(node.alliance->accept("a", text(), card_of("se"))), Code::invalid_argument);
  letter.invitation.member = "se";
  const auto answer = node.alliance->accept("a", text(), card_of("se"));
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(node.alliance->membership()->alliance, before.id);
  EXPECT_FALSE(node.alliance->membership()->state) << "nothing of it has been read yet";
  EXPECT_TRUE(node.alliance->accept("a", text(), card_of("se"))) << "again: the first answer may be lost";

  const auto acceptance = read_acceptance(*answer);
  ASSERT_TRUE(acceptance);
  EXPECT_EQ(acceptance->conformance, conformance_answers(letter.invitation.nonce, {}).value());
  const Change admit{Change::Admit{.card = acceptance->card,
                                   .invitation = acceptance->invitation,
                                   .inviter = "us",
                                   .nonce = acceptance->nonce,
                                   .conformance = acceptance->conformance,
                                   .acceptance = acceptance->signature}};
  for (const char* member : {"nz", "us"}) {
    ASSERT_TRUE(node.hear(founded(member, founding)));
    ASSERT_TRUE(node.hear(voted(member, before, admit)));
  }
  EXPECT_TRUE(node.state().is_active("se"));
  EXPECT_EQ(code_of(node.alliance->accept("a", text(), card_of("se"))), Code::already_exists);
  node.wait(1000);
  EXPECT_EQ(code_of(node.alliance->accept("a", text(), card_of("se"))), Code::conflict) << "its time is over";
}

// ---- Votes ----

TEST(Alliance, VotesOnceInARoundAndAgainWhenItIsDead) {
  Node node;
  node.found(founding_of({"nz", "se", "us"}));
  const AllianceState before = node.state();
  ASSERT_TRUE(node.alliance->vote("a", charter_a));
  EXPECT_EQ(code_of(node.alliance->vote("a", charter_a)), Code::conflict);
  EXPECT_EQ(code_of(node.alliance->vote("a", charter_b)), Code::conflict) << "A may still win";
  ASSERT_TRUE(node.hear(voted("us", before, charter_b)));
  EXPECT_EQ(code_of(node.alliance->vote("a", charter_b)), Code::conflict) << "either may";
  ASSERT_TRUE(node.hear(voted("nz", before, Change{Change::Charter{"C."}})));
  EXPECT_EQ(node.state().open_round, 1U);
  EXPECT_EQ(node.alliance->waiting_for_us().size(), 3U);
  ASSERT_TRUE(node.alliance->vote("a", charter_b));
  EXPECT_TRUE(node.alliance->waiting_for_us().empty());
  ASSERT_TRUE(node.hear(voted("us", before, charter_b, 1)));
  EXPECT_EQ(node.state().charter, "B.");
}

TEST(Alliance, OnlyWhoHasAVoteVotesAndOnlyForWhatMayWin) {
  Node node;
  EXPECT_EQ(code_of(node.alliance->vote("a", charter_a)), Code::permission_denied);
  node.found(founding_of({"nz", "se", "us"}));
  EXPECT_EQ(code_of(node.alliance->vote("a", Change{Change::Lift{"us"}})), Code::invalid_argument);
  EXPECT_EQ(code_of(node.alliance->vote("a", Change{Change::Suspend{"us", ""}})), Code::invalid_argument);
  const Change suspend{Change::Suspend{"se", "asked for"}};
  const AllianceState before = node.state();
  ASSERT_TRUE(node.hear(voted("nz", before, suspend)));
  ASSERT_EQ(node.alliance->waiting_for_us().size(), 1U);
  ASSERT_TRUE(node.hear(voted("us", before, suspend)));
  EXPECT_EQ(code_of(node.alliance->vote("a", charter_a)), Code::permission_denied);
  EXPECT_TRUE(node.alliance->waiting_for_us().empty());
  EXPECT_EQ(code_of(node.alliance->invite("a", {.member = "dk", .expires_ms = node.now_ms() + 1})),
            Code::permission_denied);
}

TEST(Alliance, RemovesWhoHasSaidThatItLeaves) {
  Node node;
  node.found(founding_of({"nz", "se", "us"}));
  const Change remove{Change::Remove{"us"}};
  const AllianceState before = node.state();
  EXPECT_EQ(code_of(node.alliance->vote("a", remove)), Code::conflict);
  ASSERT_TRUE(node.hear(foreign("us", kind_left, "public", LeftBody{before.id, "a new government"}.to_json())));
  ASSERT_TRUE(node.alliance->vote("a", remove));
  ASSERT_TRUE(node.hear(voted("nz", before, remove)));
  EXPECT_EQ(node.state().find("us")->standing, Standing::left);
}

TEST(Alliance, SaysWhenItChanges) {
  Node node;
  int calls = 0;
  node.alliance->on_change([&] { ++calls; });
  ASSERT_TRUE(node.alliance->found("a", founding_of({"se", "us"})));
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(node.alliance->mute("a", "dk", true, "why"));
  EXPECT_EQ(calls, 1);
  // The journal may outlive it.
  node.alliance.reset();
  EXPECT_TRUE(node.journal->transact("a", [&](Decision& decision) -> Status {
    TRY(decision.emit({.kind = std::string(kind_muted), .body = MutedBody{"us", true, "why"}.to_json()}));
    return {};
  }));
}

// ---- Our own ----

TEST(Alliance, MutesAtOnceAndHereAlone) {
  Node node;
  node.found(founding_of({"nz", "se", "us"}));
  EXPECT_FALSE(node.alliance->is_muted("us"));
  ASSERT_TRUE(node.alliance->mute("a", "us", true, "a wrong list"));
  EXPECT_TRUE(node.alliance->is_muted("us"));
  EXPECT_FALSE(node.alliance->is_muted("nz"));
  EXPECT_TRUE(node.state().is_active("us")) << "the others don't know of it";
  EXPECT_EQ(code_of(node.alliance->mute("a", "us", true, "again")), Code::conflict);
  EXPECT_EQ(code_of(node.alliance->mute("a", "dk", true, "unknown")), Code::not_found);
  EXPECT_EQ(code_of(node.alliance->mute("a", "se", true, "ourselves")), Code::invalid_argument);
  EXPECT_EQ(code_of(node.alliance->mute("a", "nz", true, "")), Code::invalid_argument);
  node.reopen();
  EXPECT_TRUE(node.alliance->is_muted("us"));
  ASSERT_TRUE(node.alliance->mute("a", "us", false, "withdrawn"));
  EXPECT_FALSE(node.alliance->is_muted("us"));
  EXPECT_EQ(dump_of(*node.journal).find("a wrong list"), std::string::npos) << "why stays in the sealed payload";
}

TEST(Alliance, ReadersAreKnownMembersAndScopesOurs) {
  Node node;
  node.found(founding_of({"nz", "se", "us"}));
  const std::vector<std::string> unknown{"dk"};
  const std::vector<std::string> wrong{"Not a code"};
  const std::vector<std::string> twice{"us", "us"};
  EXPECT_EQ(code_of(node.alliance->grant("a", node.new_scope(), unknown)), Code::not_found);
  EXPECT_EQ(code_of(node.alliance->grant("a", node.new_scope(), wrong)), Code::invalid_argument);
  EXPECT_EQ(code_of(node.alliance->grant("a", node.new_scope(), twice)), Code::invalid_argument);
  EXPECT_EQ(code_of(node.alliance->grant("a", node.new_scope(), {})), Code::invalid_argument);
  EXPECT_EQ(code_of(node.alliance->grant("a", record_id("us"), us_alone)), Code::permission_denied);
  EXPECT_EQ(code_of(node.alliance->withdraw("a", record_id("us"), us_alone)), Code::permission_denied);
}

}  // namespace
}  // namespace fristad
