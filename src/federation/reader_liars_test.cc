// What a member can do that lies, or somebody between: whatever it shows, nothing wrong is taken over.

#include <gtest/gtest.h>

#include <algorithm>

#include "base/hex.h"
#include "federation/federation_fixture.h"
#include "federation/witnesses.h"

namespace fristad {
namespace {

using testing::bent;
using testing::code_of;
using testing::FederationNode;
using testing::key_named;
using testing::Meeting;
using testing::member_key;
using testing::twin_of;

struct LiarsTest : ::testing::Test {
  LiarsTest() {
    for (int i = 0; i < 3; ++i) ab.says("n" + std::to_string(i));
    pass();
  }
  Meeting meeting{3};
  FederationNode& aa = meeting[0];
  FederationNode& ab = meeting[1];

  Result<Pulled> pull(const Ask& ask) { return aa.reader->pull("ab", ask); }
  Result<Pulled> pull() { return pull(honest()); }
  Ask honest() { return ab.ask_as("aa"); }
  void pass() { meeting.still.pass(5000); }
  std::string state() { return testing::dump_of(*aa.journal) + std::to_string(aa.size_of("ab")); }
  // That asking so fails and leaves everything as it was.
  Code refused(const Ask& ask) {
    const std::string before = state();
    const auto pulled = pull(ask);
    EXPECT_FALSE(pulled);
    EXPECT_EQ(state(), before);
    return code_of(pulled);
  }
  std::size_t accused() { return aa.ledger->evidence()->size(); }
};

std::string with_head(const std::string& answer, const std::function<void(HeadAnswer&)>& change) {
  HeadAnswer head = HeadAnswer::decode(answer).value();
  change(head);
  return head.encode();
}
Checkpoint checkpoint_of(const HeadAnswer& answer) {
  return parse_checkpoint(parse_note(answer.head.note)->text).value();
}
std::string signed_by(const SigningKey& key, const Checkpoint& head) {
  return sign_note(encode_checkpoint(head).value(), {{head.origin, key}}).value();
}

// ---- Two histories ----

TEST_F(LiarsTest, TwoHeadsOfOneSizeAreEvidence) {
  ASSERT_TRUE(pull());
  const auto twin = twin_of("ab", meeting);
  for (int i = 0; i < 3; ++i) twin->says("other");
  ASSERT_EQ(twin->journal->head(shared_log).size, ab.journal->head(shared_log).size);
  EXPECT_EQ(refused(twin->ask_as("aa")), Code::damaged);
  EXPECT_EQ(refused(twin->ask_as("aa")), Code::damaged);
  const auto evidence = aa.ledger->evidence();
  ASSERT_EQ(evidence->size(), 1u) << "the same pair once";
  EXPECT_EQ((*evidence)[0].member, "ab");
  EXPECT_EQ((*evidence)[0].at_ms, meeting.still.ms->load());
  // Anybody can check it: both are signed by the key of its log.
  const NoteKey key{.name = "fristad.alliance/ab/shared", .key = member_key("ab", KeyPurpose::log).public_key()};
  const auto known = verify_checkpoint((*evidence)[0].known, key, {});
  const auto other = verify_checkpoint((*evidence)[0].other, key, {});
  ASSERT_TRUE(known && other);
  EXPECT_EQ(known->checkpoint.size, other->checkpoint.size);
  EXPECT_NE(known->checkpoint.root, other->checkpoint.root);
}

TEST_F(LiarsTest, AForkedTailIsEvidence) {
  ASSERT_TRUE(pull());
  const auto twin = twin_of("ab", meeting);
  for (int i = 0; i < 5; ++i) twin->says("other");
  EXPECT_EQ(refused(twin->ask_as("aa")), Code::damaged);
  EXPECT_EQ(accused(), 1u);
  EXPECT_EQ(aa.notes(), "n0 n1 n2 ");
}

TEST_F(LiarsTest, AShorterHistoryThatWasAnotherIsEvidence) {
  const std::uint64_t early = aa.size_of("ab");
  ASSERT_TRUE(pull());
  const auto twin = twin_of("ab", meeting);
  while (twin->journal->head(shared_log).size < early) twin->says("other");
  ASSERT_EQ(twin->journal->head(shared_log).size, early);
  EXPECT_EQ(refused(twin->ask_as("aa")), Code::damaged);
  EXPECT_EQ(accused(), 1u);
}

TEST_F(LiarsTest, AShorterLogIsAConflict) {
  std::string before;
  ASSERT_TRUE(pull(bent(honest(), Question::head, [&](std::string answer) { return before = std::move(answer); })));
  ab.says("more");
  pass();
  ASSERT_TRUE(pull());
  EXPECT_EQ(refused(bent(honest(), Question::head, [&](const std::string&) { return before; })), Code::conflict);
  // Nor of a size that we never saw a head of.
  const Checkpoint head = checkpoint_of(HeadAnswer::decode(before).value());
  const std::string between =
      signed_by(member_key("ab", KeyPurpose::log), {.origin = head.origin, .size = head.size - 1, .root = head.root});
  const auto shorter = bent(honest(), Question::head, [&](const std::string& answer) {
    return with_head(answer, [&](HeadAnswer& changed) { changed.head = {.note = between}; });
  });
  EXPECT_EQ(refused(shorter), Code::conflict);
  EXPECT_EQ(accused(), 0u);
}

TEST_F(LiarsTest, NobodyWitnessesASecondHistory) {
  ASSERT_TRUE(pull());
  const auto twin = twin_of("ab", meeting);
  for (int i = 0; i < 5; ++i) twin->says("other");
  bool vouched = false;
  const Ask ask = [&](Question question, std::string_view body) {
    vouched = vouched || question == Question::cosignature;
    return twin->answers->answer("aa", question, body);
  };
  EXPECT_EQ(refused(ask), Code::damaged);
  EXPECT_FALSE(vouched);
}

// Somebody between can't make a member look like a liar.
TEST_F(LiarsTest, LeavesThatWereChangedOnTheirWayAreNoEvidence) {
  ASSERT_TRUE(pull());
  ab.says("n3");
  ab.says("n4");
  pass();
  const auto bend = [&](std::function<void(std::vector<LeafBytes>&)> change) {
    return bent(honest(), Question::leaves, [change = std::move(change)](const std::string& answer) {
      auto leaves = decode_leaves(answer).value();
      change(leaves);
      return encode_leaves(leaves);
    });
  };
  EXPECT_EQ(refused(bend([](auto& leaves) { std::ranges::reverse(leaves); })), Code::damaged) << "another order";
  EXPECT_EQ(refused(bend([](auto& leaves) { leaves.pop_back(); })), Code::damaged) << "cut";
  EXPECT_EQ(refused(bend([](auto& leaves) { leaves.clear(); })), Code::damaged);
  EXPECT_EQ(refused(bend([](auto& leaves) { leaves.push_back(leaves.back()); })), Code::damaged) << "too many";
  EXPECT_EQ(refused(bend([](auto& leaves) { leaves[0] = leaves[1]; })), Code::damaged);
  EXPECT_EQ(refused(bend([](auto& leaves) { leaves[0][40] ^= 1; })), Code::damaged);
  EXPECT_EQ(refused(bent(honest(), Question::leaves, [](const std::string& all) { return all.substr(1); })),
            Code::damaged);
  EXPECT_EQ(accused(), 0u);
  ASSERT_TRUE(pull());
  EXPECT_EQ(aa.notes(), "n0 n1 n2 n3 n4 ");
}

// ---- Heads ----

TEST_F(LiarsTest, AHeadMustBeOfThatLogAndSignedByItsKey) {
  const auto bend = [&](std::function<void(HeadAnswer&)> change) {
    return bent(honest(), Question::head,
                [change = std::move(change)](const std::string& answer) { return with_head(answer, change); });
  };
  const SigningKey stranger = key_named("stranger");
  EXPECT_EQ(refused(bend([&](HeadAnswer& head) { head.head.note = signed_by(stranger, checkpoint_of(head)); })),
            Code::damaged);
  EXPECT_EQ(refused(bend([&](HeadAnswer& head) {
              head.head.note = signed_by(member_key("ab", KeyPurpose::record), checkpoint_of(head));
            })),
            Code::damaged)
      << "of the right member, with another key of its";
  EXPECT_EQ(refused(bend([&](HeadAnswer& head) {
              Checkpoint other = checkpoint_of(head);
              other.origin = "fristad.alliance/ac/shared";
              head.head.note = signed_by(member_key("ac", KeyPurpose::log), other);
            })),
            Code::damaged);
  EXPECT_EQ(refused(bend([](HeadAnswer& head) { head.head.note = "nothing\n"; })), Code::damaged);
  EXPECT_EQ(refused(bend([](HeadAnswer& head) { head.head.note.replace(30, 1, "\n"); })), Code::damaged);
  EXPECT_EQ(refused(bent(honest(), Question::head, [](const std::string&) { return "{}"; })), Code::damaged);
  EXPECT_EQ(accused(), 0u);
}

TEST_F(LiarsTest, CosignaturesThatAreForgedCountForNothing) {
  const std::uint64_t before = aa.reader->cosigned("ab");
  const SigningKey stranger = key_named("stranger");
  const auto forged = bent(honest(), Question::head, [&](const std::string& answer) {
    return with_head(answer, [&](HeadAnswer& head) {
      const std::string text = parse_note(head.head.note)->text;
      for (const std::string_view by : {"aa", "ac"}) {
        head.head.cosignatures.push_back(cosign(text, witness_name(by), stranger, 5).value());
      }
    });
  });
  ASSERT_TRUE(pull(forged));
  EXPECT_EQ(aa.reader->cosigned("ab"), before);
}

TEST_F(LiarsTest, AHeadThatNobodyCouldHoldInMemoryIsRefusedBeforeItsLeavesAreAskedFor) {
  const auto far = bent(honest(), Question::head, [&](const std::string& answer) {
    return with_head(answer, [&](HeadAnswer& head) {
      Checkpoint checkpoint = checkpoint_of(head);
      checkpoint.size = std::uint64_t{1} << 40;
      head.head.note = signed_by(member_key("ab", KeyPurpose::log), checkpoint);
    });
  });
  EXPECT_EQ(refused([&](Question question, std::string_view body) -> Result<std::string> {
              EXPECT_EQ(question, Question::head);
              return far(question, body);
            }),
            Code::too_large);
}

TEST_F(LiarsTest, OldAnswersChangeNothing) {
  std::map<Question, std::vector<std::string>> old;
  const Ask keeping = [&](Question question, std::string_view body) -> Result<std::string> {
    auto answer = ab.answers->answer("aa", question, body);
    if (answer) old[question].push_back(*answer);
    return answer;
  };
  ASSERT_TRUE(pull(keeping));
  ab.says("n3");
  pass();
  ASSERT_TRUE(pull());
  const std::string before = state();
  for (const Question question : {Question::head, Question::leaves, Question::scopes, Question::parcels}) {
    static_cast<void>(pull(bent(honest(), question, [&](const std::string&) { return old[question].front(); })));
    EXPECT_EQ(state(), before) << to_text(question);
  }
  EXPECT_EQ(accused(), 0u);
  ASSERT_TRUE(pull());
}

// ---- Contents ----

// ---- Keys that count no more ----

// Whoever stole a member's keys signs on with them, when the others know that new ones begin at a record.
TEST_F(LiarsTest, WhatOldKeysSignBeyondTheirTimeIsRefused) {
  ASSERT_TRUE(pull());
  const std::uint64_t from = ab.journal->head(shared_log).size + 2;
  const Change card{Change::NewCard{.card = testing::card_of("ab", {.keys = "2", .valid_from = from})}};
  for (const std::size_t voter : {0u, 2u}) {
    ASSERT_TRUE(meeting[voter].alliance->vote("steward", card));
    ASSERT_TRUE(meeting.pull("aa", "ac"));
    ASSERT_TRUE(meeting.pull("ac", "aa"));
  }
  ASSERT_EQ(aa.alliance->membership()->state->epoch, 1u);
  ab.says("in time");
  pass();
  const auto before = pull();
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_EQ(aa.notes(), "in time n0 n1 n2 ");
  ab.says("last");
  ab.says("too late");
  pass();
  EXPECT_EQ(refused(honest()), Code::damaged);
  // Nor a head of the size at which the old key was good, with another tree.
  EXPECT_EQ(refused(bent(honest(), Question::head,
                         [&](const std::string& answer) {
                           return with_head(answer, [&](HeadAnswer& head) {
                             Checkpoint forged = checkpoint_of(head);
                             forged.size = from - 1;
                             head.head.note = signed_by(member_key("ab", KeyPurpose::log), forged);
                             head.cosigned.reset();
                           });
                         })),
            Code::damaged);
  EXPECT_EQ(accused(), 1u) << "that one is a second history";
}

struct ContentsTest : LiarsTest {
  ContentsTest() {
    ab.says("open", "public");
    ab.says("wide", "public");
    scope = to_hex(ab.opens({"aa"}));
    ab.says("ours", scope);
    pass();
  }
  // What is said of one scope, changed.
  Ask in_scope(const std::string& name, std::function<void(std::vector<Parcel>&)> change) {
    return [this, name, change = std::move(change)](Question question, std::string_view body) -> Result<std::string> {
      const std::string answer = TRY(ab.answers->answer("aa", question, body));
      if (question != Question::parcels || ParcelsRequest::decode(body)->scope != name) return answer;
      auto parcels = decode_parcels(answer).value();
      change(parcels);
      return encode_parcels(parcels);
    };
  }
  std::string scope;
};

TEST_F(ContentsTest, AChangedContentIsNotTakenAndOtherScopesFlow) {
  const auto changed = in_scope("alliance", [](auto& parcels) { parcels.at(1).content.back() ^= 1; });
  const auto pulled = pull(changed);
  EXPECT_EQ(code_of(pulled), Code::damaged);
  EXPECT_EQ(aa.notes(), "n0 open ours wide ") << "up to it, and all of the others";
  EXPECT_EQ(testing::last_of(*aa.journal, "ab", "alliance"), 1);
  EXPECT_EQ(aa.journal->quarantined()->size(), 0u);
  const auto right = pull();
  ASSERT_TRUE(right) << right.error().message;
  EXPECT_TRUE(right->complete);
  EXPECT_EQ(aa.notes(), "n0 n1 n2 open ours wide ");
}

TEST_F(ContentsTest, ALeftOutNumberIsRefusedAndOtherScopesFlow) {
  for (const auto& change : std::vector<std::function<void(std::vector<Parcel>&)>>{
           [](auto& parcels) { parcels.erase(parcels.begin()); },
           [](auto& parcels) { std::swap(parcels[0], parcels[1]); },
           [](auto& parcels) { parcels.insert(parcels.begin(), parcels[1]); }}) {
    const auto pulled = pull(in_scope("public", change));
    EXPECT_FALSE(pulled);
    EXPECT_EQ(testing::last_of(*aa.journal, "ab", "public"), 1) << "the founding";
  }
  EXPECT_EQ(aa.notes(), "n0 n1 n2 ours ");
  ASSERT_TRUE(pull());
  EXPECT_EQ(aa.notes(), "n0 n1 n2 open ours wide ");
}

TEST_F(ContentsTest, AContentUnderAnotherScopeOrPositionIsNotTaken) {
  const auto others =
      decode_parcels(ab.answers->answer("aa", Question::parcels, ParcelsRequest{.scope = scope}.encode()).value());
  const auto pulled = pull(in_scope("alliance", [&](auto& parcels) { parcels = *others; }));
  EXPECT_EQ(code_of(pulled), Code::damaged);
  EXPECT_EQ(testing::last_of(*aa.journal, "ab", "alliance"), 0);
  const auto moved = pull(in_scope("alliance", [&](auto& parcels) { parcels[0].position = 0; }));
  EXPECT_EQ(code_of(moved), Code::damaged);
  EXPECT_EQ(testing::last_of(*aa.journal, "ab", "alliance"), 0);
  ASSERT_TRUE(pull());
  EXPECT_EQ(aa.notes(), "n0 n1 n2 open ours wide ");
}

TEST_F(ContentsTest, RecordsThatAreHeldBackAreNotTakenForAll) {
  const auto pulled = pull(in_scope("alliance", [](auto& parcels) { parcels.clear(); }));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_FALSE(pulled->complete);
  EXPECT_EQ(aa.ledger->receipt("ab", Ledger::Way::given).value().has_value(), true) << "of the founding";
  const auto receipt = Receipt::read(*aa.ledger->receipt("ab", Ledger::Way::given).value(),
                                     member_key("aa", KeyPurpose::record).public_key());
  EXPECT_LT(receipt->size, ab.journal->head(shared_log).size) << "no receipt for what didn't come";
}

TEST_F(ContentsTest, FewerRecordsThanBeforeAreAnError) {
  ASSERT_TRUE(pull());
  const auto fewer = [&](Question question, std::string_view body) -> Result<std::string> {
    const std::string answer = TRY(ab.answers->answer("aa", question, body));
    auto scopes = ScopesAnswer::decode(ab.answers->answer("aa", Question::scopes, "").value()).value();
    scopes.last["alliance"] = 1;
    if (question == Question::scopes) return scopes.encode();
    if (question != Question::head) return answer;
    return with_head(answer, [&](HeadAnswer& head) { head.scopes = scopes.digest(); });
  };
  EXPECT_EQ(refused(fewer), Code::damaged);
}

TEST_F(ContentsTest, WhatIsPrivateIsNotTakenEvenIfItIsShown) {
  const Ask showing = [&](Question question, std::string_view body) -> Result<std::string> {
    if (question == Question::parcels && ParcelsRequest::decode(body)->scope == "private") {
      return ab.answers->answer("aa", question, ParcelsRequest{.scope = "alliance"}.encode());
    }
    auto honest_answer = ab.answers->answer("aa", question, body);
    if (question != Question::scopes) return honest_answer;
    auto scopes = ScopesAnswer::decode(*honest_answer).value();
    scopes.last["private"] = 3;
    return scopes.encode();
  };
  EXPECT_EQ(code_of(pull(showing)), Code::permission_denied);
  EXPECT_EQ(testing::last_of(*aa.journal, "ab", "private"), 0);
  EXPECT_EQ(aa.notes(), "n0 n1 n2 open ours wide ");
}

TEST_F(ContentsTest, AnErasureThatNobodyRecordedShows) {
  const auto pulled = pull(in_scope("alliance", [](auto& parcels) { parcels[0].content.clear(); }));
  ASSERT_TRUE(pulled) << pulled.error().message;
  EXPECT_EQ(aa.journal->withheld()->size(), 1u);
}

TEST_F(ContentsTest, TooMuchIsRefused) {
  const auto large = [&](Question at, std::string what) {
    return bent(honest(), at, [what = std::move(what)](const std::string&) { return what; });
  };
  EXPECT_EQ(refused(large(Question::head, std::string((1 << 20) + 1, ' '))), Code::too_large);
  EXPECT_EQ(refused(large(Question::leaves, std::string((leaves_per_answer + 1) * leaf_size, 'x'))), Code::too_large);
  ASSERT_TRUE(pull());
  ab.says("n3");
  pass();
  std::string many;
  for (std::size_t i = 0; i <= parcels_per_answer; ++i) many += std::string(20, '\0');
  EXPECT_EQ(code_of(pull(large(Question::parcels, many))), Code::too_large);
  EXPECT_FALSE(pull(large(Question::scopes, std::string(answer_bytes_max + 1, ' '))));
  EXPECT_EQ(aa.notes(), "n0 n1 n2 open ours wide ");
}

}  // namespace
}  // namespace fristad
