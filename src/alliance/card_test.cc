#include "alliance/card.h"

#include <gtest/gtest.h>

#include "alliance/alliance_fixture.h"
#include "crypto/base64.h"

namespace fristad {
namespace {

using testing::card_of;
using testing::CardOptions;
using testing::draft_of;
using testing::member_key;
using testing::signer;

Result<Card> signed_as(const Card& draft, std::string_view code = "se") {
  return sign_card(draft, member_key(code, KeyPurpose::record).public_key(), signer(code));
}

TEST(Card, IsOneLineThatComesBack) {
  const Card card = card_of("se");
  const std::string text = to_text(card);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const auto read = read_card(text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, card);
  EXPECT_EQ(to_text(*read), text);
  EXPECT_EQ(read->key(KeyPurpose::tls).key, member_key("se", KeyPurpose::tls).public_key());
}

TEST(Card, InARecordSaysTheSame) {
  const Card card = card_of("no.kripos", {.kind = MemberKind::body});
  const auto read = card_from_json(to_json(card));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(*read, card);
  // Records refuse what looks like a picture.
  EXPECT_TRUE(refuse_imagery(to_json(card)));
}

TEST(Card, NoByteOfItCanBeChanged) {
  const std::string text = to_text(card_of("us"));
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = static_cast<char>(other[i] ^ 1);
    EXPECT_FALSE(read_card(other)) << i;
  }
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(read_card(text.substr(0, size))) << size;
  for (const char* more : {" ", "\n", "}", "{"}) {
    EXPECT_FALSE(read_card(text + more));
    EXPECT_FALSE(read_card(more + text));
  }
}

TEST(Card, IsLimitedInSize) {
  const auto read = read_card(std::string(card_bytes_max + 1, 'x'));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::too_large);
}

TEST(Card, RefusesWhatIsNoMember) {
  const auto refused = [](void (*change)(Card&)) {
    Card draft = draft_of("se");
    change(draft);
    const auto card = signed_as(draft);
    return !card && card.error().code == Code::invalid_argument;
  };
  EXPECT_TRUE(refused([](Card& card) { card.name = ""; }));
  EXPECT_TRUE(refused([](Card& card) { card.name = std::string(201, 'x'); }));
  EXPECT_TRUE(refused([](Card& card) { card.name = "two\nlines"; }));
  EXPECT_TRUE(refused([](Card& card) { card.name = "turned \xe2\x80\xae around"; }));
  EXPECT_TRUE(refused([](Card& card) { card.name = "no \xff text"; }));
  EXPECT_TRUE(refused([](Card& card) { card.member = "SE"; }));
  EXPECT_TRUE(refused([](Card& card) { card.jurisdiction = "se"; }));
  EXPECT_TRUE(refused([](Card& card) { card.jurisdiction = ""; }));
  EXPECT_TRUE(refused([](Card& card) { card.kind = MemberKind::union_of_states; }));
  EXPECT_TRUE(refused([](Card& card) { card.remit = {"reports", "material"}; }));
  EXPECT_TRUE(refused([](Card& card) { card.remit = {"reports", "reports"}; }));
  EXPECT_TRUE(refused([](Card& card) { card.remit = {"Reports"}; }));
  for (const char* address :
       {"", "https://", "http://se.example:1", "https://se.example", "https://se.example:0", "https://se.example:65536",
        "https://se.example:08", "https://se.example:1/", "https://:1", "https://a@b:1", "https://SE.example:1",
        "https://a..b:1", "https://.a:1", "https://a.:1", "https://a:1:2", "https://a b:1"}) {
    Card draft = draft_of("se");
    draft.address = address;
    EXPECT_FALSE(signed_as(draft)) << address;
  }
}

TEST(Card, OfAUnionHasNoJurisdiction) {
  const Card card = card_of("eu", {.kind = MemberKind::union_of_states});
  EXPECT_EQ(card.jurisdiction, "");
  EXPECT_EQ(jurisdiction_of(card), "eu");
  EXPECT_TRUE(read_card(to_text(card)));
}

TEST(Card, KeysAreSaidByItsOwnRootAlone) {
  Card draft = draft_of("se");
  draft.root = testing::key_named("another").public_key();
  EXPECT_FALSE(signed_as(draft));

  draft = draft_of("se");
  std::swap(draft.statements[0], draft.statements[3]);
  EXPECT_FALSE(signed_as(draft)) << "statements for other purposes";

  draft = draft_of("se");
  const Card other = draft_of("us");
  draft.statements = other.statements;
  draft.root = other.root;
  EXPECT_FALSE(signed_as(draft, "us")) << "statements of another member";
}

TEST(Card, IsSignedByTheRecordKeyThatItNames) {
  EXPECT_FALSE(signed_as(draft_of("se"), "us"));
  Card card = card_of("se");
  card.signature = card_of("us").signature;
  EXPECT_FALSE(read_card(to_text(card)));
  EXPECT_FALSE(card_from_json(to_json(card)));
}

TEST(Card, HoldsNothingBeside) {
  const Card card = card_of("se");
  Json json = to_json(card);
  json.members()->emplace("more", 1);
  EXPECT_FALSE(card_from_json(json));

  // Signed properly, but with a member that nobody knows: what isn't understood isn't believed.
  Json content = *to_json(card).find("card");
  content.members()->emplace("more", 1);
  const SigningKey key = member_key("se", KeyPurpose::record);
  const Letter letter = signed_letter(card_type, content, key.public_key(), signer("se"));
  const auto read = read_card(letter_text(card_type, letter));
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("more"), std::string::npos);

  for (const char* payload : {"", "{}", "null", "[]", "{\"card\":1}",
                              "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":"
                              "{\"a\":{\"a\":1}}}}}}}}}"}) {
    const std::string text = letter_text(card_type, {payload, key.public_key(), letter.signature});
    EXPECT_FALSE(read_card(text)) << payload;
  }
}

TEST(Card, OfAnotherTypeOfLetterIsNone) {
  const Card card = card_of("se");
  const SigningKey key = member_key("se", KeyPurpose::record);
  const Letter letter = signed_letter("text/plain", *to_json(card).find("card"), key.public_key(), signer("se"));
  EXPECT_FALSE(read_card(letter_text("text/plain", letter)));
  EXPECT_FALSE(read_card(letter_text(card_type, letter))) << "a signature over another type";
}

TEST(Card, CodesAreShort) {
  EXPECT_TRUE(is_member_code("se"));
  EXPECT_TRUE(is_member_code("no.kripos-2"));
  EXPECT_TRUE(is_member_code(std::string(63, 'a')));
  for (const std::string& code : {std::string(), std::string(64, 'a'), std::string("2se"), std::string("Se"),
                                  std::string("s e"), std::string("*"), std::string("s\0e", 3)}) {
    EXPECT_FALSE(is_member_code(code)) << code;
  }
}

}  // namespace
}  // namespace fristad
