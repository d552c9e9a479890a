#include "people/records.h"

#include <gtest/gtest.h>

namespace fristad {
namespace {

Result<UserBody> user_of(std::string_view text) {
  return UserBody::from_json(*parse_json(text, {}));
}

TEST(UserBody, ComesBackAsItWent) {
  const UserBody body{
      .name = "eva", .display = "Eva", .roles = {Role::admin, Role::viewer}, .state = UserState::disabled};
  EXPECT_EQ(canonical(body.to_json()),
            R"({"display":"Eva","name":"eva","roles":["viewer","admin"],"state":"disabled"})");
  const auto back = UserBody::from_json(body.to_json());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->name, "eva");
  EXPECT_EQ(back->display, "Eva");
  EXPECT_EQ(back->roles, (std::vector{Role::viewer, Role::admin}));
  EXPECT_EQ(back->state, UserState::disabled);
}

TEST(UserBody, RefusesWhatMakesNoSense) {
  for (const char* text :
       {"{}", R"({"display":"","name":"Eva","roles":[],"state":"active"})",
        R"({"display":"","name":"eva","roles":["king"],"state":"active"})",
        R"({"display":"","name":"eva","roles":[7],"state":"active"})",
        R"({"display":"","name":"eva","roles":"admin","state":"active"})",
        R"({"display":"","name":"eva","roles":[],"state":"gone"})", R"({"name":"eva","roles":[],"state":"active"})"}) {
    const auto refused = user_of(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, Code::invalid_argument);
  }
  EXPECT_TRUE(user_of(R"({"display":"","name":"eva","roles":[],"state":"active"})"));
}

TEST(ApprovalBody, ComesBackAndHasLimits) {
  const ApprovalDraft draft{.action = "list.export",
                            .subject = "7",
                            .arguments = Json::object({{"format", "csv"}}),
                            .reason = "needed",
                            .answered_with = Right::answer_users};
  const auto back = approval_draft(body_of(draft, 5));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->action, draft.action);
  EXPECT_EQ(back->subject, draft.subject);
  EXPECT_EQ(back->arguments, draft.arguments);
  EXPECT_EQ(back->reason, draft.reason);
  EXPECT_EQ(back->answered_with, draft.answered_with);

  const auto refusal = [&](const auto& change) {
    ApprovalDraft changed = draft;
    change(changed);
    const auto refused = approval_draft(body_of(changed, 5));
    return refused ? Code::internal : refused.error().code;
  };
  EXPECT_EQ(refusal([](ApprovalDraft& d) { d.action.clear(); }), Code::invalid_argument);
  EXPECT_EQ(refusal([](ApprovalDraft& d) { d.reason.clear(); }), Code::invalid_argument);
  EXPECT_EQ(refusal([](ApprovalDraft& d) { d.reason.assign(1001, 'x'); }), Code::invalid_argument);
  EXPECT_EQ(refusal([](ApprovalDraft& d) { d.subject.assign(201, 'x'); }), Code::invalid_argument);
  EXPECT_EQ(refusal([](ApprovalDraft& d) { d.arguments = Json(7); }), Code::invalid_argument);
  EXPECT_EQ(refusal([](ApprovalDraft& d) {
              d.arguments = Json::object({{"x", std::string(70'000, 'x')}});
            }),
            Code::too_large);
  EXPECT_EQ(refusal([](ApprovalDraft& d) { d.arguments = Json::object({{"x", "\xff"}}); }), Code::damaged);
  EXPECT_EQ(refusal([](ApprovalDraft& d) {
              for (int i = 0; i < 20; ++i) d.arguments = Json::object({{"x", d.arguments}});
            }),
            Code::too_large);
}

TEST(Words, StandInOrderEachOnce) {
  EXPECT_EQ(to_text(std::vector{Role::admin, Role::viewer, Role::admin}), "viewer,admin");
  EXPECT_EQ(roles_from_text("viewer,admin"), (std::vector{Role::viewer, Role::admin}));
  EXPECT_TRUE(roles_from_text("").empty());
  EXPECT_EQ(to_text(std::span<const TokenScope>(std::vector{TokenScope::metrics, TokenScope::match})), "match,metrics");
  EXPECT_EQ(scopes_from_text("match,metrics"), (std::vector{TokenScope::match, TokenScope::metrics}));
  for (const ApprovalState state : {ApprovalState::asked, ApprovalState::approved, ApprovalState::refused,
                                    ApprovalState::lapsed, ApprovalState::done}) {
    EXPECT_EQ(approval_state_from_text(to_text(state)), state);
  }
}

}  // namespace
}  // namespace fristad
