#include <gtest/gtest.h>

#include "base/hex.h"
#include "people/people_fixture.h"

namespace fristad {
namespace {

constexpr std::int64_t day_ms = 86'400'000;

class TokensTest : public ::testing::Test {
 protected:
  People& people() { return *node_.people; }
  TokenDraft draft(std::string name = "intake-1") const {
    return {.name = std::move(name),
            .scopes = {TokenScope::metrics, TokenScope::match, TokenScope::match},
            .ends_ms = node_.now_ms() + 30 * day_ms,
            .hashes_per_minute = 1000,
            .hashes_per_day = 5000};
  }
  std::pair<TokenId, std::string> made(const TokenDraft& from) {
    const auto token = people().add_token("eva", from);
    EXPECT_TRUE(token) << token.error().message;
    return token ? *token : std::pair<TokenId, std::string>{};
  }
  Code refusal(const TokenDraft& from) {
    const auto token = people().add_token("eva", from);
    return token ? Code::internal : token.error().code;
  }

  testing::TemporaryFolder folder_;
  testing::Node node_{{.sqlite_path = folder_ / "node.db"}};
};

TEST_F(TokensTest, AreShownOnceAndSayWhoComes) {
  const auto [id, token] = made(draft());
  EXPECT_TRUE(token.starts_with("fristad_"));
  EXPECT_EQ(token.size(), 8u + 43u);
  node_.wait(5);
  const auto caller = people().who_has_token(token);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->kind, CallerKind::token);
  EXPECT_EQ(caller->actor, "token:intake-1");
  EXPECT_EQ(caller->token, id);
  EXPECT_EQ(caller->session, "");
  EXPECT_EQ(caller->rights, (Rights{Right::node_status, Right::match, Right::read_metrics}));
  EXPECT_EQ(caller->hashes_per_minute, 1000u);
  EXPECT_EQ(caller->hashes_per_day, 5000u);
  EXPECT_TRUE(people().still(*caller));
  const auto listed = people().tokens().value();
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].id, id);
  EXPECT_EQ(listed[0].draft.name, "intake-1");
  EXPECT_EQ(listed[0].made_ms, node_.now_ms() - 5);
  EXPECT_EQ(listed[0].used_ms, node_.now_ms());
}

TEST_F(TokensTest, OthersAreRefused) {
  const auto [id, token] = made(draft());
  std::string changed = token;
  for (std::size_t i = 0; i < changed.size(); ++i) {
    const char before = std::exchange(changed[i], changed[i] == 'A' ? 'B' : 'A');
    EXPECT_FALSE(people().who_has_token(changed)) << i;
    changed[i] = before;
  }
  for (const std::string& text : {std::string(), token.substr(8), token + "A", to_hex(id), std::string(100'000, 'x')}) {
    EXPECT_FALSE(people().who_has_token(text));
    EXPECT_FALSE(people().who_has_session(text));
  }
}

TEST_F(TokensTest, EndWhenTheyShould) {
  const auto [id, token] = made(draft());
  const auto caller = people().who_has_token(token);
  node_.wait(30 * day_ms - 1);
  EXPECT_TRUE(people().who_has_token(token));
  node_.wait(1);
  EXPECT_FALSE(people().who_has_token(token));
  EXPECT_FALSE(people().still(*caller));
  EXPECT_TRUE(people().add_token("eva", draft())) << "the name is free again";
}

TEST_F(TokensTest, EndAtOnceWhenTheyAreRevoked) {
  const auto [id, token] = made(draft());
  const auto caller = people().who_has_token(token);
  EXPECT_EQ(refusal(draft()), Code::already_exists);
  EXPECT_EQ(people().revoke_token("eva", id, "").error().code, Code::invalid_argument);
  EXPECT_EQ(people().revoke_token("eva", TokenId{9}, "lost").error().code, Code::not_found);
  ASSERT_TRUE(people().revoke_token("eva", id, "lost"));
  EXPECT_FALSE(people().who_has_token(token));
  EXPECT_FALSE(people().still(*caller));
  EXPECT_EQ(people().revoke_token("eva", id, "lost").error().code, Code::conflict);
  const auto listed = people().tokens().value();
  EXPECT_TRUE(listed[0].revoked);
  EXPECT_EQ(listed[0].revoked_why, "lost");
  node_.reopen();
  EXPECT_FALSE(people().who_has_token(token));
  EXPECT_EQ(people().tokens()->at(0).revoked_why, "lost");
  const auto [next_id, next] = made(draft());
  EXPECT_TRUE(people().who_has_token(next));
  EXPECT_FALSE(people().who_has_token(token));
}

TEST_F(TokensTest, SurviveARestart) {
  const auto [id, token] = made(draft());
  node_.wait(7);
  ASSERT_TRUE(people().who_has_token(token));
  node_.reopen();
  EXPECT_EQ(people().tokens()->at(0).used_ms, node_.now_ms());
  const auto caller = people().who_has_token(token);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->token, id);
  EXPECT_EQ(caller->actor, "token:intake-1");
  EXPECT_EQ(caller->rights, (Rights{Right::node_status, Right::match, Right::read_metrics}));
  EXPECT_EQ(caller->hashes_per_day, 5000u);
}

TEST_F(TokensTest, AreRefusedWhereTheyMakeNoSense) {
  TokenDraft bad = draft("No!");
  EXPECT_EQ(refusal(bad), Code::invalid_argument);
  bad = draft();
  bad.scopes.clear();
  EXPECT_EQ(refusal(bad), Code::invalid_argument);
  bad = draft();
  bad.ends_ms = node_.now_ms();
  EXPECT_EQ(refusal(bad), Code::invalid_argument);
  bad.ends_ms = node_.now_ms() + 731 * day_ms;
  EXPECT_EQ(refusal(bad), Code::invalid_argument);
  bad = draft();
  bad.hashes_per_day = std::uint64_t{1} << 60;
  EXPECT_EQ(refusal(bad), Code::invalid_argument);
  EXPECT_TRUE(people().tokens()->empty());
  EXPECT_EQ(node_.journal->head(private_log).size, 0u);
}

TEST_F(TokensTest, AreRecordedWithoutTheirSecret) {
  const auto [id, token] = made(draft());
  ASSERT_TRUE(people().revoke_token("eva", id, "lost"));
  const Record made = node_.journal->read(Place{private_log, 0}).value();
  EXPECT_EQ(made.payload.actor, "eva");
  EXPECT_EQ(canonical(made.payload.body),
            R"({"ends":)" + std::to_string(node_.now_ms() + 30 * day_ms) +
                R"(,"hashes_per_day":5000,"hashes_per_minute":1000,"name":"intake-1","scopes":["match","metrics"],)" +
                R"("token":")" + to_hex(id) + R"("})");
  const Record revoked = node_.journal->read(Place{private_log, 1}).value();
  EXPECT_EQ(canonical(revoked.payload.body), R"({"reason":"lost","token":")" + to_hex(id) + R"("})");
}

}  // namespace
}  // namespace fristad
