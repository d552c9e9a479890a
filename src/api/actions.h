#pragma once

// What is only done once a second person has approved: each action by its name, and how it is carried out.
//
// Thread-safety: any thread.

#include <string_view>

#include "api/call.h"

namespace fristad {

inline constexpr std::string_view action_export = "list.export";  // carried out by who asked: it is a download
inline constexpr std::string_view action_erase = "entry.erase";
inline constexpr std::string_view action_roles = "user.roles";
inline constexpr std::string_view action_reset = "user.reset";
inline constexpr std::string_view action_vote = "alliance.vote";

// Records that the caller asks for it: 202 with the approval.
Result<Response> ask_for(Call& call, const ApprovalDraft& draft);

// Carries an approved action out, in the name of who asked, and notes that in the same decision. `call` is of whoever
// sets it off. Errors: conflict (not approved, or done already), those of the action.
Status carry_out(Call& call, const ApprovalInfo& approval);

// Our vote, as an approval's arguments say it: alliance_vote.cc.
Status carry_vote(const Call& call, const By& by, const Json& arguments);

}  // namespace fristad
