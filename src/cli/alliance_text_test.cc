#include "cli/alliance_text.h"

#include <gtest/gtest.h>

#include "alliance/alliance_fixture.h"
#include "node/conformance_tools.h"

namespace fristad {
namespace {

using testing::card_of;

TEST(AllianceText, WordsAreHeardInAnyCaseAndNoOthersPass) {
  const Card card = card_of("nz");
  std::string words = words_of(card);
  EXPECT_TRUE(check_words(card, words));
  for (char& letter : words) letter = letter == '-' ? ' ' : static_cast<char>(std::toupper(letter));
  EXPECT_TRUE(check_words(card, words));
  EXPECT_EQ(check_words(card, words_of(card_of("us"))).error().code, Code::permission_denied);
  EXPECT_EQ(check_words(card, "").error().code, Code::permission_denied);
}

TEST(AllianceText, WhatOthersWroteCantSteerATerminal) {
  Card card = testing::draft_of("nz");
  card.name = "New\x1b[2J Zealand";
  EXPECT_EQ(card_text(card).find('\x1b'), std::string::npos);
  EXPECT_EQ(change_text({Change::Suspend{.member = "nz", .reason = "a\x1b[2J"}}).find('\x1b'), std::string::npos);
}

TEST(AllianceText, TellsWhoWouldBeAdmitted) {
  testing::Story story(testing::founding_of({"se", "us"}));
  const std::string text = change_text(testing::admission(story.state(), card_of("nz"), "se"));
  EXPECT_TRUE(text.starts_with("admit nz (Member nz, state, invited by se, words ")) << text;
  EXPECT_NE(text.find(words_of(card_of("nz"))), std::string::npos);
}

TEST(AllianceText, TellsWhetherProgramsAgree) {
  constexpr Nonce nonce{1};
  ConformanceAnswers theirs = conformance_answers(nonce, conformance_tools()).value();
  EXPECT_EQ(conformance_text(nonce, theirs), "the same in all 10 sections");
  theirs.sections["newer"] = {1};
  EXPECT_EQ(conformance_text(nonce, theirs), "the same in all 10 sections");
  theirs.sections["leaf"] = {1};
  theirs.sections.erase("tree");
  EXPECT_EQ(conformance_text(nonce, theirs), "differs in leaf, tree: ask them which version they run");
}

}  // namespace
}  // namespace fristad
