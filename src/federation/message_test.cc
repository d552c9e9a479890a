#include "federation/message.h"

#include <gtest/gtest.h>

#include "federation/federation_fixture.h"

namespace fristad {
namespace {

using testing::code_of;
using testing::key_named;
using testing::member_key;
using testing::signer;

const std::string hex_a(64, 'a');

TEST(Message, QuestionsHaveNames) {
  for (const Question question :
       {Question::head, Question::leaves, Question::scopes, Question::parcels, Question::cosignature, Question::receipt,
        Question::poke, Question::own_leaves, Question::own_scopes, Question::own_parcels}) {
    EXPECT_EQ(question_from_text(to_text(question)), question);
  }
  EXPECT_EQ(question_from_text("heads"), std::nullopt);
  EXPECT_EQ(question_from_text(""), std::nullopt);
}

TEST(Message, WhatIsWrittenIsRead) {
  EXPECT_EQ(HeadRequest::decode(HeadRequest{.known = 12}.encode())->known, 12u);
  EXPECT_EQ((HeadRequest{.known = 12}.encode()), R"({"known":12})");
  const auto leaves = LeavesRequest::decode(LeavesRequest{.from = 3, .to = 9}.encode());
  ASSERT_TRUE(leaves);
  EXPECT_EQ(leaves->from, 3u);
  EXPECT_EQ(leaves->to, 9u);
  const auto parcels = ParcelsRequest::decode(ParcelsRequest{.scope = "alliance", .from = 7}.encode());
  ASSERT_TRUE(parcels);
  EXPECT_EQ(parcels->scope, "alliance");
  EXPECT_EQ(parcels->from, 7);

  HeadAnswer answer{.head = {.note = "a\nnote\n", .cosignatures = {"one\n", "two\n"}}};
  answer.scopes.fill(0xaa);
  for (const bool cosigned : {false, true}) {
    if (cosigned) answer.cosigned = SeenHead{.note = "older\n"};
    if (cosigned) answer.yours = "yours\n";
    if (cosigned) answer.at_ms = 1'800'000'000'000;
    const auto read = HeadAnswer::decode(answer.encode());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->head, answer.head);
    EXPECT_EQ(read->cosigned, answer.cosigned);
    EXPECT_EQ(read->scopes, answer.scopes);
    EXPECT_EQ(read->yours, answer.yours);
    EXPECT_EQ(read->at_ms, answer.at_ms);
  }
}

TEST(Message, OnlyOneTextSaysAThing) {
  for (const std::string text :
       {"", "{}", "[]", R"({"known":-1})", R"({"known":1.0})", R"({"known":1, "x":2})", R"({ "known":1})",
        R"({"known":01})", R"({"known":1,"known":1})", R"({"known":"1"})", R"({"known":9007199254740992})", "null",
        R"({"known":1})"
        "\n"}) {
    EXPECT_EQ(code_of(HeadRequest::decode(text)), Code::damaged) << text;
  }
  EXPECT_FALSE(HeadRequest::decode(std::string(question_bytes_max + 1, ' ')));
  EXPECT_FALSE(HeadRequest::decode(R"({"known":[[[[[[1]]]]]]})"));
  EXPECT_EQ(code_of(LeavesRequest::decode(R"({"from":2,"to":1})")), Code::damaged);
  EXPECT_EQ(code_of(ParcelsRequest::decode(R"({"from":0,"scope":"alliance"})")), Code::damaged);
  EXPECT_EQ(code_of(ParcelsRequest::decode(R"({"from":1,"scope":""})")), Code::damaged);
  EXPECT_EQ(code_of(ParcelsRequest::decode(R"({"from":1,"scope":")" + std::string(65, 'a') + R"("})")), Code::damaged);
}

TEST(Message, AHeadHasItsLimits) {
  const auto answer = [](const std::string& lines, const std::string& note, const std::string& more = "") {
    return R"({"at":1,"cosigned":null,"head":{"cosignatures":[)" + lines + R"(],"note":")" + note + R"("},"scopes":")" +
           hex_a + R"(","yours":"")" + more + "}";
  };
  EXPECT_TRUE(HeadAnswer::decode(answer(R"("a")", "n")));
  EXPECT_FALSE(HeadAnswer::decode(answer("1", "n")));
  EXPECT_FALSE(HeadAnswer::decode(answer("", "")));
  EXPECT_FALSE(HeadAnswer::decode(answer("", std::string(4097, 'n'))));
  EXPECT_FALSE(HeadAnswer::decode(answer('"' + std::string(513, 'c') + '"', "n")));
  EXPECT_FALSE(HeadAnswer::decode(answer("", "n", R"(,"zz":1)")));
  std::string many = R"("a")";
  for (std::size_t i = 1; i < cosignatures_max; ++i) many += R"(,"a")";
  EXPECT_TRUE(HeadAnswer::decode(answer(many, "n")));
  EXPECT_FALSE(HeadAnswer::decode(answer(many + R"(,"a")", "n")));
}

TEST(Message, LeavesAreCountedAndWhole) {
  std::vector<LeafBytes> leaves(3);
  leaves[1].fill(7);
  const std::string body = encode_leaves(leaves);
  EXPECT_EQ(body.size(), 3 * leaf_size);
  EXPECT_EQ(*decode_leaves(body), leaves);
  EXPECT_TRUE(decode_leaves("")->empty());
  EXPECT_EQ(code_of(decode_leaves(body.substr(1))), Code::damaged);
  EXPECT_EQ(decode_leaves(std::string(leaves_per_answer * leaf_size, 'x'))->size(), leaves_per_answer);
  EXPECT_EQ(code_of(decode_leaves(std::string((leaves_per_answer + 1) * leaf_size, 'x'))), Code::too_large);
}

TEST(Message, ScopesAreNamedByTheirDigest) {
  ScopesAnswer answer;
  EXPECT_EQ(answer.encode(), "{}");
  answer.last = {{"alliance", 3}, {"public", 1}};
  const auto read = ScopesAnswer::decode(answer.encode());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->last, answer.last);
  EXPECT_EQ(read->digest(), answer.digest());
  answer.last["alliance"] = 4;
  EXPECT_NE(read->digest(), answer.digest());
  for (const std::string text : {"[]", R"({"a":0})", R"({"a":-1})", R"({"a":"1"})", R"({"b":1,"a":1})"}) {
    EXPECT_EQ(code_of(ScopesAnswer::decode(text)), Code::damaged) << text;
  }
  EXPECT_FALSE(ScopesAnswer::decode("{\"" + std::string(65, 'a') + "\":1}"));
}

TEST(Message, ParcelsAreCountedAndWhole) {
  const std::vector<Parcel> parcels{{.sequence = 1, .position = 5, .content = {1, 2, 3}},
                                    {.sequence = 2, .position = 6},
                                    {.sequence = INT64_MAX, .position = (std::uint64_t{1} << 40) - 1, .content = {9}}};
  const std::string body = encode_parcels(parcels);
  const auto read = decode_parcels(body);
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*read)[i].sequence, parcels[i].sequence);
    EXPECT_EQ((*read)[i].position, parcels[i].position);
    EXPECT_EQ((*read)[i].content, parcels[i].content);
  }
  for (std::size_t size = 1; size < body.size(); ++size) {
    if (size == 23 || size == 43) continue;  // whole, and fewer
    EXPECT_EQ(code_of(decode_parcels(std::string_view(body).substr(0, size))), Code::damaged) << size;
  }
  const std::string empty(20, '\0');
  std::string many;
  for (std::size_t i = 0; i < parcels_per_answer; ++i) many += empty;
  EXPECT_EQ(decode_parcels(many)->size(), parcels_per_answer);
  EXPECT_EQ(code_of(decode_parcels(many + empty)), Code::too_large);
  std::string far = empty;
  far[0] = '\x80';
  EXPECT_EQ(code_of(decode_parcels(far)), Code::damaged);
  far = empty;
  far[10] = '\x01';  // 2^40
  EXPECT_EQ(code_of(decode_parcels(far)), Code::damaged);
  far = empty;
  far[16] = '\xff';  // a size far beyond what is there
  EXPECT_EQ(code_of(decode_parcels(far)), Code::damaged);
}

Receipt receipt() {
  Receipt made{.reader = "us", .origin = "fristad.alliance/se/shared", .size = 12, .refused = {3, 9}, .at_ms = 17};
  made.root.fill(1);
  made.scopes.fill(2);
  return made;
}

TEST(Message, AReceiptIsTheReadersWord) {
  const PublicKey key = member_key("us", KeyPurpose::record).public_key();
  const std::string text = receipt().sign(key, signer("us"));
  EXPECT_EQ(text.find('\n'), std::string::npos) << "one line";
  const auto read = Receipt::read(text, key);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->reader, "us");
  EXPECT_EQ(read->origin, "fristad.alliance/se/shared");
  EXPECT_EQ(read->size, 12u);
  EXPECT_EQ(read->refused, (std::vector<std::uint64_t>{3, 9}));
  EXPECT_EQ(read->root, receipt().root);
  EXPECT_EQ(read->scopes, receipt().scopes);
  EXPECT_EQ(read->at_ms, 17);
  EXPECT_EQ(read->sign(key, signer("us")), text);
  EXPECT_EQ(code_of(Receipt::read(text, key_named("another").public_key())), Code::permission_denied);
  for (std::size_t at = 0; at < text.size(); at += 7) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(Receipt::read(changed, key)) << at;
  }
  EXPECT_FALSE(Receipt::read(text + " ", key));
  EXPECT_FALSE(Receipt::read("", key));
  Receipt large = receipt();
  large.refused.assign(1001, 1);
  EXPECT_EQ(code_of(Receipt::read(large.sign(key, signer("us")), key)), Code::damaged);
  Receipt nobodys = receipt();
  nobodys.reader = "NOBODY";
  EXPECT_EQ(code_of(Receipt::read(nobodys.sign(key, signer("us")), key)), Code::damaged);
}

}  // namespace
}  // namespace fristad
