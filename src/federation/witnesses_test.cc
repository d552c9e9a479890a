#include "federation/witnesses.h"

#include <gtest/gtest.h>

#include "federation/federation_fixture.h"

namespace fristad {
namespace {

using testing::card_of;
using testing::code_of;
using testing::codes;
using testing::founding_of;
using testing::key_named;
using testing::member_key;
using testing::Story;
using Cosigners = std::set<std::string, std::less<>>;

const std::string origin = "fristad.alliance/aa/shared";

NoteKey log_key() {
  return {.name = origin, .key = member_key("aa", KeyPurpose::log).public_key()};
}
std::string text_of(std::uint64_t size) {
  Digest root{};
  root.fill(3);
  return encode_checkpoint({.origin = origin, .size = size, .root = root}).value();
}
std::string head_of(std::uint64_t size) {
  const SigningKey key = member_key("aa", KeyPurpose::log);
  return sign_note(text_of(size), {{origin, key}}).value();
}
std::string line_of(std::string_view member, std::uint64_t size) {
  return cosign(text_of(size), witness_name(member), member_key(member, KeyPurpose::witness), 1'800'000'000).value();
}
Membership membership_of(const AllianceState& state) {
  Membership membership;
  membership.state = state;
  return membership;
}

TEST(Witnesses, ActiveMembersCosignUnderNamesOfTheirOwn) {
  Story story(founding_of(codes(4)));
  story.adopt(Change{Change::Suspend{.member = "ab", .reason = "r"}});
  const HeadKeys keys = head_keys(membership_of(story.state()), log_key());
  EXPECT_EQ(keys.log, log_key());
  EXPECT_EQ(keys.members, (std::vector<std::string>{"aa", "ac", "ad"}));
  EXPECT_EQ(keys.witnesses[1].name, "fristad.alliance/ac/witness");
  EXPECT_EQ(keys.witnesses[1].type, NoteKeyType::cosignature);
  EXPECT_EQ(keys.witnesses[1].key, member_key("ac", KeyPurpose::witness).public_key());
  // Before the alliance exists founders do.
  Membership before;
  before.founding = std::make_shared<const Founding>(founding_of(codes(3)));
  EXPECT_EQ(head_keys(before, log_key()).members, codes(3));
  EXPECT_TRUE(head_keys({}, log_key()).witnesses.empty());
}

TEST(Witnesses, AHeadIsCheckedWithAllThatCosignedIt) {
  const Story story(founding_of(codes(4)));
  const HeadKeys keys = head_keys(membership_of(story.state()), log_key());
  SeenHead head{.note = head_of(9)};
  EXPECT_TRUE(check_head(head, keys)->cosigners.empty());
  head.cosignatures = {line_of("ac", 9), line_of("ad", 9), line_of("zz", 9)};
  const auto checked = check_head(head, keys);
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_EQ(checked->checkpoint.size, 9u);
  EXPECT_EQ(checked->cosigners, (Cosigners{"ac", "ad"})) << "whom nobody knows doesn't count";
  head.cosignatures.push_back(line_of("ab", 10));
  EXPECT_EQ(code_of(check_head(head, keys)), Code::damaged) << "of another head";
  const SigningKey stranger = key_named("stranger");
  EXPECT_EQ(code_of(check_head({.note = sign_note(text_of(9), {{origin, stranger}}).value()}, keys)),
            Code::permission_denied);
  EXPECT_FALSE(check_head({.note = "no head"}, keys));
  EXPECT_FALSE(check_head({.note = head_of(9), .cosignatures = {"no line"}}, keys));
}

// A note has 32 signatures at most, an alliance more members.
TEST(Witnesses, MoreCosignaturesThanANoteHoldsAreLookedAt) {
  const Story story(founding_of(codes(50)));
  const HeadKeys keys = head_keys(membership_of(story.state()), log_key());
  SeenHead head{.note = head_of(9)};
  for (const std::string& member : codes(50)) head.cosignatures.push_back(line_of(member, 9));
  const auto checked = check_head(head, keys);
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_EQ(checked->cosigners.size(), 50u);
}

TEST(Witnesses, EnoughAreAllOfThreeOthersAndMoreThanHalfOfMore) {
  struct Case {
    std::size_t members;
    std::size_t enough;
  };
  for (const Case& one : {Case{2, 1}, Case{3, 2}, Case{4, 3}, Case{5, 3}, Case{7, 4}}) {
    const Story story(founding_of(codes(one.members)));
    Cosigners cosigners{"aa", "zz"};  // itself and a stranger: they don't count
    for (std::size_t others = 1; others < one.members; ++others) {
      EXPECT_EQ(are_enough(story.state(), "aa", cosigners), others > one.enough) << one.members << " " << others;
      cosigners.insert(codes(one.members)[others]);
    }
    EXPECT_TRUE(are_enough(story.state(), "aa", cosigners)) << one.members;
  }
  const Story story(founding_of(codes(2)));
  EXPECT_FALSE(are_enough(story.state(), "zz", {"aa", "ab"})) << "no member";
}

TEST(Witnesses, TwoOfOneJurisdictionAreOne) {
  Founding founding = founding_of(codes(3));
  founding.founders.push_back(card_of("police", {.kind = MemberKind::body, .jurisdiction = "AB"}));
  founding.founders.push_back(card_of("sister", {.kind = MemberKind::body, .jurisdiction = "AA"}));
  const Story story(founding);
  EXPECT_EQ(story.state().members.size(), 5u);
  EXPECT_FALSE(are_enough(story.state(), "aa", {"ab", "police"}));
  EXPECT_FALSE(are_enough(story.state(), "aa", {"ab", "sister"})) << "its own jurisdiction doesn't vouch for it";
  EXPECT_TRUE(are_enough(story.state(), "aa", {"ac", "police"}));
}

TEST(Witnesses, WhoIsSuspendedDoesNotCount) {
  Story story(founding_of(codes(4)));
  EXPECT_TRUE(are_enough(story.state(), "aa", {"ab", "ac", "ad"}));
  story.adopt(Change{Change::Suspend{.member = "ab", .reason = "r"}});
  EXPECT_FALSE(are_enough(story.state(), "aa", {"ab", "ac"}));
  EXPECT_TRUE(are_enough(story.state(), "aa", {"ac", "ad"}));
}

}  // namespace
}  // namespace fristad
