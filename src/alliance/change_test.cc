#include "alliance/change.h"

#include <gtest/gtest.h>

#include "alliance/alliance_fixture.h"

namespace fristad {
namespace {

using testing::card_of;
using testing::founding_of;
using testing::record_id;
using testing::signer;

TEST(Founding, IsTheSameForAllWhoStateIt) {
  const Founding founding = founding_of({"us", "se"});
  const auto read = Founding::from_json(founding.to_json());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(alliance_id(*read), alliance_id(founding));
  Founding other = founding;
  other.charter += " ";
  EXPECT_NE(alliance_id(other), alliance_id(founding));
}

TEST(Founding, RefusesWhatIsNoAlliance) {
  const auto refused = [](Founding founding) {
    const auto read = Founding::from_json(founding.to_json());
    return !read && read.error().code == Code::invalid_argument;
  };
  EXPECT_TRUE(refused(founding_of({"se"})));
  Founding founding = founding_of({"se", "us"});
  std::swap(founding.founders[0], founding.founders[1]);
  EXPECT_TRUE(refused(founding)) << "order";
  founding.founders[0] = founding.founders[1];
  EXPECT_TRUE(refused(founding)) << "the same twice";
  founding = founding_of({"se", "us"});
  founding.charter = std::string(charter_bytes_max + 1, 'x');
  EXPECT_TRUE(refused(founding)) << "charter";
  founding = founding_of({"se", "us"});
  founding.voting = {MemberKind::body, MemberKind::state};
  EXPECT_TRUE(refused(founding)) << "order of kinds";
  founding.voting = {};
  EXPECT_TRUE(refused(founding)) << "nobody votes";
  founding = founding_of({"se", "us"});
  founding.founders.insert(founding.founders.begin() + 1, card_of("se-2"));
  EXPECT_TRUE(refused(founding)) << "two who vote for one jurisdiction";
  founding.founders[1] = card_of("se-2", {.kind = MemberKind::body});
  EXPECT_FALSE(refused(founding)) << "a body has no vote";
  EXPECT_TRUE(refused(founding_of(testing::codes(51))));
  EXPECT_FALSE(refused(founding_of(testing::codes(50))));
}

TEST(Change, EachComesBackAsItWas) {
  const Founding founding = founding_of({"se", "us"});
  const Change admit = testing::admission(state_of(founding, {}), card_of("nz"), "se");
  for (const Change& change :
       {admit, Change{Change::Suspend{"us", "asked for"}}, Change{Change::Lift{"us"}},
        Change{Change::Expel{"us", "why"}}, Change{Change::Remove{"us"}}, Change{Change::Charter{"New."}},
        Change{Change::NewCard{card_of("us", {.address = "https://new.example:1"})}}}) {
    const auto read = Change::from_json(change.to_json());
    ASSERT_TRUE(read) << change.word() << ": " << read.error().message;
    EXPECT_EQ(read->what.index(), change.what.index());
    EXPECT_EQ(change_hash(*read), change_hash(change)) << change.word();
    const Json whole = change.to_json();
    Json more = whole;
    more.members()->emplace("more", true);
    EXPECT_FALSE(Change::from_json(more)) << change.word();
    for (const auto& [name, value] : *whole.members()) {
      Json less = whole;
      less.members()->erase(name);
      EXPECT_FALSE(Change::from_json(less)) << change.word() << " without " << name;
      Json other = whole;
      (*other.members())[name] = Json::Array{};
      EXPECT_FALSE(Change::from_json(other)) << change.word() << " with another " << name;
    }
  }
  EXPECT_FALSE(Change::from_json(Json::object({{"what", "dissolve"}})));
  EXPECT_FALSE(Change::from_json(Json(1)));
}

TEST(Change, SaysWhomItIsAbout) {
  EXPECT_EQ(Change{Change::NewCard{card_of("us")}}.about(), "us");
  EXPECT_EQ(Change{Change::Lift{"nz"}}.about(), "nz");
  EXPECT_EQ(Change{Change::Charter{"New."}}.about(), "");
}

Acceptance acceptance() {
  return sign_acceptance({.alliance = {1},
                          .charter = charter_hash("charter"),
                          .invitation = record_id("se"),
                          .nonce = {3},
                          .conformance = {{{"leaf", {5}}, {"unknown_here", {6}}}},
                          .card = card_of("nz")},
                         signer("nz"));
}

TEST(Acceptance, ComesBackAndCanNotBeChanged) {
  const std::string text = to_text(acceptance());
  const auto read = read_acceptance(text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->card, card_of("nz"));
  EXPECT_EQ(read->conformance, acceptance().conformance);
  EXPECT_EQ(to_text(*read), text);
  EXPECT_TRUE(is_signed(*read));
  for (std::size_t i = 0; i < text.size(); i += 7) {
    std::string other = text;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_FALSE(read_acceptance(other)) << i;
  }
}

TEST(Acceptance, IsForOneInvitationAndCharterAlone) {
  const auto changed = [](void (*change)(Acceptance&)) {
    Acceptance other = acceptance();
    change(other);
    return !is_signed(other) && !read_acceptance(to_text(other));
  };
  EXPECT_FALSE(changed([](Acceptance&) {}));
  EXPECT_TRUE(changed([](Acceptance& other) { other.alliance[0] = 2; }));
  EXPECT_TRUE(changed([](Acceptance& other) { other.charter = charter_hash("another"); }));
  EXPECT_TRUE(changed([](Acceptance& other) { other.invitation.back() ^= 1; }));
  EXPECT_TRUE(changed([](Acceptance& other) { other.nonce[0] = 4; }));
  EXPECT_TRUE(changed([](Acceptance& other) { other.conformance.sections["leaf"][0] = 4; }));
  EXPECT_TRUE(changed([](Acceptance& other) { other.conformance.sections.clear(); }));
  EXPECT_TRUE(changed([](Acceptance& other) { other.card = card_of("nz", {.address = "https://evil.example:1"}); }));
  EXPECT_TRUE(changed([](Acceptance& other) { other.card = card_of("us"); }));
}

TEST(Invitation, IsALetterOfItsInviter) {
  const Founding founding = founding_of({"se", "us"});
  InvitationLetter letter{.record = record_id("se"),
                          .invitation = {.alliance = alliance_id(founding),
                                         .member = "nz",
                                         .kind = MemberKind::state,
                                         .jurisdiction = "NZ",
                                         .nonce = {1},
                                         .expires_ms = 5},
                          .founding = founding,
                          .charter = founding.charter,
                          .inviter = card_of("se")};
  const std::string text = sign_invitation(letter, signer("se"));
  const auto read = read_invitation(text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->invitation.member, "nz");
  EXPECT_EQ(read->charter, founding.charter);
  EXPECT_FALSE(read_invitation(sign_invitation(letter, signer("us")))) << "signed by another";
  letter.record = record_id("us");
  EXPECT_FALSE(read_invitation(sign_invitation(letter, signer("se")))) << "a record of another";
  letter.record = record_id("se");
  letter.founding.charter = "another";
  EXPECT_FALSE(read_invitation(sign_invitation(letter, signer("se")))) << "another alliance than it says";
  EXPECT_FALSE(read_invitation(to_text(acceptance())));
}

}  // namespace
}  // namespace fristad
