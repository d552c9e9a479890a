#include "federation/reader.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "federation/federation_fixture.h"

namespace fristad {
namespace {

using testing::bent;
using testing::code_of;
using testing::FederationNode;
using testing::key_named;
using testing::last_of;
using testing::Meeting;
using testing::member_key;
using testing::TemporaryFolder;

// Which questions went out.
Ask counted(Ask ask, std::vector<Question>& questions) {
  return [ask = std::move(ask), &questions](Question question, std::string_view body) {
    questions.push_back(question);
    return ask(question, body);
  };
}

struct ReaderTest : ::testing::Test {
  Meeting meeting{3};
  FederationNode& aa = meeting[0];
  FederationNode& ab = meeting[1];
  FederationNode& ac = meeting[2];

  Result<Pulled> pull(const Ask& ask) { return aa.reader->pull("ab", ask); }
  Ask honest() { return ab.ask_as("aa"); }
  void pass() { meeting.still.pass(5000); }
};

TEST_F(ReaderTest, WhatIsWrittenThereComesHere) {
  ab.says("one");
  ab.says("two", "public");
  pass();
  const auto pulled = meeting.pull("aa", "ab");
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->leaves, 2u);
  EXPECT_EQ(pulled->records, 2u);
  EXPECT_EQ(pulled->quarantined, 0u);
  EXPECT_TRUE(pulled->complete);
  EXPECT_TRUE(pulled->any());
  EXPECT_EQ(aa.notes(), "one two ");
  const PeerRow peer = aa.ledger->peer("ab").value();
  EXPECT_EQ(peer.read_to, ab.journal->head(shared_log).size);
  EXPECT_EQ(peer.contact_ms, meeting.still.ms->load());
}

TEST_F(ReaderTest, WhereNothingIsNewThatIsOneQuestion) {
  std::vector<Question> questions;
  const auto pulled = pull(counted(honest(), questions));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_FALSE(pulled->any());
  EXPECT_TRUE(pulled->complete);
  EXPECT_EQ(questions, std::vector<Question>{Question::head});
  // After a restart it looks once more.
  aa.close();
  aa.open();
  questions.clear();
  ASSERT_TRUE(pull(counted(honest(), questions)));
  EXPECT_EQ(questions, (std::vector<Question>{Question::head, Question::scopes, Question::receipt}));
}

TEST_F(ReaderTest, AScopeThatIsOpenedLateIsCaughtUpWith) {
  const RecordId scope = ab.opens({"ac"});
  ab.says("early", to_hex(scope));
  meeting.settle();
  EXPECT_EQ(aa.notes(), "");
  EXPECT_EQ(ac.notes(), "early ");
  const std::vector<std::string> reader{"aa"};
  ASSERT_TRUE(ab.alliance->grant("local-admin", scope, reader));
  meeting.settle();
  EXPECT_EQ(aa.notes(), "early ");
}

TEST_F(ReaderTest, ManyRecordsComeOverSeveralAnswers) {
  constexpr int count = 30;
  for (int i = 0; i < count; ++i) ab.says(std::to_string(i));
  pass();
  // A slow author that hands out three leaves and two records at a time.
  const Ask slow = [&](Question question, std::string_view body) -> Result<std::string> {
    const std::string answer = TRY(ab.answers->answer("aa", question, body));
    if (question == Question::leaves) return answer.substr(0, 3 * leaf_size);
    if (question != Question::parcels) return answer;
    auto parcels = decode_parcels(answer).value();
    if (parcels.size() > 2) parcels.resize(2);
    return encode_parcels(parcels);
  };
  const auto pulled = pull(slow);
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->leaves, 30u);
  EXPECT_EQ(pulled->records, 30u);
  EXPECT_TRUE(pulled->complete);
}

TEST_F(ReaderTest, ALogIsProvisionalUntilEnoughHaveCosignedIt) {
  ab.says("one");
  pass();
  const std::uint64_t before = aa.reader->cosigned("ab");
  const std::uint64_t size = ab.journal->head(shared_log).size;
  EXPECT_LT(before, size);
  ASSERT_TRUE(meeting.pull("aa", "ab"));
  EXPECT_EQ(aa.notes(), "one ") << "it is read, and nobody else has vouched for it yet";
  EXPECT_EQ(aa.reader->cosigned("ab"), before);
  EXPECT_EQ(ab.cosigned, 1) << "from the founding";
  ASSERT_TRUE(meeting.pull("ac", "ab"));
  EXPECT_EQ(ab.cosigned, 2);
  EXPECT_EQ(aa.reader->cosigned("ab"), before);
  ASSERT_TRUE(meeting.pull("aa", "ab"));
  EXPECT_EQ(aa.reader->cosigned("ab"), size);
  EXPECT_EQ(aa.ledger->peer("ab")->cosigned, size);
  EXPECT_EQ(aa.ledger->peer("ab")->cosigners, 2);
  aa.close();
  aa.open();
  EXPECT_EQ(aa.reader->cosigned("ab"), size) << "remembered";
}

TEST_F(ReaderTest, OfTwoFoundersOneVouchesForTheOther) {
  Meeting two(2);
  two[1].says("one");
  two.still.pass(5000);
  ASSERT_TRUE(two.pull("aa", "ab"));
  ASSERT_TRUE(two.pull("aa", "ab"));
  EXPECT_EQ(two[0].reader->cosigned("ab"), two[1].journal->head(shared_log).size);
}

TEST_F(ReaderTest, FoundersReadOneAnotherUntilTheAllianceExists) {
  Meeting early(3, false);
  EXPECT_FALSE(early[0].alliance->membership()->state);
  ASSERT_TRUE(early.pull("aa", "ab"));
  EXPECT_FALSE(early[0].alliance->membership()->state);
  EXPECT_EQ(early[0].alliance->membership()->missing, std::vector<std::string>{"ac"});
  EXPECT_EQ(early[0].reader->cosigned("ab"), 0u);
  ASSERT_TRUE(early.pull("aa", "ac"));
  EXPECT_TRUE(early[0].alliance->membership()->state);
}

TEST_F(ReaderTest, AHeadIsVouchedForOnceWithItsLeaves) {
  ab.says("one");
  pass();
  std::vector<Question> questions;
  ASSERT_TRUE(pull(counted(honest(), questions)));
  const std::vector<Question> expected{Question::head,   Question::leaves,  Question::cosignature,
                                       Question::scopes, Question::parcels, Question::receipt};
  EXPECT_EQ(questions, expected);
  questions.clear();
  ASSERT_TRUE(pull(counted(honest(), questions)));
  EXPECT_EQ(questions, std::vector<Question>{Question::head});
}

TEST_F(ReaderTest, ThatACosignatureOrReceiptIsNotTakenHoldsUpNothing) {
  for (const Code code : {Code::conflict, Code::permission_denied}) {
    ab.says("n" + std::to_string(static_cast<int>(code)));
    pass();
    const auto pulled = pull([&](Question question, std::string_view body) -> Result<std::string> {
      if (question == Question::cosignature) return Error{code, "no"};
      if (question == Question::receipt) return Error{Code::permission_denied, "no"};
      return ab.answers->answer("aa", question, body);
    });
    ASSERT_TRUE(pulled) << pulled.error().message;
    EXPECT_TRUE(pulled->complete);
  }
  ab.says("last");
  pass();
  const auto pulled = pull([&](Question question, std::string_view body) -> Result<std::string> {
    if (question == Question::cosignature) return Error{Code::unavailable, "gone"};
    return ab.answers->answer("aa", question, body);
  });
  EXPECT_EQ(code_of(pulled), Code::unavailable);
}

TEST_F(ReaderTest, ARecordThatNoFoldTakesIsQuarantinedAndNamedInTheReceipt) {
  ab.says("before");
  const Recorded poison = ab.records({.kind = "poison", .scope = "alliance"});
  ab.says("after");
  pass();
  const auto pulled = meeting.pull("aa", "ab");
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(pulled->quarantined, 1u);
  EXPECT_EQ(pulled->records, 2u);
  EXPECT_TRUE(pulled->complete);
  EXPECT_EQ(aa.notes(), "after before ");
  const auto text = ab.ledger->receipt("aa", Ledger::Way::received).value();
  const auto receipt = Receipt::read(*text, member_key("aa", KeyPurpose::record).public_key());
  ASSERT_TRUE(receipt) << receipt.error().message;
  EXPECT_EQ(receipt->refused, std::vector<std::uint64_t>{poison.place.position});
  EXPECT_EQ(receipt->size, ab.journal->head(shared_log).size);
  EXPECT_EQ(receipt->root, ab.journal->head(shared_log).root);
}

TEST_F(ReaderTest, ACutLineGoesOnWhereItWasCut) {
  const RecordId scope = ab.opens({"aa"});
  for (int i = 0; i < 4; ++i) ab.says("n" + std::to_string(i));
  ab.says("s", to_hex(scope));
  pass();
  std::vector<Question> expected;
  ASSERT_TRUE(ac.reader->pull("ab", counted(ab.ask_as("ac"), expected)));
  // The line breaks before each of its questions in turn; only what is asked in vain is asked again.
  std::size_t left = 0;
  for (int tries = 0; tries < 20; ++tries) {
    std::size_t asked = 0;
    const auto pulled = pull([&](Question question, std::string_view body) -> Result<std::string> {
      if (asked++ == left) return Error{Code::unavailable, "cut"};
      return ab.answers->answer("aa", question, body);
    });
    if (pulled && pulled->complete) break;
    EXPECT_EQ(code_of(pulled), Code::unavailable);
    ++left;
  }
  EXPECT_EQ(aa.notes(), "n0 n1 n2 n3 s ");
  EXPECT_EQ(aa.journal->known_log("ab")->head.root, ab.journal->head(shared_log).root);
  EXPECT_TRUE(aa.journal->wrong_views()->empty());
}

TEST_F(ReaderTest, AnOldCopyOfOurselvesLearnsThatItIsOne) {
  TemporaryFolder backup;
  aa.save(backup / "then");
  aa.says("after the backup");
  meeting.settle();
  const std::uint64_t size = aa.journal->head(shared_log).size;
  EXPECT_TRUE(aa.behind.empty());
  aa.go_back(backup / "then");
  EXPECT_LT(aa.journal->head(shared_log).size, size);
  ASSERT_TRUE(meeting.pull("aa", "ab"));
  EXPECT_EQ(aa.behind, std::vector<std::uint64_t>{size});
}

TEST_F(ReaderTest, NobodyElseCanSayThatWeAreBehind) {
  const LogHead own = aa.journal->head(shared_log);
  const auto says = [&](std::string yours) {
    const auto pulled = pull(bent(honest(), Question::head, [&](const std::string& answer) {
      HeadAnswer changed = HeadAnswer::decode(answer).value();
      changed.yours = yours;
      return changed.encode();
    }));
    EXPECT_TRUE(pulled) << pulled.error().message;
  };
  const std::string text = encode_checkpoint({.origin = own.origin, .size = own.size + 9, .root = own.root}).value();
  const std::string of_other = encode_checkpoint({.origin = "x", .size = own.size + 9, .root = own.root}).value();
  const SigningKey ours = member_key("aa", KeyPurpose::log);
  const SigningKey theirs = member_key("ab", KeyPurpose::log);
  says("");
  says("no note");
  says(sign_note(text, {{own.origin, theirs}}).value());
  says(sign_note(of_other, {{"x", ours}}).value());
  says(aa.journal->checkpoint(shared_log).value());
  EXPECT_TRUE(aa.behind.empty());
  says(sign_note(text, {{own.origin, ours}}).value());
  EXPECT_EQ(aa.behind, std::vector<std::uint64_t>{own.size + 9});
}

// aa is restored from a backup, after which it wrote "open", which both have read, and "narrow", which ab alone has.
struct RecoveringTest : ReaderTest {
  void SetUp() override {
    narrow = to_hex(aa.opens({"ab"}));
    meeting.settle();
    aa.save(backup / "then");
    aa.says("open");
    aa.says("narrow", narrow);
    meeting.settle();
    then = aa.journal->head(shared_log);
    aa.go_back(backup / "then");
    aa.journal->hold_shared("an older copy");
    aa.recovers = true;
  }
  Result<Pulled> from(std::string_view member) { return meeting.pull("aa", member); }
  // Whatever is wrong with that answer of ab: nothing of it counts.
  void refuses(Question at, const std::function<std::string(std::string)>& bend, Code code) {
    const auto refused = pull(bent(honest(), at, bend));
    EXPECT_EQ(code_of(refused), code) << to_text(at);
  }

  TemporaryFolder backup;
  std::string narrow;
  LogHead then;
};

TEST_F(RecoveringTest, AnOlderCopyTakesBackWhatOthersHaveRead) {
  ASSERT_TRUE(from("ac"));
  EXPECT_EQ(aa.journal->head(shared_log).root, then.root);
  EXPECT_TRUE(aa.behind.empty()) << "told only once what it has is here";
  EXPECT_EQ(aa.notes(), "") << "nothing counts before all have been asked";
  ASSERT_TRUE(from("ab"));
  std::vector<Question> questions;
  ASSERT_TRUE(pull(counted(honest(), questions)));
  EXPECT_EQ(std::ranges::count(questions, Question::own_scopes), 0) << "each is asked once";
  const auto recovered = aa.journal->end_recovery("local-admin");
  ASSERT_TRUE(recovered) << recovered.error().message;
  EXPECT_EQ(recovered->lost, 0u);
  EXPECT_EQ(aa.notes(), "narrow open ");
  aa.journal->hold_shared("");
  aa.recovers = false;
  aa.says("after", narrow);
  meeting.settle();
  EXPECT_EQ(ab.notes(), "after narrow open ");
  EXPECT_EQ(ac.notes(), "open ");
}

TEST_F(RecoveringTest, WhoGivesBackAnythingElseIsRefused) {
  const std::uint64_t size = aa.journal->head(shared_log).size;
  refuses(
      Question::own_leaves, [](const std::string&) { return std::string(); }, Code::damaged);
  refuses(
      Question::own_leaves,
      [](std::string answer) {
        answer[answer.size() - 1] = static_cast<char>(answer.back() ^ 1);
        return answer;
      },
      Code::damaged);
  refuses(
      Question::own_leaves, [](const std::string& answer) { return answer + answer; }, Code::damaged);
  EXPECT_EQ(aa.journal->head(shared_log).size, size);
  refuses(
      Question::own_scopes,
      [](const std::string&) {
        return ScopesAnswer{.last = {{"alliance", 1'000'000'000}}}.encode();
      },
      Code::damaged);
  refuses(
      Question::own_parcels, [](const std::string&) { return std::string("cut"); }, Code::damaged);
  // Contents that aren't ours are passed over, and don't keep it from ending.
  const auto pulled = pull(bent(honest(), Question::own_parcels, [](const std::string& answer) {
    auto parcels = decode_parcels(answer).value();
    for (Parcel& parcel : parcels) parcel.content.assign(parcel.content.size(), 7);
    return encode_parcels(parcels);
  }));
  ASSERT_TRUE(pulled) << pulled.error().message;
  ASSERT_TRUE(from("ac"));
  EXPECT_EQ(aa.journal->end_recovery("local-admin")->lost, 1u);
  EXPECT_EQ(aa.notes(), "open ");
}

// What is asked of others is one's own, and nobody else's.
TEST_F(RecoveringTest, EachIsGivenWhatItWroteItself) {
  const auto scopes = ScopesAnswer::decode(ab.answers->answer("ac", Question::own_scopes, "").value()).value();
  EXPECT_FALSE(scopes.last.contains(narrow));
  const std::string asked = ParcelsRequest{.scope = narrow, .from = 1}.encode();
  EXPECT_TRUE(decode_parcels(ab.answers->answer("ac", Question::own_parcels, asked).value())->empty());
  EXPECT_FALSE(decode_parcels(ab.answers->answer("aa", Question::own_parcels, asked).value())->empty());
  for (const Question question : {Question::own_leaves, Question::own_scopes, Question::own_parcels}) {
    EXPECT_EQ(code_of(ab.answers->answer("zz", question, "")), Code::permission_denied) << to_text(question);
    if (question == Question::own_scopes) continue;
    EXPECT_EQ(code_of(ab.answers->answer("aa", question, "x")), Code::damaged) << to_text(question);
  }
}

TEST_F(ReaderTest, AWrongClockStaysWrongOverARestartUntilOthersAnswer) {
  const auto hour = [&](const std::string& answer) {
    HeadAnswer changed = HeadAnswer::decode(answer).value();
    changed.at_ms += 3'600'000;
    return changed.encode();
  };
  for (const auto* other : {"ab", "ac"}) {
    ASSERT_TRUE(aa.reader->pull(other, bent(meeting[other].ask_as("aa"), Question::head, hour)));
  }
  EXPECT_EQ(aa.reader->clock_offset_ms(), 3'600'000);
  aa.close();
  aa.open();
  EXPECT_EQ(aa.reader->clock_offset_ms(), 3'600'000);
  ASSERT_TRUE(meeting.pull("aa", "ab"));
  EXPECT_EQ(aa.reader->clock_offset_ms(), 0) << "of a remembered one and of ours the nearer";
  aa.close();
  aa.open();
  ASSERT_TRUE(aa.reader->pull("ab", bent(honest(), Question::head, hour)));
  EXPECT_EQ(aa.reader->clock_offset_ms(), 3'600'000);
  aa.close();
  aa.open();
  meeting.still.pass(11 * 60'000);
  EXPECT_EQ(aa.reader->clock_offset_ms(), 0) << "nobody has answered for long";
}

TEST_F(ReaderTest, AScopeThatIsReadNoMoreIsFollowedNoMore) {
  const RecordId scope = ab.opens({"aa"});
  const std::string name = to_hex(scope);
  ab.says("s", name);
  pass();
  ASSERT_TRUE(meeting.pull("aa", "ab"));
  EXPECT_TRUE(aa.reader->follows("ab", name));
  EXPECT_FALSE(aa.reader->follows("zz", name)) << "who never answered";
  const std::vector<std::string> readers{"aa"};
  ASSERT_TRUE(ab.alliance->withdraw("local-admin", scope, readers));
  pass();
  ASSERT_TRUE(meeting.pull("aa", "ab"));
  EXPECT_FALSE(aa.reader->follows("ab", name));
  EXPECT_TRUE(aa.reader->follows("ab", "alliance"));
  aa.close();
  aa.open();
  EXPECT_FALSE(aa.reader->follows("ab", name)) << "remembered";
  ASSERT_TRUE(ab.alliance->grant("local-admin", scope, readers));
  pass();
  ASSERT_TRUE(meeting.pull("aa", "ab"));
  EXPECT_TRUE(aa.reader->follows("ab", name));
  meeting.still.pass(followed_for_ms);
  EXPECT_TRUE(aa.reader->follows("ab", name));
  meeting.still.pass(1);
  EXPECT_FALSE(aa.reader->follows("ab", name)) << "it hasn't answered for a week";
  ASSERT_TRUE(meeting.pull("aa", "ab"));
  EXPECT_TRUE(aa.reader->follows("ab", name));
}

TEST_F(ReaderTest, OurClockIsWrongWhereMostOthersSaySo) {
  const auto says = [&](const std::string& member, std::int64_t ahead_ms) {
    const auto pulled =
        aa.reader->pull(member, bent(meeting[member].ask_as("aa"), Question::head, [&](const std::string& answer) {
                          HeadAnswer changed = HeadAnswer::decode(answer).value();
                          changed.at_ms += ahead_ms;
                          return changed.encode();
                        }));
    EXPECT_TRUE(pulled) << pulled.error().message;
  };
  EXPECT_EQ(aa.reader->clock_offset_ms(), 0);
  constexpr std::int64_t hour_ms = 3'600'000;
  says("ab", hour_ms);
  EXPECT_EQ(aa.reader->clock_offset_ms(), 0) << "one other alone makes nobody wrong";
  says("ac", hour_ms + 5);
  EXPECT_EQ(aa.reader->clock_offset_ms(), hour_ms);
  says("ab", -hour_ms);
  EXPECT_EQ(aa.reader->clock_offset_ms(), 0);
  says("ac", -2 * hour_ms);
  EXPECT_EQ(aa.reader->clock_offset_ms(), -hour_ms);
  says("ac", 0);
  EXPECT_EQ(aa.reader->clock_offset_ms(), 0);
}

TEST_F(ReaderTest, KeysAreTheAlliancesAndBeforeThatThoseOfCards) {
  EXPECT_EQ(aa.reader->key_of("ab", KeyPurpose::log, 0), member_key("ab", KeyPurpose::log).public_key());
  EXPECT_EQ(aa.reader->key_of("nz", KeyPurpose::log, 0), std::nullopt);
  ASSERT_TRUE(aa.ledger->introduce(testing::card_of("nz", {.valid_from = 3})));
  EXPECT_EQ(aa.reader->key_of("nz", KeyPurpose::log, 2), std::nullopt);
  EXPECT_EQ(aa.reader->key_of("nz", KeyPurpose::log, 3), member_key("nz", KeyPurpose::log).public_key());
  // A card can't give a member other keys than the alliance knows.
  ASSERT_TRUE(aa.ledger->introduce(testing::card_of("ab", {.root = "another", .keys = "2"})));
  EXPECT_EQ(aa.reader->key_of("ab", KeyPurpose::log, 9), member_key("ab", KeyPurpose::log).public_key());
  EXPECT_EQ(code_of(aa.reader->pull("zz", ab.ask_as("aa"))), Code::damaged) << "ab's head isn't one of zz's";
}

}  // namespace
}  // namespace fristad
