#include "federation/answers.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "federation/federation_fixture.h"
#include "federation/witnesses.h"

namespace fristad {
namespace {

using testing::card_of;
using testing::code_of;
using testing::FederationNode;
using testing::key_named;
using testing::last_of;
using testing::Meeting;
using testing::member_key;
using testing::signer;

struct AnswersTest : ::testing::Test {
  Meeting meeting{3};
  FederationNode& aa = meeting[0];
  FederationNode& ab = meeting[1];

  Result<std::string> ask(std::string_view by, Question question, std::string_view body) {
    return aa.answers->answer(by, question, body);
  }
  ScopesAnswer scopes(std::string_view by) {
    return ScopesAnswer::decode(aa.answers->answer(by, Question::scopes, "").value()).value();
  }
  HeadAnswer head(std::string_view by, std::uint64_t known = 0) {
    return HeadAnswer::decode(aa.answers->answer(by, Question::head, HeadRequest{.known = known}.encode()).value())
        .value();
  }
  Result<std::string> parcels(std::string_view by, std::string scope, std::int64_t from = 1) {
    return ask(by, Question::parcels, ParcelsRequest{.scope = std::move(scope), .from = from}.encode());
  }
  // Witnesses have had their time: the head on offer is of all that there is.
  void pass() { meeting.still.pass(5000); }
};

TEST_F(AnswersTest, StrangersAreToldNothing) {
  for (const Question question :
       {Question::head, Question::leaves, Question::scopes, Question::parcels, Question::cosignature, Question::receipt,
        Question::poke, Question::own_leaves, Question::own_scopes, Question::own_parcels}) {
    EXPECT_EQ(code_of(ask("zz", question, "")), Code::permission_denied);
    EXPECT_EQ(code_of(ask("", question, HeadRequest{}.encode())), Code::permission_denied);
  }
  EXPECT_TRUE(aa.pokes.empty());
}

TEST_F(AnswersTest, ANodeThatBelongsToNothingAnswersNobody) {
  FederationNode alone("nz", meeting.still.clock());
  EXPECT_EQ(code_of(alone.answers->answer("aa", Question::scopes, "")), Code::permission_denied);
}

TEST_F(AnswersTest, WhatIsNoQuestionIsRefused) {
  for (const Question question : {Question::head, Question::leaves, Question::parcels, Question::cosignature}) {
    EXPECT_EQ(code_of(ask("ab", question, "{}")), Code::damaged) << to_text(question);
    EXPECT_FALSE(ask("ab", question, ""));
  }
  EXPECT_FALSE(ask("ab", Question::receipt, "{}"));
}

TEST_F(AnswersTest, LeavesAreForAllMembersAndAtMostAPage) {
  const auto leaves = [&](std::uint64_t from, std::uint64_t to) {
    return decode_leaves(ask("ab", Question::leaves, LeavesRequest{.from = from, .to = to}.encode()).value()).value();
  };
  aa.says("a");
  aa.says("b");
  const auto all = testing::leaves_of(*aa.journal, 0);
  EXPECT_EQ(leaves(0, all.size()), all);
  EXPECT_EQ(leaves(1, 2), std::vector<LeafBytes>{all[1]});
  EXPECT_EQ(leaves(0, std::uint64_t{1} << 50), all);
  EXPECT_TRUE(leaves(2, 2).empty());
  EXPECT_TRUE(leaves(1'000, 2'000).empty());
}

TEST_F(AnswersTest, WhatSomebodyMayNotReadLooksAsIfItWereNot) {
  const std::string before = ask("ac", Question::scopes, "").value();
  const RecordId scope = aa.opens({"ab"});
  aa.says("for ab alone", to_hex(scope));
  aa.says("mine", "private");
  pass();
  EXPECT_EQ(ask("ac", Question::scopes, "").value(), before);
  EXPECT_EQ(head("ac").scopes, ScopesAnswer::decode(before)->digest());
  EXPECT_EQ(scopes("ab").last.at(to_hex(scope)), 2);
  const auto none = parcels("ac", to_hex(testing::record_id("aa", 200)));
  for (const std::string& hidden : {to_hex(scope), std::string("private"), std::string("no scope")}) {
    const auto refused = parcels("ac", hidden);
    EXPECT_EQ(code_of(refused), Code::permission_denied) << hidden;
    EXPECT_EQ(refused.error().message, none.error().message) << hidden;
  }
  EXPECT_EQ(decode_parcels(parcels("ab", to_hex(scope)).value())->size(), 2u);
}

TEST_F(AnswersTest, WhoIsLetInLaterGetsAllAndWhoIsLetOutNothingMore) {
  const RecordId scope = aa.opens({"ab"});
  aa.says("early", to_hex(scope));
  pass();
  const std::vector<std::string> ac{"ac"};
  EXPECT_FALSE(scopes("ac").last.contains(to_hex(scope)));
  ASSERT_TRUE(aa.alliance->grant("local-admin", scope, ac));
  pass();
  EXPECT_EQ(scopes("ac").last.at(to_hex(scope)), 3);
  EXPECT_EQ(decode_parcels(parcels("ac", to_hex(scope)).value())->size(), 3u);
  ASSERT_TRUE(aa.alliance->withdraw("local-admin", scope, ac));
  EXPECT_FALSE(scopes("ac").last.contains(to_hex(scope)));
  EXPECT_EQ(code_of(parcels("ac", to_hex(scope))), Code::permission_denied);
}

TEST_F(AnswersTest, ContentsBehindTheHeadOnOfferWait) {
  aa.says("a");
  pass();
  const std::uint64_t size = parse_checkpoint(parse_note(head("ab").head.note)->text)->size;
  EXPECT_EQ(size, aa.journal->head(shared_log).size);
  aa.says("b");
  EXPECT_EQ(decode_parcels(parcels("ab", "alliance").value())->size(), 1u);
  EXPECT_TRUE(parcels("ab", "alliance", 2)->empty());
  pass();
  EXPECT_EQ(decode_parcels(parcels("ab", "alliance", 2).value())->size(), 1u);
  EXPECT_TRUE(parcels("ab", "alliance", 1'000'000)->empty());
}

TEST_F(AnswersTest, WhoIsMutedGetsWhatBindsAllAndNothingElse) {
  const RecordId scope = aa.opens({std::string(whole_alliance)});
  aa.says("to all", to_hex(scope));
  aa.says("known", "public");
  aa.says("vote");
  pass();
  EXPECT_EQ(scopes("ab").last.size(), 3u);
  ASSERT_TRUE(aa.alliance->mute("officer", "ab", true, "to be seen"));
  EXPECT_EQ(scopes("ab").last.size(), 2u);
  EXPECT_EQ(code_of(parcels("ab", to_hex(scope))), Code::permission_denied);
  EXPECT_TRUE(parcels("ab", "alliance"));
  EXPECT_TRUE(parcels("ab", "public"));
  EXPECT_EQ(scopes("ac").last.size(), 3u);
  ASSERT_TRUE(aa.alliance->mute("officer", "ab", false, "seen"));
  EXPECT_EQ(scopes("ab").last.size(), 3u);
}

TEST_F(AnswersTest, WhoIsSuspendedIsToldSo) {
  const Change suspend{Change::Suspend{.member = "ac", .reason = "asked for"}};
  ASSERT_TRUE(aa.alliance->vote("steward", suspend));
  meeting.settle();
  ASSERT_TRUE(ab.alliance->vote("steward", suspend));
  EXPECT_TRUE(ask("ac", Question::scopes, "")) << "aa hasn't read that yet";
  pass();
  ASSERT_TRUE(meeting.pull("aa", "ab"));
  for (const Question question :
       {Question::head, Question::leaves, Question::scopes, Question::parcels, Question::cosignature, Question::receipt,
        Question::poke, Question::own_leaves, Question::own_scopes, Question::own_parcels}) {
    EXPECT_EQ(code_of(ask("ac", question, "")), Code::permission_denied) << to_text(question);
  }
  EXPECT_EQ(code_of(meeting.pull("ac", "aa")), Code::permission_denied);
  EXPECT_TRUE(meeting[2].alliance->membership()->state->is_active("ac")) << "it hasn't read the second vote";
}

TEST_F(AnswersTest, FoundersReadWhatIsPublicBeforeTheAllianceExists) {
  Meeting early(2, false);
  early[0].says("p", "public");
  early[0].says("a", "alliance");
  const auto body = early[0].answers->answer("ab", Question::scopes, "");
  ASSERT_TRUE(body);
  const auto read = ScopesAnswer::decode(*body);
  EXPECT_EQ(read->last.size(), 1u);
  EXPECT_TRUE(read->last.contains("public"));
  EXPECT_EQ(code_of(early[0].answers->answer("ac", Question::scopes, "")), Code::permission_denied);
}

TEST_F(AnswersTest, ACosignatureAndAPokeAreHeard) {
  EXPECT_TRUE(ask("ab", Question::poke, "")->empty());
  EXPECT_EQ(aa.pokes, std::vector<std::string>{"ab"});
  aa.says("a");
  pass();
  const Note note = parse_note(head("ab").head.note).value();
  const auto line = [&](std::string_view member) {
    return cosign(note.text, witness_name(member), member_key(member, KeyPurpose::witness), 5).value();
  };
  const int before = aa.cosigned;
  EXPECT_EQ(code_of(ask("ab", Question::cosignature, line("ac"))), Code::permission_denied);
  EXPECT_TRUE(ask("ab", Question::cosignature, line("ab")));
  EXPECT_EQ(aa.cosigned, before);
  EXPECT_TRUE(ask("ac", Question::cosignature, line("ac")));
  EXPECT_EQ(aa.cosigned, before + 1);
  EXPECT_EQ(head("ab").head.cosignatures.size(), 2u);
}

TEST_F(AnswersTest, ItSaysWhatItKnowsOfTheCallersLog) {
  ab.says("b");
  pass();
  ASSERT_TRUE(meeting.pull("aa", "ab"));
  const auto yours = parse_checkpoint(parse_note(head("ab").yours)->text);
  ASSERT_TRUE(yours);
  EXPECT_EQ(yours->origin, "fristad.alliance/ab/shared");
  EXPECT_EQ(yours->size, ab.journal->head(shared_log).size);
}

TEST_F(AnswersTest, ThatAMemberWasThereIsNotedNowAndThen) {
  static_cast<void>(head("ab"));
  const std::int64_t first = aa.ledger->peer("ab")->heard_ms;
  meeting.still.pass(29'999 - (meeting.still.ms->load() - first));
  static_cast<void>(head("ab"));
  EXPECT_EQ(aa.ledger->peer("ab")->heard_ms, first) << "not at each question";
  meeting.still.pass(1);
  static_cast<void>(head("ab"));
  EXPECT_EQ(aa.ledger->peer("ab")->heard_ms, first + 30'000);
}

struct ReceiptTest : AnswersTest {
  Receipt receipt(std::uint64_t size) {
    return {.reader = "ab", .origin = "fristad.alliance/aa/shared", .size = size, .at_ms = 1};
  }
  Code send(const Receipt& receipt, std::string_view as = "ab", std::string_view signed_by = "ab") {
    const PublicKey key = member_key(signed_by, KeyPurpose::record).public_key();
    return code_of(ask(as, Question::receipt, receipt.sign(key, signer(signed_by))));
  }
  static constexpr Code taken = Code::internal;
  std::uint64_t kept() {
    const auto text = aa.ledger->receipt("ab", Ledger::Way::received).value();
    return Receipt::read(*text, member_key("ab", KeyPurpose::record).public_key())->size;
  }
};

TEST_F(ReceiptTest, ReadersGiveThemAndTheNewestIsKept) {
  aa.says("a");
  pass();
  ASSERT_TRUE(meeting.pull("ab", "aa"));
  EXPECT_EQ(kept(), aa.journal->head(shared_log).size);
  EXPECT_EQ(aa.ledger->receipt("ab", Ledger::Way::received).value(),
            ab.ledger->receipt("aa", Ledger::Way::given).value());
  aa.says("b");
  const std::uint64_t size = aa.journal->head(shared_log).size;
  EXPECT_EQ(send(receipt(size)), taken);
  EXPECT_EQ(kept(), size);
  EXPECT_EQ(send(receipt(size - 1)), taken) << "late";
  EXPECT_EQ(send(receipt(size + 1)), Code::conflict) << "of what isn't written yet";
  EXPECT_EQ(kept(), size);
}

TEST_F(ReceiptTest, OnlyTheReadersOwnForThisLogAreTaken) {
  aa.says("a");
  const std::uint64_t size = aa.journal->head(shared_log).size;
  Receipt other = receipt(size);
  other.reader = "ac";
  EXPECT_EQ(send(other), Code::invalid_argument);
  other = receipt(size);
  other.origin = "fristad.alliance/ac/shared";
  EXPECT_EQ(send(other), Code::invalid_argument);
  EXPECT_EQ(send(receipt(size), "ab", "ac"), Code::permission_denied);
  EXPECT_EQ(send(receipt(size), "ac", "ab"), Code::permission_denied);
  EXPECT_LT(kept(), size);
}

// The node of a candidate knows the cards of those who invited it, and no key that the alliance has agreed on.
TEST_F(ReceiptTest, OfAReaderWhoseKeyIsUnknownNoneIsKept) {
  const auto letter = aa.alliance->invite(
      "steward", {.member = "nz", .jurisdiction = "NZ", .expires_ms = meeting.still.ms->load() + 1'000'000});
  ASSERT_TRUE(letter) << letter.error().message;
  FederationNode& nz = meeting.join("nz");
  ASSERT_TRUE(nz.alliance->accept("local-admin", *letter, card_of("nz")));
  ASSERT_TRUE(nz.ledger->introduce(card_of("aa")));
  const PublicKey key = member_key("aa", KeyPurpose::record).public_key();
  const Receipt given{.reader = "aa", .origin = "fristad.alliance/nz/shared", .size = 1};
  EXPECT_EQ(code_of(nz.answers->answer("aa", Question::receipt, given.sign(key, signer("aa")))), Code::not_found);
  EXPECT_EQ(nz.ledger->receipt("aa", Ledger::Way::received).value(), std::nullopt);
}

TEST_F(AnswersTest, ACandidateIsReadAsFarAsItIsPublicAndReadsNothingUntilItIsAdmitted) {
  const auto letter = aa.alliance->invite(
      "steward", {.member = "nz", .jurisdiction = "NZ", .expires_ms = meeting.still.ms->load() + 1'000'000});
  ASSERT_TRUE(letter) << letter.error().message;
  aa.says("for members");
  meeting.settle();
  FederationNode& nz = meeting.join("nz");
  const auto acceptance = nz.alliance->accept("local-admin", *letter, card_of("nz"));
  ASSERT_TRUE(acceptance) << acceptance.error().message;
  ASSERT_TRUE(nz.ledger->introduce(card_of("aa")));
  ASSERT_TRUE(aa.ledger->introduce(card_of("nz")));
  nz.says("hello", "public");
  nz.says("later", "alliance");

  EXPECT_EQ(code_of(meeting.pull("nz", "aa")), Code::permission_denied);
  EXPECT_EQ(code_of(meeting.pull("ab", "nz")), Code::permission_denied) << "to the candidate ab is a stranger";
  const auto pulled = meeting.pull("aa", "nz");
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_NE(aa.notes().find("hello"), std::string::npos);
  EXPECT_EQ(aa.notes().find("later"), std::string::npos);

  const auto change = aa.alliance->admission(*acceptance);
  ASSERT_TRUE(change) << change.error().message;
  ASSERT_TRUE(aa.alliance->vote("steward", *change));
  meeting.settle();
  EXPECT_EQ(nz.size_of("aa"), 0u) << "one vote isn't enough";
  ASSERT_TRUE(ab.alliance->vote("steward", *change));
  meeting.settle();
  for (std::size_t i = 0; i < meeting.size(); ++i) {
    ASSERT_TRUE(meeting[i].alliance->membership()->state) << meeting[i].code;
    EXPECT_TRUE(meeting[i].alliance->membership()->state->is_active("nz")) << meeting[i].code;
  }
  EXPECT_NE(nz.notes().find("for members"), std::string::npos);
  EXPECT_NE(meeting[2].notes().find("later"), std::string::npos);
}

}  // namespace
}  // namespace fristad
