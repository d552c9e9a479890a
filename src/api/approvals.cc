// The queue of what waits for a second person: asked, approved, refused, lapsed, done.

#include "api/actions.h"
#include "api/api_impl.h"
#include "api/problem.h"
#include "base/hex.h"
#include "material/entry_json.h"

namespace fristad {
namespace {

constexpr std::int64_t page_max = 200;

Result<ListId> list_of(const Json& arguments) {
  ListId list{};
  const Json* const member = arguments.find("list");
  if (member == nullptr || member->text() == nullptr || !from_hex(*member->text(), list)) {
    return Error{Code::damaged, "the approval names no list"};
  }
  return list;
}

Result<UserId> user_of(const Json& arguments) {
  UserId user{};
  const Json* const member = arguments.find("user");
  if (member == nullptr || member->text() == nullptr || !from_hex(*member->text(), user)) {
    return Error{Code::damaged, "the approval names no user"};
  }
  return user;
}

std::string text_of(const Json& arguments, std::string_view name) {
  const Json* const member = arguments.find(name);
  return member != nullptr && member->text() != nullptr ? *member->text() : std::string();
}

bool concerns(const Call& call, const ApprovalInfo& approval) {
  return approval.asked_by == call.who().actor || call.may(approval.draft.answered_with);
}

Result<ApprovalInfo> approval_in(Call& call) {
  ApprovalInfo approval = TRY(call.api.parts.people.approval(TRY(call.id("approval"))));
  // Whom it doesn't concern isn't told that there is one.
  if (!concerns(call, approval)) return Error{Code::not_found, "there is no such approval"};
  return approval;
}

// What people call the list or user that it is about, for who may know: whoever reads lists or manages users, and
// whoever has to answer, since nobody can decide about an id. "" for others, and for what is no longer there.
std::string subject_name(const Call& call, const ApprovalInfo& approval) {
  const Json& arguments = approval.draft.arguments;
  if (arguments.find("list") != nullptr && (call.may(Right::read_lists) || call.may(Right::answer_lists))) {
    const auto id = list_of(arguments);
    const auto list = id ? call.api.parts.material.list(*id) : Result<ListInfo>(id.error());
    if (list) return list->body.title;
  }
  if (arguments.find("user") != nullptr && (call.may(Right::manage_users) || call.may(Right::answer_users))) {
    const auto id = user_of(arguments);
    const auto user = id ? call.api.parts.people.user(*id) : Result<UserInfo>(id.error());
    if (user) return user->body.display.empty() ? user->body.name : user->body.display + " (" + user->body.name + ")";
  }
  return {};
}

void write_approval(JsonWriter& json, const Call& call, const ApprovalInfo& approval) {
  json.begin_object().member("approval", to_hex(approval.id)).member("action", approval.draft.action);
  json.member("subject", approval.draft.subject);
  if (const std::string name = subject_name(call, approval); !name.empty()) json.member("subject_name", name);
  json.member("reason", approval.draft.reason);
  json.member("state", to_text(approval.state)).member("asked_by", approval.asked_by);
  json.member("asked_ms", approval.asked_ms).member("lapses_ms", approval.lapses_ms);
  json.member("answered_with", to_text(approval.draft.answered_with));
  if (!approval.answered_by.empty()) {
    json.member("answered_by", approval.answered_by).member("answered_ms", approval.answered_ms);
    json.member("answer_reason", approval.answer_reason);
  }
  json.key("arguments").begin_object();
  for (const auto& [name, value] : *approval.draft.arguments.members()) {
    if (value.text() != nullptr) json.member(name, *value.text());
    if (value.integer() != nullptr) json.member(name, *value.integer());
    if (value.array() == nullptr) continue;
    json.key(name).begin_array();
    for (const Json& item : *value.array()) {
      if (item.text() != nullptr) json.value(*item.text());
    }
    json.end_array();
  }
  json.end_object().end_object();
}

Response approval_response(int status, const Call& call, const ApprovalInfo& approval) {
  std::string body;
  JsonWriter json(body);
  write_approval(json, call, approval);
  return json_response(status, std::move(body));
}

Result<Response> show_approvals(Call& call) {
  People::ApprovalFilter filter{.count = static_cast<std::size_t>(TRY(call.query_number("count", 1, page_max, 50)))};
  filter.before = TRY(call.query_number("cursor", 1, INT64_MAX, 0));
  if (const std::string state = TRY(call.request.query_value("state")); !state.empty()) {
    for (const ApprovalState one : {ApprovalState::asked, ApprovalState::approved, ApprovalState::refused,
                                    ApprovalState::lapsed, ApprovalState::done}) {
      if (to_text(one) == state) filter.state = one;
    }
    if (!filter.state) return Error{Code::invalid_argument, "\"state\" is asked, approved, refused, lapsed or done"};
  }
  const auto page = TRY(call.api.parts.people.approvals(filter));
  std::string body;
  JsonWriter json(body);
  json.begin_object().key("approvals").begin_array();
  for (const ApprovalInfo& approval : page.approvals) {
    if (concerns(call, approval)) write_approval(json, call, approval);
  }
  json.end_array().key("next");
  if (page.next != 0) {
    json.value(std::to_string(page.next));
  } else {
    json.value(nullptr);
  }
  json.end_object();
  return json_response(200, std::move(body));
}

Result<Response> show_approval(Call& call) {
  return approval_response(200, call, TRY(approval_in(call)));
}

Result<Response> answer_approval(Call& call) {
  const ApprovalInfo asked = TRY(approval_in(call));
  Fields in(*TRY(call.body()));
  const bool approve = TRY(in.flag("approve"));
  const std::string reason = TRY(in.maybe_text("reason", 1000)).value_or("");
  TRY(in.end());
  if (!call.may(asked.draft.answered_with)) {
    return problem_response(problem_forbidden(),
                            "that needs the right \"" + std::string(to_text(asked.draft.answered_with)) + "\"");
  }
  ApprovalInfo answered = TRY(call.api.parts.people.answer(call.by(), asked.id, approve, reason));
  // What isn't a download is done at once. If that fails the approval stands, and it can be tried again.
  if (approve && answered.draft.action != action_export) {
    if (const Status done = carry_out(call, answered); !done) {
      return problem_response(problem_of(done.error().code),
                              "it is approved, but could not be carried out: " + done.error().message +
                                  "; see to that, then POST to its /run");
    }
    answered = TRY(call.api.parts.people.approval(asked.id));
  }
  return approval_response(200, call, answered);
}

Result<Response> run_approved(Call& call) {
  const ApprovalInfo approval = TRY(approval_in(call));
  if (approval.draft.action == action_export) {
    return Error{Code::invalid_argument, "an export is downloaded: GET its /export"};
  }
  TRY(carry_out(call, approval));
  return approval_response(200, call, TRY(call.api.parts.people.approval(approval.id)));
}

// The download itself uses the approval up, before its first byte.
Result<Response> download_export(Call& call) {
  const ApprovalInfo approval = TRY(approval_in(call));
  if (approval.draft.action != action_export) return Error{Code::not_found, "that isn't an export"};
  if (approval.asked_by != call.who().actor) {
    return problem_response(problem_forbidden(), "who asked for it downloads it");
  }
  const ListId list = TRY(list_of(approval.draft.arguments));
  const bool csv = text_of(approval.draft.arguments, "format") == "csv";
  TRY(call.api.parts.material.list(list));
  TRY(call.api.parts.journal.transact({call.who().actor, call.api.parts.people.use_up(approval.id)},
                                      [](Decision&) { return Status(); }));
  Response response;
  response.headers.add("Content-Type", csv ? "text/csv; charset=utf-8" : "application/x-ndjson");
  response.headers.add("Content-Disposition",
                       csv ? "attachment; filename=\"list.csv\"" : "attachment; filename=\"list.jsonl\"");
  response.headers.add("Cache-Control", "no-store");
  response.stream = [&material = call.api.parts.material, list, csv](BodyWriter& to) -> Status {
    std::string part(csv ? entry_csv_header : std::string_view());
    TRY(material.for_each_entry(list, [&](const EntryView& entry) -> Status {
      if (entry.withdrawn) return {};
      part += csv ? entry_csv_row(entry.body) : entry_json_row(entry.body);
      if (part.size() < 64 * 1024) return {};
      TRY(to.write(part));
      part.clear();
      return {};
    }));
    return to.write(part);
  };
  return response;
}

constexpr std::array routes{
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/approvals",
             .right = Right::own_account,
             .summary = "What was asked for, as far as it concerns the caller; the newest first",
             .gives = "Approvals",
             .query = "state,cursor,count",
             .handle = show_approvals},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/approvals/{approval}",
             .right = Right::own_account,
             .summary = "One of them",
             .gives = "Approval",
             .handle = show_approval},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/approvals/{approval}/answer",
             .right = Right::own_account,
             .summary = "Approve or refuse what another asked for",
             .takes = "ApprovalAnswer",
             .gives = "Approval",
             .handle = answer_approval},
    ApiRoute{.method = Method::post,
             .pattern = "/api/v1/approvals/{approval}/run",
             .right = Right::own_account,
             .summary = "Carry out what is approved, where that failed before",
             .gives = "Approval",
             .handle = run_approved},
    ApiRoute{.method = Method::get,
             .pattern = "/api/v1/approvals/{approval}/export",
             .right = Right::ask_export,
             .summary = "Download an approved export, once",
             .gives = "text/csv,application/x-ndjson",
             .handle = download_export},
};

}  // namespace

Result<Response> ask_for(Call& call, const ApprovalDraft& draft) {
  const ApprovalId id = TRY(call.api.parts.people.ask(call.by(), draft));
  Response response = approval_response(202, call, TRY(call.api.parts.people.approval(id)));
  response.headers.add("Location", "/api/v1/approvals/" + to_hex(id));
  return response;
}

Status carry_out(Call& call, const ApprovalInfo& approval) {
  ApiParts& parts = call.api.parts;
  const Json& arguments = approval.draft.arguments;
  const By by(approval.asked_by, parts.people.use_up(approval.id));
  if (approval.draft.action == action_erase) {
    const Json* const entry = arguments.find("entry");
    if (entry == nullptr || entry->integer() == nullptr) return Error{Code::damaged, "the approval names no entry"};
    return parts.erase_entry(by, TRY(list_of(arguments)), *entry->integer(), text_of(arguments, "ground"));
  }
  if (approval.draft.action == action_vote) return carry_vote(call, by, arguments);
  if (approval.draft.action == action_reset) return parts.people.reset_factors(by, TRY(user_of(arguments)));
  if (approval.draft.action == action_roles) {
    std::vector<Role> roles;
    const Json* const names = arguments.find("roles");
    if (names == nullptr || names->array() == nullptr) return Error{Code::damaged, "the approval names no roles"};
    for (const Json& name : *names->array()) {
      const auto role = name.text() != nullptr ? role_from_text(*name.text()) : std::nullopt;
      if (!role) return Error{Code::unsupported, "the approval names a role that this version doesn't know"};
      roles.push_back(*role);
    }
    return parts.people.set_roles(by, TRY(user_of(arguments)), roles);
  }
  return Error{Code::unsupported, "this version doesn't know that action"};
}

std::span<const ApiRoute> approval_routes() {
  return routes;
}

}  // namespace fristad
